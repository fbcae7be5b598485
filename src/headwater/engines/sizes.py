"""How many rows a node is likely to give, and how many at most.

An estimate is rough on purpose: it chooses which side of a join is held in memory. A file's size tells more than an
optimizer's guess without statistics, and only ratios matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from headwater.plan.nodes import (
    Aggregate,
    ArrowScan,
    CsvScan,
    Distinct,
    Filter,
    Index,
    Join,
    Node,
    ParquetScan,
    Project,
    Slice,
    Sort,
    Union,
    topological,
)
from headwater.plan.reshaping import ErrorFilter, Fill

_UNKNOWN = 1_000_000.0
_BYTES_A_FIELD = 8
_BYTES_A_PARQUET_ROW = 20
_KEPT = {Filter: 0.3, Aggregate: 0.1, Distinct: 0.5}
"""The share of its input's rows that a node gives."""


def estimates(plan: Node) -> dict[int, float]:
    """An estimate for each node (by ``id``) of a plan."""
    rows: dict[int, float] = {}
    for node in topological(plan):
        rows[id(node)] = estimated_rows(node, [rows[id(below)] for below in node.inputs])
    return rows


def estimated_rows(node: Node, below: Sequence[float]) -> float:
    """An estimate for a node, from those for its inputs.

    >>> import pyarrow as pa
    >>> from headwater.plan.nodes import text_columns
    >>> estimated_rows(ArrowScan(pa.table({"a": ["x", "y"]}), text_columns(["a"])), [])
    2.0
    """
    match node:
        case ArrowScan(table=table):
            return float(table.num_rows)
        case CsvScan(path=path, columns=columns, max_rows=limit):
            rows = _bytes([path]) / (_BYTES_A_FIELD * max(len(columns), 1))
            return rows if limit is None else min(rows, limit)
        case ParquetScan(paths=paths):
            return _bytes(paths) / _BYTES_A_PARQUET_ROW
        case Slice(count=count) if count is not None:
            return min(below[0], float(count))
        case Join():
            return max(below)
        case Union():
            return sum(below)
        case Filter() | Aggregate() | Distinct():
            return below[0] * _KEPT[type(node)]
        case _:
            return max(below) if below else _UNKNOWN


ROWS_BOUND = 2**42
"""More rows than a node can have."""


def row_bound(node: Node, below: Sequence[int]) -> int:
    """A number of rows that a node cannot reach, from those for its inputs.

    A file may grow between now and its reading: half of the bound is left for that.

    >>> import pyarrow as pa
    >>> from headwater.plan.nodes import text_columns
    >>> row_bound(ArrowScan(pa.table({"a": ["x", "y"]}), text_columns(["a"])), [])
    3
    """
    match node:
        case ArrowScan(table=table):
            return table.num_rows + 1
        case CsvScan(path=path):
            # A row takes a byte at least.
            return min(2 * int(_bytes([path])) + 2, ROWS_BOUND) if Path(path).is_file() else ROWS_BOUND
        case Slice(count=count) if count is not None:
            return min(below[0], count + 1)
        case Join():
            return min((below[0] + 1) * (below[1] + 1), ROWS_BOUND)
        case Union():
            return min(sum(below) + 1, ROWS_BOUND)
        case Filter() | Aggregate() | Distinct() | Project() | Sort() | Index() | ErrorFilter() | Fill():
            return below[0]
        case _:
            return ROWS_BOUND


def _bytes(paths: Sequence[str]) -> float:
    total = 0.0
    for path in paths:
        try:
            total += Path(path).stat().st_size
        except OSError:
            return _UNKNOWN  # whoever opens it says what is wrong
    return total
