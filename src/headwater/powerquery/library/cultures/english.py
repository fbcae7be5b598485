"""The two cultures that are there without Babel: en-US, and the invariant culture ``""``."""

from __future__ import annotations

from dataclasses import replace

from headwater.powerquery.library.cultures.culture import Culture, Numbers

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")

ENGLISH_US = Culture(
    name="en-US",
    months=_MONTHS,
    short_months=tuple(name[:3] for name in _MONTHS),
    days=_DAYS,
    short_days=tuple(name[:3] for name in _DAYS),
    halves=("AM", "PM"),
    short_date="M/d/yyyy",
    long_date="dddd, MMMM d, yyyy",
    month_day="MMMM d",
    year_month="MMMM yyyy",
    short_time="h:mm tt",
    long_time="h:mm:ss tt",
    usual=True,
)
INVARIANT = replace(
    ENGLISH_US,
    name="",
    language="",
    short_date="MM/dd/yyyy",
    long_date="dddd, dd MMMM yyyy",
    month_day="MMMM dd",
    year_month="yyyy MMMM",
    short_time="HH:mm",
    long_time="HH:mm:ss",
    numbers=Numbers(currency="¤", currency_positive=("¤", ""), currency_negative=("(¤", ")")),
)
