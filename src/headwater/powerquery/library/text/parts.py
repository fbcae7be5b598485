"""Parts of a text by position; positions and lengths count UTF-16 units."""

from __future__ import annotations

from headwater.errors import MError
from headwater.powerquery.library.arguments import whole
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.fold_rules import exactly
from headwater.powerquery.library.text.folds import parts
from headwater.powerquery.library.text.units import joined, units
from headwater.powerquery.values.core import Value


def out_of_range(argument: str, value: Value) -> MError:
    """The error of an argument that reaches beyond the text."""
    return MError("Expression.Error", f"The '{argument}' argument is out of range.", value)


def _span(text: str, offset: Value, count: Value, *, default: int | None) -> tuple[str, int, int]:
    """The text's units, with a start and an end that lie within them; ``default`` None is the rest of the text.

    Raises:
        MError: Expression.Error, offset or count reach beyond the text.
    """
    all_units = units(text)
    start = whole(offset, "offset")
    if start > len(all_units):
        raise out_of_range("offset", offset)
    rest = len(all_units) - start if default is None else default
    end = start + (rest if count is None else whole(count, "count"))
    if end > len(all_units):
        raise out_of_range("count", count)
    return all_units, start, end


@function(
    "Text.Length(text as nullable text) as nullable number",
    examples=[('Text.Length("abc")', "3"), ('Text.Length("#(0001F600)")', "2"), ("Text.Length(null)", "null")],
    fold=exactly("Text.Length", 1),
)
def length(text: str | None) -> Value:
    """The number of UTF-16 units."""
    return None if text is None else len(units(text))


@function(
    "Text.At(text as nullable text, index as number) as nullable text",
    examples=[('Text.At("abc", 1)', '"b"')],
    fold=parts("Text.At", 2),
)
def at(text: str | None, index: Value) -> Value:
    """The character at a position, counted from 0."""
    if text is None:
        return None
    all_units, position = units(text), whole(index, "index")
    if position >= len(all_units):
        raise out_of_range("index", index)
    return all_units[position]


@function(
    "Text.Start(text as nullable text, count as number) as nullable text",
    examples=[('Text.Start("abc", 2)', '"ab"'), ('Text.Start("abc", 9)', '"abc"')],
    fold=parts("Text.Start", 2),
)
def start(text: str | None, count: Value) -> Value:
    """The first characters."""
    return None if text is None else joined(units(text)[: whole(count, "count")])


@function(
    "Text.End(text as nullable text, count as number) as nullable text",
    examples=[('Text.End("abc", 2)', '"bc"'), ('Text.End("abc", 0)', '""')],
    fold=parts("Text.End", 2),
)
def end(text: str | None, count: Value) -> Value:
    """The last characters."""
    if text is None:
        return None
    all_units = units(text)
    return joined(all_units[max(len(all_units) - whole(count, "count"), 0) :])


@function(
    "Text.Middle(text as nullable text, start as number, optional count as nullable number) as nullable text",
    examples=[('Text.Middle("abcd", 1, 2)', '"bc"'), ('Text.Middle("abcd", 9)', '""')],
    fold=parts("Text.Middle", 3),
)
def middle(text: str | None, first: Value, count: Value = None) -> Value:
    """Characters from a position on, as many as there are of those wanted."""
    if text is None:
        return None
    begin = whole(first, "start")
    return joined(units(text)[begin : None if count is None else begin + whole(count, "count")])


@function(
    "Text.Range(text as nullable text, offset as number, optional count as nullable number) as nullable text",
    examples=[('Text.Range("abcd", 1, 2)', '"bc"'), ('(try Text.Range("abcd", 9))[HasError]', "true")],
    fold=parts("Text.Range", 3),
)
def text_range(text: str | None, offset: Value, count: Value = None) -> Value:
    """Characters from a position on; an error when there are fewer than wanted."""
    if text is None:
        return None
    all_units, first, last = _span(text, offset, count, default=None)
    return joined(all_units[first:last])


@function(
    "Text.Insert(text as nullable text, offset as number, newText as text) as nullable text",
    examples=[('Text.Insert("ad", 1, "bc")', '"abcd"')],
    fold=parts("Text.Insert", 3),
)
def insert(text: str | None, offset: Value, new: str) -> Value:
    """The text with another put in at a position."""
    if text is None:
        return None
    all_units, first, _ = _span(text, offset, None, default=0)
    return joined(all_units[:first] + units(new) + all_units[first:])


@function(
    "Text.RemoveRange(text as nullable text, offset as number, optional count as nullable number) as nullable text",
    examples=[('Text.RemoveRange("abcd", 1, 2)', '"ad"'), ('Text.RemoveRange("abcd", 1)', '"acd"')],
    fold=parts("Text.RemoveRange", 3),
)
def remove_range(text: str | None, offset: Value, count: Value = None) -> Value:
    """The text without a number of characters (1) from a position on."""
    if text is None:
        return None
    all_units, first, last = _span(text, offset, count, default=1)
    return joined(all_units[:first] + all_units[last:])


@function(
    "Text.ReplaceRange(text as nullable text, offset as number, count as number, newText as text) as nullable text",
    examples=[('Text.ReplaceRange("aXXd", 1, 2, "bc")', '"abcd"')],
    fold=parts("Text.ReplaceRange", 4),
)
def replace_range(text: str | None, offset: Value, count: Value, new: str) -> Value:
    """The text with a number of characters from a position on replaced by another text."""
    if text is None:
        return None
    all_units, first, last = _span(text, offset, count, default=None)
    return joined(all_units[:first] + units(new) + all_units[last:])
