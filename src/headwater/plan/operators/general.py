"""Operators of the language itself, and conversions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from headwater.plan.operators.rules import (
    FOLDED_CULTURES,
    ONE_WORTH,
    PLAIN_NUMBERS,
    Operator,
    Result,
    Rule,
    comparable,
    numeric,
    of_kinds,
    unified,
)
from headwater.plan.types import (
    DATE,
    DATETIME_TICKS,
    DOUBLE,
    DURATION,
    INT64,
    LOGICAL,
    NUMERIC,
    TEXT,
    TIME,
    DataType,
    Kind,
)

_SUMS: dict[tuple[Kind, Kind], tuple[DataType, bool]] = {
    (Kind.DATE, Kind.DURATION): (DATE, True),
    (Kind.DURATION, Kind.DATE): (DATE, True),
    (Kind.DATETIME, Kind.DURATION): (DATETIME_TICKS, True),
    (Kind.DURATION, Kind.DATETIME): (DATETIME_TICKS, True),
    (Kind.TIME, Kind.DURATION): (TIME, False),
    (Kind.DURATION, Kind.TIME): (TIME, False),
    (Kind.DURATION, Kind.DURATION): (DURATION, True),
    (Kind.DATE, Kind.TIME): (DATETIME_TICKS, True),
}
_DIFFERENCES: dict[tuple[Kind, Kind], tuple[DataType, bool]] = {
    (Kind.DATE, Kind.DURATION): (DATE, True),
    (Kind.DATETIME, Kind.DURATION): (DATETIME_TICKS, True),
    (Kind.TIME, Kind.DURATION): (TIME, False),
    (Kind.DURATION, Kind.DURATION): (DURATION, True),
    (Kind.DATE, Kind.DATE): (DURATION, False),
    (Kind.DATETIME, Kind.DATETIME): (DURATION, False),
    (Kind.TIME, Kind.TIME): (DURATION, False),
}


def _arithmetic(times: dict[tuple[Kind, Kind], tuple[DataType, bool]]) -> Rule:
    """Numbers, or the dates and times that the table has."""

    def rule(types: tuple[DataType, ...], _option: Any) -> Result:
        if len(types) != 2:
            return None
        left, right = types
        if left.kind in NUMERIC and right.kind in NUMERIC:
            return DOUBLE, False
        return times.get((left.kind, right.kind))

    return rule


def _joining(types: tuple[DataType, ...], _option: Any) -> Result:
    if tuple(t.kind for t in types) == (Kind.DATE, Kind.TIME):
        return DATETIME_TICKS, True
    return (TEXT, False) if [t.kind for t in types] == [Kind.TEXT] * 2 else None


def _comparison(types: tuple[DataType, ...], _option: Any) -> Result:
    return (LOGICAL, False) if len(types) == 2 and comparable(*types) else None


def _if(types: tuple[DataType, ...], _option: Any) -> Result:
    if len(types) != 3 or types[0].kind is not Kind.LOGICAL:
        return None
    result = unified(types[1], types[2])
    return None if result is None else (result, types[0].nullable)


def _either(types: tuple[DataType, ...], _option: Any) -> Result:
    result = unified(types[0], types[1]) if len(types) == 2 else None
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


def _as(types: tuple[DataType, ...], option: Any) -> Result:
    if len(types) != 1 or not isinstance(option, str):
        return None
    return replace(types[0], nullable=False), types[0].nullable


def _conversion(result: DataType, sources: dict[Kind, bool]) -> Rule:
    """``sources``: the kinds that convert, each with whether it can fail."""

    def rule(types: tuple[DataType, ...], option: Any) -> Result:
        if len(types) != 1 or option not in FOLDED_CULTURES or types[0].kind not in sources:
            return None
        return result, sources[types[0].kind]

    return rule


def _whole_of_size(types: tuple[DataType, ...], option: Any) -> Result:
    if len(types) != 2 or types[0].kind is not Kind.INT64 or option not in (8, 16, 32, -8):
        return None
    shown = types[1].kind in PLAIN_NUMBERS | {Kind.TEXT, Kind.LOGICAL}
    return (INT64, True) if shown else None


def _contains(types: tuple[DataType, ...], _option: Any) -> Result:
    value, *listed = types
    if value.kind in ONE_WORTH or value.kind is Kind.DATETIMEZONE:
        return None
    return (LOGICAL, False) if all(item.same_kind(value) for item in listed) else None


def _alike(types: tuple[DataType, ...], _option: Any) -> Result:
    if not types or types[0].kind in ONE_WORTH or types[0].kind is Kind.DATETIMEZONE:
        return None
    return (types[0].as_nullable(), False) if all(t.same_kind(types[0]) for t in types) else None


def _added_up(types: tuple[DataType, ...], _option: Any) -> Result:
    return (DOUBLE, False) if types and all(t.kind in PLAIN_NUMBERS for t in types) else None


OPERATORS = (
    Operator("+", "double arithmetic; a date or time and a duration, a date and a time", _arithmetic(_SUMS)),
    Operator("-", "double arithmetic; two dates or times, or one and a duration", _arithmetic(_DIFFERENCES)),
    *(Operator(o, "double arithmetic", numeric(2, DOUBLE)) for o in ("*", "/")),
    Operator("negate", "unary minus", numeric(1, DOUBLE)),
    Operator("&", "join two texts, or a date and a time", _joining),
    *(Operator(o, "equality, null equals null", _comparison) for o in ("=", "<>")),
    *(Operator(o, "ordering", _comparison) for o in ("<", "<=", ">", ">=")),
    *(Operator(o, "three-valued logic", of_kinds((Kind.LOGICAL, Kind.LOGICAL), LOGICAL)) for o in ("and", "or")),
    Operator("not", "three-valued logic", of_kinds((Kind.LOGICAL,), LOGICAL)),
    Operator("if", "conditional", _if),
    Operator("??", "the right side where the left is null", _either),
    Operator("otherwise", "the right side where the left is an error", _either),
    Operator("[]", "field of a record", _field),
    Operator("as", "the value; null is an error that names the type in `option`", _as),
    Operator(
        "Number.From",
        "to number",
        _conversion(
            DOUBLE,
            {
                Kind.TEXT: True,
                Kind.INT64: False,
                Kind.DOUBLE: False,
                Kind.DECIMAL: False,
                Kind.LOGICAL: False,
                Kind.DATE: False,
            },
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
        "Int.Sized",
        "a whole number that fits `option` bits (-8: an unsigned byte), and what its error shows",
        _whole_of_size,
    ),
    Operator(
        "Text.From",
        "to text",
        _conversion(TEXT, {Kind.TEXT: False, Kind.INT64: False, Kind.DOUBLE: False, Kind.LOGICAL: False}),
    ),
    Operator(
        "Logical.From",
        "to logical",
        _conversion(LOGICAL, {Kind.TEXT: True, Kind.INT64: False, Kind.DOUBLE: False, Kind.LOGICAL: False}),
    ),
    Operator("Date.From", "to date", _conversion(DATE, {Kind.TEXT: True, Kind.DATE: False, Kind.DATETIME: False})),
    Operator(
        "DateTime.From",
        "to datetime",
        _conversion(DATETIME_TICKS, {Kind.TEXT: True, Kind.DATE: False, Kind.DATETIME: False}),
    ),
    Operator("List.Contains", "whether the first value is one of the others, which are constants", _contains),
    Operator("List.Min", "the least of some values of one kind, nulls ignored", _alike),
    Operator("List.Max", "the greatest of some values of one kind, nulls ignored", _alike),
    Operator("List.Sum", "double sum of some values, nulls ignored", _added_up),
    Operator("List.Average", "double mean of some values, nulls ignored", _added_up),
)
