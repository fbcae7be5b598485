"""Which columns of a Parquet file are worth a dictionary.

A dictionary of values that hardly repeat costs five times what writing them as they are does, and makes the file
larger; and Parquet's writer gives up on one only when it has become a megabyte.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute

__all__ = ["columns_that_repeat"]

#: Rows that are looked at.
_SAMPLE = 8_192

_compute: Any = pyarrow.compute


def columns_that_repeat(rows: pa.Table) -> list[str]:
    """The paths of those columns whose values repeat within the first rows, as Parquet names them.

    >>> columns_that_repeat(pa.table({"id": [1, 2, 3, 4], "carrier": ["AA", "AA", "UA", "AA"]}))
    ['carrier']
    """
    sample = rows.slice(0, _SAMPLE).combine_chunks()
    found: list[str] = []
    for field, column in zip(sample.schema, sample.columns, strict=True):
        for path, values in _leaves(field.name, column.combine_chunks()):
            if 2 * _compute.count_distinct(values).as_py() <= len(values) - values.null_count:
                found.append(path)
    return found


def _leaves(path: str, values: Any) -> Iterator[tuple[str, Any]]:
    """The columns that Parquet keeps for one of ours."""
    if pa.types.is_struct(values.type):
        for number in range(values.type.num_fields):
            yield from _leaves(f"{path}.{values.type.field(number).name}", values.field(number))
    elif pa.types.is_list(values.type):
        yield from _leaves(f"{path}.list.element", values.flatten())
    else:
        yield path, values
