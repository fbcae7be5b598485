"""Numbers in the digits, points and signs of a culture, to and from the form that every culture's is made from.

That form is the invariant one: ``-1234.5``, ``1E+21``, ``12%``.
"""

from __future__ import annotations

import re
from functools import lru_cache

from headwater.powerquery.library.cultures.culture import Culture

_BLANKS = " \u00a0\u202f"
_APOSTROPHES = "'’"
_MARKS = str.maketrans({"\u061c": "", "\u200e": "", "\u200f": "", "−": "-"})
_SPECIAL = {"NaN": "NaN", "Infinity": "Infinity", "-Infinity": "-Infinity"}


def localized(shown: str, culture: Culture) -> str:
    """A number's invariant text as the culture writes it, without groups.

    >>> from headwater.powerquery.library.cultures import culture_of
    >>> localized("-0.5", culture_of("de-DE"))
    '-0,5'
    """
    numbers = culture.numbers
    if shown in _SPECIAL:
        return shown.replace("Infinity", numbers.infinity).replace("NaN", numbers.nan)
    return shown if numbers.decimal == "." else shown.replace(".", numbers.decimal)


def grouped(shown: str, culture: Culture) -> str:
    """Digits, perhaps with an invariant point, with the culture's groups and point.

    >>> from headwater.powerquery.library.cultures import culture_of
    >>> grouped("12345678.90", culture_of("hi-IN")), grouped("1234.5", culture_of("de-DE"))
    ('1,23,45,678.90', '1.234,5')
    """
    whole, point, fraction = shown.partition(".")
    numbers = culture.numbers
    return group_digits(whole, numbers.group, numbers.sizes) + (numbers.decimal if point else "") + fraction


def group_digits(digits: str, separator: str, sizes: tuple[int, ...]) -> str:
    """Whole digits with a separator between groups of these sizes, counted from the right; the last size repeats."""
    if len(sizes) == 1 and sizes[0] == 3:
        return f"{int(digits):,}".replace(",", separator) if digits else ""
    pieces: list[str] = []
    at = 0
    while digits:
        size = sizes[min(at, len(sizes) - 1)]
        pieces.append(digits[-size:])
        digits, at = digits[:-size], at + 1
    return separator.join(reversed(pieces))


def invariant(text: str, culture: Culture) -> str | None:
    """The invariant form of a number's text in a culture; None where it is no number.

    Blanks around it, groups of any size before the point, a sign at either end or parentheses, the currency sign,
    an exponent and a percent sign are understood.

    >>> from headwater.powerquery.library.cultures import culture_of
    >>> invariant(" (1.234,50 €) ", culture_of("de-DE")), invariant("12,5 %", culture_of("de-DE"))
    ('-1234.50', '12.5%')
    """
    bare = text.translate(_MARKS).strip()
    special = _specials(culture).get(bare.lower())
    if special is not None:
        return special
    found = _pattern(culture).fullmatch(bare)
    if found is None or not (found["whole"] or found["decimals"]) or (found["percent"] and found["share"]):
        return None
    signs = [sign for sign in (found["before"], found["inside"], found["after"]) if sign]
    if len(signs) > 1 or bool(found["open"]) != bool(found["close"]) or (signs and found["open"]):
        return None
    digits = re.sub("[^0-9]", "", found["whole"] or "")
    decimals = f".{found['decimals']}" if found["decimals"] else ""
    negative = bool(found["open"]) or "-" in signs
    share = "%" if found["percent"] or found["share"] else ""
    return f"{'-' if negative else ''}{digits or '0'}{decimals}{found['exponent'] or ''}{share}"


@lru_cache(maxsize=64)
def _specials(culture: Culture) -> dict[str, str]:
    numbers = culture.numbers
    named = {"nan": "NaN", "infinity": "Infinity", "-infinity": "-Infinity", "∞": "Infinity", "-∞": "-Infinity"}
    own = {numbers.nan: "NaN", numbers.infinity: "Infinity", f"-{numbers.infinity}": "-Infinity"}
    return named | {name.lower(): form for name, form in own.items()}


@lru_cache(maxsize=64)
def _pattern(culture: Culture) -> re.Pattern[str]:
    numbers = culture.numbers
    point = re.escape(numbers.decimal)
    currency = rf"(?:{re.escape(numbers.currency.translate(_MARKS))}|¤)"
    percent = rf"(?:%|{re.escape(numbers.percent)})"
    whole = rf"[0-9][0-9{_group_class(numbers.group)}]*"
    number = rf"(?P<whole>{whole})?(?:{point}(?P<decimals>[0-9]*))?(?P<exponent>[eE][+-]?[0-9]+)?"
    return re.compile(
        rf"(?P<open>\()?\s*(?P<before>[+-])?\s*(?:{currency}|(?P<share>{percent}))?\s*(?P<inside>[+-])?\s*{number}"
        rf"\s*(?P<after>[+-])?\s*{currency}?\s*(?P<close>\))?\s*(?P<percent>{percent})?"
    )


def _group_class(group: str) -> str:
    """The characters that part groups, inside a regular expression's brackets: any blank stands for any other."""
    alike = next((kind for kind in (_BLANKS, _APOSTROPHES) if group in kind), group)
    return re.escape(alike)
