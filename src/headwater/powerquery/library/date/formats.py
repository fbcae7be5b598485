"""Dates and times as text, by .NET format strings."""

from __future__ import annotations

from dataclasses import dataclass

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
    fields = _fields(value)
    written: list[str] = []
    for token in tokens_of(picture or _default(value, culture), culture):
        if token.letter == "F" and not fields.fraction[: token.count].strip("0"):
            # a fraction that is left out takes the point before it along
            if written and written[-1] == ".":
                written.pop()
            continue
        written.append(_write(token, fields, culture))
    return "".join(written)


def _write(token: Token, fields: _Fields, culture: Culture) -> str:
    match token.letter:
        case "":
            return token.text
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
    day = date.calendar
    weekday = day.isoweekday() % 7
    match token.letter, min(token.count, 4):
        case "d", 3:
            return culture.short_days[weekday]
        case "d", 4:
            return culture.days[weekday]
        case "M", 3:
            return culture.short_months[day.month - 1]
        case "M", 4:
            return culture.months[day.month - 1]
        case "d" | "M", digits:
            return f"{day.day if token.letter == 'd' else day.month:0{digits}d}"
        case "y", 1 | 2:
            return f"{day.year % 100:0{token.count}d}"
        case "y", _:
            return f"{day.year:0{token.count}d}"
    return "A.D."


def _zone(token: Token, offset: int | None) -> str:
    if token.letter == "K" and offset is None:
        return ""
    hours, minutes = divmod(abs(offset or 0), 60)
    sign = "-" if (offset or 0) < 0 else "+"
    if token.letter == "K" or token.count >= 3:
        return f"{sign}{hours:02d}:{minutes:02d}"
    return f"{sign}{hours:0{token.count}d}"
