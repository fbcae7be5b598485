"""Equality and order of M values."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from headwater.errors import MError
from headwater.powerquery.values.core import Binary, List, Record, Value, binary_bytes, force, plain
from headwater.powerquery.values.table import Table
from headwater.powerquery.values.times import Date, DateTime, DateTimeZone, Duration, Time
from headwater.powerquery.values.types import kind_of, title_of

_NUMBERS = (int, float, Decimal)
_PYTHONS_OWN = frozenset((str, int, float, bool))
_ORDERED = (str, Date, Time, DateTime, DateTimeZone, Duration)


def equal(left: Value, right: Value) -> bool:
    """``left = right``: deep; values of different kinds are never equal; NaN equals nothing.

    >>> equal(1, 1.0), equal(None, None), equal("1", 1)
    (True, True, False)
    """
    left, right = plain(left), plain(right)
    kind = type(left)
    if kind is type(right) and kind in _PYTHONS_OWN:
        return bool(left == right)
    if kind is bool or type(right) is bool:
        return kind is type(right) and bool(left == right)
    if isinstance(left, _NUMBERS) and isinstance(right, _NUMBERS):
        return bool(left == right)
    if isinstance(left, Table) and isinstance(right, Table):
        return _equal_tables(left, right)
    if isinstance(left, List) and isinstance(right, List):
        return _equal_rows(left.items, right.items)
    if isinstance(left, Record) and isinstance(right, Record):
        return set(left.index) == set(right.index) and all(equal(left.get(n), right.get(n)) for n in left.index)
    if isinstance(left, bytes | Binary) and isinstance(right, bytes | Binary):
        return binary_bytes(left) == binary_bytes(right)
    return kind is type(right) and bool(left == right)


def _equal_rows(left: Any, right: Any) -> bool:
    return len(left) == len(right) and all(equal(force(a), force(b)) for a, b in zip(left, right, strict=True))


def _equal_tables(left: Table, right: Table) -> bool:
    if set(left.names) != set(right.names):
        return False
    order = [right.index[name] for name in left.names]
    left_rows, right_rows = list(left.rows()), list(right.rows())
    return len(left_rows) == len(right_rows) and all(
        _equal_rows(a, [b[at] for at in order]) for a, b in zip(left_rows, right_rows, strict=True)
    )


def compare(left: Value, right: Value) -> int:
    """-1, 0 or 1 for two values of one kind, as in sorting: null is least, NaN the greatest number.

    Raises:
        MError: Expression.Error where the two cannot be ordered.
    """
    left, right = plain(left), plain(right)
    if left is None or right is None:
        return (left is not None) - (right is not None)
    if (type(left) is bool) is not (type(right) is bool):  # a Python bool is an int, an M logical is no number
        raise not_applicable("<", left, right)
    if isinstance(left, _NUMBERS) and isinstance(right, _NUMBERS):
        return _three_way(left, right)
    if type(left) is type(right) and isinstance(left, _ORDERED):
        return _three_way(left, right)
    if isinstance(left, bytes | Binary) and isinstance(right, bytes | Binary):
        return _three_way(binary_bytes(left), binary_bytes(right))
    raise not_applicable("<", left, right)


def _three_way(left: Any, right: Any) -> int:
    if left < right:
        return -1
    if left > right:
        return 1
    # Only NaN is unlike itself; in an order of all numbers it comes last.
    return int(left != left) - int(right != right)  # noqa: PLR0124


def not_applicable(operator: str, left: Value, right: Value) -> MError:
    """The error of an operator that is not defined for these kinds."""
    kinds = f"{title_of(kind_of(left))} and {title_of(kind_of(right))}"
    return MError(
        "Expression.Error",
        f"We cannot apply operator {operator} to types {kinds}.",
        Record.of({"Operator": operator, "Left": left, "Right": right}),
    )


_HASHES: dict[type, Callable[[Any], Any]] = {List: len, Record: lambda v: frozenset(v.index)}


def hashable(value: Value) -> Any:
    """A Python key under which values that are :func:`equal` meet; used for groups, joins and distinct.

    Lists, records and tables only share their shape here: callers compare candidates with :func:`equal`.
    """
    value = plain(value)
    kind = type(value)
    if kind is bool or kind is str:
        return (kind.__name__, value)
    if isinstance(value, _NUMBERS):
        return value
    if isinstance(value, Table):
        return ("table", frozenset(value.names))
    if isinstance(value, Binary):
        return value.read()
    shape = _HASHES.get(kind)
    return value if shape is None else (kind.__name__, shape(value))
