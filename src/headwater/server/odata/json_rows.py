"""Rows as OData's JSON."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from headwater.app.reading.json_columns import JsonColumns, joined, single
from headwater.plan.types import DataType
from headwater.server.odata.edm import ITEM
from headwater.server.odata.names import encoded

__all__ = ["json_objects"]


def json_objects(rows: pa.Table, types: Sequence[DataType], *, numbers_as_text: bool = False) -> bytes:
    """The rows as JSON objects with commas between, by the identifiers of their columns.

    Args:
        rows: columns in the Arrow types of their plan types.
        types: those types.
        numbers_as_text: Int64 and Decimal in quotes, for readers whose numbers are doubles.

    >>> from headwater.plan.types import DOUBLE, INT64
    >>> json_objects(pa.table({"a b": [2**53 + 1, None], "c": [float("nan"), 0.1]}), [INT64, DOUBLE])
    b'{"a_x0020_b":9007199254740993,"c":"NaN"},{"a_x0020_b":null,"c":0.1}'
    """
    if not rows.num_rows:
        return b""
    columns = [
        (name, single(column), of) for name, column, of in zip(rows.column_names, rows.columns, types, strict=True)
    ]
    writer = JsonColumns(numbers_as_text, encoded, ITEM)
    # What stands between two rows is in their texts, and the first comma is passed over.
    return joined(writer.objects(columns, rows.num_rows, before=",{"))[1:].tobytes()
