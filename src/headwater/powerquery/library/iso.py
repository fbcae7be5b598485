"""Dates, times and durations as ISO 8601 writes them, to 100 nanoseconds."""

from __future__ import annotations

from headwater.powerquery.values.times import (
    TICKS_PER_HOUR,
    TICKS_PER_MINUTE,
    TICKS_PER_SECOND,
    Date,
    DateTime,
    DateTimeZone,
    Duration,
    Time,
)


def iso_text(value: Date | Time | DateTime | DateTimeZone | Duration) -> str:
    """The value's text.

    >>> iso_text(DateTime.of(2024, 2, 29, 8, 30, 0.5)), iso_text(Duration.of(1, 0, 90, 0))
    ('2024-02-29T08:30:00.5', 'P1DT1H30M')
    """
    match value:
        case Date():
            return value.calendar.isoformat()
        case Time():
            return _clock(value.ticks)
        case DateTime():
            return f"{iso_text(value.date)}T{_clock(value.time.ticks)}"
        case DateTimeZone():
            hours, minutes = divmod(abs(value.offset), 60)
            return f"{iso_text(value.local)}{'-' if value.offset < 0 else '+'}{hours:02d}:{minutes:02d}"
        case Duration():
            return _duration(value)


def _seconds(whole: int, ticks: int, width: int) -> str:
    fraction = f".{ticks:07d}".rstrip("0") if ticks else ""
    return f"{whole:0{width}d}{fraction}"


def _clock(ticks: int) -> str:
    hours, rest = divmod(ticks, TICKS_PER_HOUR)
    minutes, rest = divmod(rest, TICKS_PER_MINUTE)
    seconds, rest = divmod(rest, TICKS_PER_SECOND)
    return f"{hours:02d}:{minutes:02d}:{_seconds(seconds, rest, 2)}"


def _duration(value: Duration) -> str:
    days, hours, minutes, seconds, ticks = (abs(part) for part in value.parts)
    clock = f"{hours}H" if hours else ""
    clock += f"{minutes}M" if minutes else ""
    clock += f"{_seconds(seconds, ticks, 1)}S" if seconds or ticks else ""
    text = (f"{days}D" if days else "") + (f"T{clock}" if clock else "")
    return f"{'-' if value.ticks < 0 else ''}P{text or 'T0S'}"
