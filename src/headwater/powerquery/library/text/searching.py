"""Where and whether one text occurs in another."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from headwater.powerquery.library.arguments import caller
from headwater.powerquery.library.collation import ordinal_key, ordinal_upper, text_key
from headwater.powerquery.library.criteria import occurrences
from headwater.powerquery.library.declarations import enumeration, function
from headwater.powerquery.library.text.characters import characters_of
from headwater.powerquery.library.text.folds import position, search
from headwater.powerquery.library.text.units import joined, units
from headwater.powerquery.values.core import List, Value, plain
from headwater.powerquery.values.functions import Function

enumeration(
    "RelativePosition",
    {"FromStart": 0, "FromEnd": 1},
    summary="From which end occurrences are counted.",
)

Same = Callable[[str, str], bool]


def found_at(text: str, wanted: str, comparer: Function | None) -> Iterator[int]:
    """The positions, in units, at which ``wanted`` occurs, as the comparer tells texts apart."""
    text, wanted = units(text), units(wanted)
    key = text_key(comparer)
    if comparer is None or key is ordinal_key:
        return _ordinal(text, wanted)
    if key is ordinal_upper:
        return _ordinal(ordinal_upper(text), ordinal_upper(wanted))
    return _windows(text, wanted, _sameness(comparer))


def _ordinal(text: str, wanted: str) -> Iterator[int]:
    at = text.find(wanted)
    while at >= 0:
        yield at
        at = text.find(wanted, at + 1)


def _windows(text: str, wanted: str, same: Same) -> Iterator[int]:
    width = len(wanted)
    return (at for at in range(len(text) - width + 1) if same(joined(text[at : at + width]), joined(wanted)))


def _sameness(comparer: Function) -> Same:
    """Whether two texts are equal to a comparer, which answers 0 or true for them."""
    key = text_key(comparer)
    if key is not None:
        return lambda left, right: bool(key(left) == key(right))
    ask = caller(comparer, 2)

    def same(left: str, right: str) -> bool:
        answer = plain(ask(left, right))
        return answer is True or (answer is not False and answer == 0)

    return same


def _starts(text: str, wanted: str, comparer: Function | None) -> bool:
    if comparer is None:
        return text.startswith(wanted)
    return _sameness(comparer)(joined(units(text)[: len(units(wanted))]), wanted)


def _ends(text: str, wanted: str, comparer: Function | None) -> bool:
    if comparer is None:
        return text.endswith(wanted)
    all_units, width = units(text), len(units(wanted))
    return len(all_units) >= width and _sameness(comparer)(joined(all_units[len(all_units) - width :]), wanted)


@function(
    "Text.Contains(text as nullable text, substring as text, optional comparer as nullable function) as nullable"
    " logical",
    examples=[
        ('Text.Contains("Headwater", "water")', "true"),
        ('Text.Contains("Headwater", "WATER")', "false"),
        ('Text.Contains("Headwater", "WATER", Comparer.OrdinalIgnoreCase)', "true"),
    ],
    fold=search("Text.Contains"),
)
def contains(text: str | None, wanted: str, comparer: Function | None = None) -> Value:
    """Whether a text occurs in another."""
    if text is None:
        return None
    if comparer is None:
        return wanted in text
    return next(found_at(text, wanted, comparer), None) is not None


@function(
    "Text.StartsWith(text as nullable text, substring as text, optional comparer as nullable function) as nullable"
    " logical",
    examples=[('Text.StartsWith("Headwater", "Head")', "true"), ('Text.StartsWith("Headwater", "head")', "false")],
    fold=search("Text.StartsWith"),
)
def starts_with(text: str | None, wanted: str, comparer: Function | None = None) -> Value:
    """Whether a text begins with another."""
    return None if text is None else _starts(text, wanted, comparer)


@function(
    "Text.EndsWith(text as nullable text, substring as text, optional comparer as nullable function) as nullable"
    " logical",
    examples=[('Text.EndsWith("Headwater", "water")', "true")],
    fold=search("Text.EndsWith"),
)
def ends_with(text: str | None, wanted: str, comparer: Function | None = None) -> Value:
    """Whether a text ends with another."""
    return None if text is None else _ends(text, wanted, comparer)


@function(
    "Text.PositionOf(text as text, substring as text, optional occurrence as nullable number, optional comparer as"
    " nullable function) as any",
    examples=[
        ('Text.PositionOf("banana", "an")', "1"),
        ('Text.PositionOf("banana", "an", Occurrence.All)', "{1, 3}"),
        ('Text.PositionOf("banana", "x")', "-1"),
    ],
    fold=position,
)
def position_of(text: str, wanted: str, occurrence: Value = None, comparer: Function | None = None) -> Value:
    """Where a text occurs in another, counted from 0; -1 where it does not."""
    return occurrences(found_at(text, wanted, comparer), occurrence)


@function(
    "Text.PositionOfAny(text as text, characters as list, optional occurrence as nullable number) as any",
    examples=[('Text.PositionOfAny("banana", {"n", "b"}, Occurrence.Last)', "4")],
)
def position_of_any(text: str, characters: List, occurrence: Value = None) -> Value:
    """Where one of several characters occurs in a text, counted from 0; -1 where none does."""
    wanted = set(units(characters_of(characters)))
    return occurrences((at for at, unit in enumerate(units(text)) if unit in wanted), occurrence)
