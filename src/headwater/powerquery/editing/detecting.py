"""Types of columns, told from sample rows: the arguments of the command that changes types."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from headwater.plan.conversions import (
    DATE_PATTERN,
    DATETIME_PATTERN,
    LOGICAL_PATTERN,
    NUMBER_PATTERN,
    WHOLE_NUMBER_PATTERN,
)
from headwater.powerquery.values.core import Value
from headwater.powerquery.values.types import kind_of

__all__ = ["detect_types"]

_WRITTEN = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("logical", LOGICAL_PATTERN),
        ("whole", WHOLE_NUMBER_PATTERN),
        ("number", NUMBER_PATTERN),
        ("date", DATE_PATTERN),
        ("datetime", DATETIME_PATTERN),
    )
)
_TEXT_AFTER_ALL = re.compile(r"\s*0[0-9]+\s*")
"""A number that would lose its first digits, such as a postcode."""
_KINDS = {"text", "number", "logical", "date", "time", "datetime", "datetimezone", "duration", "binary"}


def detect_types(rows: Sequence[Mapping[str, Value]]) -> list[dict[str, str]]:
    """The type that each column's cells all fit, as ``columns.change_type`` takes them.

    A column without any value, or with cells of several kinds, is left out. Text is read as in the invariant culture;
    numbers with leading zeros stay text.

    >>> detect_types([{"n": "1", "zip": "01067", "d": "2024-01-31"}, {"n": "2.5", "zip": "", "d": None}])
    [{'column': 'n', 'kind': 'number'}, {'column': 'zip', 'kind': 'text'}, {'column': 'd', 'kind': 'date'}]
    """
    found = []
    for column in rows[0] if rows else ():
        kind = _kind([row[column] for row in rows])
        if kind:
            found.append({"column": column, "kind": kind})
    return found


def _kind(cells: Iterable[Value]) -> str:
    given = [cell for cell in cells if cell is not None and cell != ""]
    kinds = {kind_of(cell) for cell in given}
    if len(kinds) != 1:
        return ""
    kind = kinds.pop()
    if kind == "number" and all(isinstance(cell, int) or float(cell).is_integer() for cell in given):
        return "whole"
    if kind == "text":
        return _written([cell for cell in given if isinstance(cell, str)])
    return kind if kind in _KINDS else ""


def _written(cells: Sequence[str]) -> str:
    if any(_TEXT_AFTER_ALL.fullmatch(cell) for cell in cells):
        return "text"
    return next((kind for kind, pattern in _WRITTEN if all(map(pattern.fullmatch, cells))), "text")
