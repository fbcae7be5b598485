"""Writing terms: what they say, where they stand, what they are related to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from headwater.access import Actor
from headwater.catalog.chunks import chunked
from headwater.catalog.glossary.assigning import assign, renumber_assigned, take_away, unassign
from headwater.catalog.glossary.finding import find, find_all
from headwater.catalog.glossary.kinds import RELATION_WORDS, SYMMETRIC, stored_as
from headwater.catalog.glossary.stating import Linked, StatedTerm
from headwater.catalog.seeing import may_read
from headwater.catalog.writing import Writing
from headwater.errors import ConflictError, UsageError
from headwater.store import tables

__all__ = ["add_terms", "change_term", "no_loop", "relate_terms", "remove_terms"]

_term, _relation, _link = (
    tables.glossary_terms.c,
    tables.glossary_term_relations.c,
    tables.glossary_term_categories.c,
)
_given, _asset = tables.asset_terms.c, tables.assets.c


def add_terms(writing: Writing, actor: Actor, stated: Sequence[StatedTerm]) -> list[int]:
    """Write new terms; returns their numbers, in the order given.

    Raises:
        UsageError: one has no name, or names no glossary.
        NotFoundError: a glossary, parent, category, term or asset that there is not.
        ConflictError: its glossary has a term of that name.
    """
    numbers = [_insert(writing, each) for each in stated]
    for number, each in zip(numbers, stated, strict=True):
        _link_up(writing, actor, number, each, whole=False)
    return numbers


def change_term(writing: Writing, actor: Actor, row: Row[Any], stated: StatedTerm, *, whole: bool) -> None:
    """Change a term; ``whole``: what is not stated is taken away, but for its name, status, glossary and assets."""
    glossary_id = row.glossary_id
    if stated.glossary is not None:
        glossary_id = find(writing.connection, tables.glossaries, stated.glossary).id
    name = stated.name or row.name
    _check_name(writing.connection, glossary_id, name, but=row.id)
    definition = stated.definition if whole else {**row.definition, **stated.definition}
    values = {
        "glossary_id": glossary_id,
        "name": name,
        "status": stated.status or row.status,
        "definition": {key: value for key, value in definition.items() if value is not None},
        "version": row.version + 1,
        "updated_at": writing.now,
        "updated_by": writing.by,
    }
    writing.connection.execute(update(tables.glossary_terms).where(_term.id == row.id).values(values))
    _link_up(writing, actor, row.id, stated, whole=whole)
    renumber_assigned(writing, [row.id])


def remove_terms(writing: Writing, numbers: Sequence[int]) -> None:
    """Delete terms; the assets that had them say so in their history."""
    for number in numbers:
        assets = writing.connection.scalars(select(_given.asset_id).where(_given.term_id == number)).all()
        take_away(writing, number, assets)
    for chunk in chunked(numbers):
        writing.connection.execute(delete(tables.glossary_terms).where(_term.id.in_(chunk)))


def _insert(writing: Writing, stated: StatedTerm) -> int:
    if stated.name is None or stated.glossary is None:
        raise UsageError(
            "A new term has no name, or is of no glossary.",
            hint='Give it a "name" and an "anchor": {"glossaryGuid": …}.',
            code="catalog.glossary",
        )
    glossary = find(writing.connection, tables.glossaries, stated.glossary)
    _check_name(writing.connection, glossary.id, stated.name)
    made = insert(tables.glossary_terms).values(
        guid=str(uuid4()),
        glossary_id=glossary.id,
        name=stated.name,
        status=stated.status or "Draft",
        definition={key: value for key, value in stated.definition.items() if value is not None},
        created_at=writing.now,
        created_by=writing.by,
        updated_at=writing.now,
        updated_by=writing.by,
    )
    number: int = writing.connection.execute(made.returning(_term.id)).scalar_one()
    return number


def _check_name(connection: Connection, glossary_id: int, name: str, but: int | None = None) -> None:
    query = select(_term.id).where(_term.glossary_id == glossary_id, _term.name == name)
    if connection.scalar(query) not in {None, but}:
        raise ConflictError(
            f"The glossary has a term '{name}' already.", hint="Change that one, or choose another name."
        )


# -- what a term refers to ---------------------------------------------------------------------------------------------


def _link_up(writing: Writing, actor: Actor, number: int, stated: StatedTerm, *, whole: bool) -> None:
    if stated.states_parent or whole:
        _set_parent(writing.connection, number, stated.parent)
    if stated.categories is not None or whole:
        _set_categories(writing.connection, number, stated.categories or ())
    for word in RELATION_WORDS:
        if word in stated.relations or whole:
            relate_terms(writing.connection, number, word, stated.relations.get(word, ()))
    if stated.assets is not None:
        _set_assets(writing, actor, number, stated.assets)


def _set_parent(connection: Connection, number: int, parent: str | None) -> None:
    above = None if parent is None else find(connection, tables.glossary_terms, parent).id
    no_loop(connection, tables.glossary_terms, number, above)
    connection.execute(update(tables.glossary_terms).where(_term.id == number).values(parent_id=above))


def no_loop(connection: Connection, table: Any, number: int, above: int | None) -> None:
    """Refuse to put something below itself.

    Raises:
        UsageError: ``number`` is ``above``, or lies somewhere above it.
    """
    while above is not None:
        if above == number:
            raise UsageError("It cannot stand below itself.", hint="Choose another parent.", code="catalog.glossary")
        above = connection.scalar(select(table.c.parent_id).where(table.c.id == above))


def _set_categories(connection: Connection, number: int, wanted: Iterable[Linked]) -> None:
    details = {each.guid: each.details for each in wanted}
    rows = find_all(connection, tables.glossary_categories, details)
    link = tables.glossary_term_categories
    connection.execute(delete(link).where(_link.term_id == number))
    made = [{"term_id": number, "category_id": row.id, "details": details[guid]} for guid, row in rows.items()]
    if made:
        connection.execute(insert(link), made)


def relate_terms(connection: Connection, number: int, word: str, wanted: Iterable[Linked]) -> None:
    """Make these the terms that a term is related to by one word; both sides show it.

    Raises:
        UsageError: it would be related to itself.
        NotFoundError: a term that there is not.
    """
    kind, is_first = stored_as(word)
    details = {each.guid: each.details for each in wanted}
    rows = find_all(connection, tables.glossary_terms, details)
    if any(row.id == number for row in rows.values()):
        raise UsageError(
            "A term cannot be related to itself.", hint="Leave that relation out.", code="catalog.glossary"
        )
    near = _relation.term_id if is_first else _relation.other_id
    mine = or_(_relation.term_id == number, _relation.other_id == number) if kind in SYMMETRIC else near == number
    table = tables.glossary_term_relations
    connection.execute(delete(table).where(_relation.kind == kind, mine))
    made = [{**_pair(kind, number, row.id, is_first), "details": details[guid]} for guid, row in rows.items()]
    if made:
        connection.execute(insert(table), made)


def _pair(kind: str, number: int, other: int, is_first: bool) -> Mapping[str, Any]:
    first, second = (number, other) if is_first else (other, number)
    return {"kind": kind, "term_id": first, "other_id": second}


def _set_assets(writing: Writing, actor: Actor, number: int, guids: Sequence[str]) -> None:
    """Make these the assets of a term, of those that whoever asks may see; others keep it, or go without."""
    seen = (
        select(_asset.guid)
        .join(tables.asset_terms, _given.asset_id == _asset.id)
        .where(_given.term_id == number, _asset.status != "deleted", may_read(actor))
    )
    before = set(writing.connection.scalars(seen))
    assign(writing, actor, number, [guid for guid in guids if guid not in before])
    unassign(writing, actor, number, sorted(before - set(guids)))
