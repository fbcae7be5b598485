"""How many rows a query reads: those of the sources that its plan scans, each once, before any filter.

Of a database they are the rows that it gave: what its own query read for them is not known here. Where a step takes
rows from something that is no source of a plan (a page of the web, a function that makes them), nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from headwater.plan.lineage import lineage_nodes
from headwater.plan.nodes import ArrowScan, CsvScan, Node, ParquetScan, RowsScan

__all__ = ["rows_read"]

_PIECE = 1 << 20


def rows_read(plans: Sequence[Node], fetched: int = 0) -> int | None:
    """The rows of all sources of these plans; None where one of them cannot be counted, or not any more.

    Args:
        plans: what was run.
        fetched: the rows that databases gave.

    >>> from headwater.plan.nodes import RowsScan, text_columns
    >>> scan = ArrowScan(pa.table({"a": ["x", "y"]}), text_columns(["A"]))
    >>> rows_read([scan, scan]), rows_read([scan], 3)
    (2, 5)
    >>> rows_read([RowsScan(lambda: iter(()), text_columns(["A"]), "Table.FromList")]) is None
    True
    """
    found: dict[object, int] = {}
    for scan in _leaves(plans):
        try:
            match scan:
                case ParquetScan(paths=paths):
                    found |= {path: pq.read_metadata(path).num_rows for path in paths if path not in found}
                case CsvScan(path=path) if path not in found:
                    found[path] = _lines(Path(path))
                case ArrowScan(table=table):
                    found[id(table)] = table.num_rows
                case RowsScan(made_from=None):
                    return None
        except (OSError, pa.ArrowException):
            return None
    return sum(found.values()) + fetched


def _leaves(plans: Sequence[Node]) -> Iterator[Node]:
    for plan in plans:
        yield from lineage_nodes(plan)


def _lines(path: Path) -> int:
    """The lines of a text file: line breaks, and what follows the last of them."""
    count, last = 0, b"\n"
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            count += piece.count(b"\n")
            last = piece[-1:]
    return count + (last != b"\n")
