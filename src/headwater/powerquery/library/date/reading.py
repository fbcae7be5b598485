"""Dates and times from text: by .NET format strings, and the forms that need none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from headwater.errors import MError
from headwater.plan import conversions as c
from headwater.powerquery.library.cultures import Culture
from headwater.powerquery.library.date.pictures import Token, tokens_of
from headwater.powerquery.values.times import (
    TICKS_PER_DAY,
    TICKS_PER_HOUR,
    TICKS_PER_MINUTE,
    TICKS_PER_SECOND,
    Date,
    DateTime,
    DateTimeZone,
    Duration,
    Time,
)

_TWO_DIGIT_YEARS_UP_TO = 49
"""``50`` is 1950."""


def unreadable(kind: str, text: str) -> MError:
    """The error of text that is not a value of a kind."""
    return MError("DataFormat.Error", f"We couldn't parse the input provided as a {kind} value.", text)


# -- by a format string --------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Reading:
    """What a text says by a format string; parts that it does not say are None."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    hour: int = 0
    minute: int = 0
    second: int = 0
    fraction: int = 0
    afternoon: bool | None = None
    offset: int | None = None

    @property
    def date(self) -> Date | None:
        """The day, if the text names a year that exists; the first of the year or month where it says no more."""
        if self.year is None:
            return None
        return Date.of(self.year, self.month or 1, self.day or 1)

    @property
    def ticks(self) -> int:
        """The ticks since midnight."""
        hour = self.hour if self.afternoon is None else self.hour % 12 + 12 * self.afternoon
        return Time.of(hour, self.minute, self.second).ticks + self.fraction


def read_by_picture(text: str, picture: str, culture: Culture) -> Reading | None:
    """What ``text`` says, read by a format string; None where it does not have that form.

    Raises:
        MError: Expression.Error, there is no such standard format.

    >>> from headwater.powerquery.library.cultures import ENGLISH_US
    >>> read_by_picture("9 Feb 2024", "d MMM yyyy", ENGLISH_US).month
    2
    """
    found = _matcher(picture, culture).fullmatch(text.strip(c.BLANKS))
    if found is None:
        return None
    reading = Reading()
    for token, part in zip(tokens_of(picture, culture), found.groups(), strict=True):
        if token.letter and part:
            _take(reading, token, part, culture)
    return reading


@lru_cache(maxsize=256)
def _matcher(picture: str, culture: Culture) -> re.Pattern[str]:
    """A group for each token of the format string."""
    return re.compile("".join(f"({_pattern(token, culture)})" for token in tokens_of(picture, culture)), re.IGNORECASE)


def _pattern(token: Token, culture: Culture) -> str:
    count = token.count
    match token.letter:
        case "":
            return re.escape(token.text)
        case "d" | "M" if count >= 3:
            return _any_of(_names(token, culture))
        case "y":
            return "[0-9]{1,2}" if count == 1 else f"[0-9]{{{count}}}"
        case "f":
            return f"[0-9]{{{count}}}"
        case "F":
            return f"[0-9]{{0,{count}}}"
        case "t":
            return _any_of([half[: 1 if count == 1 else None] for half in culture.halves])
        case "z" if count < 3:
            return "[+-][0-9]{1,2}"
        case "z" | "K":
            return "Z|[+-][0-9]{2}:[0-9]{2}" if token.letter == "z" else "(?:Z|[+-][0-9]{2}:[0-9]{2})?"
        case "g":
            return "A\\.D\\."
    return "[0-9]{1,2}" if count == 1 else "[0-9]{2}"


def _names(token: Token, culture: Culture) -> Sequence[str]:
    if token.letter == "d":
        return culture.short_days if token.count == 3 else culture.days
    return culture.short_months if token.count == 3 else culture.months


def _any_of(names: Sequence[str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


def _take(reading: Reading, token: Token, part: str, culture: Culture) -> None:
    match token.letter:
        case "d" | "M" if token.count >= 3:
            if token.letter == "M":
                reading.month = [name.lower() for name in _names(token, culture)].index(part.lower()) + 1
        case "y":
            reading.year = _year(int(part), token.count)
        case "f" | "F":
            reading.fraction = int(part.ljust(7, "0")[:7])
        case "t":
            reading.afternoon = part[0].lower() == culture.halves[1][0].lower()
        case "z" | "K":
            reading.offset = _offset(part)
        case "g":
            pass
        case letter:
            setattr(reading, _PARTS[letter], int(part))


_PARTS = {"d": "day", "M": "month", "H": "hour", "h": "hour", "m": "minute", "s": "second"}


def _year(number: int, digits: int) -> int:
    if digits > 2:
        return number
    return number + (2000 if number <= _TWO_DIGIT_YEARS_UP_TO else 1900)


def _offset(text: str) -> int:
    """Minutes ahead of UTC of ``Z``, ``+8``, ``-08:30`` or ``+0530``."""
    if text in "zZ":
        return 0
    digits = text[1:].replace(":", "")
    hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "0")
    total = int(hours) * 60 + int(minutes)
    return -total if text[0] == "-" else total


# -- without one ---------------------------------------------------------------------------------------------------

_TIME = re.compile(
    r"([0-9]{1,2})(?::([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,7}))?)?)?\s*([aApP][mM])?",
)


def read_time(text: str) -> Time:
    """The time that a text such as ``13:05:09.5`` or ``1:05 PM`` writes.

    Raises:
        MError: DataFormat.Error, it writes none.
    """
    found = _TIME.fullmatch(text.strip(c.BLANKS))
    if found is None or (found[2] is None and found[5] is None):
        raise unreadable("Time", text)
    hour, minute, second = (int(part or 0) for part in found.group(1, 2, 3))
    if found[5]:
        if not 1 <= hour <= 12:
            raise unreadable("Time", text)
        hour = hour % 12 + (12 if found[5].lower() == "pm" else 0)
    if hour > 23 or minute > 59 or second > 59:
        raise unreadable("Time", text)
    fraction = int((found[4] or "").ljust(7, "0"))
    return Time(hour * TICKS_PER_HOUR + minute * TICKS_PER_MINUTE + second * TICKS_PER_SECOND + fraction)


_ZONED = re.compile(r"(.*[0-9]:[0-9].*?)[\t\n\v\f\r ]*(Z|[+-][0-9]{1,2}(?::?[0-9]{2})?)", re.IGNORECASE | re.DOTALL)


def read_zoned(text: str) -> DateTimeZone | DateTime:
    """The datetimezone that a text writes, or a datetime where it names no zone.

    Raises:
        MError: DataFormat.Error, it writes neither.
    """
    found = _ZONED.fullmatch(text.strip(c.BLANKS))
    try:
        ticks = c.datetime_ticks_from_text(found[1] if found else text)
    except MError:
        raise unreadable("DateTimeZone", text) from None
    if ticks is None:
        raise unreadable("DateTimeZone", text)
    if found is None:
        return DateTime(ticks)
    offset = _offset(found[2])
    if abs(offset) > 14 * 60:
        raise unreadable("DateTimeZone", text)
    return DateTimeZone.at(DateTime(ticks), offset)


_DURATION = re.compile(
    r"(-)?(?:([0-9]+)|(?:([0-9]+)\.)?([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:\.([0-9]{1,7}))?)?)"
)


def read_duration(text: str) -> Duration:
    """The duration that a text of the form ``[-]days.hours:minutes:seconds[.fraction]`` writes, or a number of days.

    Raises:
        MError: DataFormat.Error, it writes none.
    """
    found = _DURATION.fullmatch(text.strip(c.BLANKS))
    if found is None:
        raise unreadable("Duration", text)
    hours, minutes, seconds = (int(part or 0) for part in found.group(4, 5, 6))
    if hours > 23 or minutes > 59 or seconds > 59:
        raise unreadable("Duration", text)
    ticks = int(found[2] or found[3] or 0) * TICKS_PER_DAY + int((found[7] or "").ljust(7, "0"))
    ticks += hours * TICKS_PER_HOUR + minutes * TICKS_PER_MINUTE + seconds * TICKS_PER_SECOND
    return Duration(-ticks if found[1] else ticks)
