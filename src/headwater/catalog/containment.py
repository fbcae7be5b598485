"""What contains what, as one relation: models and versions, folders and files, tables and columns."""

from __future__ import annotations

from sqlalchemy import Select, Subquery, select, union_all

from headwater.catalog.types import Types
from headwater.store import tables

__all__ = ["containment"]

_link, _edge, _column = tables.relationships.c, tables.flow_edges.c, tables.asset_columns.c


def containment(types: Types) -> Subquery:
    """Pairs of ``parent_id`` and ``child_id``, whatever kind of relationship says that the one contains the other."""
    parts = select(_edge.target_id.label("parent_id"), _edge.source_id.label("child_id"))
    columns = select(_column.asset_id.label("parent_id"), _column.column_id.label("child_id"))
    return union_all(
        _compositions(types, 1),
        _compositions(types, 2),
        parts.where(_edge.kind == tables.FLOW_KINDS["part"]),
        columns,
    ).subquery()


def _compositions(types: Types, container: int) -> Select[tuple[int, int]]:
    """What is kept as rows, of the types whose containers are at that end."""
    names = [
        each.name
        for each in types.relationships.values()
        if each.category == "COMPOSITION" and (each.end1 if container == 1 else each.end2).is_container
    ]
    parent, child = (_link.end1_id, _link.end2_id) if container == 1 else (_link.end2_id, _link.end1_id)
    return select(parent.label("parent_id"), child.label("child_id")).where(_link.type_name.in_(names))
