"""Dates and times as text, by .NET format strings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headwater.powerquery.library.cultures import Culture
from headwater.powerquery.library.temporal.pictures import Token, culture_for, tokens_of
from headwater.powerquery.values.times import (
    TICKS_PER_DAY,
    TICKS_PER_HOUR,
    TICKS_PER_MINUTE,
    TICKS_PER_SECOND,
    Date,
    DateTime,
    DateTimeZone,
    Time,
)

Temporal = Date | Time | DateTime | DateTimeZone


@dataclass(frozen=True, slots=True)
class _Fields:
    """What a clock and a calendar show. A date's clock shows midnight, a time's calendar the first of all days."""

    date: Date
    ticks: int
    offset: int | None

    @property
    def hour(self) -> int:
        return self.ticks // TICKS_PER_HOUR

    @property
    def minute(self) -> int:
        return self.ticks % TICKS_PER_HOUR // TICKS_PER_MINUTE

    @property
    def second(self) -> int:
        return self.ticks % TICKS_PER_MINUTE // TICKS_PER_SECOND

    @property
    def fraction(self) -> str:
        return f"{self.ticks % TICKS_PER_SECOND:07d}"


def _fields(value: Temporal) -> _Fields:
    match value:
        case Date():
            return _Fields(value, 0, None)
        case Time():
            return _Fields(Date(0), value.ticks % TICKS_PER_DAY, None)
        case DateTime():
            return _Fields(value.date, value.time.ticks, None)
    return _Fields(value.local.date, value.local.time.ticks, value.offset)


def _default(value: Temporal, culture: Culture) -> str:
    match value:
        case Date():
            return culture.short_date
        case Time():
            return culture.short_time
        case DateTime():
            return f"{culture.short_date} {culture.long_time}"
    return f"{culture.short_date} {culture.long_time} zzz"


def format_temporal(value: Temporal, picture: str | None, culture: Culture) -> str:
    """The value as a format string writes it, or as is usual in the culture.

    Raises:
        MError: Expression.Error, there is no such standard format.

    >>> from headwater.powerquery.library.cultures import ENGLISH_US
    >>> format_temporal(Date.of(2024, 2, 9), "ddd d MMMM yy", ENGLISH_US)
    'Fri 9 February 24'
    """
    picture = picture or _default(value, culture)
    culture = culture_for(picture, culture)
    fields = _fields(_in_utc(value) if picture in _UTC else value)
    tokens = tokens_of(picture, culture)
    months = culture.months_of_days if any(t.letter == "d" and t.count < 3 for t in tokens) else ()
    written: list[str] = []
    for token in tokens:
        if token.letter == "F" and not fields.fraction[: token.count].strip("0"):
            # a fraction that is left out takes the point before it along
            if written and written[-1] == ".":
                written.pop()
            continue
        written.append(_write(token, fields, culture, months or culture.months))
    return "".join(written)


_UTC = frozenset("rRu")
"""Standard formats that show a datetimezone's moment in UTC."""


def _in_utc(value: Temporal) -> Temporal:
    return DateTimeZone(value.ticks, 0) if isinstance(value, DateTimeZone) else value


def _write(token: Token, fields: _Fields, culture: Culture, months: Sequence[str]) -> str:
    match token.letter:
        case "":
            return token.text
        case "M" if token.count >= 4:
            return months[culture.calendar.parts(fields.date.calendar)[1] - 1]
        case "d" | "M" | "y" | "g":
            return _write_date(token, fields.date, culture)
        case "f":
            return fields.fraction[: token.count]
        case "F":
            return fields.fraction[: token.count].rstrip("0")
        case "t":
            half = culture.halves[fields.hour >= 12]
            return half[:1] if token.count == 1 else half
        case "z" | "K":
            return _zone(token, fields.offset)
    number = {"H": fields.hour, "h": fields.hour % 12 or 12, "m": fields.minute, "s": fields.second}[token.letter]
    return f"{number:0{min(token.count, 2)}d}"


def _write_date(token: Token, date: Date, culture: Culture) -> str:
    weekday = (date.days + 1) % 7
    if token.letter == "d" and token.count >= 3:
        return culture.short_days[weekday] if token.count == 3 else culture.days[weekday]
    if token.letter == "g":
        return culture.era
    year, month, day = culture.calendar.parts(date.calendar)
    match token.letter, token.count:
        case "M", 3:
            return culture.short_months[month - 1]
        case "M", digits:
            return f"{month:0{digits}d}"
        case "d", digits:
            return f"{day:0{digits}d}"
        case _, 1 | 2:
            return f"{year % 100:0{token.count}d}"
    return f"{year:0{token.count}d}"


def _zone(token: Token, offset: int | None) -> str:
    if token.letter == "K" and offset is None:
        return ""
    hours, minutes = divmod(abs(offset or 0), 60)
    sign = "-" if (offset or 0) < 0 else "+"
    if token.letter == "K" or token.count >= 3:
        return f"{sign}{hours:02d}:{minutes:02d}"
    return f"{sign}{hours:0{token.count}d}"
