"""Where data flows from an asset or a column, one step on: what labels go along."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

from sqlalchemy import Connection, Row, Select, null, select

from headwater.catalog.chunks import chunked
from headwater.store import tables

__all__ = ["FlowGraph"]

_edge, _link, _lineage = tables.flow_edges.c, tables.asset_columns.c, tables.column_lineage.c
_from, _to = tables.assets.alias("flow_from"), tables.assets.alias("flow_to")
_MODELS = frozenset({"ml_model", "ml_model_version", "ml_endpoint"})


class FlowGraph:
    """The steps from assets and columns, each read once; columns are assets, too."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._beside: dict[int, list[int]] = {}
        self._through: dict[int, list[int]] = {}

    def reach(self, starts: Iterable[int], blocked: Set[int]) -> tuple[dict[int, int], dict[int, int]]:
        """Everything that is reached from some assets, each with the nearest of them.

        Args:
            starts: where it begins; they are among what is reached.
            blocked: what nothing reaches, nor passes.

        Returns:
            what is reached without a model on the way; and what is reached only as what a model was made of, or by
            way of its answers.
        """
        found = {number: number for number in sorted(starts)}
        beyond: dict[int, int] = {}
        for number, origin in self._spread(found, {}, blocked, [self._beside]):
            for target in self._through.get(number, ()):
                if target not in blocked:
                    beyond.setdefault(target, origin)
        through = {number: origin for number, origin in beyond.items() if number not in found}
        for _ in self._spread(through, found, blocked, [self._beside, self._through]):
            pass
        return found, through

    def _spread(
        self,
        found: dict[int, int],
        known: Mapping[int, int],
        blocked: Set[int],
        ways: Sequence[Mapping[int, Sequence[int]]],
    ) -> Iterator[tuple[int, int]]:
        """Add to ``found`` what is reached from it, level by level; gives each, once what is next to it was added."""
        level = list(found)
        while level:
            self._load(level)
            following: list[int] = []
            for number in level:
                origin = found[number]
                for way in ways:
                    for target in way.get(number, ()):
                        if target not in found and target not in known and target not in blocked:
                            found[target] = origin
                            following.append(target)
                yield number, origin
            level = following

    def _load(self, numbers: Iterable[int]) -> None:
        """Read the steps from these assets that have not been read yet."""
        for chunk in chunked([number for number in numbers if number not in self._beside]):
            steps: dict[int, tuple[set[int], set[int]]] = {number: (set(), set()) for number in chunk}
            for row in self._rows(chunk):
                steps[row.source][_crosses(row)].add(row.target)
            for number, (beside, through) in steps.items():
                self._beside[number] = sorted(beside)
                if through:
                    self._through[number] = sorted(through)

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
