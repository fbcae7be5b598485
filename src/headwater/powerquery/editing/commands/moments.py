"""Dates, times and durations: as JSON has them, in the manner of ISO 8601, and as M writes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["CONSTRUCTORS", "read_moment", "write_moment"]


def write_moment(kind: str, text: str) -> str:
    """The M of a moment or duration; "" where the text is none of that kind.

    >>> write_moment("datetimezone", "2024-01-31T08:05:00-02:30"), write_moment("duration", "1.02:00:00")
    ('#datetimezone(2024, 1, 31, 8, 5, 0, -2, -30)', '#duration(1, 2, 0, 0)')
    """
    writer = _WRITERS.get(kind)
    return writer(text) if writer else ""


def read_moment(kind: str, numbers: Sequence[Any]) -> str:
    """The text of a moment whose constructor was written with these numbers; TypeError or ValueError where none was.

    >>> read_moment("datetime", [2024, 1, 31, 8, 5, 1.5])
    '2024-01-31T08:05:01.5'
    """
    return _LITERALS[kind](*numbers)


_DATE = re.compile(r"(-?\d{1,4})-(\d\d)-(\d\d)")
_TIME = re.compile(r"(\d\d):(\d\d)(?::(\d\d(?:\.\d{1,7})?))?")
_ZONE = re.compile(r"(.*?)(Z|([+-])(\d\d):(\d\d))")
_DURATION = re.compile(r"(-?\d+)\.(\d\d):(\d\d):(\d\d(?:\.\d{1,7})?)")


def _numbers(*parts: str | None) -> str:
    return ", ".join(_plain(part or "0") for part in parts)


def _plain(digits: str) -> str:
    return repr(float(digits)) if "." in digits else str(int(digits))


def _write_date(value: str) -> str:
    found = _DATE.fullmatch(value)
    return f"#date({_numbers(*found.groups())})" if found else ""


def _write_time(value: str) -> str:
    found = _TIME.fullmatch(value)
    return f"#time({_numbers(*found.groups())})" if found else ""


def _write_datetime(value: str) -> str:
    day, _, time = value.partition("T")
    date, clock = _DATE.fullmatch(day), _TIME.fullmatch(time or "00:00")
    return f"#datetime({_numbers(*date.groups(), *clock.groups())})" if date and clock else ""


def _write_zoned(value: str) -> str:
    found = _ZONE.fullmatch(value)
    inner = _write_datetime(found[1]) if found else ""
    if found is None or not inner:
        return ""
    sign = found[3] if found[3] == "-" else ""
    offset = ", ".join(f"{sign if int(part or 0) else ''}{int(part or 0)}" for part in (found[4], found[5]))
    return f"#datetimezone{inner.removeprefix('#datetime')[:-1]}, {offset})"


def _write_duration(value: str) -> str:
    found = _DURATION.fullmatch(value)
    return f"#duration({_numbers(*found.groups())})" if found else ""


_WRITERS = {
    "date": _write_date,
    "time": _write_time,
    "datetime": _write_datetime,
    "datetimezone": _write_zoned,
    "duration": _write_duration,
}
CONSTRUCTORS = {f"#{name}": name for name in _WRITERS}


def _seconds(value: float) -> str:
    return f"{value:02d}" if isinstance(value, int) else f"{value:010.7f}".rstrip("0")


def _read_date(*parts: int) -> str:
    year, month, day = parts
    return f"{year:04d}-{month:02d}-{day:02d}"


def _read_time(*parts: int) -> str:
    hour, minute, second = parts
    return f"{hour:02d}:{minute:02d}:{_seconds(second)}"


def _read_datetime(*parts: int) -> str:
    return f"{_read_date(*parts[:3])}T{_read_time(*parts[3:])}"


def _read_zoned(*parts: int) -> str:
    *moment, hours, minutes = parts
    sign = "-" if hours < 0 or minutes < 0 else "+"
    return f"{_read_datetime(*moment)}{sign}{abs(hours):02d}:{abs(minutes):02d}"


def _read_duration(*parts: int) -> str:
    days, hours, minutes, seconds = parts
    return f"{days}.{hours:02d}:{minutes:02d}:{_seconds(seconds)}"


_LITERALS: dict[str, Callable[..., str]] = {
    "date": _read_date,
    "time": _read_time,
    "datetime": _read_datetime,
    "datetimezone": _read_zoned,
    "duration": _read_duration,
}
