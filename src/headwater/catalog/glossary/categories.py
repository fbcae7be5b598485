"""Writing categories: a tree within a glossary, with the terms in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, delete, insert, select, update

from headwater.catalog.glossary.finding import find, find_all
from headwater.catalog.glossary.stating import Linked, StatedCategory
from headwater.catalog.glossary.terms import no_loop
from headwater.catalog.writing import Writing
from headwater.errors import ConflictError, UsageError
from headwater.store import tables

__all__ = ["add_categories", "change_category"]

_category, _link = tables.glossary_categories.c, tables.glossary_term_categories.c


def add_categories(writing: Writing, stated: Sequence[StatedCategory]) -> list[int]:
    """Write new categories; returns their numbers, in the order given.

    Raises:
        UsageError: one has no name, or names no glossary.
        NotFoundError: a glossary, parent, child or term that there is not.
        ConflictError: there is a category of that name at that place.
    """
    numbers = [_insert(writing, each) for each in stated]
    for number, each in zip(numbers, stated, strict=True):
        _link_up(writing.connection, number, each, whole=False)
    return numbers


def change_category(writing: Writing, row: Row[Any], stated: StatedCategory, *, whole: bool) -> None:
    """Change a category; ``whole``: what is not stated is taken away, but for its name, children and terms."""
    name = stated.name or row.name
    definition = stated.definition if whole else {**row.definition, **stated.definition}
    values = {
        "name": name,
        "definition": {key: value for key, value in definition.items() if value is not None},
        "version": row.version + 1,
        "updated_at": writing.now,
        "updated_by": writing.by,
    }
    writing.connection.execute(update(tables.glossary_categories).where(_category.id == row.id).values(values))
    _link_up(writing.connection, row.id, stated, whole=whole)


def _insert(writing: Writing, stated: StatedCategory) -> int:
    if stated.name is None or stated.glossary is None:
        raise UsageError(
            "A new category has no name, or is of no glossary.",
            hint='Give it a "name" and an "anchor": {"glossaryGuid": …}.',
            code="catalog.glossary",
        )
    made = insert(tables.glossary_categories).values(
        guid=str(uuid4()),
        glossary_id=find(writing.connection, tables.glossaries, stated.glossary).id,
        name=stated.name,
        definition={key: value for key, value in stated.definition.items() if value is not None},
        created_at=writing.now,
        created_by=writing.by,
        updated_at=writing.now,
        updated_by=writing.by,
    )
    number: int = writing.connection.execute(made.returning(_category.id)).scalar_one()
    return number


def _link_up(connection: Connection, number: int, stated: StatedCategory, *, whole: bool) -> None:
    if stated.states_parent or whole:
        above = None if stated.parent is None else find(connection, tables.glossary_categories, stated.parent).id
        _put_below(connection, number, above)
    for child in find_all(
        connection, tables.glossary_categories, [each.guid for each in stated.children or ()]
    ).values():
        _put_below(connection, child.id, number)
    if stated.terms is not None:
        _set_terms(connection, number, stated.terms)
    _check_name(connection, number)


def _put_below(connection: Connection, number: int, above: int | None) -> None:
    no_loop(connection, tables.glossary_categories, number, above)
    connection.execute(update(tables.glossary_categories).where(_category.id == number).values(parent_id=above))


def _check_name(connection: Connection, number: int) -> None:
    """Two of one name may not stand at one place."""
    own = connection.execute(select(tables.glossary_categories).where(_category.id == number)).one()
    same = select(_category.id).where(
        _category.glossary_id == own.glossary_id,
        _category.name == own.name,
        _category.parent_id.is_(None) if own.parent_id is None else _category.parent_id == own.parent_id,
        _category.id != number,
    )
    if connection.scalar(same) is not None:
        raise ConflictError(f"There is a category '{own.name}' at that place already.", hint="Choose another name.")


def _set_terms(connection: Connection, number: int, wanted: Sequence[Linked]) -> None:
    details = {each.guid: each.details for each in wanted}
    rows = find_all(connection, tables.glossary_terms, details)
    connection.execute(delete(tables.glossary_term_categories).where(_link.category_id == number))
    made = [{"category_id": number, "term_id": row.id, "details": details[guid]} for guid, row in rows.items()]
    if made:
        connection.execute(insert(tables.glossary_term_categories), made)
