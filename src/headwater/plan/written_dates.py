r"""Dates as people write them in English, beside the two forms that nearly every cell has: ``9-Feb-24``, ``2/9/24``.

A part of the grammar of :mod:`headwater.plan.conversions`: the patterns are read alike by Python's ``re`` and RE2. What
a text that matches means follows from its month's name and its runs of digits alone, so that an engine can tell it:

====================  ================================================================================================
runs of digits        what they are; a run of more than two is the year, 8 are year, month and day
====================  ================================================================================================
with a named month    year; or day and year in either order, two runs of two digits being day, then year
without               year; year and month in either order; year, month, day; or month, day, year
====================  ================================================================================================

A day or month that is missing is the first. Years of two digits lie between 1950 and 2049. The name of a day of the
week may come first, and does not count.
"""

from __future__ import annotations

import re
from datetime import date

_B = r"[\t\n\v\f\r ]*"
_APART = rf"(?:{_B}[-/.,]{_B}|[\t\n\v\f\r ]+)"
_MAYBE_APART = rf"(?:{_APART})?"
_LONG_YEAR = "(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
_YEAR = f"(?:{_LONG_YEAR}|[0-9]{{2}})"
_PART = "[0-9]{1,2}"
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
"""The first three letters of each month's name tell it."""

MONTH_PATTERN = (
    "(?i)jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:tember)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?"
)
_MONTH = f"(?:{MONTH_PATTERN.removeprefix('(?i)')})"
_WEEKDAY = rf"(?:(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|mon|tue|wed|thu|fri|sat|sun)[.,]*{_B})?"
_NAMED = "|".join(
    (
        f"{_PART}{_MAYBE_APART}{_MONTH}{_MAYBE_APART}{_YEAR}",
        f"{_MONTH}{_MAYBE_APART}{_PART}{_APART}{_YEAR}",
        f"{_MONTH}{_MAYBE_APART}{_LONG_YEAR}",
        f"{_LONG_YEAR}{_MAYBE_APART}{_MONTH}(?:{_MAYBE_APART}{_PART})?",
    )
)
_NUMBERS = "|".join(
    (
        f"{_LONG_YEAR}(?:[0-9]{{4}})?",
        f"{_LONG_YEAR}{_APART}{_PART}(?:{_APART}{_PART})?",
        f"{_PART}{_APART}(?:{_PART}{_APART}{_YEAR}|{_LONG_YEAR})",
    )
)
_DATE = f"(?:{_WEEKDAY}(?:{_NAMED}|{_NUMBERS}))"
_CLOCK = rf"[0-9]{{1,2}}:[0-9]{{2}}(?::[0-9]{{2}}(?:\.[0-9]{{1,7}})?)?(?:{_B}[ap]m)?"

DATE_PATTERN = f"(?i){_B}{_DATE}{_B}"
DATETIME_PATTERN = f"(?i){_B}{_DATE}(?:T|,?[\\t\\n\\v\\f\\r ]+){_CLOCK}{_B}"
DATE_OF_DATETIME = f"(?is)^(.*?)(?:T|,?[\\t\\n\\v\\f\\r ]+)({_CLOCK}){_B}$"
"""The date and the time of a text that ``DATETIME_PATTERN`` matches, as its groups."""


def written_date(text: str) -> date | None:
    """The date that a text writes; None where it is no such text, or no calendar has the date.

    >>> written_date("Fri, 9 Feb 24"), written_date("2024.2.9"), written_date("30 Feb 2024")
    (datetime.date(2024, 2, 9), datetime.date(2024, 2, 9), None)
    """
    if re.fullmatch(DATE_PATTERN, text) is None:
        return None
    name, runs = re.search(MONTH_PATTERN, text), re.findall("[0-9]+", text)
    year, month, day = _parts(runs) if name is None else _parts_beside_month(name[0], runs)
    try:
        return date(_full_year(year), month, int(day))
    except ValueError:
        return None


def _parts_beside_month(name: str, runs: list[str]) -> tuple[str, int, str]:
    beginning = name[:3].lower()
    month = MONTHS.index(beginning) + 1 if beginning in MONTHS else 0
    if len(runs) == 1:
        return runs[0], month, "1"
    first, second = runs
    return (first, month, second) if len(first) > 2 else (second, month, first)


def _parts(runs: list[str]) -> tuple[str, int, str]:
    first = runs[0]
    if len(first) == 8:
        return first[:4], int(first[4:6]), first[6:]
    year_first = len(first) > 2
    match runs:
        case [_]:
            return first, 1, "1"
        case [_, second]:
            return (first, int(second), "1") if year_first else (second, int(first), "1")
    _, second, third = runs
    return (first, int(second), third) if year_first else (third, int(first), second)


def _full_year(digits: str) -> int:
    year = int(digits)
    return year if len(digits) > 2 else year + (2000 if year < 50 else 1900)


def written_datetime(text: str) -> tuple[date | None, str] | None:
    """The date of a text that writes a date and a time, and the time as it is written; None for any other text.

    >>> written_datetime("Feb 9, 2024, 1:05 pm")
    (datetime.date(2024, 2, 9), '1:05 pm')
    """
    if re.fullmatch(DATETIME_PATTERN, text) is None:
        return None
    found = re.search(DATE_OF_DATETIME, text)
    assert found is not None, "it is a part of the pattern"
    return written_date(found[1]), found[2]
