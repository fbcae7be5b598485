"""Combiners: functions from a list of texts to one text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from headwater.powerquery.library.arguments import list_of, text_of, whole
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.functions.splitters import QUOTE_NONE, range_of, texts_of
from headwater.powerquery.library.text.units import joined, units
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import List, Value, plain
from headwater.powerquery.values.functions import Function


@dataclass(frozen=True, slots=True)
class DelimiterCombination:
    """Where a combiner by one delimiter came from: tables fold it."""

    delimiter: str
    quotes: bool


def _combiner(combine: Callable[[Sequence[str]], str], origin: DelimiterCombination | None = None) -> Function:
    """A function value that makes one text of a list of texts; a null among them is an empty text."""

    def call(texts: Value) -> str:
        given = ["" if plain(text) is None else units(text_of(text)) for text in list_of(texts)]
        return joined(combine(given))

    of = t.FunctionType((t.FieldType("texts", t.LIST),), t.TEXT)
    return Function(call, lambda: of, minimum=1, maximum=1, origin=origin)


def _quoted(text: str, delimiters: Sequence[str], quote_style: Value) -> str:
    """The text between quotation marks, where it could not be told from delimiters without them."""
    unsafe = '"' in text or "\n" in text or "\r" in text or any(d and d in text for d in delimiters)
    return '"' + text.replace('"', '""') + '"' if unsafe and quote_style != QUOTE_NONE else text


@function(
    "Combiner.CombineTextByDelimiter(delimiter as text, optional quoteStyle as nullable number) as function",
    examples=[
        ('Combiner.CombineTextByDelimiter("; ")({"a", "b", "c"})', '"a; b; c"'),
        ('Combiner.CombineTextByDelimiter(",", QuoteStyle.Csv)({"a,b", "c"})', '"""a,b"",c"'),
    ],
)
def by_delimiter(delimiter: str, quote_style: Value = None) -> Function:
    """Combines texts with a delimiter between them."""
    between = units(delimiter)
    origin = DelimiterCombination(delimiter, quote_style != QUOTE_NONE)
    return _combiner(lambda texts: between.join(_quoted(text, [between], quote_style) for text in texts), origin)


@function(
    "Combiner.CombineTextByEachDelimiter(delimiters as list, optional quoteStyle as nullable number) as function",
    examples=[('Combiner.CombineTextByEachDelimiter({"-", ":"})({"a", "b", "c"})', '"a-b:c"')],
)
def by_each_delimiter(delimiters: List, quote_style: Value = None) -> Function:
    """Combines texts with the first delimiter after the first text, the second after the second …."""
    between = texts_of(delimiters)

    def combine(texts: Sequence[str]) -> str:
        pieces = []
        for at, text in enumerate(texts):
            pieces.append(_quoted(text, between, quote_style))
            if at < len(between) and at < len(texts) - 1:
                pieces.append(between[at])
        return "".join(pieces)

    return _combiner(combine)


def _placed(texts: Sequence[str], ranges: Sequence[tuple[int, int | None]], template: str | None) -> str:
    """Texts written over a template (blanks) at {offset, length}; a null length takes all of the text."""
    result = list(units(template or ""))
    for text, (start, length) in zip(texts, ranges, strict=False):
        written = text if length is None else text[:length]
        end = start + (len(text) if length is None else length)
        result += " " * (max(end if length is not None else start + len(written), len(result)) - len(result))
        result[start : start + len(written)] = written
    return "".join(result)


@function(
    "Combiner.CombineTextByLengths(lengths as list, optional template as nullable text) as function",
    examples=[('Combiner.CombineTextByLengths({2, 1}, "----")({"abc", "xyz"})', '"abx-"')],
)
def by_lengths(lengths: List, template: str | None = None) -> Function:
    """Combines the beginnings of texts, of given lengths."""
    wanted = [whole(length, "lengths") for length in lengths]
    ranges = [(sum(wanted[:at]), length) for at, length in enumerate(wanted)]
    return _combiner(lambda texts: _placed(texts, ranges, template))


@function(
    "Combiner.CombineTextByPositions(positions as list, optional template as nullable text) as function",
    examples=[('Combiner.CombineTextByPositions({0, 3})({"ab", "xyz"})', '"ab xyz"')],
)
def by_positions(positions: List, template: str | None = None) -> Function:
    """Combines texts, each at a position; one that reaches the next is cut off there."""
    starts = [whole(position, "positions") for position in positions]
    lengths = [*(after - before for before, after in pairwise(starts)), None]
    ranges = list(zip(starts, lengths, strict=False))  # no positions: no lengths either
    return _combiner(lambda texts: _placed(texts, ranges, template))


@function(
    "Combiner.CombineTextByRanges(ranges as list, optional template as nullable text) as function",
    examples=[('Combiner.CombineTextByRanges({{0, 1}, {2, null}})({"ab", "xyz"})', '"a xyz"')],
)
def by_ranges(ranges: List, template: str | None = None) -> Function:
    """Combines texts, each at an offset and cut to a length; a null length takes all of the text."""
    wanted = [range_of(item) for item in ranges]
    return _combiner(lambda texts: _placed(texts, wanted, template))
