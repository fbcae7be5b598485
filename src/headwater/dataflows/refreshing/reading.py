"""How many rows a query reads: those of the sources that its plan scans, each once, before any filter.

Rows that a database's own query gave are not counted: what of them was read there is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from headwater.plan.lineage import lineage_nodes
from headwater.plan.nodes import ArrowScan, CsvScan, Node, ParquetScan

__all__ = ["rows_read"]

_PIECE = 1 << 20


def rows_read(plans: Sequence[Node]) -> int:
    """The rows of all sources of these plans; a source that cannot be looked at any more counts none.

    >>> from headwater.plan.nodes import text_columns
    >>> scan = ArrowScan(pa.table({"a": ["x", "y"]}), text_columns(["A"]))
    >>> rows_read([scan, scan])
    2
    """
    found: dict[object, int] = {}
    for scan in _scans(plans):
        try:
            match scan:
                case ParquetScan(paths=paths):
                    found |= {path: pq.read_metadata(path).num_rows for path in paths if path not in found}
                case CsvScan(path=path) if path not in found:
                    found[path] = _lines(Path(path))
                case ArrowScan(table=table):
                    found[id(table)] = table.num_rows
        except (OSError, pa.ArrowException):
            continue
    return sum(found.values())


def _scans(plans: Sequence[Node]) -> Iterator[Node]:
    for plan in plans:
        yield from (node for node in lineage_nodes(plan) if isinstance(node, ParquetScan | CsvScan | ArrowScan))


def _lines(path: Path) -> int:
    """The lines of a text file: line breaks, and what follows the last of them."""
    count, last = 0, b"\n"
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            count += piece.count(b"\n")
            last = piece[-1:]
    return count + (last != b"\n")
