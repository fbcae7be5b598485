"""M's operators on values.

Numbers are doubles to the operators: a whole-number result stays an ``int`` while a double holds it exactly.
Null rules and errors as the language defines them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from headwater.errors import MError
from headwater.powerquery.values.core import (
    Binary,
    List,
    Record,
    Value,
    WithMetadata,
    binary_bytes,
    metadata_of,
    plain,
)
from headwater.powerquery.values.equality import compare, equal, not_applicable
from headwater.powerquery.values.table import Table
from headwater.powerquery.values.times import Date, DateTime, DateTimeZone, Duration, Time, out_of_range
from headwater.powerquery.values.types import FunctionType, Type, conforms, kind_of, primitive_name, title_of

EXACT = 2**53
"""Doubles hold all whole numbers up to this one."""

_TICKS_LIMIT = 2**63
"""Durations are counted in 64 bits."""

_NUMBERS = (int, float, Decimal)
_TIMED = (DateTime, DateTimeZone, Time)


def is_number(value: Value) -> bool:
    """True for M numbers (Python's bool is an int, M's logical is no number)."""
    return isinstance(value, _NUMBERS) and type(value) is not bool


def is_whole(value: Value) -> bool:
    """True for numbers without a fraction, which infinities and NaN are not."""
    return is_number(value) and math.isfinite(value) and bool(value == int(value))


def to_double(value: Value) -> float | int:
    """The double of a number; ints stay ints while exact."""
    if type(value) is int and -EXACT <= value <= EXACT:
        return value
    return float(value)


def _are_small(left: Value, right: Value) -> bool:
    """Whether both are numbers that a double holds, of the kinds that most numbers are: the operators' quick way."""
    return (
        (type(left) is int or type(left) is float)
        and (type(right) is int or type(right) is float)
        and -EXACT <= left <= EXACT
        and -EXACT <= right <= EXACT
    )


def add(left: Value, right: Value) -> Value:
    """``left + right``."""
    if type(left) is float and type(right) is float:
        return left + right
    if _are_small(left, right):
        result = left + right
        return result if -EXACT <= result <= EXACT else float(result)
    return _arithmetic("+", left, right)


def subtract(left: Value, right: Value) -> Value:
    """``left - right``."""
    if type(left) is float and type(right) is float:
        return left - right
    if _are_small(left, right):
        result = left - right
        return result if -EXACT <= result <= EXACT else float(result)
    return _arithmetic("-", left, right)


def multiply(left: Value, right: Value) -> Value:
    """``left * right``."""
    if type(left) is float and type(right) is float:
        return left * right
    if _are_small(left, right):
        result = left * right
        return result if -EXACT <= result <= EXACT else float(result)
    return _arithmetic("*", left, right)


def divide(left: Value, right: Value) -> Value:
    """``left / right``; by zero gives infinity or NaN."""
    return _arithmetic("/", left, right)


def _arithmetic(operator: str, left: Value, right: Value) -> Value:
    left, right = plain(left), plain(right)
    if is_number(left) and is_number(right):
        return _double_arithmetic(operator, to_double(left), to_double(right))
    if left is None or right is None:
        other = left if right is None else right
        if other is None or is_number(other) or isinstance(other, (*_TIMED, Date, Duration)):
            return None
        raise not_applicable(operator, left, right)
    return _time_arithmetic(operator, left, right)


def _double_arithmetic(operator: str, left: float | int, right: float | int) -> float | int:
    try:
        match operator:
            case "+":
                result = left + right
            case "-":
                result = left - right
            case "*":
                result = left * right
            case _:
                return _divide(left, right)
    except OverflowError:
        return math.inf
    return result if type(result) is float or -EXACT <= result <= EXACT else float(result)


def _divide(left: float | int, right: float | int) -> float | int:
    if right == 0:
        if left == 0 or math.isnan(left):
            return math.nan
        return math.copysign(math.inf, left) * math.copysign(1.0, right)
    quotient = left / right
    return int(quotient) if quotient.is_integer() and abs(quotient) <= EXACT and quotient else quotient


def _time_arithmetic(operator: str, left: Value, right: Value) -> Value:
    if operator == "+" and isinstance(left, Duration) and not isinstance(right, Duration):
        left, right = right, left
    if isinstance(left, Duration):
        return _duration_arithmetic(operator, left, right)
    if isinstance(right, Duration) and operator in "+-":
        return _shift(left, right.ticks if operator == "+" else -right.ticks, operator, right)
    if operator == "*" and isinstance(right, Duration) and is_number(left):
        return _duration(right.ticks * to_double(left))
    if operator == "-" and type(left) is type(right) and isinstance(left, (*_TIMED, Date)):
        return Duration(left.ticks - right.ticks)
    if operator == "+" and isinstance(left, Date) and isinstance(right, Time):
        return DateTime(left.ticks + right.ticks)
    raise not_applicable(operator, left, right)


def _duration_arithmetic(operator: str, left: Duration, right: Value) -> Value:
    if isinstance(right, Duration):
        if operator == "+":
            return Duration(left.ticks + right.ticks)
        if operator == "-":
            return Duration(left.ticks - right.ticks)
        if operator == "/":
            return _divide(left.ticks, right.ticks)
    if is_number(right) and operator == "*":
        return _duration(left.ticks * to_double(right))
    if is_number(right) and operator == "/":
        return _duration(_divide(left.ticks, to_double(right)))
    raise not_applicable(operator, left, right)


def _duration(ticks: float | int) -> Duration:
    if not -_TICKS_LIMIT <= ticks < _TICKS_LIMIT:  # NaN is neither
        raise out_of_range("Duration")
    return Duration(round(ticks))


def _shift(left: Value, ticks: int, operator: str, right: Duration) -> Value:
    match left:
        case Date():
            return DateTime(left.ticks + ticks).date
        case DateTime():
            return DateTime(left.ticks + ticks)
        case DateTimeZone():
            return DateTimeZone(left.ticks + ticks, left.offset)
        case Time():
            return Time((left.ticks + ticks) % (24 * 3600 * 10**7))
    raise not_applicable(operator, left, right)


def concatenate(left: Value, right: Value) -> Value:
    """``left & right``: texts, lists, records, tables, binaries; a date and a time."""
    left, right = plain(left), plain(right)
    if left is None or right is None:
        other = left if right is None else right
        if other is None or isinstance(other, str | Date | Time):
            return None
        raise not_applicable("&", left, right)
    joined = _JOINS.get((type(left), type(right)))
    if joined is not None:
        return joined(left, right)
    if isinstance(left, bytes | Binary) and isinstance(right, bytes | Binary):
        return binary_bytes(left) + binary_bytes(right)
    if isinstance(left, Table) and isinstance(right, Table):
        return left.append((right,))
    raise not_applicable("&", left, right)


def _join_records(left: Record, right: Record) -> Record:
    return Record.of({**left.raw(), **right.raw()})


def join_texts(left: str, right: str) -> str:
    """Two texts as one; surrogates that meet become the character that they stand for."""
    if left and right and "\ud800" <= left[-1] <= "\udbff" and "\udc00" <= right[0] <= "\udfff":
        character = 0x10000 + ((ord(left[-1]) - 0xD800) << 10) + ord(right[0]) - 0xDC00
        return left[:-1] + chr(character) + right[1:]
    return left + right


_JOINS: dict[tuple[type, type], Callable[[Any, Any], Value]] = {
    (str, str): join_texts,
    (List, List): lambda a, b: List([*a.raw(), *b.raw()]),
    (Record, Record): _join_records,
    (Date, Time): lambda a, b: DateTime(a.ticks + b.ticks),
}


def _ordering(operator: str, decide: Callable[[int], bool]) -> Callable[[Value, Value], Value]:
    def apply(left: Value, right: Value) -> Value:
        left, right = plain(left), plain(right)
        if left is None or right is None:
            return None
        if is_number(left) and is_number(right) and (math.isnan(left) or math.isnan(right)):
            return False
        if type(left) is bool and type(right) is bool:
            return decide(left - right)
        try:
            return decide(compare(left, right))
        except MError:
            raise not_applicable(operator, left, right) from None

    return apply


def negate(value: Value) -> Value:
    """``-value``."""
    value = plain(value)
    if value is None:
        return None
    if is_number(value):
        return -float(value) if value == 0 else -to_double(value)
    if isinstance(value, Duration):
        return Duration(-value.ticks)
    raise MError("Expression.Error", f"We cannot apply operator - to type {title_of(kind_of(value))}.")


def positive(value: Value) -> Value:
    """``+value``."""
    value = plain(value)
    if value is None or is_number(value) or isinstance(value, Duration):
        return value
    raise MError("Expression.Error", f"We cannot apply operator + to type {title_of(kind_of(value))}.")


def logical(value: Value) -> bool | None:
    """The value as a nullable logical; MError Expression.Error otherwise."""
    value = plain(value)
    if value is None or type(value) is bool:
        return value
    raise cannot_convert(value, "Logical")


def invert(value: Value) -> Value:
    """``not value``."""
    truth = logical(value)
    return None if truth is None else not truth


def cannot_convert(value: Value, target: str) -> MError:
    """The error of a value of the wrong kind; shows scalars, never a whole structure."""
    from headwater.powerquery.values.text import literal_text

    shown = literal_text(value)
    what = f"the value {shown}" if shown else f"a value of type {title_of(kind_of(value))}"
    return MError(
        "Expression.Error",
        f"We cannot convert {what} to type {target}.",
        Record.of({"Value": value, "Type": _target_type(target)}),
    )


def _target_type(target: str) -> Any:
    from headwater.powerquery.values.types import PRIMITIVES

    return PRIMITIVES.get(target.lower())


def with_metadata(value: Value, metadata: Value) -> Value:
    """``value meta metadata``: added to what is there, the right side winning."""
    added = plain(metadata)
    if not isinstance(added, Record):
        raise cannot_convert(added, "Record")
    merged = _join_records(metadata_of(value), added)
    bare = plain(value)
    return WithMetadata(replace(bare, metadata=merged) if isinstance(bare, FunctionType) else bare, merged)


def ascribe(value: Value, expected: Type) -> Value:
    """``value as type``: the value itself, or MError Expression.Error."""
    if conforms(value, expected):
        return value
    raise cannot_convert(plain(value), title_of(primitive_name(expected)))


less = _ordering("<", lambda c: c < 0)
less_or_equal = _ordering("<=", lambda c: c <= 0)
greater = _ordering(">", lambda c: c > 0)
greater_or_equal = _ordering(">=", lambda c: c >= 0)

BINARY_OPERATORS: dict[str, Callable[[Value, Value], Value]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "&": concatenate,
    "=": equal,
    "<>": lambda a, b: not equal(a, b),
    "<": less,
    "<=": less_or_equal,
    ">": greater,
    ">=": greater_or_equal,
    "meta": with_metadata,
}
UNARY_OPERATORS: dict[str, Callable[[Value], Value]] = {"-": negate, "+": positive, "not": invert}
