"""Cultures: how dates, times and numbers are written in a language and place.

``en-US`` and the invariant culture ``""`` are there at once; any other name that CLDR knows (``de-DE``, ``pt-BR``,
``sv``) is made from Babel's data when it is first asked for.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from headwater.errors import MError
from headwater.powerquery.library.cultures.culture import Culture, Numbers
from headwater.powerquery.library.cultures.english import ENGLISH_US, INVARIANT

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session

__all__ = ["ENGLISH_US", "INVARIANT", "Culture", "Numbers", "culture_of"]

_AT_HAND = {"en-US": ENGLISH_US, "": INVARIANT}


def culture_of(name: str | None, session: Session | None = None) -> Culture:
    """The culture of this name, or the session's (en-US without a session) where no name is given.

    Raises:
        MError: Expression.Error, there is no such culture.
    """
    wanted = name if name is not None else "en-US" if session is None else session.culture
    return _AT_HAND.get(wanted) or _other(wanted.lower(), wanted)


@lru_cache(maxsize=512)
def _other(lowered: str, wanted: str) -> Culture:
    if lowered in ("en-us", "en"):
        return ENGLISH_US
    from headwater.powerquery.library.cultures.cldr import culture_from_cldr

    found = culture_from_cldr(wanted)
    if found is None:
        raise MError(
            "Expression.Error",
            f"The culture '{wanted}' is not supported.",
            wanted,
            hint='Use a language and a place such as "en-US" or "de-DE", a language such as "de", or "" (invariant).',
        )
    return found
