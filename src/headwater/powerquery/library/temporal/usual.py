"""Dates and times from text without a format string: the forms that people of a culture write.

A date is three numbers in the order of the culture's short date, parted by ``/ - . ,`` or blanks; a number of more than
two digits is the year. A month may be named, the day of the week too. ``2024-02-09``, ``20240209`` and times of day are
read alike everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from headwater.powerquery.library.cultures import Culture
from headwater.powerquery.library.cultures.calendars import GREGORIAN
from headwater.powerquery.library.temporal.exact import Reading, any_of, full_year, month_names, offset_of
from headwater.powerquery.library.temporal.pictures import tokens_of
from headwater.powerquery.values.times import Date, DateTime, DateTimeZone, Time

_MARKS = str.maketrans({"\u061c": "", "\u200e": "", "\u200f": "", "\u00a0": " ", "\u202f": " "})
_BASIC = re.compile(
    r"([0-9]{4})([0-9]{2})([0-9]{2})(?:T([0-9]{2}):?([0-9]{2})(?::?([0-9]{2}))?((?:\.[0-9]{1,7})?)"
    r"(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?",
    re.IGNORECASE,
)
_BASIC_TIME = re.compile("(?:[0-9]{2}){1,3}")
_FURTHEST = 14 * 60
"""Minutes that a clock can be ahead of UTC or behind it."""


def read_usual(text: str, culture: Culture) -> Reading | None:
    """What a text says; None where it is neither a date, a time nor both.

    >>> from headwater.powerquery.library.cultures import culture_of
    >>> read_usual("9. Februar 2024 13:05", culture_of("de-DE")).datetime == DateTime.of(2024, 2, 9, 13, 5, 0)
    True
    """
    bare = text.translate(_MARKS).strip()
    basic = _BASIC.fullmatch(bare)
    if basic is not None:
        bare = _extended(basic)
    return _read_date(bare, culture) or _read_with_time(bare, culture)


def _read_with_time(text: str, culture: Culture) -> Reading | None:
    for form in _forms(culture):
        found = form.fullmatch(text)
        if found is not None:
            day = found["date"].strip(" ,")
            reading = _read_date(day, culture) if day else Reading(culture)
            return None if reading is None else _with_time(reading, found)
    return None


def _extended(basic: re.Match[str]) -> str:
    """``20240209T1305`` with the separators that it does without."""
    year, month, day, hour, minute, second, fraction, zone = basic.groups()
    clock = f" {hour}:{minute}:{second or '00'}{fraction}{zone or ''}" if hour else ""
    return f"{year}-{month}-{day}{clock}"


# -- times ---------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def _forms(culture: Culture) -> tuple[re.Pattern[str], ...]:
    """A date, perhaps, and a time; a time and a date."""
    halves = any_of([half for half in {*culture.halves, "AM", "PM"} if half])
    colon = f"[:{re.escape(culture.time_separator)}]"
    seconds = rf"(?:{colon}(?P<second>[0-9]{{1,2}})(?:[.,](?P<fraction>[0-9]{{1,7}}))?)?"
    clock = rf"(?P<hour>[0-9]{{1,2}})(?:{colon}(?P<minute>[0-9]{{1,2}}){seconds})?"
    zone = r"(?:\s*(?P<zone>Z|GMT|UTC|[+-][0-9]{1,2}(?::?[0-9]{2})?))?"
    time = rf"(?:(?P<before>{halves})\s*)?{clock}(?:\s*(?P<after>{halves}))?{zone}"
    return (
        re.compile(rf"(?P<date>.*?)(?:^|[\s,]|(?<=[0-9])T){time}", re.IGNORECASE),
        re.compile(rf"{time}[\s,]+(?P<date>.*)", re.IGNORECASE),
    )


def _with_time(reading: Reading, found: re.Match[str]) -> Reading | None:
    """The reading with a time; None where an hour stands alone that is neither of the morning nor the afternoon."""
    half = found["before"] or found["after"]
    if found["minute"] is None and half is None:
        return None
    reading.hour, reading.minute, reading.second = (int(found[part] or 0) for part in ("hour", "minute", "second"))
    reading.fraction = int((found["fraction"] or "").ljust(7, "0"))
    if half is not None:
        reading.afternoon = half.lower() in {"pm", reading.culture.halves[1].lower()}
    if found["zone"]:
        reading.offset = offset_of(found["zone"])
    return reading


# -- dates ---------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def _scanner(culture: Culture) -> re.Pattern[str]:
    """The parts of a date: digits, names of months and days, words between them, and what parts them."""
    literals = _literals(culture)
    days = [name.removesuffix(".") for name in (*culture.days, *culture.short_days)]
    words = any_of([*_every_month(culture), *days, *(word for word in literals if any(map(str.isalnum, word)))])
    marks = "".join(sorted({mark for literal in literals for mark in literal if not mark.isalnum()}))
    return re.compile(rf"(?P<name>{words})|(?P<number>[0-9]+)|[\s/\-.,'{re.escape(marks)}]+", re.IGNORECASE)


@lru_cache(maxsize=64)
def _every_month(culture: Culture) -> dict[str, int]:
    return {**month_names(culture, short=True), **month_names(culture, short=False)}


def _literals(culture: Culture) -> list[str]:
    """What stands between the parts of the culture's dates, such as ``de`` and ``年``, and the name of its era."""
    found = [culture.era]
    for pattern in (culture.short_date, culture.long_date, culture.month_day, culture.year_month):
        written = "".join("\0" if token.letter else token.text for token in tokens_of(pattern, culture))
        found += [literal.strip() for literal in written.split("\0")]
    return [*filter(None, found), *(word for literal in found for word in literal.split())]


def _read_date(text: str, culture: Culture) -> Reading | None:
    """The date that a whole text writes."""
    numbers: list[str] = []
    month, before, at = None, 0, 0
    scanner, months = _scanner(culture), _every_month(culture)
    while at < len(text):
        found = scanner.match(text, at)
        if found is None or not found[0]:
            return None
        at = found.end()
        if found["number"]:
            numbers.append(found["number"])
        elif found["name"] and found["name"].lower() in months:
            if month is not None:
                return None
            month, before = months[found["name"].lower()], len(numbers)
    parts = _of_numbers(numbers, culture) if month is None else _with_month(numbers, before, culture)
    if parts is None:
        return None
    year, number, day = parts
    reading = Reading(culture, full_year(year, culture), month or int(number), int(day))
    return None if reading.date is None else reading


def _of_numbers(numbers: Sequence[str], culture: Culture) -> tuple[str, str, str] | None:
    """Year, month and day of numbers alone."""
    order = _order(culture)
    match [len(number) > 2 for number in numbers]:
        case [True, False, False]:
            year, month, day = numbers
        case [False, False, True] if order == "dMy":
            day, month, year = numbers
        case [False, False, True]:
            month, day, year = numbers
        case [False, False, False]:
            parts = dict(zip(order, numbers, strict=True))
            year, month, day = parts["y"], parts["M"], parts["d"]
        case [True, False]:
            year, month, day = *numbers, "1"
        case [True] if len(numbers[0]) == 4:
            year, month, day = *numbers, "1", "1"
        case [False, True]:
            month, year, day = *numbers, "1"
        case _:
            return None
    return year, month, day


def _with_month(numbers: Sequence[str], before: int, culture: Culture) -> tuple[str, str, str] | None:
    """Year, no month and day of numbers around the name of a month, ``before`` of them before it."""
    match [len(number) > 2 for number in numbers]:
        case [True]:
            return numbers[0], "", "1"
        case [True, False]:
            return numbers[0], "", numbers[1]
        case [False, True]:
            return numbers[1], "", numbers[0]
        case [False, False] if before == 1 and _order(culture) == "yMd":
            return numbers[0], "", numbers[1]
        case [False, False]:
            return numbers[1], "", numbers[0]
    return None


@lru_cache(maxsize=64)
def _order(culture: Culture) -> str:
    """The order of the culture's short date: ``dMy``, ``Mdy`` or ``yMd``."""
    letters = "".join(token.letter for token in tokens_of(culture.short_date, culture) if token.letter in "dMy")
    return letters if letters in ("dMy", "Mdy") else "yMd"


# -- values --------------------------------------------------------------------------------------------------------


def usual_date(text: str, culture: Culture) -> Date | None:
    """The date of a text that says a date and nothing else."""
    reading = read_usual(text, culture)
    return None if reading is None or reading.hour is not None else reading.date


_ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,7}))?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?"
)
"""What nearly every moment is written as; found sooner than by way of the culture's forms, and meaning the same."""


def _read_iso(found: re.Match[str]) -> Reading:
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    return Reading(
        year=int(year),
        month=int(month),
        day=int(day),
        hour=int(hour),
        minute=int(minute),
        second=int(second or 0),
        fraction=int((fraction or "").ljust(7, "0")),
        offset=offset_of(zone) if zone else None,
    )


def usual_time(text: str, culture: Culture) -> Time | None:
    """The time of a text that says a time and nothing else."""
    clock = _CLOCK.fullmatch(text)
    reading = Reading(hour=int(clock[1]), minute=int(clock[2])) if clock else _read_clock(text, culture)
    if reading is None or reading.hour is None or reading.year is not None or reading.offset is not None:
        return None
    ticks = reading.ticks
    return None if ticks is None else Time(ticks)


_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})")
"""What many times are written as, in every culture."""


def _read_clock(text: str, culture: Culture) -> Reading | None:
    bare = text.translate(_MARKS).strip()
    if _BASIC_TIME.fullmatch(bare):
        bare = ":".join(re.findall("..", bare.ljust(4, "0")))
    return _read_with_time(bare, culture)


def usual_moment(text: str, culture: Culture) -> DateTimeZone | DateTime | None:
    """The datetimezone of a text, or the datetime where it names no zone."""
    iso = _ISO.fullmatch(text) if culture.calendar is GREGORIAN else None
    reading = read_usual(text, culture) if iso is None else _read_iso(iso)
    local = None if reading is None else reading.datetime
    if reading is None or local is None or reading.offset is None:
        return local
    return DateTimeZone.at(local, reading.offset) if abs(reading.offset) <= _FURTHEST else None
