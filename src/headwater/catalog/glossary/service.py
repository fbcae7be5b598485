"""The glossary as it is asked for: every call names whoever asks, and is one transaction.

Whoever may see a collection may read it. Whoever may annotate assets of the root collection may change it. Giving a
term to an asset asks for the right to annotate that asset, and shows nobody an asset that they may not see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, Table, delete, insert, select, update

from headwater.access import Actor
from headwater.catalog.chunks import chunked
from headwater.catalog.glossary import assigning, showing, terms
from headwater.catalog.glossary.categories import add_categories, change_category
from headwater.catalog.glossary.finding import WHOLE, Part, begin_changing, find, part_of, require_reader
from headwater.catalog.glossary.stating import listed, read_category, read_glossary, read_term
from headwater.catalog.writing import begin_writing
from headwater.errors import ConflictError, NotFoundError, UsageError
from headwater.store import Database, tables, utc_now

__all__ = ["GlossaryService"]

Json = dict[str, Any]


class GlossaryService:
    """Glossaries, terms and categories in Atlas's JSON."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def require_reader(self, actor: Actor) -> None:
        """Go on only for who may read the glossary; ForbiddenError for who may see no collection."""
        with self._database.read() as connection:
            require_reader(connection, actor)

    # -- glossaries --

    def glossaries(self, actor: Actor, part: Part = WHOLE, *, with_members: bool = True) -> list[Json]:
        """Every glossary by name, a page of them, with the headers of its terms and categories."""
        with self._database.read() as connection:
            require_reader(connection, actor)
            query = part_of(select(tables.glossaries), tables.glossaries.c.name, part)
            rows = connection.execute(query).all()
            return showing.glossaries_json(connection, rows, with_members=with_members)

    def glossary(self, actor: Actor, guid: str, *, with_members: bool = True) -> Json:
        """One glossary; NotFoundError where there is none."""
        with self._database.read() as connection:
            require_reader(connection, actor)
            row = find(connection, tables.glossaries, guid)
            return showing.glossaries_json(connection, [row], with_members=with_members)[0]

    def glossary_guid(self, actor: Actor, name: str) -> str:
        """The guid of the glossary of a name; NotFoundError where there is none."""
        with self._database.read() as connection:
            require_reader(connection, actor)
            found = connection.scalar(select(tables.glossaries.c.guid).where(tables.glossaries.c.name == name))
        if found is None:
            raise NotFoundError(f"There is no glossary '{name}'.", hint="List the glossaries.")
        return str(found)

    def detailed_glossary(self, actor: Actor, guid: str) -> Json:
        """A glossary with ``termInfo`` and ``categoryInfo``: each of its terms and categories in full, by guid."""
        with self._database.read() as connection:
            require_reader(connection, actor)
            row = find(connection, tables.glossaries, guid)
            made = showing.glossaries_json(connection, [row])[0]
            held = _held(connection, tables.glossary_terms, row.id)
            made["termInfo"] = {each["guid"]: each for each in showing.terms_json(connection, actor, held)}
            held = _held(connection, tables.glossary_categories, row.id)
            made["categoryInfo"] = {each["guid"]: each for each in showing.categories_json(connection, held)}
            return made

    def add_glossary(self, actor: Actor, stated: Any) -> Json:
        """Make a glossary.

        Raises:
            UsageError: it has no name.
            ConflictError: there is one of that name.
            ForbiddenError: the actor may not change the glossary.
        """
        with self._database.begin() as connection:
            writing = begin_changing(connection, actor)
            wanted = read_glossary(stated)
            if wanted.name is None:
                raise UsageError("A new glossary has no name.", hint='Give it a "name".', code="catalog.glossary")
            _check_glossary_name(connection, wanted.name)
            by = {"created_at": writing.now, "created_by": writing.by, "updated_at": writing.now}
            values = {"guid": str(uuid4()), "name": wanted.name, "definition": wanted.definition, **by}
            connection.execute(insert(tables.glossaries).values(**values, updated_by=writing.by))
            row = find(connection, tables.glossaries, str(values["guid"]))
            return showing.glossaries_json(connection, [row])[0]

    def change_glossary(self, actor: Actor, guid: str, stated: Any, *, whole: bool = True) -> Json:
        """Change a glossary; without ``whole`` what is not stated stays. Raises as :meth:`add_glossary` does."""
        with self._database.begin() as connection:
            writing = begin_changing(connection, actor)
            wanted = read_glossary(stated)
            row = find(connection, tables.glossaries, guid)
            if wanted.name is not None and wanted.name != row.name:
                _check_glossary_name(connection, wanted.name)
            definition = wanted.definition if whole else {**row.definition, **wanted.definition}
            changed = update(tables.glossaries).where(tables.glossaries.c.id == row.id)
            connection.execute(
                changed.values(
                    name=wanted.name or row.name,
                    definition=definition,
                    version=row.version + 1,
                    updated_at=writing.now,
                    updated_by=writing.by,
                )
            )
            return showing.glossaries_json(connection, [find(connection, tables.glossaries, guid)])[0]

    def remove_glossary(self, actor: Actor, guid: str) -> None:
        """Delete a glossary with its terms and categories; the assets that had its terms say so in their history."""
        with self._database.begin() as connection:
            writing = begin_changing(connection, actor)
            row = find(connection, tables.glossaries, guid)
            terms.remove_terms(writing, [each.id for each in _held(connection, tables.glossary_terms, row.id)])
            connection.execute(delete(tables.glossaries).where(tables.glossaries.c.id == row.id))

    # -- terms --

    def terms(self, actor: Actor, glossary: str, part: Part = WHOLE) -> list[Json]:
        """The terms of a glossary by name, a page of them, in full."""
        with self._database.read() as connection:
            require_reader(connection, actor)
            rows = _members(connection, tables.glossary_terms, glossary, part)
            return showing.terms_json(connection, actor, rows)

    def term_headers(self, actor: Actor, glossary: str, part: Part = WHOLE) -> list[Json]:
        """The terms of a glossary by name, a page of them, in short."""
        return [
            {"termGuid": each["guid"], "relationGuid": each["anchor"]["relationGuid"], "displayText": each["name"]}
            for each in self.terms(actor, glossary, part)
        ]

    def term(self, actor: Actor, guid: str) -> Json:
        """One term in full; NotFoundError where there is none."""
        with self._database.read() as connection:
            require_reader(connection, actor)
            return showing.terms_json(connection, actor, [find(connection, tables.glossary_terms, guid)])[0]

    def add_terms(self, actor: Actor, stated: Any) -> list[Json]:
        """Make terms, all or none; see :func:`headwater.catalog.glossary.terms.add_terms`."""
        with self._database.begin() as connection:
            writing = begin_changing(connection, actor)
            wanted = [read_term(each) for each in listed(stated, "terms")]
            numbers = terms.add_terms(writing, actor, wanted)
            return showing.terms_json(connection, actor, _rows(connection, tables.glossary_terms, numbers))

    def change_term(self, actor: Actor, guid: str, stated: Any, *, whole: bool = True) -> Json:
        """Change a term; see :func:`headwater.catalog.glossary.terms.change_term`."""
        with self._database.begin() as connection:
            writing = begin_changing(connection, actor)
            wanted = read_term(stated)
            row = find(connection, tables.glossary_terms, guid)
            terms.change_term(writing, actor, row, wanted, whole=whole)
            return showing.terms_json(connection, actor, [find(connection, tables.glossary_terms, guid)])[0]

    def remove_term(self, actor: Actor, guid: str) -> None:
        """Delete a term; the assets that had it say so in their history."""
        with self._database.begin() as connection:
            writing = begin_changing(connection, actor)
            terms.remove_terms(writing, [find(connection, tables.glossary_terms, guid).id])

    def related_terms(self, actor: Actor, guid: str) -> Mapping[str, list[Json]]:
        """The terms that a term is related to, by the words of its side."""
        with self._database.read() as connection:
            require_reader(connection, actor)
            row = find(connection, tables.glossary_terms, guid)
            return showing.related_terms(connection, [row.id]).get(row.id, {})

    # -- the assets of a term --

    def assigned(self, actor: Actor, term: str, part: Part = WHOLE) -> list[Json]:
        """The assets that a term is given to, those that the actor may see, by name."""
        with self._database.read() as connection:
            require_reader(connection, actor)
            row = find(connection, tables.glossary_terms, term)
            query = showing.assigned_query(actor, [row.id]).order_by(None)
            rows = connection.execute(part_of(query, tables.assets.c.display_name, part))
            return [showing.assigned_json(each) for each in rows]

    def assign(self, actor: Actor, term: str, assets: Sequence[str]) -> None:
        """Give a term to assets; see :func:`headwater.catalog.glossary.assigning.assign`."""
        with self._database.begin() as connection:
            require_reader(connection, actor)
            writing = begin_writing(connection, now=utc_now(), by=actor.name, by_id=actor.user_id)
            assigning.assign(writing, actor, find(connection, tables.glossary_terms, term).id, assets)

    def unassign(self, actor: Actor, term: str, assets: Sequence[str]) -> None:
        """Take a term from assets; see :func:`headwater.catalog.glossary.assigning.unassign`."""
        with self._database.begin() as connection:
            require_reader(connection, actor)
            writing = begin_writing(connection, now=utc_now(), by=actor.name, by_id=actor.user_id)
            assigning.unassign(writing, actor, find(connection, tables.glossary_terms, term).id, assets)

    # -- categories --

    def categories(self, actor: Actor, glossary: str, part: Part = WHOLE) -> list[Json]:
        """The categories of a glossary by name, a page of them, in full."""
        with self._database.read() as connection:
            require_reader(connection, actor)
            rows = _members(connection, tables.glossary_categories, glossary, part)
            return showing.categories_json(connection, rows)

    def category(self, actor: Actor, guid: str) -> Json:
        """One category in full; NotFoundError where there is none."""
        with self._database.read() as connection:
            require_reader(connection, actor)
            return showing.categories_json(connection, [find(connection, tables.glossary_categories, guid)])[0]

    def add_categories(self, actor: Actor, stated: Any) -> list[Json]:
        """Make categories, all or none; see :func:`headwater.catalog.glossary.categories.add_categories`."""
        with self._database.begin() as connection:
            writing = begin_changing(connection, actor)
            numbers = add_categories(writing, [read_category(each) for each in listed(stated, "categories")])
            return showing.categories_json(connection, _rows(connection, tables.glossary_categories, numbers))

    def change_category(self, actor: Actor, guid: str, stated: Any, *, whole: bool = True) -> Json:
        """Change a category; see :func:`headwater.catalog.glossary.categories.change_category`."""
        with self._database.begin() as connection:
            writing = begin_changing(connection, actor)
            wanted = read_category(stated)
            change_category(writing, find(connection, tables.glossary_categories, guid), wanted, whole=whole)
            return showing.categories_json(connection, [find(connection, tables.glossary_categories, guid)])[0]

    def remove_category(self, actor: Actor, guid: str) -> None:
        """Delete a category; what stood below it stands at the top, its terms stay."""
        with self._database.begin() as connection:
            begin_changing(connection, actor)
            row = find(connection, tables.glossary_categories, guid)
            connection.execute(delete(tables.glossary_categories).where(tables.glossary_categories.c.id == row.id))

    def related_categories(self, actor: Actor, guid: str) -> Mapping[str, list[Json]]:
        """What stands right above and below a category."""
        shown = self.category(actor, guid)
        found = {
            "parentCategory": [shown["parentCategory"]] if "parentCategory" in shown else [],
            "childrenCategories": shown.get("childrenCategories", []),
        }
        return {name: each for name, each in found.items() if each}


def _check_glossary_name(connection: Connection, name: str) -> None:
    if connection.scalar(select(tables.glossaries.c.id).where(tables.glossaries.c.name == name)) is not None:
        raise ConflictError(f"There is a glossary '{name}' already.", hint="Choose another name.")


def _held(connection: Connection, table: Table, glossary_id: int) -> Sequence[Row[Any]]:
    return connection.execute(select(table).where(table.c.glossary_id == glossary_id).order_by(table.c.name)).all()


def _members(connection: Connection, table: Table, glossary: str, part: Part) -> Sequence[Row[Any]]:
    row = find(connection, tables.glossaries, glossary)
    query = select(table).where(table.c.glossary_id == row.id)
    return connection.execute(part_of(query, table.c.name, part)).all()


def _rows(connection: Connection, table: Table, numbers: Sequence[int]) -> list[Row[Any]]:
    """The rows of these numbers, in their order."""
    found: dict[int, Row[Any]] = {}
    for chunk in chunked(numbers):
        found |= {row.id: row for row in connection.execute(select(table).where(table.c.id.in_(chunk)))}
    return [found[number] for number in numbers]
