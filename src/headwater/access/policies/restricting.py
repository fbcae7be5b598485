"""What of published tables somebody may not read, by the policies that hold for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, or_, select

from headwater.access.actors import Actor, Via
from headwater.access.policies.marks import Mark, folded, marks
from headwater.access.trimming import holders
from headwater.store import tables

__all__ = ["UNRESTRICTED", "Restriction", "TableRef", "readable_columns", "restrictions"]

_asset, _name, _collection = tables.assets.c, tables.asset_names.c, tables.collections.c
_policies, _readers = tables.access_policies, tables.access_policy_readers

_TABLE: Final = "dataflow_table"
_COLUMN: Final = "column"
#: Between a table's qualified name and a column's; names that go on with it lie between it and what sorts after it.
_MARK, _AFTER_MARK = "#", "$"
#: How many tables are looked up in one statement.
_TABLES = 50


@dataclass(frozen=True, slots=True)
class TableRef:
    """A published table: its qualified name in the catalog, and the scope that it is read by."""

    qualified_name: str
    scope_id: int


@dataclass(frozen=True, slots=True)
class Restriction:
    """What somebody may not read of a table: all of it, or some of its columns, by their M names.

    >>> Restriction(hidden=frozenset({"email"})).readable(["id", "email"])
    ['id']
    >>> Restriction(everything=True).readable(["id", "email"])
    []
    """

    everything: bool = False
    hidden: frozenset[str] = frozenset()

    def readable(self, columns: Iterable[str]) -> list[str]:
        """Those of ``columns`` that may be read, in their order."""
        return [] if self.everything else [name for name in columns if name not in self.hidden]


UNRESTRICTED: Final = Restriction()


@dataclass(frozen=True, slots=True)
class _Binding:
    """A policy that somebody is no reader of."""

    scope_id: int
    mark: Mark


@dataclass(frozen=True, slots=True)
class _Sighting:
    """An asset that is a table or one of its columns, under a name that it has; where it lies."""

    table: str
    column: str | None
    asset_id: int
    qualified_name: str
    scope_id: int | None


def readable_columns(connection: Connection, actor: Actor, table: TableRef, columns: Sequence[str]) -> list[str]:
    """Those of a table's columns whose cells ``actor`` may read; none where the whole table is refused.

    It takes for granted that a role lets them read the table (:func:`headwater.access.allowed_to`).
    """
    return restrictions(connection, actor, [table])[table.qualified_name].readable(columns)


def restrictions(connection: Connection, actor: Actor, refs: Sequence[TableRef]) -> Mapping[str, Restriction]:
    """What ``actor`` may not read of each of these tables, by qualified name.

    A policy holds where its collection is above the table, or above the asset that bears the mark, cut inheritance or
    not. Where several hold, only who is a reader of all of them reads. Columns that a table had once count too, because
    older versions of it are read.
    """
    bindings = _bindings(connection, actor)
    if not bindings or not refs:
        return {ref.qualified_name: UNRESTRICTED for ref in refs}
    sightings = [found for part in _parts(refs) for found in _sightings(connection, part)]
    reach = _reach(connection, bindings, [*(ref.scope_id for ref in refs), *(s.scope_id for s in sightings)])
    borne = marks(connection, (found.asset_id for found in sightings))
    restricted: defaultdict[str, set[str | None]] = defaultdict(set)
    scopes = {ref.qualified_name: ref.scope_id for ref in refs}
    for found in sightings:
        own = borne.get(found.asset_id, frozenset()) | {folded("asset", found.qualified_name)}
        above = reach.get(scopes[found.table], frozenset()) | reach.get(found.scope_id or 0, frozenset())
        if any(binding.mark in own and binding.scope_id in above for binding in bindings):
            restricted[found.table].add(found.column)
    return {name: _restriction(restricted.get(name, set())) for name in scopes}


def _restriction(columns: set[str | None]) -> Restriction:
    return Restriction(None in columns, frozenset(name for name in columns if name is not None))


def _bindings(connection: Connection, actor: Actor) -> list[_Binding]:
    """The policies that bind whoever asks. The machine itself may read anything."""
    if actor.via is Via.SYSTEM:
        return []
    query = select(_policies.c.scope_id, _policies.c.subject, _policies.c.value).where(_policies.c.enabled)
    if actor.user_id is not None:
        people = holders(actor.user_id)
        read = select(_readers.c.policy_id).where(_readers.c.principal_id.in_(select(people.c.id)))
        query = query.where(_policies.c.id.not_in(read))
    return [_Binding(row.scope_id, folded(row.subject, row.value)) for row in connection.execute(query)]


def _sightings(connection: Connection, names: Sequence[str]) -> Iterator[_Sighting]:
    """The tables' assets and those of their columns: as they are named, and as others were merged into them."""
    known = list(connection.execute(_by_name(_asset.type_name, _asset.qualified_name, names, _asset.id)))
    known += connection.execute(_by_name(_name.type_name, _name.qualified_name, names, _name.asset_id))
    tables_of: dict[int, str] = {}
    for row in known:
        table, mark, column = row.name.partition(_MARK)
        if not mark:
            tables_of[row.id] = table
        for name in {row.name, row.qualified_name}:
            yield _Sighting(table, column if mark else None, row.id, name, row.scope_id)
    for row in _linked(connection, list(tables_of)):
        column = row.qualified_name.partition(_MARK)[2]
        yield _Sighting(tables_of[row.asset_id], column, row.id, row.qualified_name, row.scope_id)


def _by_name(
    type_name: ColumnElement[Any], name: ColumnElement[Any], names: Sequence[str], asset_id: ColumnElement[int]
) -> Any:
    """Assets of these names, and of names that go on with a column's."""
    columns = or_(*(and_(name >= table + _MARK, name < table + _AFTER_MARK) for table in names))
    query = select(_asset.id, name.label("name"), _asset.qualified_name, _collection.scope_id)
    query = query.join(tables.collections, _collection.id == _asset.collection_id)
    if asset_id is not _asset.id:
        query = query.join(tables.asset_names, asset_id == _asset.id)
    return query.where(or_(and_(type_name == _TABLE, name.in_(names)), and_(type_name == _COLUMN, columns)))


def _linked(connection: Connection, asset_ids: Sequence[int]) -> Sequence[Row[Any]]:
    """The columns that these assets have, under whatever name."""
    link = tables.asset_columns.c
    query = select(link.asset_id, _asset.id, _asset.qualified_name, _collection.scope_id)
    query = query.join(tables.assets, _asset.id == link.column_id)
    query = query.join(tables.collections, _collection.id == _asset.collection_id)
    return list(connection.execute(query.where(link.asset_id.in_(asset_ids))))


def _reach(
    connection: Connection, bindings: Sequence[_Binding], scopes: Iterable[int | None]
) -> Mapping[int, frozenset[int]]:
    """Which of the policies' scopes are above each of these, or are it."""
    above = tables.scope_ancestors.c
    found: defaultdict[int, set[int]] = defaultdict(set)
    wanted = sorted({scope for scope in scopes if scope is not None})
    of_policies = sorted({binding.scope_id for binding in bindings})
    query = select(above.scope_id, above.ancestor_id).where(above.ancestor_id.in_(of_policies))
    for row in connection.execute(query.where(above.scope_id.in_(wanted))):
        found[row.scope_id].add(row.ancestor_id)
    return {scope: frozenset(ancestors) for scope, ancestors in found.items()}


def _parts(refs: Sequence[TableRef]) -> Iterator[list[str]]:
    names = list(dict.fromkeys(ref.qualified_name for ref in refs))
    for start in range(0, len(names), _TABLES):
        yield names[start : start + _TABLES]
