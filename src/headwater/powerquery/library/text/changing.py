"""Texts in another form: case, blanks, padding, characters taken out."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from headwater.powerquery.library import tailoring
from headwater.powerquery.library.arguments import whole
from headwater.powerquery.library.cultures import culture_of
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.fold_rules import exactly
from headwater.powerquery.library.text.characters import WHITESPACE, character_of, characters_of
from headwater.powerquery.library.text.folds import cased, padding, parts, with_characters
from headwater.powerquery.library.text.units import units
from headwater.powerquery.values.core import Value, plain

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session


def _each_character(text: str, change: str) -> str:
    """``text`` by a method of str, left alone where it would make several characters of one, as M does."""
    changed: str = getattr(text, change)()
    # Python knows a small sigma for the ends of words, M does not.
    if text.isascii() or (len(changed) == len(text) and "Σ" not in text):
        return changed
    return "".join(c if len(one := getattr(c, change)()) != 1 else one for c in text)


@function(
    "Text.Upper(text as nullable text, optional culture as nullable text) as nullable text",
    examples=[('Text.Upper("aBc")', '"ABC"'), ('Text.Upper("istanbul", "tr-TR")', '"İSTANBUL"')],
    fold=cased("Text.Upper"),
    session=True,
)
def upper(session: Session, text: str | None, culture: str | None = None) -> Value:
    """The text in capital letters."""
    language = culture_of(culture, session).language
    return None if text is None else _each_character(tailoring.upper(text, language), "upper")


@function(
    "Text.Lower(text as nullable text, optional culture as nullable text) as nullable text",
    examples=[('Text.Lower("aBc")', '"abc"')],
    fold=cased("Text.Lower"),
    session=True,
)
def lower(session: Session, text: str | None, culture: str | None = None) -> Value:
    """The text in small letters."""
    language = culture_of(culture, session).language
    return None if text is None else _each_character(tailoring.lower(text, language), "lower")


_WORD = re.compile(r"[^\W\d_]+")


@function(
    "Text.Proper(text as nullable text, optional culture as nullable text) as nullable text",
    examples=[('Text.Proper("the QUICK-brown fox")', '"The Quick-Brown Fox"')],
    session=True,
)
def proper(session: Session, text: str | None, culture: str | None = None) -> Value:
    """Each word with a capital letter first and small letters after it."""
    language = culture_of(culture, session).language
    return None if text is None else _WORD.sub(lambda found: _capitalized(found[0], language), text)


def _capitalized(word: str, language: str) -> str:
    first, others = tailoring.upper(word[0], language), tailoring.lower(word[1:], language)
    return _each_character(first, "upper") + _each_character(others, "lower")


def _blanks(trim: Value) -> str:
    return WHITESPACE if plain(trim) is None else characters_of(trim)


@function(
    "Text.Trim(text as nullable text, optional trim as any) as nullable text",
    examples=[('Text.Trim("  a b ")', '"a b"'), ('Text.Trim("-+a+", {"-", "+"})', '"a"')],
    fold=with_characters("Text.Trim", WHITESPACE),
)
def trim_both(text: str | None, trim: Value = None) -> Value:
    """The text without blanks, or other given characters, at both ends."""
    return None if text is None else text.strip(_blanks(trim))


@function(
    "Text.TrimStart(text as nullable text, optional trim as any) as nullable text",
    examples=[('Text.TrimStart("007", "0")', '"7"')],
    fold=with_characters("Text.TrimStart", WHITESPACE),
)
def trim_start(text: str | None, trim: Value = None) -> Value:
    """The text without blanks, or other given characters, at its start."""
    return None if text is None else text.lstrip(_blanks(trim))


@function(
    "Text.TrimEnd(text as nullable text, optional trim as any) as nullable text",
    examples=[('Text.TrimEnd("7.50", "0")', '"7.5"')],
    fold=with_characters("Text.TrimEnd", WHITESPACE),
)
def trim_end(text: str | None, trim: Value = None) -> Value:
    """The text without blanks, or other given characters, at its end."""
    return None if text is None else text.rstrip(_blanks(trim))


def _padding(text: str, count: Value, character: str | None) -> str:
    filler = " " if character is None else character_of(character)
    return filler * (whole(count, "count") - len(units(text)))


@function(
    "Text.PadStart(text as nullable text, count as number, optional character as nullable text) as nullable text",
    examples=[('Text.PadStart("7", 3, "0")', '"007"')],
    fold=padding("Text.PadStart"),
)
def pad_start(text: str | None, count: Value, character: str | None = None) -> Value:
    """The text made longer at its start, with blanks or another character."""
    return None if text is None else _padding(text, count, character) + text


@function(
    "Text.PadEnd(text as nullable text, count as number, optional character as nullable text) as nullable text",
    examples=[('Text.PadEnd("7", 3, ".")', '"7.."')],
    fold=padding("Text.PadEnd"),
)
def pad_end(text: str | None, count: Value, character: str | None = None) -> Value:
    """The text made longer at its end, with blanks or another character."""
    return None if text is None else text + _padding(text, count, character)


@function(
    "Text.Remove(text as nullable text, removeChars as any) as nullable text",
    examples=[('Text.Remove("a,b;c", {",", ";"})', '"abc"')],
    fold=with_characters("Text.Remove"),
)
def remove(text: str | None, characters: Value) -> Value:
    """The text without some characters."""
    if text is None:
        return None
    gone = set(characters_of(characters))
    return "".join(c for c in text if c not in gone)


@function(
    "Text.Select(text as nullable text, selectChars as any) as nullable text",
    examples=[('Text.Select("a1b2", {"0".."9"})', '"12"')],
    fold=with_characters("Text.Select"),
)
def select(text: str | None, characters: Value) -> Value:
    """Only some characters of the text."""
    if text is None:
        return None
    kept = set(characters_of(characters))
    return "".join(c for c in text if c in kept)


@function(
    "Text.Clean(text as nullable text) as nullable text",
    examples=[('Text.Clean("a#(tab)b#(cr,lf)")', '"ab"')],
    fold=exactly("Text.Clean", 1),
)
def clean(text: str | None) -> Value:
    """The text without control characters."""
    return None if text is None else "".join(c for c in text if unicodedata.category(c) != "Cc")


@function(
    "Text.Replace(text as nullable text, old as text, new as text) as nullable text",
    examples=[('Text.Replace("a-b-c", "-", "+")', '"a+b+c"')],
    fold=exactly("Text.Replace", 3),
)
def replace(text: str | None, old: str, new: str) -> Value:
    """The text with each occurrence of one text replaced by another."""
    return replace_text(text, old, new)


def replace_text(text: str | None, old: str, new: str) -> str | None:
    """Each occurrence of ``old`` replaced; nothing is replaced where ``old`` is empty."""
    return text if text is None or not old else text.replace(old, new)


@function(
    "Text.Repeat(text as nullable text, count as number) as nullable text",
    examples=[('Text.Repeat("ab", 3)', '"ababab"')],
    fold=parts("Text.Repeat", 2),
)
def repeat(text: str | None, count: Value) -> Value:
    """The text a number of times over."""
    return None if text is None else text * whole(count, "count")


@function(
    "Text.Reverse(text as nullable text) as nullable text",
    examples=[('Text.Reverse("abc")', '"cba"')],
    fold=exactly("Text.Reverse", 1),
)
def reverse(text: str | None) -> Value:
    """The characters from last to first."""
    return None if text is None else text[::-1]
