"""Browsing: from collections, from sources and from types to assets, and from assets to what they contain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, exists, func, select

from headwater.access import Action, Actor, allowed_to
from headwater.catalog.chunks import chunked
from headwater.catalog.containment import containment
from headwater.catalog.entities.finding import find_by_guid
from headwater.catalog.seeing import may_read
from headwater.catalog.types import types_of
from headwater.errors import NotFoundError, UsageError
from headwater.store import Database, tables

__all__ = [
    "BrowsedAsset",
    "BrowsedCollection",
    "BrowsedPage",
    "BrowsedSource",
    "browse_children",
    "browse_collection",
    "browse_collections",
    "browse_entities",
    "browse_source",
    "browse_sources",
]

_asset, _place, _source = tables.assets.c, tables.collections.c, tables.sources.c
MOST = 1_000


@dataclass(frozen=True, slots=True)
class BrowsedCollection:
    """A collection with how many assets may be seen: in itself, and with all that lies below it."""

    name: str
    display_name: str
    parent: str | None
    assets: int
    assets_below: int


@dataclass(frozen=True, slots=True)
class BrowsedSource:
    """A source with how many of its assets may be seen."""

    kind: str
    name: str
    collection: str
    assets: int


@dataclass(frozen=True, slots=True)
class BrowsedAsset:
    """An asset on the way; ``has_children``: there is something below it to be seen."""

    guid: str
    type_name: str
    qualified_name: str
    display_name: str
    collection: str
    has_children: bool


@dataclass(frozen=True, slots=True)
class BrowsedPage:
    """A page of assets, with how many there are to be seen in all."""

    total: int
    assets: Sequence[BrowsedAsset]


def browse_collections(database: Database, actor: Actor) -> list[BrowsedCollection]:
    """Every collection that may be seen, by name; one whose parent may not be seen is a root."""
    with database.read() as connection:
        seen = allowed_to(actor, Action.COLLECTION_READ)
        query = select(_place.id, _place.name, _place.display_name, _place.parent_id)
        rows = connection.execute(query.where(_place.scope_id.in_(seen)).order_by(_place.name)).all()
        counts = _counts(connection, actor, _asset.collection_id)
    by_id = {row.id: row for row in rows}
    below = dict.fromkeys(by_id, 0)
    for row in rows:
        above: int | None = row.id
        while above in by_id:
            below[above] += counts.get(row.id, 0)
            above = by_id[above].parent_id
    return [
        BrowsedCollection(
            row.name,
            row.display_name,
            by_id[row.parent_id].name if row.parent_id in by_id else None,
            counts.get(row.id, 0),
            below[row.id],
        )
        for row in rows
    ]


def browse_sources(database: Database, actor: Actor) -> list[BrowsedSource]:
    """Every source that may be seen, by kind and name."""
    with database.read() as connection:
        query = (
            select(_source.id, _source.kind, _source.name, _place.name.label("collection"))
            .join(tables.collections, _place.id == _source.collection_id)
            .where(_source.scope_id.in_(allowed_to(actor, Action.SOURCE_READ)))
            .order_by(_source.kind, _source.name)
        )
        rows = connection.execute(query).all()
        counts = _counts(connection, actor, _asset.source_id)
    return [BrowsedSource(row.kind, row.name, row.collection, counts.get(row.id, 0)) for row in rows]


def browse_source(database: Database, actor: Actor, name: str, *, limit: int = 50, offset: int = 0) -> BrowsedPage:
    """What a source holds that nothing else of it contains: its workspace, its databases, its outermost folders.

    Raises:
        NotFoundError: there is no such source to be seen.
    """
    with database.read() as connection:
        seen = allowed_to(actor, Action.SOURCE_READ)
        number = connection.scalar(select(_source.id).where(_source.name == name, _source.scope_id.in_(seen)))
        if number is None:
            raise NotFoundError(f"There is no source '{name}'.", hint="List the sources and take one of theirs.")
        outermost = _outermost(connection, actor, _asset.source_id == number, lambda above: above.source_id == number)
        return _page(connection, actor, outermost, limit, offset)


def browse_collection(database: Database, actor: Actor, name: str, *, limit: int = 50, offset: int = 0) -> BrowsedPage:
    """What lies in a collection and is contained by nothing that lies there too.

    Raises:
        NotFoundError: there is no such collection to be seen.
    """
    with database.read() as connection:
        seen = allowed_to(actor, Action.COLLECTION_READ)
        number = connection.scalar(select(_place.id).where(_place.name == name, _place.scope_id.in_(seen)))
        if number is None:
            raise NotFoundError(f"There is no collection '{name}'.", hint="List the collections, or add it.")
        here = _asset.collection_id == number
        outermost = _outermost(connection, actor, here, lambda above: above.collection_id == number)
        return _page(connection, actor, outermost, limit, offset)


def _outermost(
    connection: Connection, actor: Actor, here: ColumnElement[bool], also: Callable[[Any], ColumnElement[bool]]
) -> Select[Any]:
    """The assets ``here`` that nothing contains which is there too, and may be seen: one can always get to them."""
    held, above = containment(types_of(connection)), tables.assets.alias("above").c
    inside = exists().where(
        held.c.child_id == _asset.id,
        above.id == held.c.parent_id,
        above.status == "active",
        also(above),
        may_read(actor, above),
    )
    return _shown(actor).where(here, ~inside)


def browse_children(database: Database, actor: Actor, guid: str, *, limit: int = 50, offset: int = 0) -> BrowsedPage:
    """What an asset contains.

    Raises:
        NotFoundError: there is no such asset to be seen.
    """
    with database.read() as connection:
        number = find_by_guid(connection, actor, [guid])[guid].id
        return _page(connection, actor, _below(connection, actor, number), limit, offset)


def browse_entities(database: Database, actor: Actor, body: Mapping[str, Any]) -> dict[str, Any]:
    """Purview's request to browse: the entities of a type, or below one of them, which its ``path`` names.

    Raises:
        UsageError: it names neither, or its page makes no sense.
        NotFoundError: the path leads to nothing that may be seen.
    """
    path, type_name = str(body.get("path") or ""), str(body.get("entityType") or "")
    limit, offset = _whole(body, "limit", 100), _whole(body, "offset", 0)
    with database.read() as connection:
        if path:
            guid = path.rpartition("/")[2].rpartition("#")[2]
            number = find_by_guid(connection, actor, [guid])[guid].id
            query = _below(connection, actor, number)
        elif type_name:
            query = _shown(actor, columns=True).where(_asset.type_name.in_(types_of(connection).subtypes(type_name)))
        else:
            raise UsageError("The request names neither a type nor a path.", hint="Give entityType, or a path.")
        page = _page(connection, actor, query, limit, offset)
    return {"@search.count": page.total, "value": [_browsed(each, path) for each in page.assets]}


def _browsed(asset: BrowsedAsset, above: str) -> dict[str, Any]:
    return {
        "id": asset.guid,
        "entityType": asset.type_name,
        "name": asset.display_name,
        "qualifiedName": asset.qualified_name,
        "path": f"{above}/{asset.type_name}#{asset.guid}",
        "isLeaf": not asset.has_children,
        "owner": [],
    }


def _whole(body: Mapping[str, Any], name: str, default: int) -> int:
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 2**31:
        raise UsageError(f"'{name}' is no whole number.", hint=f"Leave it out for {default}.")
    return value


def _counts(connection: Connection, actor: Actor, by: Any) -> dict[int, int]:
    """How many active assets may be seen, by a column of theirs; columns count as what they are of."""
    seen = _asset.scope_id.in_(allowed_to(actor, Action.ASSET_READ))
    query = select(by, func.count()).where(_asset.status == "active", _asset.type_name != "column", seen)
    return {row[0]: row[1] for row in connection.execute(query.group_by(by)) if row[0] is not None}


def _shown(actor: Actor, *, columns: bool = False) -> Select[Any]:
    query = (
        select(_asset.id, _asset.guid, _asset.type_name, _asset.qualified_name, _asset.display_name)
        .add_columns(_place.name.label("collection"))
        .join(tables.collections, _place.id == _asset.collection_id)
        .where(_asset.status == "active", may_read(actor))
    )
    return query if columns else query.where(_asset.type_name != "column")


def _below(connection: Connection, actor: Actor, number: int) -> Select[Any]:
    held = containment(types_of(connection))
    children = select(held.c.child_id).where(held.c.parent_id == number)
    return _shown(actor, columns=True).where(_asset.id.in_(children))


def _page(connection: Connection, actor: Actor, query: Select[Any], limit: int, offset: int) -> BrowsedPage:
    total = connection.scalar(select(func.count()).select_from(query.subquery())) or 0
    ordered = query.order_by(_asset.type_name, _asset.display_name, _asset.id)
    rows = connection.execute(ordered.limit(min(limit, MOST)).offset(offset)).all()
    parents = _parents(connection, actor, [row.id for row in rows])
    return BrowsedPage(total, [_browsed_asset(row, row.id in parents) for row in rows])


def _parents(connection: Connection, actor: Actor, numbers: Iterable[int]) -> set[int]:
    """Those of some assets that contain something which may be seen."""
    held = containment(types_of(connection))
    found: set[int] = set()
    for chunk in chunked(numbers):
        query = (
            select(held.c.parent_id)
            .join(tables.assets, _asset.id == held.c.child_id)
            .where(held.c.parent_id.in_(chunk), _asset.status == "active", may_read(actor))
        )
        found |= set(connection.scalars(query.distinct()))
    return found


def _browsed_asset(row: Row[Any], has_children: bool) -> BrowsedAsset:
    return BrowsedAsset(row.guid, row.type_name, row.qualified_name, row.display_name, row.collection, has_children)
