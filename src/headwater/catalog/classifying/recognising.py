"""What recognises a kind of value: by the column's name, by the values themselves, or only by both together."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from headwater.errors import UsageError

__all__ = ["LIKELY", "Recogniser", "Sample", "named", "spoken", "unavailable"]

#: A value with such a score tells by itself what it is; one with less needs the column's name beside it.
LIKELY = 0.6

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-zß-ÿ]+|\d+")


@dataclass(frozen=True, slots=True)
class Sample:
    """A column with some of its values, as text; None and what stands for it are left out."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recogniser:
    """Recognises what a classification stands for.

    Attributes:
        classification: the name of its type.
        things: what it recognises, in the plural, for people: "e-mail addresses".
        score: how much one value looks like it, from 0 (not at all) to 1 (its check digits are right). None: only the
            name counts.
        named: whether a column of this name is likely to hold it. None: only values count.
        least_share: how many of the values have to look like it, from 0 to 1.
        needs_name: whether values count for nothing where the name does not say so.
        family: of those of one family, whose values look alike, one that the name speaks for drives out the others.
    """

    classification: str
    things: str
    score: Callable[[str], float] | None
    named: Callable[[str], bool] | None
    least_share: float = 0.8
    needs_name: bool = False
    family: str = ""


def spoken(name: str) -> str:
    """A column's name as words.

    >>> spoken("customerEMailAddress"), spoken("ZIP_code2"), spoken("IPAddress")
    ('customer e mail address', 'zip code 2', 'ip address')
    """
    return " ".join(_WORDS.findall(name)).lower()


def named(pattern: str) -> Callable[[str], bool]:
    """Whether a regular expression is found in a column's name, spoken.

    >>> named(r"\\bip\\b")("client_IP"), named(r"\\bip\\b")("zip")
    (True, False)
    """
    found = re.compile(pattern)
    return lambda name: found.search(spoken(name)) is not None


def unavailable(error: ImportError) -> UsageError:
    """The error of a Headwater that was installed without what recognises values."""
    return UsageError(
        f"What recognises values is not installed: {error.name}.",
        code="classification.extra",
        hint="Install Headwater with its extra: pip install 'headwater[classification]'.",
    )
