r"""Date and time format strings of .NET, taken apart: shared by writing and reading.

Letters: ``d``–``dddd`` ``M``–``MMMM`` ``y``… ``h`` ``H`` ``m`` ``s`` ``f``… ``F``… ``t`` ``z`` ``K``; ``'…'`` ``"…"``
``\x`` literal text, ``%`` before a single letter, ``/`` and ``:`` the culture's separators. One letter alone is a
standard format, such as ``d`` or ``O``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from headwater.errors import MError
from headwater.powerquery.library.cultures import INVARIANT, Culture

_TOKEN = re.compile(r"""'[^']*'?|"[^"]*"?|\\.|%(?=.)|([dMyhHmsfFtzgK])\1*|.""", re.DOTALL)
_LETTERS = "dMyhHmsfFtzgK"


_FIXED = {
    "O": "yyyy-MM-ddTHH:mm:ss.fffffffK",
    "o": "yyyy-MM-ddTHH:mm:ss.fffffffK",
    "R": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "r": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "s": "yyyy-MM-ddTHH:mm:ss",
    "u": "yyyy-MM-dd HH:mm:ss'Z'",
}
"""Standard formats that are the same in every culture."""


def culture_for(picture: str, culture: Culture) -> Culture:
    """The culture whose names and calendar a format string uses: the invariant one's for formats such as ``s``."""
    return INVARIANT if picture in _FIXED else culture


@dataclass(frozen=True, slots=True)
class Token:
    """A field (``letter`` and how often it stands), or literal ``text`` where ``letter`` is empty."""

    letter: str
    count: int
    text: str


@lru_cache(maxsize=256)
def tokens_of(picture: str, culture: Culture) -> tuple[Token, ...]:
    """The fields and literals of a format string, standard formats written out.

    Raises:
        MError: Expression.Error, there is no such standard format.

    >>> from headwater.powerquery.library.cultures import ENGLISH_US
    >>> [token.text for token in tokens_of("yyyy'Q'", ENGLISH_US)]
    ['yyyy', 'Q']
    """
    if len(picture) == 1:
        picture = _standard(picture, culture)
    return tuple(_token(found[0], culture) for found in _TOKEN.finditer(picture) if found[0] != "%")


def _token(text: str, culture: Culture) -> Token:
    if text in ("/", ":"):
        return Token("", 0, culture.date_separator if text == "/" else culture.time_separator)
    if text[0] in _LETTERS:
        return Token(text[0], len(text), text)
    if text[0] in "'\"":
        return Token("", 0, text[1:-1] if len(text) > 1 and text[-1] == text[0] else text[1:])
    return Token("", 0, text[1:] if text[0] == "\\" and len(text) > 1 else text)


def _standard(letter: str, culture: Culture) -> str:
    pictures = {
        "d": culture.short_date,
        "D": culture.long_date,
        "t": culture.short_time,
        "T": culture.long_time,
        "f": f"{culture.long_date} {culture.short_time}",
        "F": f"{culture.long_date} {culture.long_time}",
        "g": f"{culture.short_date} {culture.short_time}",
        "G": f"{culture.short_date} {culture.long_time}",
        "M": culture.month_day,
        "m": culture.month_day,
        "Y": culture.year_month,
        "y": culture.year_month,
        **_FIXED,
        "U": f"{culture.long_date} {culture.long_time}",
    }
    if letter not in pictures:
        raise MError("Expression.Error", f"The format '{letter}' is not supported.", letter)
    return pictures[letter]
