"""Where data flows from an asset or a column, one step on: what labels go along."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, null, select

from headwater.catalog.chunks import chunked
from headwater.store import tables

__all__ = ["FlowGraph", "Step"]

_edge, _link, _lineage = tables.flow_edges.c, tables.asset_columns.c, tables.column_lineage.c
_from, _to = tables.assets.alias("flow_from"), tables.assets.alias("flow_to")
_MODELS = frozenset({"ml_model", "ml_model_version", "ml_endpoint"})


@dataclass(frozen=True, slots=True)
class Step:
    """Data flows to ``target``; ``through_model``: as what a model was made of, or as its answers."""

    target: int
    through_model: bool


class FlowGraph:
    """The steps from assets and columns, each read once; columns are assets, too."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._steps: dict[int, set[Step]] = {}

    def load(self, numbers: Iterable[int]) -> None:
        """Read the steps from these assets that have not been read yet."""
        new = [number for number in dict.fromkeys(numbers) if number not in self._steps]
        for chunk in chunked(new):
            self._steps |= {number: set() for number in chunk}
            for row in self._rows(chunk):
                self._steps[row.source].add(Step(row.target, _crosses(row)))

    def steps(self, number: int) -> Iterable[Step]:
        """The steps from an asset, in a stable order."""
        return sorted(self._steps[number], key=lambda step: (step.target, step.through_model))

    def _rows(self, numbers: list[int]) -> Iterator[Row[Any]]:
        yield from self._connection.execute(_between_assets(numbers))
        yield from self._connection.execute(_between_columns(numbers))


def _crosses(row: Row[Any]) -> bool:
    return row.via is not None or row.from_type in _MODELS or row.to_type in _MODELS


def _between_assets(numbers: list[int]) -> Select[Any]:
    # What was deleted keeps its edges, for when it is sent again.
    ends = (_from.c.id == _edge.source_id, (_to.c.id == _edge.target_id) & (_to.c.status != "deleted"))
    return (
        select(
            _edge.source_id.label("source"),
            _edge.target_id.label("target"),
            null().label("via"),
            _from.c.type_name.label("from_type"),
            _to.c.type_name.label("to_type"),
        )
        .select_from(tables.flow_edges)
        .join(_from, ends[0])
        .join(_to, ends[1])
        .where(_edge.source_id.in_(numbers))
    )


def _between_columns(numbers: list[int]) -> Select[Any]:
    link, there = tables.asset_columns.alias("flow_column"), tables.asset_columns.alias("flow_column_there")
    column, other = tables.assets.alias("flow_named"), tables.assets.alias("flow_named_there")
    read_from = (_lineage.source_id == link.c.asset_id) & (_lineage.source_column == column.c.display_name)
    written = (other.c.id == there.c.column_id) & (other.c.display_name == _lineage.target_column)
    return (
        select(
            link.c.column_id.label("source"),
            there.c.column_id.label("target"),
            _lineage.via,
            _from.c.type_name.label("from_type"),
            _to.c.type_name.label("to_type"),
        )
        .select_from(link)
        .join(column, column.c.id == link.c.column_id)
        .join(tables.column_lineage, read_from)
        .join(there, there.c.asset_id == _lineage.target_id)
        .join(other, written)
        .join(_from, _from.c.id == _lineage.source_id)
        .join(_to, (_to.c.id == _lineage.target_id) & (_to.c.status != "deleted"))
        .where(link.c.column_id.in_(numbers))
    )
