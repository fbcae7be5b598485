"""What is known of a culture: names, patterns, symbols, calendar."""

from __future__ import annotations

from dataclasses import dataclass, field

from headwater.powerquery.library.cultures.calendars import GREGORIAN, Calendar

Around = tuple[str, str]
"""What stands before a number and what stands after it."""


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """How numbers are written. ``sizes`` are those of the groups from the point to the left, the last one repeated.

    A minus sign is always ``-``: cultures that have another one, or marks of direction around it, read it as well.
    """

    decimal: str = "."
    group: str = ","
    sizes: tuple[int, ...] = (3,)
    percent: str = "%"
    permille: str = "‰"
    nan: str = "NaN"
    infinity: str = "Infinity"
    currency: str = "$"
    currency_digits: int = 2
    currency_positive: Around = ("$", "")
    currency_negative: Around = ("($", ")")
    percent_positive: Around = ("", " %")
    percent_negative: Around = ("-", " %")


@dataclass(frozen=True, slots=True, eq=False)
class Culture:
    """The names and patterns of a culture; patterns are .NET's custom format strings. ``days`` begin on Sunday.

    ``months`` are names by themselves, ``months_of_days`` those in a date (``января``), where they differ;
    ``further_months`` are short names that are read, but not written. ``usual`` says that text converts by the grammar
    that engines share (:mod:`headwater.plan.conversions`). ``language`` is its code, such as ``tr``.
    """

    name: str
    months: tuple[str, ...]
    short_months: tuple[str, ...]
    days: tuple[str, ...]
    short_days: tuple[str, ...]
    halves: tuple[str, str]
    short_date: str
    long_date: str
    month_day: str
    year_month: str
    short_time: str
    long_time: str
    months_of_days: tuple[str, ...] = ()
    further_months: tuple[str, ...] = ()
    date_separator: str = "/"
    time_separator: str = ":"
    era: str = "A.D."
    first_day: int = 0
    numbers: Numbers = field(default_factory=Numbers)
    calendar: Calendar = GREGORIAN
    usual: bool = False
    language: str = "en"
