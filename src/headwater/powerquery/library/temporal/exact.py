"""Dates and times from text by .NET format strings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from headwater.errors import MError
from headwater.plan import conversions as c
from headwater.powerquery.library.cultures import INVARIANT, Culture
from headwater.powerquery.library.temporal.pictures import Token, culture_for, tokens_of
from headwater.powerquery.values.times import TICKS_PER_HOUR, TICKS_PER_MINUTE, TICKS_PER_SECOND, Date, DateTime


def unreadable(kind: str, text: str) -> MError:
    """The error of text that is not a value of a kind."""
    return MError("DataFormat.Error", f"We couldn't parse the input provided as a {kind} value.", text)


@dataclass(slots=True)
class Reading:
    """What a text says; parts that it does not say are None. Years, months and days are those of the calendar."""

    culture: Culture = INVARIANT
    year: int | None = None
    month: int | None = None
    day: int | None = None
    hour: int | None = None
    minute: int = 0
    second: int = 0
    fraction: int = 0
    afternoon: bool | None = None
    offset: int | None = None

    @property
    def date(self) -> Date | None:
        """The day, if there is one such; the first of the year or month where the text says no more."""
        if self.year is None:
            return None
        month, day = (1 if part is None else part for part in (self.month, self.day))
        return self.culture.calendar.day(self.year, month, day)

    @property
    def ticks(self) -> int | None:
        """The ticks since midnight; None for a time that there is not."""
        hour = self.hour or 0
        if self.afternoon is not None:
            if self.hour is None or not 1 <= hour <= 12:
                return None
            hour = hour % 12 + 12 * self.afternoon
        if hour > 23 or self.minute > 59 or self.second > 59:
            return None
        whole = hour * TICKS_PER_HOUR + self.minute * TICKS_PER_MINUTE + self.second * TICKS_PER_SECOND
        return whole + self.fraction

    @property
    def datetime(self) -> DateTime | None:
        """The day and the time together."""
        day, ticks = self.date, self.ticks
        return None if day is None or ticks is None else DateTime(day.ticks + ticks)


def read_by_picture(text: str, picture: str, culture: Culture) -> Reading | None:
    """What ``text`` says, read by a format string; None where it does not have that form.

    Raises:
        MError: Expression.Error, there is no such standard format.

    >>> from headwater.powerquery.library.cultures import ENGLISH_US
    >>> read_by_picture("9 Feb 2024", "d MMM yyyy", ENGLISH_US).month
    2
    """
    culture = culture_for(picture, culture)
    found = _matcher(picture, culture).fullmatch(text.strip(c.BLANKS))
    if found is None:
        return None
    reading = Reading(culture)
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
            return _ANY_BLANK.sub(lambda _: _ANY_BLANK.pattern, re.escape(token.text).replace("\\ ", " "))
        case "d" if count >= 3:
            return any_of(culture.short_days if count == 3 else culture.days)
        case "M" if count >= 3:
            return any_of(list(month_names(culture, short=count == 3)))
        case "y":
            return "[0-9]{1,2}" if count == 1 else f"[0-9]{{{count}}}"
        case "f":
            return f"[0-9]{{{count}}}"
        case "F":
            return f"[0-9]{{0,{count}}}"
        case "t":
            return any_of([half[: 1 if count == 1 else None] for half in culture.halves])
        case "z" if count < 3:
            return "[+-][0-9]{1,2}"
        case "z" | "K":
            return "Z|[+-][0-9]{2}:[0-9]{2}" if token.letter == "z" else "(?:Z|[+-][0-9]{2}:[0-9]{2})?"
        case "g":
            return re.escape(culture.era)
    return "[0-9]{1,2}" if count == 1 else "[0-9]{2}"


_ANY_BLANK = re.compile("[ \u00a0\u202f]")


@lru_cache(maxsize=256)
def month_names(culture: Culture, *, short: bool) -> dict[str, int]:
    """The number of each month by its names, in small letters, with and without a dot at the end."""
    forms = (culture.short_months, culture.further_months) if short else (culture.months, culture.months_of_days)
    numbers: dict[str, int] = {}
    for names in forms:
        for number, name in enumerate(names, start=1):
            for written in (name, name.removesuffix(".")):
                numbers.setdefault(written.lower(), number)
    return numbers


def any_of(names: Sequence[str]) -> str:
    """A regular expression for any of the names, longer ones first."""
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


def _take(reading: Reading, token: Token, part: str, culture: Culture) -> None:
    match token.letter:
        case "d" if token.count >= 3:
            pass
        case "g":
            pass
        case "M" if token.count >= 3:
            reading.month = month_names(culture, short=token.count == 3)[part.lower()]
        case "y":
            reading.year = full_year(part, culture)
        case "f" | "F":
            reading.fraction = int(part.ljust(7, "0")[:7])
        case "t":
            reading.afternoon = part.lower() != culture.halves[0][: len(part)].lower()
        case "z" | "K":
            reading.offset = offset_of(part)
        case letter:
            setattr(reading, _PARTS[letter], int(part))


_PARTS = {"d": "day", "M": "month", "H": "hour", "h": "hour", "m": "minute", "s": "second"}


def full_year(digits: str, culture: Culture) -> int:
    """The year that digits stand for: two of them lie in the hundred years up to 2049, or the calendar's like.

    >>> full_year("49", INVARIANT), full_year("50", INVARIANT), full_year("0007", INVARIANT)
    (2049, 1950, 7)
    """
    year = int(digits)
    if len(digits) > 2:
        return year
    last = culture.calendar.century_ends
    return last - (last - year) % 100


def offset_of(text: str) -> int:
    """Minutes ahead of UTC of ``Z``, ``GMT``, ``+8``, ``-08:30`` or ``+0530``.

    >>> offset_of("z"), offset_of("-08:30"), offset_of("+0530")
    (0, -510, 330)
    """
    if text[0] not in "+-":
        return 0
    digits = text[1:].replace(":", "")
    hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "0")
    total = int(hours) * 60 + int(minutes)
    return -total if text[0] == "-" else total
