"""Relating assets to one another: what is at the other end of a relationship, made as it is stated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from headwater.catalog.chunks import chunked
from headwater.catalog.columns import add_columns, link_columns
from headwater.catalog.flow.writing import add_edges, end_edges
from headwater.catalog.relation_keys import COLUMN, FLOW, RelationKey
from headwater.catalog.types import BUILT_IN_RELATIONSHIPS, COLUMNS, RelationshipDefinition, UsedEnd
from headwater.catalog.writing import Writing
from headwater.store import tables
from headwater.store.bulk import insert_rows

__all__ = [
    "Related",
    "Relation",
    "add_relation",
    "find_relation",
    "relate",
    "remove_relation",
    "set_relation_attributes",
]

_edge, _link, _column = tables.flow_edges.c, tables.relationships.c, tables.asset_columns.c


MayLose: TypeAlias = Callable[[Iterable[int]], set[int]]


@dataclass(frozen=True, slots=True)
class Related:
    """What an asset is related to, through one of its ends: these, in this order, and no others."""

    asset_id: int
    end: UsedEnd
    others: Sequence[int]
    attributes: Mapping[int, Mapping[str, Any]]


def relate(writing: Writing, stated: Iterable[Related], may_lose: MayLose = set) -> set[int]:
    """Make relationships as stated, where they are not so; returns the assets whose relationships changed.

    ``may_lose`` says which of some assets may be taken out of a relationship because they are not stated: who states
    what is related may not see all of it.
    """
    by_end: dict[tuple[str, int], list[Related]] = {}
    for each in stated:
        by_end.setdefault((each.end.definition.name, each.end.near), []).append(each)
    changed: set[int] = set()
    for group in by_end.values():
        changed |= _relate(writing, group[0].end, group, may_lose)
    return changed


def _relate(writing: Writing, end: UsedEnd, group: Sequence[Related], may_lose: MayLose) -> set[int]:
    if end.definition == COLUMNS:
        if end.near == 1:
            link_columns(writing.connection, {each.asset_id: list(dict.fromkeys(each.others)) for each in group})
        else:
            add_columns(writing.connection, {each.asset_id: each.others[0] for each in group if each.others})
        return {number for each in group for number in (each.asset_id, *each.others)}
    if end.definition.flow is not None:
        return _flow(writing, end, group, may_lose)
    return _rows(writing, end, group, may_lose)


def _losable(pairs: Set[tuple[int, int]], may_lose: MayLose) -> set[tuple[int, int]]:
    losable = may_lose({other for _, other in pairs}) if pairs else set()
    return {(asset_id, other) for asset_id, other in pairs if other in losable}


# -- edges of flow -----------------------------------------------------------------------------------------------------


def _flow(writing: Writing, end: UsedEnd, group: Sequence[Related], may_lose: MayLose) -> set[int]:
    connection, kind = writing.connection, tables.FLOW_KINDS[str(end.definition.flow)]
    from_near = end.definition.source == end.near
    near, far = (_edge.source_id, _edge.target_id) if from_near else (_edge.target_id, _edge.source_id)
    wanted = {(each.asset_id, other): each.attributes.get(other) or None for each in group for other in each.others}
    there: set[tuple[int, int]] = set()
    for chunk in chunked({each.asset_id for each in group}):
        rows = connection.execute(select(near, far).where(near.in_(chunk), _edge.kind == kind))
        there |= {(row[0], row[1]) for row in rows}
    gone = _losable(there - wanted.keys(), may_lose)
    for asset_id, other in gone:
        end_edges(connection, and_(near == asset_id, far == other, _edge.kind == kind), writing.now)
    new = sorted(wanted.keys() - there)
    made = ({near.name: one, far.name: other, "kind": kind, "attributes": wanted[one, other]} for one, other in new)
    add_edges(connection, made, writing.now)
    return {number for pair in {*new, *gone} for number in pair}


# -- other relationships -----------------------------------------------------------------------------------------------


def _rows(writing: Writing, end: UsedEnd, group: Sequence[Related], may_lose: MayLose) -> set[int]:
    connection, name = writing.connection, end.definition.name
    near, far = (_link.end1_id, _link.end2_id) if end.near == 1 else (_link.end2_id, _link.end1_id)
    wanted = {(each.asset_id, other): each.attributes.get(other) or None for each in group for other in each.others}
    there: set[tuple[int, int]] = set()
    for chunk in chunked({each.asset_id for each in group}):
        rows = connection.execute(select(near, far).where(near.in_(chunk), _link.type_name == name))
        there |= {(row[0], row[1]) for row in rows}
    gone, new = _losable(there - wanted.keys(), may_lose), sorted(wanted.keys() - there)
    if _is_owned(end):
        gone |= _owned_elsewhere(connection, name, near, far, new)
    for asset_id, other in gone:
        connection.execute(delete(tables.relationships).where(near == asset_id, far == other, _link.type_name == name))
    for pairs in chunked(new):
        made = [
            {
                near.name: asset_id,
                far.name: other,
                "type_name": name,
                "attributes": wanted[asset_id, other],
                "created_at": writing.now,
                "created_by": writing.by,
            }
            for asset_id, other in pairs
        ]
        insert_rows(connection, tables.relationships, made)
    return {number for pair in {*new, *gone} for number in pair}


def _is_owned(end: UsedEnd) -> bool:
    """Whether what is at the other end can have one such relationship only."""
    definition = end.definition
    return (definition.end2 if end.near == 1 else definition.end1).cardinality == "SINGLE"


def _owned_elsewhere(
    connection: Connection, name: str, near: Any, far: Any, new: Sequence[tuple[int, int]]
) -> set[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    for chunk in chunked({other for _, other in new}):
        rows = connection.execute(select(near, far).where(far.in_(chunk), _link.type_name == name))
        found |= {(row[0], row[1]) for row in rows}
    return found


# -- one by one --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Relation:
    """A relationship that there is: its type, the assets at its first and second end, its attributes."""

    type_name: str
    first: int
    second: int
    attributes: Mapping[str, Any] | None


def find_relation(connection: Connection, key: RelationKey) -> Relation | None:
    """The relationship of a key; None where there is none any more."""
    if key.what == FLOW:
        definition = _FLOWS.get(key.kind)
        row = connection.execute(select(_edge.attributes).where(_same_edge(key))).one_or_none()
        if row is None or definition is None:
            return None
        first, second = _ends(definition, key.first, key.second)
        return Relation(definition.name, first, second, row.attributes)
    if key.what == COLUMN:
        there = connection.scalar(select(_column.asset_id).where(_same_column(key)))
        return None if there is None else Relation(COLUMNS.name, key.first, key.second, None)
    found = connection.execute(select(tables.relationships).where(_link.id == key.second)).one_or_none()
    return None if found is None else Relation(found.type_name, found.end1_id, found.end2_id, found.attributes)


def add_relation(
    writing: Writing,
    definition: RelationshipDefinition,
    first: int,
    second: int,
    attributes: Mapping[str, Any] | None,
) -> RelationKey | None:
    """Relate two assets; what can have one such relationship only loses the one it had. None: they are related so."""
    connection = writing.connection
    if definition == COLUMNS:
        key = RelationKey.of_column(first, second)
        if find_relation(connection, key) is not None:
            return None
        add_columns(connection, {second: first})
        return key
    if definition.flow is not None:
        source, target = _ends(definition, first, second)
        key = RelationKey.of_edge(tables.FLOW_KINDS[definition.flow], source, target)
        if find_relation(connection, key) is not None:
            return None
        edge = {"source_id": source, "target_id": target, "kind": key.kind, "attributes": attributes}
        add_edges(connection, [edge], writing.now)
        return key
    return _add_row(writing, definition, first, second, attributes)


def _add_row(
    writing: Writing,
    definition: RelationshipDefinition,
    first: int,
    second: int,
    attributes: Mapping[str, Any] | None,
) -> RelationKey | None:
    connection, of_type = writing.connection, _link.type_name == definition.name
    if connection.scalar(select(_link.id).where(_link.end1_id == first, _link.end2_id == second, of_type)) is not None:
        return None
    if definition.end2.cardinality == "SINGLE":
        connection.execute(delete(tables.relationships).where(_link.end2_id == second, of_type))
    if definition.end1.cardinality == "SINGLE":
        connection.execute(delete(tables.relationships).where(_link.end1_id == first, of_type))
    row = {
        "type_name": definition.name,
        "end1_id": first,
        "end2_id": second,
        "attributes": attributes,
        "created_at": writing.now,
        "created_by": writing.by,
    }
    made = connection.execute(insert(tables.relationships).values(row).returning(_link.id))
    return RelationKey.of_row(made.scalar_one())


def set_relation_attributes(connection: Connection, key: RelationKey, attributes: Mapping[str, Any] | None) -> None:
    """Set the attributes of a relationship; a column's has none."""
    if key.what == FLOW:
        connection.execute(update(tables.flow_edges).where(_same_edge(key)).values(attributes=attributes))
    elif key.what != COLUMN:
        same = _link.id == key.second
        connection.execute(update(tables.relationships).where(same).values(attributes=attributes))


def remove_relation(writing: Writing, key: RelationKey) -> None:
    """Remove the relationship of a key."""
    connection = writing.connection
    if key.what == FLOW:
        end_edges(connection, _same_edge(key), writing.now)
    elif key.what == COLUMN:
        connection.execute(delete(tables.asset_columns).where(_same_column(key)))
    else:
        connection.execute(delete(tables.relationships).where(_link.id == key.second))


_FLOWS = {tables.FLOW_KINDS[each.flow]: each for each in BUILT_IN_RELATIONSHIPS.values() if each.flow is not None}


def _ends(definition: RelationshipDefinition, source: int, target: int) -> tuple[int, int]:
    """The first and second end from the two that data flows between, or the other way round."""
    return (source, target) if definition.source == 1 else (target, source)


def _same_edge(key: RelationKey) -> ColumnElement[bool]:
    return (_edge.target_id == key.second) & (_edge.source_id == key.first) & (_edge.kind == key.kind)


def _same_column(key: RelationKey) -> ColumnElement[bool]:
    return (_column.asset_id == key.first) & (_column.column_id == key.second)
