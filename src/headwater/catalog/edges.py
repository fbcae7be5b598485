"""Relating assets to one another: what is at the other end of a relationship, made as it is stated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from headwater.catalog.chunks import chunked
from headwater.catalog.columns import add_columns, link_columns
from headwater.catalog.types import COLUMNS, UsedEnd
from headwater.catalog.writing import Writing
from headwater.store import tables

__all__ = ["Related", "relate"]

_edge, _link = tables.flow_edges.c, tables.relationships.c


@dataclass(frozen=True, slots=True)
class Related:
    """What an asset is related to, through one of its ends: these, in this order, and no others."""

    asset_id: int
    end: UsedEnd
    others: Sequence[int]
    attributes: Mapping[int, Mapping[str, Any]]


def relate(writing: Writing, stated: Iterable[Related]) -> set[int]:
    """Make relationships as stated, where they are not so; returns the assets whose relationships changed."""
    by_end: dict[tuple[str, int], list[Related]] = {}
    for each in stated:
        by_end.setdefault((each.end.definition.name, each.end.near), []).append(each)
    changed: set[int] = set()
    for group in by_end.values():
        changed |= _relate(writing, group[0].end, group)
    return changed


def _relate(writing: Writing, end: UsedEnd, group: Sequence[Related]) -> set[int]:
    if end.definition == COLUMNS:
        if end.near == 1:
            link_columns(writing.connection, {each.asset_id: list(dict.fromkeys(each.others)) for each in group})
        else:
            add_columns(writing.connection, {each.asset_id: each.others[0] for each in group if each.others})
        return {number for each in group for number in (each.asset_id, *each.others)}
    if end.definition.flow is not None:
        return _flow(writing.connection, end, group, tables.FLOW_KINDS[end.definition.flow])
    return _rows(writing, end, group)


# -- edges of flow -----------------------------------------------------------------------------------------------------


def _flow(connection: Connection, end: UsedEnd, group: Sequence[Related], kind: int) -> set[int]:
    from_near = end.definition.source == end.near
    near, far = (_edge.source_id, _edge.target_id) if from_near else (_edge.target_id, _edge.source_id)
    wanted = {(each.asset_id, other): each.attributes.get(other) or None for each in group for other in each.others}
    there: set[tuple[int, int]] = set()
    for chunk in chunked({each.asset_id for each in group}):
        rows = connection.execute(select(near, far).where(near.in_(chunk), _edge.kind == kind))
        there |= {(row[0], row[1]) for row in rows}
    for asset_id, other in there - wanted.keys():
        connection.execute(delete(tables.flow_edges).where(near == asset_id, far == other, _edge.kind == kind))
    new = sorted(wanted.keys() - there)
    for pairs in chunked(new):
        rows_made = [
            {near.name: asset_id, far.name: other, "kind": kind, "attributes": wanted[asset_id, other]}
            for asset_id, other in pairs
        ]
        connection.execute(insert(tables.flow_edges), rows_made)
    return {number for pair in {*new, *(there - wanted.keys())} for number in pair}


# -- other relationships -----------------------------------------------------------------------------------------------


def _rows(writing: Writing, end: UsedEnd, group: Sequence[Related]) -> set[int]:
    connection, name = writing.connection, end.definition.name
    near, far = (_link.end1_id, _link.end2_id) if end.near == 1 else (_link.end2_id, _link.end1_id)
    wanted = {(each.asset_id, other): each.attributes.get(other) or None for each in group for other in each.others}
    there: set[tuple[int, int]] = set()
    for chunk in chunked({each.asset_id for each in group}):
        rows = connection.execute(select(near, far).where(near.in_(chunk), _link.type_name == name))
        there |= {(row[0], row[1]) for row in rows}
    gone, new = there - wanted.keys(), sorted(wanted.keys() - there)
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
        connection.execute(insert(tables.relationships), made)
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
