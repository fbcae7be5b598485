"""Letters as languages know them: those that are letters of their own in the alphabet, and the two i's of Turkish."""

from __future__ import annotations

import re
from functools import lru_cache

_CROATIAN = "c č ć|d dž đ|l lj|n nj|s š|z ž"
_NORDIC = "z æ ø å"
_CYRILLIC = "и й"
_ALPHABETS = {
    "az": "c ç|e ə|g ğ|h ı|o ö|s ş|u ü",
    "be": _CYRILLIC,
    "bg": _CYRILLIC,
    "bs": _CROATIAN,
    "cs": "c č|h ch|r ř|s š|z ž",
    "da": _NORDIC,
    "es": "n ñ",
    "et": "s š z ž|w õ ä ö ü",
    "fi": "z å ä ö",
    "hr": _CROATIAN,
    "hu": "c cs|d dz dzs|g gy|l ly|n ny|o ö|s sz|t ty|u ü|z zs",
    "is": "a á|d ð|e é|i í|o ó|u ú|y ý|z þ æ ö å",
    "lt": "c č|s š|z ž",
    "lv": "c č|g ģ|k ķ|l ļ|n ņ|r ŗ|s š|z ž",
    "nb": _NORDIC,
    "nn": _NORDIC,
    "pl": "a ą|c ć|e ę|l ł|n ń|o ó|s ś|z ź ż",
    "ro": "a ă â|i î|s ș ş|t ț ţ",
    "ru": _CYRILLIC,
    "sk": "a ä|c č|h ch|o ô|s š|z ž",
    "sl": "c č ć|d đ|s š|z ž",
    "sv": "z å ä ö",
    "tr": "c ç|g ğ|h ı|o ö|s ş|u ü",
    "uk": "г ґ|е є|и і ї й",
    "vi": "a ă â|d đ|e ê|o ô ơ|u ư",
}
"""By language: a letter, and those that follow it as letters of their own. Languages not listed add none."""

_DOTTED = frozenset({"az", "tr"})
_RANKS = 0xF8F0
"""Characters for private use from here on sort behind every letter."""


def upper(text: str, language: str) -> str:
    """The text with the language's own capital letters in place of small ones; the others stay as they are.

    >>> upper("istanbul", "tr"), upper("i", "en")
    ('İstanbul', 'i')
    """
    return text.replace("i", "İ") if language in _DOTTED else text


def lower(text: str, language: str) -> str:
    """The text with the language's own small letters in place of capital ones; the others stay as they are.

    >>> lower("IİA", "tr")
    'ıiA'
    """
    return text.replace("I", "ı").replace("İ", "i") if language in _DOTTED else text


def tailored(text: str, language: str) -> str:
    """The text with each letter of its own written as the letter that it follows and a mark that sorts behind letters.

    >>> sorted(["zebra", "ödla", "orm"], key=lambda word: tailored(word, "sv"))
    ['orm', 'zebra', 'ödla']
    """
    replacements = _replacements(language)
    if not replacements:
        return text
    return _matcher(language).sub(lambda found: replacements[found[0]], text)


@lru_cache(maxsize=64)
def _replacements(language: str) -> dict[str, str]:
    forms = {"İ": "I"} if language in _DOTTED else {}
    for group in filter(None, _ALPHABETS.get(language, "").split("|")):
        base, *letters = group.split(" ")
        for rank, letter in enumerate(letters):
            mark = chr(_RANKS + rank)
            capital = upper(letter, language).upper()
            forms |= {capital: base.upper() + mark, letter.capitalize(): base.upper() + mark, letter: base + mark}
    return forms


@lru_cache(maxsize=64)
def _matcher(language: str) -> re.Pattern[str]:
    longest_first = sorted(_replacements(language), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)))
