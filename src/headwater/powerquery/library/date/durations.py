"""Parts of durations."""

from __future__ import annotations

from collections.abc import Callable

from headwater.errors import MError
from headwater.powerquery.library.convert import duration_text, to_duration
from headwater.powerquery.library.date.parts import seconds_of
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.fold_rules import exactly
from headwater.powerquery.library.temporal.durations import read_duration
from headwater.powerquery.values.core import Record, Value
from headwater.powerquery.values.times import (
    TICKS_PER_DAY,
    TICKS_PER_HOUR,
    TICKS_PER_MINUTE,
    TICKS_PER_SECOND,
    Duration,
)


def _seconds(value: Duration) -> float | int:
    """The seconds beyond the minutes, with their fraction and the duration's sign."""
    _, _, _, seconds, ticks = value.parts
    return seconds_of(seconds * TICKS_PER_SECOND + ticks)


def _declare(name: str, compute: Callable[[Duration], Value], summary: str, result: str) -> None:
    def implementation(value: Duration | None) -> Value:
        return None if value is None else compute(value)

    implementation.__doc__ = summary
    example = (f"Duration.{name}(#duration(1, 12, 30, 4.5))", result)
    function(
        f"Duration.{name}(duration as nullable duration) as nullable number",
        examples=[example, (f"Duration.{name}(null)", "null")],
        fold=exactly(f"Duration.{name}", 1),
    )(implementation)


def _whole_or_float(ticks: int, unit: int) -> float | int:
    return ticks // unit if ticks % unit == 0 else float(ticks) / unit


_declare("Days", lambda d: d.parts[0], "The whole days.", "1")
_declare("Hours", lambda d: d.parts[1], "The hours beyond the days.", "12")
_declare("Minutes", lambda d: d.parts[2], "The minutes beyond the hours.", "30")
_declare("Seconds", _seconds, "The seconds beyond the minutes.", "4.5")
_declare("TotalDays", lambda d: _whole_or_float(d.ticks, TICKS_PER_DAY), "All of it in days.", "131404.5 / 86400")
_declare("TotalHours", lambda d: _whole_or_float(d.ticks, TICKS_PER_HOUR), "All of it in hours.", "131404.5 / 3600")
_declare("TotalMinutes", lambda d: _whole_or_float(d.ticks, TICKS_PER_MINUTE), "All of it in minutes.", "2190.075")
_declare("TotalSeconds", lambda d: _whole_or_float(d.ticks, TICKS_PER_SECOND), "All of it in seconds.", "131404.5")


@function(
    "Duration.ToRecord(duration as duration) as record",
    examples=[
        ("Duration.ToRecord(#duration(1, 12, 30, 4.5))", "[Days = 1, Hours = 12, Minutes = 30, Seconds = 4.5]"),
    ],
)
def to_record(value: Duration) -> Record:
    """The parts of a duration."""
    days, hours, minutes, _, _ = value.parts
    return Record.of({"Days": days, "Hours": hours, "Minutes": minutes, "Seconds": _seconds(value)})


@function(
    "Duration.ToText(duration as nullable duration, optional format as nullable text) as nullable text",
    examples=[
        ("Duration.ToText(#duration(1, 2, 3, 4.5))", '"1.02:03:04.5000000"'),
        ('(try Duration.ToText(#duration(0, 2, 3, 4), "g"))[HasError]', "true"),
    ],
)
def to_text(value: Duration | None, picture: str | None = None) -> Value:
    """The duration as text: days.hours:minutes:seconds. Any other format than null is an error."""
    if picture is not None:
        message = 'The "format" parameter of Duration.ToText has no effect and is no longer supported.'
        raise MError("Expression.Error", message)
    return None if value is None else duration_text(value)


@function(
    "Duration.FromText(text as nullable text) as nullable duration",
    examples=[
        ('Duration.FromText("1.02:03:04.5")', "#duration(1, 2, 3, 4.5)"),
        ('Duration.FromText("3")', "#duration(3, 0, 0, 0)"),
    ],
)
def from_text(text: str | None) -> Value:
    """The duration that a text writes: [-]days.hours:minutes:seconds, or a number of days."""
    return None if text is None else read_duration(text)


@function(
    "Duration.From(value as any) as nullable duration",
    examples=[("Duration.From(1.5)", "#duration(1, 12, 0, 0)"), ('Duration.From("12:00")', "#duration(0, 12, 0, 0)")],
)
def duration_from(value: Value) -> Value:
    """A duration from a value: a text, or a number of days."""
    return to_duration(value)
