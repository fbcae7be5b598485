"""Calendars: which year, month and day a culture's dates are written in."""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass
from typing import Protocol

from headwater.errors import MError
from headwater.powerquery.values.times import Date

Parts = tuple[int, int, int]


class Calendar(Protocol):
    """How days are numbered. ``century_ends`` is the last year that two digits can stand for."""

    @property
    def century_ends(self) -> int: ...

    def parts(self, day: dt.date) -> Parts:
        """Year, month and day; MError Expression.Error, the calendar does not reach that day."""
        ...

    def day(self, year: int, month: int, day: int) -> Date | None:
        """The day of these parts, None where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Gregorian:
    """The calendar of nearly every culture. ``ahead`` is by how much its years are: 543 for the Buddhist era."""

    ahead: int = 0

    @property
    def century_ends(self) -> int:
        return 2049 + self.ahead

    def parts(self, day: dt.date) -> Parts:
        return day.year + self.ahead, day.month, day.day

    def day(self, year: int, month: int, day: int) -> Date | None:
        year -= self.ahead
        if not (1 <= year <= 9999 and 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]):
            return None
        return Date.of(year, month, day)


@dataclass(frozen=True, slots=True)
class UmmAlQura:
    """Saudi Arabia's Hijri calendar, from 1343 to 1500 (1924 to 2077).

    A year from 1600 on is Gregorian: it can only come from a text such as ``2024-02-09``.
    """

    @property
    def century_ends(self) -> int:
        return 1451

    def parts(self, day: dt.date) -> Parts:
        from hijridate import Gregorian as Convertible

        try:
            shown = Convertible(day.year, day.month, day.day).to_hijri()
        except OverflowError:
            raise MError(
                "Expression.Error",
                "The date is outside the range of the Hijri calendar.",
                Date(day.toordinal() - 1),
                hint="It reaches from 1924-08-01 to 2077-11-16; name another culture for other dates.",
            ) from None
        return shown.year, shown.month, shown.day

    def day(self, year: int, month: int, day: int) -> Date | None:
        from hijridate import Hijri

        if year >= 1600:
            return GREGORIAN.day(year, month, day)
        try:
            found = Hijri(year, month, day).to_gregorian()
        except (OverflowError, ValueError):
            return None
        return Date.of(found.year, found.month, found.day)


GREGORIAN = Gregorian()
BUDDHIST = Gregorian(543)
UMM_AL_QURA = UmmAlQura()
