"""Arrow columns as JSON values, and back, a column at a time.

===========================  ==========================================================
Arrow                        JSON
===========================  ==========================================================
bool, integers, strings      themselves
floats                       numbers; NaN and the infinities, which JSON has not, apart
timestamp                    "2026-01-31T08:30:00.000000", with "Z" where a service asks for a zone
date                         "2026-01-31"
binary                       Base64
struct                       object
list                         array
list of (key, value)         object, where a service has maps
===========================  ==========================================================

What is read must be of the output's type: a fraction for a whole number, a text for a number, a truth value for a
number are refused, and no message says which value it was. Null is null; NaN stays NaN among floats and is null
elsewhere, where pandas means a missing value by it.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from headwater.models.arrow import Array, compute, nulls
from headwater.models.forms.base import FormError

__all__ = ["ColumnWriter", "is_map", "read_column", "read_texts"]

_READ_FAILURES = (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, TypeError, ValueError, OverflowError)


@dataclass(slots=True)
class ColumnWriter:
    """Writes columns as lists of JSON values.

    ``zone`` is put behind each moment. With ``maps``, lists of records of a text ``key`` and a ``value`` are objects.
    ``non_finite`` becomes true when a NaN or an infinity was written, as itself.

    >>> ColumnWriter().values(pa.array([b"abc", None]))
    ['YWJj', None]
    """

    zone: str = ""
    maps: bool = False
    non_finite: bool = False

    def values(self, column: Array) -> list[Any]:
        """One JSON value for each value of ``column``."""
        kind = column.type
        if pa.types.is_floating(kind):
            self.non_finite |= compute.all(compute.is_finite(column)).as_py() is False
            return _listed(column)
        if pa.types.is_timestamp(kind):
            return _listed(self._moments(column))
        if pa.types.is_date(kind):
            return _listed(column.cast(pa.string()))
        if pa.types.is_binary(kind):
            return [None if value is None else base64.b64encode(value).decode() for value in column.to_pylist()]
        if pa.types.is_struct(kind):
            return self._objects(column)
        if pa.types.is_list(kind):
            lists = self._lists(column)
            return [_as_map(entries) for entries in lists] if self.maps and is_map(kind) else lists
        return _listed(column)

    def _moments(self, column: Array) -> Array:
        texts = compute.strftime(column, format="%Y-%m-%dT%H:%M:%S")
        return compute.binary_join_element_wise(texts, self.zone, "") if self.zone else texts

    def _objects(self, column: Array) -> list[Any]:
        names = [column.type.field(i).name for i in range(column.type.num_fields)]
        members = [self.values(child) for child in column.flatten()]
        present = column.is_valid().to_pylist()
        rows = zip(*members, strict=True) if members else (() for _ in present)
        return [dict(zip(names, row, strict=True)) if there else None for there, row in zip(present, rows, strict=True)]

    def _lists(self, column: Array) -> list[Any]:
        items = self.values(column.flatten())
        lists: list[Any] = []
        start = 0
        for length in compute.list_value_length(column).to_pylist():
            end = start + (length or 0)
            lists.append(None if length is None else items[start:end])
            start = end
        return lists


def is_map(kind: Any) -> bool:
    """Whether a list type is that of a map: records of a text ``key`` and a ``value``."""
    item: Any = kind.value_type
    if not pa.types.is_struct(item) or item.num_fields != 2:
        return False
    return (item.field(0).name, item.field(1).name, item.field(0).type) == ("key", "value", pa.string())


def _as_map(entries: list[dict[str, Any]] | None) -> dict[str, Any] | None:
    return None if entries is None else {entry["key"]: entry["value"] for entry in entries}


def _listed(column: Array) -> list[Any]:
    values: list[Any] = column.to_pylist()
    return values


def read_column(values: Sequence[Any], kind: pa.DataType, name: str) -> Array:
    """JSON values as an Arrow array of type ``kind``.

    Raises:
        FormError: a value is of another type. The message names the column alone.

    >>> read_column([1, 2.5, None], pa.float64(), "p").to_pylist()
    [1.0, 2.5, None]
    """
    read = _reader(kind)
    try:
        return read(values, kind)
    except (*_READ_FAILURES, FormError):
        pass
    try:
        return read([None if _is_nan(value) else value for value in values], kind)
    except (*_READ_FAILURES, FormError):
        # Without the cause: Arrow quotes the value.
        raise FormError(f"the answer for '{name}' does not convert to {kind}") from None


def read_texts(values: Sequence[Any], kind: pa.DataType, name: str) -> Array:
    """Like :func:`read_column`, of cells that may all be texts, as those of a classic web service are."""
    readers: tuple[tuple[Callable[[pa.DataType], bool], Callable[[str], Any]], ...] = (
        (pa.types.is_floating, float),
        (pa.types.is_integer, int),
        (pa.types.is_boolean, _truth),
    )
    read = next((read for test, read in readers if test(kind)), str)
    try:
        plain = [read(value) if isinstance(value, str) else value for value in values]
    except ValueError:
        # Without the cause: it quotes the value.
        raise FormError(f"the answer for '{name}' does not convert to {kind}") from None
    return read_column(plain, kind, name)


def _truth(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError("no truth value")
    return text.lower() == "true"


def _is_nan(value: Any) -> bool:
    """Among values that are no numbers, pandas has NaN for one that is missing."""
    return isinstance(value, float) and math.isnan(value)


def _reader(kind: pa.DataType) -> Callable[[Sequence[Any], pa.DataType], Array]:
    tests: tuple[tuple[Callable[[pa.DataType], bool], Callable[[Sequence[Any], pa.DataType], Array]], ...] = (
        (pa.types.is_floating, _read_floats),
        (pa.types.is_integer, _read_integers),
        (pa.types.is_timestamp, _read_moments),
        (pa.types.is_date, _read_texts_as),
        (pa.types.is_binary, _read_binaries),
        (pa.types.is_struct, _read_objects),
        (pa.types.is_list, _read_lists),
    )
    return next((read for test, read in tests if test(kind)), _read_same)


def _read_same(values: Sequence[Any], kind: pa.DataType) -> Array:
    return pa.array(values, kind)


def _read_integers(values: Sequence[Any], kind: pa.DataType) -> Array:
    # Told the type, Arrow would cut 1.5 down to 1; what it takes the values for itself is cast without loss or not.
    return _numbers(values).cast(kind)


def _read_floats(values: Sequence[Any], kind: pa.DataType) -> Array:
    try:
        found = _numbers(values)
    except pa.ArrowInvalid:
        # Whole numbers that no double holds exactly, among fractions.
        found = pa.array([None if value is None else float(value) for value in values], pa.float64())
    return found.cast(kind, safe=False)


def _numbers(values: Sequence[Any]) -> Array:
    """The values in the type that Arrow takes them for."""
    # Arrow would take a truth value among fractions for a number.
    if not set(map(type, values)) <= {int, float, type(None)}:
        raise TypeError("no number")
    return pa.array(values)


def _read_texts_as(values: Sequence[Any], kind: pa.DataType) -> Array:
    return pa.array(values, pa.string()).cast(kind)


def _read_moments(values: Sequence[Any], kind: pa.DataType) -> Array:
    texts = pa.array(values, pa.string())
    try:
        return texts.cast(kind)
    except pa.ArrowInvalid:
        # With a zone, or in finer parts of a second: in UTC, as far as a moment of the plan goes.
        moments = [None if text is None or text == "NaT" else _moment(text) for text in texts.to_pylist()]
        return pa.array(moments, kind)


def _moment(text: str) -> datetime:
    """A moment of ISO 8601, or as the decorators of Azure write it ("2026-01-31 08:30:00.000000 +0000")."""
    moment = datetime.fromisoformat(text.replace(" +", "+").replace(" -", "-"))
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _read_binaries(values: Sequence[Any], kind: pa.DataType) -> Array:
    return pa.array([None if value is None else _bytes(value) for value in values], kind)


def _bytes(text: str) -> bytes:
    try:
        # MLflow breaks its lines.
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, AttributeError) as error:
        raise ValueError("no Base64") from error


def _read_objects(values: Sequence[Any], kind: pa.DataType) -> Array:
    if any(value is not None and not isinstance(value, dict) for value in values):
        raise TypeError("no object")
    fields = [kind.field(i) for i in range(kind.num_fields)]
    members = [
        read_column([None if value is None else value.get(field.name) for value in values], field.type, field.name)
        for field in fields
    ]
    absent = pa.array([value is None for value in values], pa.bool_())
    return pa.StructArray.from_arrays(members, fields=fields, mask=absent) if fields else nulls(len(values), kind)


def _read_lists(values: Sequence[Any], kind: Any) -> Array:
    offsets: list[int | None] = []
    items: list[Any] = []
    for value in values:
        offsets.append(None if value is None else len(items))
        if isinstance(value, dict) and is_map(kind):
            items.extend({"key": key, "value": member} for key, member in value.items())
        elif value is not None:
            items.extend(_array(value))
    read = read_column(items, kind.value_type, "items")
    return pa.ListArray.from_arrays(pa.array([*offsets, len(items)], pa.int32()), read, type=kind)


def _array(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("no array")
    return value
