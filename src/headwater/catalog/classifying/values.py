"""How much a value looks like what it might be: formats and check digits, by the libraries that know them.

Nothing here asks the network: domains are looked up in the list that comes with the library.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import cache
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from headwater.catalog.classifying.recognising import LIKELY, unavailable

__all__ = [
    "age",
    "birth_date",
    "email",
    "one_of",
    "pattern_recogniser",
    "personal_name",
    "phone",
    "shaped",
    "standard_number",
    "url",
    "within",
]

Score = Callable[[str], float]

#: What fits without telling much by itself.
_POSSIBLE = 0.3
#: The countries whose numbers are recognised without a country's prefix.
_REGIONS = ("US", "GB", "DE", "FR")
_PHONE = re.compile(r"[+(]?[\d\s().\-/]{6,24}(?:(?:x|ext\.?)\s?\d{1,5})?")
_AMERICAN = re.compile(r"(?:1[ .-])?\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?:\D.*)?")
_DIGITS = re.compile(r"\d+")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s]{2,}")
_DATES = re.compile(
    r"(\d{4})-\d{1,2}-\d{1,2}(?:[T ][\d:.+Z-]*)?|\d{1,2}[./-]\d{1,2}[./-](\d{4}|\d{2})|(\d{4})(\d{2})(\d{2})"
)
_NAME = re.compile(r"[^\W\d_][\w.'’\-]*(?:[ ,]+[^\W\d_][\w.'’\-]*){0,4}")
_CENTURY, _OLDEST = 100, 1900


@cache
def pattern_recogniser(name: str, shape: str, *, trusted: bool = False) -> Score:
    """Scores of one of Presidio's recognisers, which has to recognise the whole value.

    Args:
        name: of its class.
        shape: what a value has to match to be shown to it, which is quicker.
        trusted: its format tells enough, though the recogniser itself, made for running text, is less sure.

    Raises:
        UsageError: the extra is not installed.
    """
    recogniser = getattr(_presidio(), name)()
    fits = re.compile(shape, re.IGNORECASE)

    def score(value: str) -> float:
        if not fits.fullmatch(value):
            return 0.0
        found = recogniser.analyze(value, recogniser.supported_entities)
        best = max((each.score for each in found if each.end - each.start == len(value)), default=0.0)
        return max(best, LIKELY) if best and trusted else float(best)

    return score


@cache
def email() -> Score:
    """E-mail addresses, whose domains end in one that there is.

    Raises:
        UsageError: the extra is not installed.
    """
    presidio = _presidio()
    import tldextract

    # The usual one fetches the list of domains from the network.
    known = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)

    class Offline(presidio.EmailRecognizer):  # type: ignore[name-defined, misc]  # the library is not typed
        def validate_result(self, pattern_text: str) -> bool:
            return bool(known(pattern_text.rpartition("@")[2]).suffix)

    recogniser = Offline()

    def score(value: str) -> float:
        if not _EMAIL.fullmatch(value):
            return 0.0
        found = recogniser.analyze(value, recogniser.supported_entities)
        return max((each.score for each in found if each.end - each.start == len(value)), default=0.0)

    return score


@cache
def phone(*, american: bool) -> Score:
    """Phone numbers: those of North America, or all others. Digits alone tell little by themselves.

    Raises:
        UsageError: the extra is not installed.
    """
    try:
        import phonenumbers
    except ImportError as error:
        raise unavailable(error) from error

    def score(value: str) -> float:
        if not _PHONE.fullmatch(value):
            return 0.0
        for region in ("US",) if american else _REGIONS:
            try:
                number = phonenumbers.parse(value, region)
            except phonenumbers.NumberParseException:
                continue
            if phonenumbers.is_valid_number(number) and (number.country_code == 1) == american:
                # Any digits may be a local number: with a prefix, or written as Americans do, they are one.
                told = value[0] in "(+0" or (american and bool(_AMERICAN.fullmatch(value)))
                return 0.9 if told and not _DIGITS.fullmatch(value) else _POSSIBLE
        return 0.0

    return score


@cache
def standard_number(module: str, shape: str, *, telling: bool = True) -> Score:
    """Numbers with check digits, by a module of python-stdnum (``de.idnr``); ``telling``: their check is a strong one.

    Raises:
        UsageError: the extra is not installed.
    """
    try:
        checked: Any = import_module(f"stdnum.{module}")
    except ImportError as error:
        raise unavailable(error) from error
    fits = re.compile(shape, re.IGNORECASE)

    def score(value: str) -> float:
        if not fits.fullmatch(value) or not checked.is_valid(value):
            return 0.0
        return 1.0 if telling else _POSSIBLE

    return score


def shaped(pattern: str, score: float = _POSSIBLE) -> Score:
    """Values of a form that tells little by itself.

    >>> shaped(r"\\d{5}")("10115"), shaped(r"\\d{5}")("1011")
    (0.3, 0.0)
    """
    fits = re.compile(pattern, re.IGNORECASE)
    return lambda value: score if fits.fullmatch(value) else 0.0


def one_of(*words: str) -> Score:
    """One of some words.

    >>> one_of("m", "f")("F")
    0.3
    """
    known = frozenset(words)
    return lambda value: _POSSIBLE if value.casefold() in known else 0.0


def within(least: float, most: float) -> Score:
    """Numbers within a range.

    >>> within(-90, 90)("52.5"), within(-90, 90)("north")
    (0.3, 0.0)
    """

    def score(value: str) -> float:
        try:
            return _POSSIBLE if least <= float(value) <= most else 0.0
        except ValueError:
            return 0.0

    return score


def age(value: str) -> float:
    """Whole numbers that are somebody's age.

    >>> age("41"), age("410")
    (0.3, 0.0)
    """
    return _POSSIBLE if value.isdecimal() and len(value) <= 3 and int(value) <= 125 else 0.0


def birth_date(value: str) -> float:
    """Dates on which somebody alive may have been born.

    >>> birth_date("1980-02-03"), birth_date("3.2.1980"), birth_date("2980-02-03"), birth_date("first")
    (0.3, 0.3, 0.0, 0.0)
    """
    found = _DATES.fullmatch(value)
    if found is None:
        return 0.0
    year = next(int(part) for part in found.groups() if part is not None)
    return _POSSIBLE if year < _CENTURY or _OLDEST <= year <= date.today().year else 0.0


def personal_name(value: str) -> float:
    """One to five words that begin with letters and hold no digits.

    >>> personal_name("Ada Lovelace"), personal_name("row 12"), personal_name("O'Brien, Conor")
    (0.3, 0.0, 0.3)
    """
    return _POSSIBLE if len(value) <= 60 and _NAME.fullmatch(value) and not re.search(r"\d", value) else 0.0


def url(value: str) -> float:
    """Web addresses with their scheme.

    >>> url("https://example.com/a?b=c"), url("example"), url("http://[")
    (1.0, 0.0, 0.0)
    """
    if "://" not in value or " " in value:
        return 0.0
    try:
        parts = urlsplit(value)
    except ValueError:
        return 0.0
    return 1.0 if parts.scheme in {"http", "https", "ftp", "sftp"} and parts.hostname else 0.0


@cache
def _presidio() -> Any:
    try:
        return import_module("presidio_analyzer.predefined_recognizers")
    except ImportError as error:
        raise unavailable(error) from error
