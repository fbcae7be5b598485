"""Comparers: functions that say whether one value is less than, equal to or greater than another."""

from __future__ import annotations

from headwater.powerquery.library.arguments import caller
from headwater.powerquery.library.collation import (
    TextComparison,
    compare_by,
    linguistic_key,
    ordinal_key,
    ordinal_upper,
)
from headwater.powerquery.library.cultures import culture_of
from headwater.powerquery.library.declarations import function
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Value, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.operators import cannot_convert, is_number


@function(
    "Comparer.Ordinal(x as any, y as any) as number",
    examples=[('Comparer.Ordinal("b", "B")', "1"), ('Comparer.Ordinal("a", "a")', "0")],
)
def ordinal(left: Value, right: Value) -> int:
    """-1, 0 or 1 by comparing texts character by character, capitals before small letters."""
    return compare_by(ordinal_key, left, right)


@function(
    "Comparer.OrdinalIgnoreCase(x as any, y as any) as number",
    examples=[('Comparer.OrdinalIgnoreCase("b", "B")', "0"), ('Comparer.OrdinalIgnoreCase("a", "B")', "-1")],
)
def ordinal_ignore_case(left: Value, right: Value) -> int:
    """-1, 0 or 1 by comparing texts character by character, whatever their case."""
    return compare_by(ordinal_upper, left, right)


@function(
    "Comparer.FromCulture(culture as text, optional ignoreCase as nullable logical) as function",
    examples=[
        ('Comparer.FromCulture("en-US")("a", "B")', "-1"),
        ('Comparer.FromCulture("en-US", true)("résumé", "RÉSUMÉ")', "0"),
        ('List.Sort({"zebra", "ödla"}, Comparer.FromCulture("sv-SE"))', '{"zebra", "ödla"}'),
    ],
)
def from_culture(culture: str, ignore_case: bool | None = None) -> Function:
    """A comparer that orders texts as a dictionary of the culture does."""
    language = culture_of(culture).language

    def key(text: str) -> tuple[str, str, str]:
        return linguistic_key(text, ignore_case=bool(ignore_case), language=language)

    def make_type() -> t.FunctionType:
        return t.FunctionType((t.FieldType("x"), t.FieldType("y")), t.NUMBER)

    return Function(
        lambda left, right: compare_by(key, left, right),
        make_type,
        minimum=2,
        maximum=2,
        origin=TextComparison(key),
    )


@function(
    "Comparer.Equals(comparer as function, x as any, y as any) as logical",
    examples=[('Comparer.Equals(Comparer.OrdinalIgnoreCase, "a", "A")', "true")],
)
def equals(comparer: Function, left: Value, right: Value) -> bool:
    """Whether a comparer takes two values for equal."""
    answer = plain(caller(comparer, 2)(left, right))
    if not is_number(answer):
        raise cannot_convert(answer, "Number")
    return bool(answer == 0)
