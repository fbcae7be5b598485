"""Operators on dates, times and durations: null of null. Results that are datetimes come in ticks."""

from __future__ import annotations

from typing import Any

from headwater.plan.operators.rules import (
    CLOCKS,
    MOMENTS,
    PLAIN_NUMBERS,
    Operator,
    Result,
    Rule,
    of_kinds,
    one_of,
)
from headwater.plan.types import (
    DATE,
    DATETIME_TICKS,
    DOUBLE,
    DURATION,
    INT64,
    LOGICAL,
    TEXT,
    TIME,
    DataType,
    Kind,
)

UNITS = ("Day", "Week", "Month", "Quarter", "Year", "Hour")
"""What a start or an end can be of."""

_NUMBER = "Number"


def _of_parts(count: int, result: DataType) -> Rule:
    def rule(types: tuple[DataType, ...], _option: Any) -> Result:
        return (result, True) if len(types) == count and all(t.kind in PLAIN_NUMBERS for t in types) else None

    return rule


def _of_week(types: tuple[DataType, ...], option: Any) -> Result:
    dated = len(types) == 1 and types[0].kind in MOMENTS
    return (INT64, False) if dated and option in range(7) else None


def _ticking(of: DataType) -> DataType:
    return DATETIME_TICKS if of.kind is Kind.DATETIME else of.as_nullable()


def _bound(types: tuple[DataType, ...], option: Any) -> Result:
    unit, first = option if isinstance(option, tuple) and len(option) == 2 else ("", 0)
    kinds = CLOCKS if unit == "Hour" else MOMENTS
    if len(types) != 1 or unit not in UNITS or first not in range(7) or types[0].kind not in kinds:
        return None
    return _ticking(types[0]), unit == "Week"


def _later(types: tuple[DataType, ...], option: Any) -> Result:
    fits = len(types) == 2 and types[0].kind in MOMENTS and types[1].kind in PLAIN_NUMBERS and isinstance(option, int)
    return (_ticking(types[0]), True) if fits else None


def _written(types: tuple[DataType, ...], option: Any) -> Result:
    dated = len(types) == 1 and types[0].kind in MOMENTS | CLOCKS
    return (TEXT, False) if dated and isinstance(option, tuple) else None


_PARTS = ("Year", "Month", "Day", "QuarterOfYear", "DayOfYear", "DaysInMonth")

OPERATORS = (
    Operator("#date", "a date of year, month and day; no such day is an error", _of_parts(3, DATE), (_NUMBER,) * 3),
    Operator("#datetime", "a datetime of six whole parts; no such moment is an error", _of_parts(6, DATETIME_TICKS),
             (_NUMBER,) * 6),
    Operator("#duration", "a duration of four whole parts", _of_parts(4, DURATION), (_NUMBER,) * 4),
    *(Operator(f"Date.{part}", f"the {part} of a date or datetime", one_of(MOMENTS, INT64)) for part in _PARTS),
    Operator("Date.IsLeapYear", "whether the year has a 29th of February", one_of(MOMENTS, LOGICAL)),
    Operator("Date.DayOfWeek", "0 to 6, counted from the day in `option` (0 Sunday)", _of_week),
    Operator("Date.WeekOfYear", "counted from 1; weeks begin on the day in `option`", _of_week),
    Operator("Date.WeekOfMonth", "counted from 1; weeks begin on the day in `option`", _of_week),
    Operator("Date.StartOf", "the start of a unit: `option` is (one of UNITS, first day of the week)", _bound),
    Operator("Date.EndOf", "the end of a unit: `option` is (one of UNITS, first day of the week)", _bound),
    Operator("Date.AddDays", "so many times `option` days later; the count is whole", _later, ("", _NUMBER)),
    Operator("Date.AddMonths", "so many times `option` months later", _later, ("", _NUMBER)),
    Operator("Date.ToText", "by a format: `option` are its fields, as (letter, count, names) or (text,)", _written),
    Operator("Time.From", "the time of day", one_of(CLOCKS, TIME)),
    Operator("Time.Hour", "the hour", one_of(CLOCKS, INT64)),
    Operator("Time.Minute", "the minute", one_of(CLOCKS, INT64)),
    Operator("Time.Second", "the second with its fraction", one_of(CLOCKS, DOUBLE)),
    *(Operator(f"Duration.{part}", f"the {part.lower()} beyond greater units", of_kinds((Kind.DURATION,), INT64))
      for part in ("Days", "Hours", "Minutes")),
    Operator("Duration.Seconds", "the seconds beyond the minutes", of_kinds((Kind.DURATION,), DOUBLE)),
    *(Operator(f"Duration.Total{part}", f"all of it in {part.lower()}", of_kinds((Kind.DURATION,), DOUBLE))
      for part in ("Days", "Hours", "Minutes", "Seconds")),
)  # fmt: skip
