"""M values as a grid shows them: JSON, a cell each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from headwater.app.reading.cells import clock_text, double_json, duration_text, instant_text, whole_json, zoned_text
from headwater.errors import MError
from headwater.powerquery.values.core import Value, force, plain
from headwater.powerquery.values.times import Date, DateTime, DateTimeZone, Duration, Time
from headwater.powerquery.values.types import kind_of

__all__ = ["LONGEST_TEXT", "cell"]

#: A grid shows the beginning of longer texts.
LONGEST_TEXT: Final = 2_000


def cell(value: Value) -> Any:
    """One cell.

    Null, logical values, numbers and texts are JSON's own; numbers that JSON cannot hold, and what has a date or a
    time, are texts, as :func:`headwater.app.reading.cells.json_cell` writes them. The rest is an object: ``{"error":
    {"reason", "message"}}`` for an error cell, ``{"kind": "table"}`` (or list, record, function, binary, type) for
    what has members of its own, and ``{"cut": "…"}`` for the beginning of a long text.

    >>> from headwater.powerquery import evaluate
    >>> [cell(value) for value in evaluate('{1, "x", null, #date(2024, 2, 29), #table({"a"}, {})}').items]
    [1, 'x', None, '2024-02-29', {'kind': 'table'}]
    """
    try:
        value = plain(force(value))
    except MError as error:
        return {"error": {"reason": error.reason, "message": error.message}}
    writer = _WRITERS.get(type(value))
    if writer is not None:
        return writer(value)
    return value if value is None else {"kind": kind_of(value)}


def _text(value: str) -> Any:
    return value if len(value) <= LONGEST_TEXT else {"cut": value[:LONGEST_TEXT]}


def _datetimezone(value: DateTimeZone) -> str:
    return zoned_text(value.ticks, value.offset)


_WRITERS: Mapping[type, Callable[[Any], Any]] = {
    bool: bool,
    int: whole_json,
    float: double_json,
    Decimal: str,
    str: _text,
    Date: lambda value: value.calendar.isoformat(),
    Time: lambda value: clock_text(value.ticks),
    DateTime: lambda value: instant_text(value.ticks),
    DateTimeZone: _datetimezone,
    Duration: lambda value: duration_text(value.ticks),
}
