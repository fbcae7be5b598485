"""Two assets that are one: merged by a steward, and taken apart again; further addresses of one asset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from headwater.access import Action, Actor
from headwater.catalog.annotations.chosen import chosen
from headwater.catalog.chunks import chunked
from headwater.catalog.handing_over import give_back, hand_over, read_row, write_row
from headwater.catalog.history import Changed, record_changes
from headwater.catalog.records import AssetRef
from headwater.catalog.stored import StoredAsset, find_stored
from headwater.catalog.writing import Writing, begin_writing
from headwater.errors import ConflictError, NotFoundError, UsageError
from headwater.store import Database, tables, utc_now

__all__ = ["AssetName", "MergingService"]

_asset, _name, _link = tables.assets.c, tables.asset_names.c, tables.asset_columns.c
#: What people say in a row of its own, each: taken over from the merged asset where the other says nothing.
_TEXTS = ("user_description", "sensitivity", "endorsement")
_MAPS = ("custom_attributes", "business_attributes")


@dataclass(frozen=True, slots=True)
class AssetName:
    """A further name of an asset; ``reason`` is ``alias``, ``renamed`` or ``merged``."""

    type_name: str
    qualified_name: str
    reason: str


class MergingService:
    """Merges assets, takes them apart, and keeps their further names."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def merge(self, actor: Actor, guid: str, other: str) -> None:
        """Make ``other`` a part of the asset ``guid``: what is known and said of it, its columns, its lineage.

        Whoever sees it under its name from now on finds the merged asset.

        Raises:
            UsageError: they are one asset, or of two types.
            NotFoundError: one of them may not be seen.
            ForbiddenError: the actor may not edit both.
        """
        if guid == other:
            raise UsageError("An asset cannot be merged with itself.", hint="Name two.", code="catalog.merge")
        with self._database.begin() as connection:
            writing = _begin(connection, actor)
            assets = chosen(connection, actor, [guid, other], Action.ASSET_EDIT)
            if assets[guid].type_name != assets[other].type_name:
                raise UsageError("The two are of different types.", hint="Merge like with like.", code="catalog.merge")
            _merge(writing, assets[guid].id, assets[other].id)
            merged = {"merged": Changed(None, assets[other].qualified_name)}
            record_changes(writing, "merge", {assets[guid].id: merged})

    def unmerge(self, actor: Actor, guid: str, qualified_name: str) -> str:
        """Take apart what was merged under a name; returns the guid of the asset of that name, which it had before.

        What was said and related since then stays with the asset ``guid``.

        Raises:
            NotFoundError: there is no such asset to be seen, or nothing of that name was merged into it.
            ForbiddenError: the actor may not edit both.
        """
        with self._database.begin() as connection:
            writing = _begin(connection, actor)
            asset = chosen(connection, actor, [guid], Action.ASSET_EDIT)[guid]
            row = _named(connection, asset, qualified_name, "merged")
            back = _unmerge(writing, row)
            chosen(connection, actor, [back], Action.ASSET_EDIT)
            record_changes(writing, "unmerge", {asset.id: {"merged": Changed(qualified_name, None)}})
            return back

    def add_alias(self, actor: Actor, guid: str, qualified_name: str) -> None:
        """Give an asset a further address: whoever sees one of its type there finds it.

        Raises:
            UsageError: the name is empty.
            NotFoundError: there is no such asset to be seen.
            ForbiddenError: the actor may not edit it.
            ConflictError: an asset of its type has that name already.
        """
        if not qualified_name.strip() or "\x00" in qualified_name:
            raise UsageError("The address is empty.", hint="Give the qualified name that others know it by.")
        with self._database.begin() as connection:
            writing = _begin(connection, actor)
            asset = chosen(connection, actor, [guid], Action.ASSET_EDIT)[guid]
            if find_stored(connection, [AssetRef(asset.type_name, qualified_name)]):
                raise ConflictError(
                    "An asset of that type has this name already.", hint="Merge the two, if they are one."
                )
            _keep_name(writing, asset.id, AssetName(asset.type_name, qualified_name, "alias"))
            record_changes(writing, "alias", {asset.id: {"alias": Changed(None, qualified_name)}})

    def remove_alias(self, actor: Actor, guid: str, qualified_name: str) -> None:
        """Take a further address away; raises as :meth:`unmerge` does."""
        with self._database.begin() as connection:
            writing = _begin(connection, actor)
            asset = chosen(connection, actor, [guid], Action.ASSET_EDIT)[guid]
            row = _named(connection, asset, qualified_name, "alias")
            _forget_name(connection, row)
            record_changes(writing, "alias", {asset.id: {"alias": Changed(qualified_name, None)}})

    def names(self, actor: Actor, guid: str) -> Sequence[AssetName]:
        """The further names of an asset; NotFoundError where there is none to be seen."""
        with self._database.read() as connection:
            asset = chosen(connection, actor, [guid], Action.ASSET_READ)[guid]
            query = select(_name.type_name, _name.qualified_name, _name.reason)
            rows = connection.execute(query.where(_name.asset_id == asset.id).order_by(_name.qualified_name))
            return [AssetName(*row) for row in rows]


def _begin(connection: Connection, actor: Actor) -> Writing:
    return begin_writing(connection, now=utc_now(), by=actor.name, by_id=actor.user_id)


def _named(connection: Connection, asset: StoredAsset, qualified_name: str, reason: str) -> Row[Any]:
    query = select(tables.asset_names).where(
        _name.asset_id == asset.id, _name.qualified_name == qualified_name, _name.reason == reason
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFoundError(
            f"The asset has no further name '{qualified_name}' of that kind.", hint="List its further names."
        )
    return row


def _keep_name(writing: Writing, asset_id: int, name: AssetName, merged: Mapping[str, Any] | None = None) -> None:
    writing.connection.execute(
        insert(tables.asset_names).values(
            type_name=name.type_name,
            qualified_name=name.qualified_name,
            asset_id=asset_id,
            reason=name.reason,
            merged=merged,
            created_at=writing.now,
            created_by=writing.by,
        )
    )


def _forget_name(connection: Connection, row: Row[Any]) -> None:
    same = (_name.type_name == row.type_name, _name.qualified_name == row.qualified_name)
    connection.execute(delete(tables.asset_names).where(*same))


# -- merging -----------------------------------------------------------------------------------------------------------


def _merge(writing: Writing, keeper: int, other: int) -> None:
    connection = writing.connection
    columns = _merge_columns(writing, keeper, other)
    snapshot = hand_over(connection, other, keeper)
    rows = {number: _row(connection, number) for number in (keeper, other)}
    filled = _fill(connection, rows[keeper], rows[other])
    _renumber(writing, _far_ends(snapshot))
    connection.execute(delete(tables.assets).where(_asset.id == other))
    connection.execute(insert(tables.asset_tombstones).values(asset_id=other, change=writing.change))
    kept = {"asset": write_row(rows[other]), "rows": snapshot, "columns": columns, "filled": filled}
    name = AssetName(rows[other]["type_name"], rows[other]["qualified_name"], "merged")
    _keep_name(writing, keeper, name, kept)


def _row(connection: Connection, number: int) -> dict[str, Any]:
    return {**connection.execute(select(tables.assets).where(_asset.id == number)).mappings().one()}


def _merge_columns(writing: Writing, keeper: int, other: int) -> dict[str, Any]:
    """Give the keeper the other's columns: those of a name that it has are merged, too, the rest come after its own."""
    connection = writing.connection
    own = {row.display_name: row.column_id for row in _columns(connection, keeper)}
    last = connection.scalar(select(func.max(_link.ordinal)).where(_link.asset_id == keeper))
    ordinal = -1 if last is None else int(last)
    merged: list[str] = []
    moved: list[dict[str, int]] = []
    for row in _columns(connection, other):
        if row.display_name in own:
            merged.append(row.qualified_name)
            _merge(writing, own[row.display_name], row.column_id)
            continue
        ordinal += 1
        moved.append({"ordinal": row.ordinal, "column_id": row.column_id})
        same = (_link.asset_id == other, _link.ordinal == row.ordinal)
        connection.execute(update(tables.asset_columns).where(*same).values(asset_id=keeper, ordinal=ordinal))
    _set_scope(writing, keeper, moved)
    return {"merged": merged, "moved": moved}


def _columns(connection: Connection, number: int) -> Sequence[Any]:
    query = (
        select(_link.ordinal, _link.column_id, _asset.display_name, _asset.qualified_name)
        .join(tables.assets, _asset.id == _link.column_id)
        .where(_link.asset_id == number)
        .order_by(_link.ordinal)
    )
    return connection.execute(query).all()


def _set_scope(writing: Writing, holder: int, columns: Iterable[Mapping[str, int]]) -> None:
    """Columns are seen by whoever sees what they are of."""
    scope = select(_asset.scope_id).where(_asset.id == holder).scalar_subquery()
    for chunk in chunked(each["column_id"] for each in columns):
        changed = update(tables.assets).where(_asset.id.in_(chunk))
        writing.connection.execute(changed.values(scope_id=scope, change=writing.change))


def _fill(connection: Connection, keeper: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Let the keeper say what only the other said; returns that, by column."""
    filled = {name: other[name] for name in _TEXTS if keeper[name] is None and other[name] is not None}
    values: dict[str, Any] = dict(filled)
    for name in _MAPS:
        own, more = keeper[name] or {}, other[name] or {}
        new = {key: value for key, value in more.items() if key not in own}
        if new:
            filled[name] = new
            values[name] = {**own, **new}
    if values:
        connection.execute(update(tables.assets).where(_asset.id == keeper["id"]).values(values))
    return filled


def _far_ends(snapshot: Iterable[Mapping[str, Any]]) -> set[int]:
    """The assets at the other ends of what was related."""
    names = ("source_id", "target_id", "end1_id", "end2_id", "process_id")
    return {each["row"][name] for each in snapshot for name in names if name in each["row"]}


def _renumber(writing: Writing, assets: Iterable[int]) -> None:
    for chunk in chunked(assets):
        changed = update(tables.assets).where(_asset.id.in_(chunk))
        writing.connection.execute(changed.values(change=writing.change))


# -- taking apart ------------------------------------------------------------------------------------------------------


def _unmerge(writing: Writing, row: Row[Any]) -> str:
    """Bring back the asset that was merged under a name; returns its guid."""
    connection, kept, keeper = writing.connection, row.merged, row.asset_id
    asset = _placed(connection, read_row(tables.assets, kept["asset"]), keeper)
    _forget_name(connection, row)
    connection.execute(insert(tables.assets).values({**asset, "change": writing.change}))
    connection.execute(delete(tables.asset_tombstones).where(tables.asset_tombstones.c.asset_id == asset["id"]))
    _empty(connection, keeper, kept["filled"])
    touched = give_back(connection, keeper, asset["id"], kept["rows"])
    _renumber(writing, touched | {keeper})
    _unmerge_columns(writing, asset, kept["columns"])
    return str(asset["guid"])


def _placed(connection: Connection, asset: dict[str, Any], keeper: int) -> dict[str, Any]:
    """The asset where it was; beside the one that it was merged into, where that place is gone."""
    beside, place = _row(connection, keeper), tables.collections.c
    found = connection.scalar(select(place.id).where(place.id == asset["collection_id"]))
    scope = connection.scalar(select(tables.scopes.c.id).where(tables.scopes.c.id == asset["scope_id"]))
    if found is None or scope is None:
        asset = {**asset, "collection_id": beside["collection_id"], "scope_id": beside["scope_id"]}
    source = tables.sources.c.id
    return {**asset, "source_id": connection.scalar(select(source).where(source == asset["source_id"]))}


def _empty(connection: Connection, keeper: int, filled: Mapping[str, Any]) -> None:
    """Take from the keeper what it said only for the other, where that was not changed since."""
    now = _row(connection, keeper)
    values: dict[str, Any] = {name: None for name in _TEXTS if name in filled and now[name] == filled[name]}
    for name in _MAPS:
        gone = filled.get(name, {})
        rest = {key: value for key, value in (now[name] or {}).items() if key not in gone or gone[key] != value}
        if name in filled:
            values[name] = rest or None
    if values:
        connection.execute(update(tables.assets).where(_asset.id == keeper).values(values))


def _unmerge_columns(writing: Writing, asset: Mapping[str, Any], columns: Mapping[str, Any]) -> None:
    connection = writing.connection
    for name in columns["merged"]:
        same = (_name.type_name == "column", _name.qualified_name == name, _name.reason == "merged")
        row = connection.execute(select(tables.asset_names).where(*same)).one_or_none()
        if row is not None:
            _unmerge(writing, row)
    for each in columns["moved"]:
        connection.execute(delete(tables.asset_columns).where(_link.column_id == each["column_id"]))
        if connection.scalar(select(_asset.id).where(_asset.id == each["column_id"])) is not None:
            connection.execute(insert(tables.asset_columns).values(asset_id=asset["id"], **each))
    _set_scope(writing, asset["id"], columns["moved"])
