"""The operators a plan knows, each with its typing rule and its meaning for null and errors.

An engine declares which of these it folds, and a conformance case proves each one against the evaluator. Meaning,
the same on every engine (M's own):

- ``= <>``: null equals null; int64, double and decimal compare by value; text by code point. Never null.
- ``< <= > >=``: null when either side is null; text by code point. Columns are of one kind, so kinds never mix.
- ``+ - * /`` on numbers: double arithmetic; null when either side is null; division by zero is infinity or NaN.
- ``&``: text; null when either side is null.
- ``and or``: false decides ``and``, true decides ``or``, else null if either side is null; an error on the right
  counts only if the left does not decide.
- ``not``: null of null.
- ``if``: (condition, then, else): a null condition is an error; only the chosen branch's error counts.
- ``??``: the right side where the left is null.
- ``otherwise``: (value, fallback): the fallback where value is an error.
- ``[]``: a record's field, named by ``option``; null of a null record is an error.
- Conversions (``Number.From`` …): null of null; a value that cannot be converted is an error
  ``DataFormat.Error`` whose detail is the value. Empty text converts to null. ``option`` is the culture
  (``en-US``, or "" for invariant); a culture that is not listed in ``FOLDED_CULTURES`` does not fold. What text
  converts to what, and the errors, are in :mod:`headwater.plan.conversions`.
- ``Date.*``, ``Text.*``, ``Number.*``: null of null.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from headwater.plan.types import (
    DATE,
    DATETIME_TICKS,
    DOUBLE,
    INT64,
    LOGICAL,
    NUMERIC,
    TEXT,
    DataType,
    Kind,
)

FOLDED_CULTURES = frozenset({"", "en-US"})

Result = tuple[DataType, bool] | None
"""The result's type and whether the operator itself can raise; None: no rule for these arguments."""

Rule = Callable[[tuple[DataType, ...], Any], Result]


@dataclass(frozen=True, slots=True)
class Operator:
    """``summary`` is one line for the docs; ``result`` types a call."""

    name: str
    summary: str
    result: Rule


def _numeric(count: int, result: DataType) -> Rule:
    def rule(types: tuple[DataType, ...], _option: Any) -> Result:
        return (result, False) if len(types) == count and all(t.kind in NUMERIC for t in types) else None

    return rule


def _of(kinds: tuple[Kind, ...], result: DataType) -> Rule:
    def rule(types: tuple[DataType, ...], _option: Any) -> Result:
        return (result, False) if tuple(t.kind for t in types) == kinds else None

    return rule


def _comparable(types: tuple[DataType, ...]) -> bool:
    if len(types) != 2 or any(t.kind in (Kind.RECORD, Kind.LIST, Kind.BINARY) for t in types):
        return False
    left, right = types
    return (left.kind in NUMERIC and right.kind in NUMERIC) or left.same_kind(right)


def _equality(types: tuple[DataType, ...], _option: Any) -> Result:
    return (LOGICAL, False) if _comparable(types) else None


def _ordering(types: tuple[DataType, ...], _option: Any) -> Result:
    return (LOGICAL, False) if _comparable(types) else None


def _unify(left: DataType, right: DataType) -> DataType | None:
    if left.same_kind(right):
        return left.as_nullable()
    if left.kind in NUMERIC and right.kind in NUMERIC:
        return DOUBLE
    return None


def _if(types: tuple[DataType, ...], _option: Any) -> Result:
    if len(types) != 3 or types[0].kind is not Kind.LOGICAL:
        return None
    result = _unify(types[1], types[2])
    return None if result is None else (result, types[0].nullable)


def _either(types: tuple[DataType, ...], _option: Any) -> Result:
    result = _unify(types[0], types[1]) if len(types) == 2 else None
    return None if result is None else (result, False)


def _field(types: tuple[DataType, ...], option: Any) -> Result:
    # A field without a name cannot be asked for in SQL.
    if len(types) != 1 or types[0].kind is not Kind.RECORD or not option:
        return None
    # SQL engines find a record's field without regard to case, so a field with such a twin stays with the evaluator.
    found = [f for f in types[0].fields if isinstance(option, str) and f.name.lower() == option.lower()]
    if len(found) != 1 or found[0].name != option:
        return None
    return found[0].type.as_nullable(), types[0].nullable


def _conversion(result: DataType, sources: dict[Kind, bool]) -> Rule:
    """``sources``: the kinds that convert, each with whether it can fail."""

    def rule(types: tuple[DataType, ...], option: Any) -> Result:
        if len(types) != 1 or option not in FOLDED_CULTURES or types[0].kind not in sources:
            return None
        return result, sources[types[0].kind]

    return rule


def _date_of_parts(types: tuple[DataType, ...], _option: Any) -> Result:
    return (DATE, True) if [t.kind for t in types] == [Kind.INT64] * 3 else None


def _day_of_week(types: tuple[DataType, ...], option: Any) -> Result:
    dated = len(types) == 1 and types[0].kind in (Kind.DATE, Kind.DATETIME)
    return (INT64, False) if dated and option in range(7) else None


def _dated(result: DataType) -> Rule:
    def rule(types: tuple[DataType, ...], _option: Any) -> Result:
        return (result, False) if len(types) == 1 and types[0].kind in (Kind.DATE, Kind.DATETIME) else None

    return rule


_DECLARED = (
    *(Operator(o, "double arithmetic", _numeric(2, DOUBLE)) for o in ("+", "-", "*", "/")),
    Operator("negate", "unary minus", _numeric(1, DOUBLE)),
    Operator("&", "join two texts", _of((Kind.TEXT, Kind.TEXT), TEXT)),
    *(Operator(o, "equality, null equals null", _equality) for o in ("=", "<>")),
    *(Operator(o, "ordering", _ordering) for o in ("<", "<=", ">", ">=")),
    *(Operator(o, "three-valued logic", _of((Kind.LOGICAL, Kind.LOGICAL), LOGICAL)) for o in ("and", "or")),
    Operator("not", "three-valued logic", _of((Kind.LOGICAL,), LOGICAL)),
    Operator("if", "conditional", _if),
    Operator("??", "the right side where the left is null", _either),
    Operator("otherwise", "the right side where the left is an error", _either),
    Operator("[]", "field of a record", _field),
    Operator(
        "Number.From",
        "to number",
        _conversion(
            DOUBLE,
            {Kind.TEXT: True, Kind.INT64: False, Kind.DOUBLE: False, Kind.DECIMAL: False, Kind.LOGICAL: False},
        ),
    ),
    Operator(
        "Int64.From",
        "to a whole number, half to even",
        _conversion(
            INT64, {Kind.TEXT: True, Kind.INT64: False, Kind.DOUBLE: True, Kind.DECIMAL: True, Kind.LOGICAL: False}
        ),
    ),
    Operator(
        "Text.From",
        "to text",
        _conversion(TEXT, {Kind.TEXT: False, Kind.INT64: False, Kind.LOGICAL: False}),
    ),
    Operator(
        "Logical.From",
        "to logical",
        _conversion(LOGICAL, {Kind.TEXT: True, Kind.INT64: False, Kind.DOUBLE: False, Kind.LOGICAL: False}),
    ),
    Operator("#date", "a date of year, month and day; a null part or no such day is an error", _date_of_parts),
    Operator("Date.From", "to date", _conversion(DATE, {Kind.TEXT: True, Kind.DATE: False, Kind.DATETIME: False})),
    Operator(
        "DateTime.From",
        "to datetime",
        _conversion(DATETIME_TICKS, {Kind.TEXT: True, Kind.DATE: False, Kind.DATETIME: False}),
    ),
    *(
        Operator(f"Date.{part}", f"the {part.lower()} of a date or datetime", _dated(INT64))
        for part in ("Year", "Month", "Day")
    ),
    Operator("Date.DayOfWeek", "0 to 6, counted from the day in `option` (0 Sunday)", _day_of_week),
    Operator("Text.Length", "length in UTF-16 units", _of((Kind.TEXT,), INT64)),
    Operator("Text.Contains", "ordinal", _of((Kind.TEXT, Kind.TEXT), LOGICAL)),
    Operator("Text.StartsWith", "ordinal", _of((Kind.TEXT, Kind.TEXT), LOGICAL)),
    Operator("Text.EndsWith", "ordinal", _of((Kind.TEXT, Kind.TEXT), LOGICAL)),
    Operator("Number.Abs", "absolute value", _numeric(1, DOUBLE)),
)

OPERATORS: dict[str, Operator] = {operator.name: operator for operator in _DECLARED}


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregate function: nulls are ignored but for Table.RowCount, nothing left gives null (RowCount 0)."""

    name: str
    summary: str
    result: Rule


def _min_max(types: tuple[DataType, ...], _option: Any) -> Result:
    ordered = len(types) == 1 and types[0].kind not in (Kind.RECORD, Kind.LIST, Kind.BINARY)
    return (types[0].as_nullable(), False) if ordered else None


def _count(types: tuple[DataType, ...], _option: Any) -> Result:
    return INT64, False


AGGREGATES: dict[str, Aggregate] = {
    aggregate.name: aggregate
    for aggregate in (
        Aggregate("List.Sum", "double sum", _numeric(1, DOUBLE)),
        Aggregate("List.Average", "double mean", _numeric(1, DOUBLE)),
        Aggregate("List.Min", "least value", _min_max),
        Aggregate("List.Max", "greatest value", _min_max),
        Aggregate("List.NonNullCount", "values that are not null", _count),
        Aggregate("Table.RowCount", "rows of the group; takes no argument", _count),
    )
}
