"""Parts of times of day."""

from __future__ import annotations

from collections.abc import Callable

from headwater.powerquery.library.date.datetimes import clock_record
from headwater.powerquery.library.date.parts import seconds_of, ticks_of_day
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.fold_rules import exactly
from headwater.powerquery.values.core import Record, Value
from headwater.powerquery.values.times import TICKS_PER_HOUR, TICKS_PER_MINUTE, Time


def _declare(name: str, compute: Callable[[int], Value], summary: str, example: tuple[str, str]) -> None:
    def implementation(value: Value) -> Value:
        ticks = ticks_of_day(value)
        return None if ticks is None else compute(ticks)

    implementation.__doc__ = summary
    signature = f"Time.{name}(dateTime as any) as nullable number"
    function(signature, examples=[example], fold=exactly(f"Time.{name}", 1))(implementation)


_declare("Hour", lambda t: t // TICKS_PER_HOUR, "The hour.", ("Time.Hour(#time(23, 30, 0))", "23"))
_declare(
    "Minute",
    lambda t: t % TICKS_PER_HOUR // TICKS_PER_MINUTE,
    "The minute of the hour.",
    ("Time.Minute(#time(23, 30, 0))", "30"),
)
_declare(
    "Second",
    lambda t: seconds_of(t % TICKS_PER_MINUTE),
    "The second of the minute, with its fraction.",
    ("Time.Second(#time(23, 30, 1.5))", "1.5"),
)


@function(
    "Time.ToRecord(time as time) as record",
    examples=[("Time.ToRecord(#time(23, 30, 1.5))", "[Hour = 23, Minute = 30, Second = 1.5]")],
)
def to_record(value: Time) -> Record:
    """The parts of a time."""
    return Record.of(clock_record(value.ticks))
