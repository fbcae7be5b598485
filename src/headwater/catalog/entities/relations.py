"""The relationships of entities as their ``relationshipAttributes`` show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, case, literal, null, select

from headwater.access import Actor
from headwater.catalog.chunks import chunked
from headwater.catalog.relation_keys import COLUMN, FLOW, ROW, RelationKey
from headwater.catalog.seeing import may_read
from headwater.catalog.types import BUILT_IN_RELATIONSHIPS, COLUMNS, Types
from headwater.store import tables

__all__ = ["relations_of"]

_edge, _link, _column = tables.flow_edges.c, tables.relationships.c, tables.asset_columns.c


def relations_of(
    connection: Connection, actor: Actor, types: Types, wanted: Mapping[int, str]
) -> dict[int, dict[str, Any]]:
    """What each asset (number to type) is related to, by what its type calls it; what may not be seen is left out."""
    found: dict[int, dict[str, Any]] = {
        number: {name: None if end.is_single else [] for name, end in types.ends(type_name).items()}
        for number, type_name in wanted.items()
        if type_name in types
    }
    names = _Names(types)
    for chunk in chunked(found):
        for row in _rows(connection, actor, chunk):
            name = names.of(wanted[row.near_id], row.type_name, row.near)
            if name is None:
                continue
            reference = _reference(row)
            holder = found[row.near_id]
            if holder[name] is None and types.ends(wanted[row.near_id])[name].is_single:
                holder[name] = reference
            elif isinstance(holder[name], list):
                holder[name].append(reference)
    return found


class _Names:
    """What a type calls an end of a relationship."""

    def __init__(self, types: Types) -> None:
        self._types = types
        self._known: dict[str, dict[tuple[str, int], str]] = {}

    def of(self, type_name: str, relationship: str, near: int) -> str | None:
        if type_name not in self._known:
            self._known[type_name] = {
                (end.definition.name, end.near): name for name, end in self._types.ends(type_name).items()
            }
        return self._known[type_name].get((relationship, near))


def _rows(connection: Connection, actor: Actor, numbers: Sequence[int]) -> Iterable[Row[Any]]:
    for query in (*_edges(numbers), *_links(numbers), *_columns(numbers)):
        yield from connection.execute(query.where(may_read(actor), _asset.status != "deleted"))


_asset = tables.assets.c
_OTHER = (
    _asset.guid,
    _asset.type_name.label("other_type"),
    _asset.qualified_name,
    _asset.display_name,
    _asset.status,
)


#: By an edge's kind and whether the near end is its source: which end of which type of relationship that is.
_ENDS = {
    (tables.FLOW_KINDS[each.flow], is_source): (each.name, each.source if is_source else 3 - each.source)
    for each in BUILT_IN_RELATIONSHIPS.values()
    if each.flow is not None
    for is_source in (True, False)
}


def _edges(numbers: Sequence[int]) -> Iterable[Select[Any]]:
    """Edges of flow from both sides."""
    for near, far, is_source in ((_edge.source_id, _edge.target_id, True), (_edge.target_id, _edge.source_id, False)):
        kinds = {kind: end for (kind, source), end in _ENDS.items() if source is is_source}
        yield (
            select(
                near.label("near_id"),
                case({kind: end for kind, (_, end) in kinds.items()}, value=_edge.kind).label("near"),
                case({kind: name for kind, (name, _) in kinds.items()}, value=_edge.kind).label("type_name"),
                _edge.kind,
                _edge.source_id.label("first"),
                _edge.target_id.label("second"),
                literal(FLOW).label("what"),
                _edge.attributes.label("related"),
                *_OTHER,
            )
            .select_from(tables.flow_edges)
            .join(tables.assets, _asset.id == far)
            .where(near.in_(numbers))
            .order_by(near, _asset.display_name, far)
        )


def _links(numbers: Sequence[int]) -> Iterable[Select[Any]]:
    for near, far, end in ((_link.end1_id, _link.end2_id, 1), (_link.end2_id, _link.end1_id, 2)):
        yield (
            select(
                near.label("near_id"),
                literal(end).label("near"),
                _link.type_name,
                literal(0).label("kind"),
                literal(0).label("first"),
                _link.id.label("second"),
                literal(ROW).label("what"),
                _link.attributes.label("related"),
                *_OTHER,
            )
            .select_from(tables.relationships)
            .join(tables.assets, _asset.id == far)
            .where(near.in_(numbers))
            .order_by(near, _asset.display_name, far)
        )


def _columns(numbers: Sequence[int]) -> Iterable[Select[Any]]:
    for near, far, end in ((_column.asset_id, _column.column_id, 1), (_column.column_id, _column.asset_id, 2)):
        yield (
            select(
                near.label("near_id"),
                literal(end).label("near"),
                literal(COLUMNS.name).label("type_name"),
                literal(0).label("kind"),
                _column.asset_id.label("first"),
                _column.column_id.label("second"),
                literal(COLUMN).label("what"),
                null().label("related"),
                *_OTHER,
            )
            .select_from(tables.asset_columns)
            .join(tables.assets, _asset.id == far)
            .where(near.in_(numbers))
            .order_by(near, _column.ordinal)
        )


def _reference(row: Row[Any]) -> dict[str, Any]:
    status = "DELETED" if row.status == "deleted" else "ACTIVE"
    return {
        "guid": row.guid,
        "typeName": row.other_type,
        "entityStatus": status,
        "displayText": row.display_name,
        "uniqueAttributes": {"qualifiedName": row.qualified_name},
        "relationshipType": row.type_name,
        "relationshipGuid": str(RelationKey(row.what, row.kind, row.first, row.second)),
        "relationshipStatus": status,
        "relationshipAttributes": {"typeName": row.type_name, "attributes": row.related or {}},
    }
