"""Cells of a published table as JSON."""

from __future__ import annotations

import base64
import datetime as dt
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa

_SAFE = 2**53


def json_rows(table: pa.Table) -> list[list[Any]]:
    """The rows of an Arrow table, each a list of JSON values.

    Numbers that JSON cannot hold keep their worth as text: whole numbers beyond 2**53, decimals, NaN, infinities.

    >>> json_rows(pa.table({"a": [1, None], "b": [float("nan"), 0.5]}))
    [[1, 'NaN'], [None, 0.5]]
    """
    columns = [[json_cell(cell) for cell in column.to_pylist()] for column in table.columns]
    return [list(row) for row in zip(*columns, strict=True)] if columns else [[] for _ in range(table.num_rows)]


def json_cell(value: Any) -> Any:
    """One cell as JSON."""
    writer = _WRITERS.get(type(value))
    return value if writer is None else writer(value)


def _float(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


_WRITERS: dict[type, Callable[[Any], Any]] = {
    int: lambda v: v if abs(v) <= _SAFE else str(v),
    float: _float,
    Decimal: str,
    bytes: lambda v: base64.b64encode(v).decode(),
    dt.date: dt.date.isoformat,
    dt.datetime: dt.datetime.isoformat,
    dt.time: dt.time.isoformat,
    dict: lambda v: {key: json_cell(member) for key, member in v.items()},
    list: lambda v: [json_cell(member) for member in v],
}
