"""Finding glossaries, terms and categories; who may read and who may write them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, func, select

from headwater.access import Action, Actor, allowed_to, forbidden, may
from headwater.catalog.chunks import chunked
from headwater.catalog.writing import Writing, begin_writing
from headwater.errors import NotFoundError
from headwater.store import tables, utc_now

__all__ = ["WHOLE", "Part", "begin_changing", "find", "find_all", "part_of", "require_reader", "root_scope"]

_WORDS = {"glossaries": "glossary", "glossary_terms": "term", "glossary_categories": "category"}


def root_scope(connection: Connection) -> int:
    """The scope of the root collection, where the glossary belongs."""
    place = tables.collections.c
    found: int = connection.execute(select(place.scope_id).where(place.name == tables.ROOT_COLLECTION)).scalar_one()
    return found


def require_reader(connection: Connection, actor: Actor) -> None:
    """Go on only for whoever may see a collection: the glossary is for everybody who works with the catalog.

    Raises:
        ForbiddenError: they may see none.
    """
    if connection.execute(allowed_to(actor, Action.COLLECTION_READ).limit(1)).first() is None:
        raise forbidden(Action.COLLECTION_READ, root_scope(connection))


def begin_changing(connection: Connection, actor: Actor) -> Writing:
    """Begin to change the glossary; nobody else changes the catalog until the transaction ends.

    Raises:
        ForbiddenError: the actor may not annotate assets of the root collection, and so all assets.
    """
    require_reader(connection, actor)
    scope = root_scope(connection)
    if not may(connection, actor, Action.ASSET_ANNOTATE, scope):
        raise forbidden(Action.ASSET_ANNOTATE, scope)
    return begin_writing(connection, now=utc_now(), by=actor.name, by_id=actor.user_id)


def find(connection: Connection, table: Table, guid: str) -> Row[Any]:
    """The row of a glossary, term or category; NotFoundError where there is none."""
    return find_all(connection, table, [guid])[guid]


def find_all(connection: Connection, table: Table, guids: Iterable[str]) -> Mapping[str, Row[Any]]:
    """The rows of these guids; NotFoundError where there is none of one."""
    wanted = list(dict.fromkeys(guids))
    found: dict[str, Row[Any]] = {}
    for chunk in chunked(wanted):
        found |= {row.guid: row for row in connection.execute(select(table).where(table.c.guid.in_(chunk)))}
    missing = next((guid for guid in wanted if guid not in found), None)
    if missing is not None:
        what = _WORDS[table.name]
        raise NotFoundError(f"There is no {what} '{missing}'.", hint="List what the glossary has.")
    return found


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a listing by name; a ``limit`` below zero takes all, ``sort`` is ``ASC`` or ``DESC``."""

    limit: int = -1
    offset: int = 0
    sort: str = "ASC"


WHOLE = Part()


def part_of(query: Select[Any], name: ColumnElement[str], part: Part) -> Select[Any]:
    """That part of what ``query`` gives, by name without regard to case."""
    keys = (func.lower(name), name)
    ordered = query.order_by(*(key.desc() if part.sort.upper() == "DESC" else key.asc() for key in keys))
    if part.limit >= 0:
        ordered = ordered.limit(part.limit)
    return ordered.offset(part.offset) if part.offset > 0 else ordered
