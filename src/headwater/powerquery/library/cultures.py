"""Cultures: how dates, times and numbers are written in a language and place.

``en-US`` and the invariant culture ``""`` are known; asking for another is an error that says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from headwater.errors import MError

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session


@dataclass(frozen=True, slots=True)
class Culture:
    """The names and patterns of a culture; patterns are .NET's custom format strings. ``days`` begin on Sunday."""

    name: str
    months: tuple[str, ...]
    days: tuple[str, ...]
    halves: tuple[str, str]
    short_date: str
    long_date: str
    month_day: str
    year_month: str
    short_time: str
    long_time: str
    currency: str

    @property
    def short_months(self) -> tuple[str, ...]:
        return tuple(name[:3] for name in self.months)

    @property
    def short_days(self) -> tuple[str, ...]:
        return tuple(name[:3] for name in self.days)


ENGLISH_US = Culture(
    name="en-US",
    months=(
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ),
    days=("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"),
    halves=("AM", "PM"),
    short_date="M/d/yyyy",
    long_date="dddd, MMMM d, yyyy",
    month_day="MMMM d",
    year_month="MMMM yyyy",
    short_time="h:mm tt",
    long_time="h:mm:ss tt",
    currency="$",
)  # fmt: skip
INVARIANT = replace(
    ENGLISH_US,
    name="",
    short_date="MM/dd/yyyy",
    long_date="dddd, dd MMMM yyyy",
    month_day="MMMM dd",
    year_month="yyyy MMMM",
    short_time="HH:mm",
    long_time="HH:mm:ss",
    currency="¤",
)

_KNOWN = {"en-us": ENGLISH_US, "en": ENGLISH_US, "": INVARIANT}


def culture_of(name: str | None, session: Session | None = None) -> Culture:
    """The culture of this name, or the session's (en-US without a session) where no name is given.

    Raises:
        MError: Expression.Error, the culture is not supported.
    """
    wanted = name if name is not None else "en-US" if session is None else session.culture
    known = _KNOWN.get(wanted.lower())
    if known is None:
        raise MError(
            "Expression.Error",
            f"The culture '{wanted}' is not supported.",
            wanted,
            hint='Use "en-US" or "" (invariant).',
        )
    return known
