"""How many rows a node is likely to give, for choosing which side of a join is held in memory.

Rough on purpose: a file's size tells more than an optimizer's guess without statistics, and only ratios matter.
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
    Join,
    Node,
    ParquetScan,
    Slice,
    Union,
)

_UNKNOWN = 1_000_000.0
_BYTES_A_FIELD = 8
_BYTES_A_PARQUET_ROW = 20
_KEPT = {Filter: 0.3, Aggregate: 0.1, Distinct: 0.5}
"""The share of its input's rows that a node gives."""


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


def _bytes(paths: Sequence[str]) -> float:
    total = 0.0
    for path in paths:
        try:
            total += Path(path).stat().st_size
        except OSError:
            return _UNKNOWN  # whoever opens it says what is wrong
    return total
