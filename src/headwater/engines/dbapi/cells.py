"""Rows of a driver as Arrow columns of a plan's types."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

from headwater.errors import MError
from headwater.plan.conversions import EPOCH_TICKS
from headwater.plan.nodes import Column
from headwater.plan.types import (
    BINARY,
    DATE,
    DATETIME,
    DATETIMEZONE,
    DOUBLE,
    INT64,
    LOGICAL,
    TEXT,
    TIME,
    DataType,
    Kind,
    to_arrow,
)

_BY_WORD: tuple[tuple[tuple[str, ...], DataType], ...] = (
    (("bool",), LOGICAL),
    (("timestamp with time zone", "timestamp_tz", "datetimeoffset", "timestamp with local"), DATETIMEZONE),
    (("datetime", "timestamp", "seconddate", "longdate"), DATETIME),
    (("date",), DATE),
    (("interval", "point"), TEXT),
    (("time",), TIME),
    (("int", "serial", "year"), INT64),
    (("float", "double", "real", "binary_float", "binary_double", "smalldecimal"), DOUBLE),
    (("binary", "blob", "image", "raw", "bytea", "bytes"), BINARY),
)
_DECIMALS = ("decimal", "numeric", "number", "dec")


def plan_type(native: str, precision: int | None, scale: int | None) -> DataType:
    """The plan type of a column by its type's name; what has no counterpart is text.

    >>> plan_type("DECIMAL", 10, 2).scale, plan_type("bigint unsigned", None, None).kind.name
    (2, 'DECIMAL')
    """
    word = native.lower()
    if word.startswith(_DECIMALS):
        return _decimal(word, precision, scale)
    word = re.sub(r"\(.*?\)", "", word)
    if "unsigned" in word and word.startswith("bigint"):
        return DataType(Kind.DECIMAL, precision=20, scale=0)
    for words, found in _BY_WORD:
        if any(word.startswith(one) or (one in word and one in ("int", "binary", "blob")) for one in words):
            return found
    return TEXT


def _decimal(word: str, precision: int | None, scale: int | None) -> DataType:
    if "(" in word:
        precision, scale = (int(part) for part in word[word.index("(") + 1 : word.index(")")].split(","))
    if precision is None or not 0 < precision <= 38 or not 0 <= (scale or 0) <= precision:
        return DOUBLE
    return DataType(Kind.DECIMAL, precision=precision, scale=scale or 0)


def arrow_columns(rows: Sequence[Sequence[Any]], columns: Sequence[Column]) -> list[Any]:
    """The columns of some rows.

    Raises:
        MError: DataFormat.Error, a cell is none of its column's type.
    """
    cells = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    return [_array(values, column) for values, column in zip(cells, columns, strict=True)]


def _array(values: Sequence[Any], column: Column) -> Any:
    convert = _CONVERTERS[column.type.kind]
    try:
        converted = [None if value is None else convert(value) for value in values]
        return pa.array(converted, to_arrow(column.type))
    except (TypeError, ValueError, ArithmeticError, pa.ArrowException) as error:
        raise MError(
            "DataFormat.Error",
            f"The column '{column.name}' holds a value that is no {column.type.kind.value}.",
            hint="Convert the column in a query of the database's own.",
            code="m.data_source",
        ) from error


def _logical(value: Any) -> bool:
    return any(value) if isinstance(value, bytes) else bool(value)


def _whole(value: Any) -> int:
    if isinstance(value, bytes):
        return int.from_bytes(value, "big")
    number = int(value)
    if number != value:
        raise ValueError("not a whole number")
    return number


def _text(value: Any) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8")
    return value if isinstance(value, str) else str(value)


def _date(value: Any) -> dt.date:
    return value.date() if isinstance(value, dt.datetime) else dt.date.fromisoformat(value) if isinstance(
        value, str) else value  # fmt: skip


def _datetime(value: Any) -> dt.datetime:
    found = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(found, dt.datetime):
        found = dt.datetime(found.year, found.month, found.day)
    return found.replace(tzinfo=None)


def _zoned(value: Any) -> dict[str, int]:
    found = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    offset = found.utcoffset() or dt.timedelta()
    since = found.replace(tzinfo=None) - offset - dt.datetime(1970, 1, 1)
    return {"instant": EPOCH_TICKS + _ticks(since), "offset": round(offset.total_seconds() / 60)}


def _time(value: Any) -> int:
    if isinstance(value, str):
        value = dt.time.fromisoformat(value)
    if isinstance(value, dt.time):
        value = dt.timedelta(
            hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond
        )
    if not dt.timedelta() <= value < dt.timedelta(days=1):
        raise ValueError("not a time of a day")
    return _ticks(value)


def _ticks(value: dt.timedelta) -> int:
    return value // dt.timedelta(microseconds=1) * 10


_CONVERTERS: dict[Kind, Callable[[Any], Any]] = {
    Kind.LOGICAL: _logical,
    Kind.INT64: _whole,
    Kind.DOUBLE: float,
    Kind.DECIMAL: lambda value: Decimal(str(value)),
    Kind.TEXT: _text,
    Kind.DATE: _date,
    Kind.DATETIME: _datetime,
    Kind.DATETIMEZONE: _zoned,
    Kind.TIME: _time,
    Kind.BINARY: bytes,
}
