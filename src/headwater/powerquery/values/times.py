"""Date, time, datetime, datetimezone and duration values, all on ticks of 100 nanoseconds.

``DateTime.ticks`` counts from 0001-01-01T00:00:00, ``Date.days`` from 0001-01-01; years run from 1 to 9999.

>>> DateTime.of(2024, 2, 29, 12, 0, 0).ticks - DateTime.of(2024, 2, 28, 12, 0, 0).ticks == TICKS_PER_DAY
True
"""

from __future__ import annotations

import calendar
import datetime as dt
import math
from dataclasses import dataclass
from fractions import Fraction

from headwater.errors import MError

TICKS_PER_SECOND = 10_000_000
TICKS_PER_MINUTE = 60 * TICKS_PER_SECOND
TICKS_PER_HOUR = 60 * TICKS_PER_MINUTE
TICKS_PER_DAY = 24 * TICKS_PER_HOUR
_MOST_DURATION = 2**63
_MAX_TICKS = dt.date.max.toordinal() * TICKS_PER_DAY


def _seconds_to_ticks(seconds: float | int) -> int:
    return round(Fraction(seconds).limit_denominator(10**9) * TICKS_PER_SECOND)


def out_of_range(kind: str) -> MError:
    """The error of a result that no value of this kind stands for."""
    return MError("Expression.Error", f"The result is outside the range of {kind} values.")


@dataclass(frozen=True, slots=True, order=True)
class Date:
    days: int

    def __post_init__(self) -> None:
        if not 0 <= self.days < dt.date.max.toordinal():
            raise out_of_range("Date")

    @classmethod
    def of(cls, year: int, month: int, day: int) -> Date:
        """From its parts; MError Expression.Error where there is no such day."""
        if not (1 <= year <= 9999 and 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]):
            raise MError("Expression.Error", "The Date value is out of range.")
        return cls(dt.date(year, month, day).toordinal() - 1)

    @property
    def calendar(self) -> dt.date:
        return dt.date.fromordinal(self.days + 1)

    @property
    def ticks(self) -> int:
        return self.days * TICKS_PER_DAY


@dataclass(frozen=True, slots=True, order=True)
class Time:
    ticks: int

    @classmethod
    def of(cls, hour: int, minute: int, second: float) -> Time:
        """From its parts; 24:00:00 is allowed, as in M; MError Expression.Error where there is no such time."""
        ticks = hour * TICKS_PER_HOUR + minute * TICKS_PER_MINUTE + _seconds_to_ticks(second)
        valid = 0 <= hour <= 24 and 0 <= minute < 60 and 0 <= second < 60 and ticks <= TICKS_PER_DAY
        if not valid:
            raise MError("Expression.Error", "The Time value is out of range.")
        return cls(ticks)


@dataclass(frozen=True, slots=True, order=True)
class DateTime:
    ticks: int

    def __post_init__(self) -> None:
        if not 0 <= self.ticks < _MAX_TICKS:
            raise out_of_range("DateTime")

    @classmethod
    def of(  # noqa: PLR0917 -- a datetime has six parts
        cls, year: int, month: int, day: int, hour: int, minute: int, second: float
    ) -> DateTime:
        """From its parts; MError Expression.Error where there is no such moment."""
        return cls(Date.of(year, month, day).ticks + Time.of(hour, minute, second).ticks)

    @property
    def date(self) -> Date:
        return Date(self.ticks // TICKS_PER_DAY)

    @property
    def time(self) -> Time:
        return Time(self.ticks % TICKS_PER_DAY)


@dataclass(frozen=True, slots=True)
class DateTimeZone:
    """``ticks`` are UTC; ``offset`` is in minutes. Two values are equal when their instants are."""

    ticks: int
    offset: int

    def __post_init__(self) -> None:
        if not -TICKS_PER_DAY <= self.ticks < _MAX_TICKS + TICKS_PER_DAY:
            raise out_of_range("DateTimeZone")

    @classmethod
    def at(cls, local: DateTime, offset: int) -> DateTimeZone:
        """The moment that a clock set ``offset`` minutes ahead of UTC shows as ``local``."""
        if not -14 * 60 <= offset <= 14 * 60:
            raise MError("Expression.Error", "The DateTimeZone value is out of range.")
        return cls(local.ticks - offset * TICKS_PER_MINUTE, offset)

    @property
    def local(self) -> DateTime:
        return DateTime(self.ticks + self.offset * TICKS_PER_MINUTE)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DateTimeZone) and self.ticks == other.ticks

    def __lt__(self, other: DateTimeZone) -> bool:
        return self.ticks < other.ticks

    def __hash__(self) -> int:
        return hash(self.ticks)


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    ticks: int

    def __post_init__(self) -> None:
        if not -_MOST_DURATION <= self.ticks < _MOST_DURATION:
            raise out_of_range("Duration")

    @classmethod
    def of(cls, days: float, hours: float, minutes: float, seconds: float) -> Duration:
        """From its parts, each of which may be negative or fractional."""
        if type(days) is type(hours) is type(minutes) is type(seconds) is int:
            return cls((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * TICKS_PER_SECOND)
        if not all(math.isfinite(part) for part in (days, hours, minutes, seconds)):
            raise out_of_range("Duration")
        total = Fraction(days) * 86400 + Fraction(hours) * 3600 + Fraction(minutes) * 60 + Fraction(seconds)
        return cls(_seconds_to_ticks(float(total)) if total.denominator != 1 else int(total) * TICKS_PER_SECOND)

    @property
    def parts(self) -> tuple[int, int, int, int, int]:
        """(days, hours, minutes, seconds, ticks), all of one sign."""
        sign = -1 if self.ticks < 0 else 1
        days, rest = divmod(abs(self.ticks), TICKS_PER_DAY)
        hours, rest = divmod(rest, TICKS_PER_HOUR)
        minutes, rest = divmod(rest, TICKS_PER_MINUTE)
        seconds, ticks = divmod(rest, TICKS_PER_SECOND)
        return sign * days, sign * hours, sign * minutes, sign * seconds, sign * ticks
