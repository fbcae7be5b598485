"""A value from text, of the kind that the text looks like."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from headwater.errors import MError
from headwater.powerquery.library.convert import to_duration, to_logical, to_number
from headwater.powerquery.library.cultures import Culture, culture_of
from headwater.powerquery.library.cultures.numerals import invariant
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.temporal.usual import usual_date, usual_moment, usual_time
from headwater.powerquery.values.core import Value, plain

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session


@function(
    "Value.FromText(text as any, optional culture as nullable text) as any",
    examples=[
        ('Value.FromText("12.5")', "12.5"),
        ('Value.FromText("1.250,5", "de-DE")', "1250.5"),
        ('Value.FromText("$1,250.50")', "1250.5"),
        ('Value.FromText("TRUE")', "true"),
        ('Value.FromText("2024-02-29 13:05")', "#datetime(2024, 2, 29, 13, 5, 0)"),
        ('Value.FromText("2.04:00:00")', "#duration(2, 4, 0, 0)"),
        ('Value.FromText("")', "null"),
        ('Value.FromText("twelve")', '"twelve"'),
    ],
    session=True,
)
def value_from_text(session: Session, text: Value, culture: str | None = None) -> Value:
    """The value that a text writes in a culture: a logical, a number, a date, a time, a datetime with or without zone,
    or a duration; null for an empty text. A text that writes none of these is itself, and so is what is no text.
    """
    known = culture_of(culture, session)
    bare = plain(text)
    if not isinstance(bare, str):
        return text
    if not bare.strip():
        return None
    for read in _READERS:
        found = read(bare.strip(), known)
        if found is not None:
            return found
    return bare


def _attempt(convert: Callable[..., Value]) -> Callable[[str, Culture], Value]:
    def read(text: str, culture: Culture) -> Value:
        try:
            return convert(text) if convert is to_logical else convert(text, culture)
        except MError:
            return None

    return read


def _with_symbols(text: str, culture: Culture) -> Value:
    """A number with a sign of currency, or in parentheses for a negative one."""
    found = invariant(text, culture)
    return None if found is None else to_number(found)


def _date(text: str, culture: Culture) -> Value:
    """A date with separators: before numbers, since in many cultures points group digits, too."""
    return None if text.isdecimal() else usual_date(text, culture)


_READERS: tuple[Callable[[str, Culture], Value], ...] = (
    _attempt(to_logical),
    _date,
    _attempt(to_number),
    _with_symbols,
    usual_time,
    usual_moment,
    _attempt(to_duration),
)
"""In the order in which they are tried; what each of them cannot read is None."""
