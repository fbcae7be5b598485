"""Random strings whose holder is believed: made here, and kept only as digests.

A digest of plain SHA-256 is enough, and right: 256 random bits cannot be guessed, however fast guesses are checked, so
a slow password hash would only make every request slow; and because equal strings have equal digests, an index finds
the row, with no comparison whose time could tell an attacker anything but about a digest of their own guess.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Literal

__all__ = ["Bearer", "Kind", "digest", "new_bearer", "same"]

#: ``hwt_`` API token, ``hws_`` session, ``hwl_`` one-time link, ``hwp_`` published table: who finds one in
#: a file knows what it is.
Kind = Literal["hwt", "hws", "hwl", "hwp"]

_FORM = re.compile(r"hw[tslp]_[A-Za-z0-9_-]{43}")
_PREFIX_LENGTH = 10


@dataclass(frozen=True, slots=True)
class Bearer:
    """A new string and what is kept of it. ``token`` is shown once, to whom it is for."""

    token: str
    digest: str

    @property
    def prefix(self) -> str:
        """As much of it as a list may show: 36 of its 256 bits."""
        return self.token[:_PREFIX_LENGTH]

    def __repr__(self) -> str:
        return f"Bearer({self.prefix}…)"


def new_bearer(kind: Kind) -> Bearer:
    """A new random string of this kind.

    >>> made = new_bearer("hwt")
    >>> made.token[:4], made.digest == digest(made.token), made.token in repr(made)
    ('hwt_', True, False)
    """
    token = f"{kind}_{secrets.token_urlsafe(32)}"
    return Bearer(token, hashlib.sha256(token.encode()).hexdigest())


def digest(token: str) -> str | None:
    """What is kept of ``token``; None for text that is of no form of ours and so stands for nobody.

    >>> digest("password") is None
    True
    """
    return hashlib.sha256(token.encode()).hexdigest() if _FORM.fullmatch(token) else None


def same(left: str, right: str) -> bool:
    """Whether two secrets are equal, in a time that depends on neither.

    >>> same("é", "é"), same("e", "")
    (True, False)
    """
    key = secrets.token_bytes(32)
    return hmac.compare_digest(_keyed(key, left), _keyed(key, right))


def _keyed(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(errors="surrogatepass"), "sha256")
