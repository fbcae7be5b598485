"""Operators on text. Positions and lengths count UTF-16 units, as M does.

An engine that holds text as characters cannot hold half of one: where such a cut goes through a character beyond
U+FFFF, the cell is the error :data:`headwater.plan.conversions.HALF_A_CHARACTER`.
"""

from __future__ import annotations

from typing import Any

from headwater.plan.operators.rules import PLAIN_NUMBERS, Operator, Result, Rule, of_kinds
from headwater.plan.types import INT64, LOGICAL, TEXT, DataType, Kind

_T = Kind.TEXT


def _texts(count: int, result: DataType = TEXT) -> Rule:
    return of_kinds((_T,) * count, result)


def _with_option(rule: Rule, kind: type) -> Rule:
    """The rule, given an option of this kind."""
    return lambda types, option: rule(types, option) if isinstance(option, kind) else None


def _part(least: int, most: int, then: tuple[Kind, ...] = ()) -> Rule:
    """A text, from ``least`` to ``most`` whole numbers (checked row by row), and further texts."""

    def rule(types: tuple[DataType, ...], _option: Any) -> Result:
        counts = types[1 : len(types) - len(then)]
        fits = (
            types[0].kind is _T
            and least <= len(counts) <= most
            and all(t.kind in PLAIN_NUMBERS for t in counts)
            and tuple(t.kind for t in types[len(types) - len(then) :]) == then
        )
        return (TEXT, True) if fits else None

    return rule


def _any_texts(types: tuple[DataType, ...], option: Any) -> Result:
    return (TEXT, False) if types and isinstance(option, str) and all(t.kind is _T for t in types) else None


OPERATORS = (
    Operator("Text.Length", "length in UTF-16 units", _texts(1, INT64)),
    *(Operator(f"Text.{name}", "ordinal", _texts(2, LOGICAL), ("", "Text"))
      for name in ("Contains", "StartsWith", "EndsWith")),
    Operator("Text.PositionOf", "where a text occurs in another: `option` first or last; -1", _texts(2, INT64),
             ("Text", "Text")),
    Operator("Text.Upper", "each character's capital form, where that is one character", _texts(1)),
    Operator("Text.Lower", "each character's small form, where that is one character", _texts(1)),
    *(Operator(f"Text.{name}", "without the characters in `option` there", _with_option(_texts(1), str))
      for name in ("Trim", "TrimStart", "TrimEnd")),
    Operator("Text.Remove", "without the characters in `option`", _with_option(_texts(1), str)),
    Operator("Text.Select", "only the characters in `option`", _with_option(_texts(1), str)),
    Operator("Text.Clean", "without control characters", _texts(1)),
    Operator("Text.Reverse", "the characters from last to first", _texts(1)),
    Operator("Text.Replace", "each occurrence of a text replaced", _texts(3), ("", "Text", "Text")),
    Operator("Text.Combine", "the texts that are not null, the text in `option` between them", _any_texts),
    Operator("Text.Start", "so many first units", _part(1, 1), ("", "Number")),
    Operator("Text.End", "so many last units", _part(1, 1), ("", "Number")),
    Operator("Text.Middle", "units from a position on, as many as there are", _part(1, 2), ("", "Number")),
    Operator("Text.Range", "units from a position on; an error where there are fewer", _part(1, 2), ("", "Number")),
    Operator("Text.At", "the unit at a position", _part(1, 1), ("", "Number")),
    Operator("Text.Insert", "with another text at a position", _part(1, 1, (_T,)), ("", "Number", "Text")),
    Operator("Text.RemoveRange", "without some units (1) from a position on", _part(1, 2), ("", "Number")),
    Operator("Text.ReplaceRange", "units from a position on replaced", _part(2, 2, (_T,)),
             ("", "Number", "Number", "Text")),
    Operator("Text.PadStart", "made as long, at its start, by the character in `option`",
             _with_option(_part(1, 1), str), ("", "Number")),
    Operator("Text.PadEnd", "made as long, at its end, by the character in `option`",
             _with_option(_part(1, 1), str), ("", "Number")),
    Operator("Text.Repeat", "so many times over", _part(1, 1), ("", "Number")),
    Operator("Text.BeforeDelimiter", "before an occurrence: `option` is (delimiter, which, from the end)",
             _with_option(_texts(1), tuple)),
    Operator("Text.AfterDelimiter", "after an occurrence: `option` is (delimiter, which, from the end)",
             _with_option(_texts(1), tuple)),
    Operator("Text.BetweenDelimiters", "between two: `option` is a pair as of the two operators above",
             _with_option(_texts(1), tuple)),
)  # fmt: skip
