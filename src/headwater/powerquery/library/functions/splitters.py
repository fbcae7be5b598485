"""Splitters: functions from a text to the list of its parts."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from headwater.powerquery.library.arguments import caller, list_of, text_of, whole
from headwater.powerquery.library.declarations import enumeration, function
from headwater.powerquery.library.text.characters import WHITESPACE, characters_of
from headwater.powerquery.library.text.units import joined, units
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import List, Value, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.operators import cannot_convert

QUOTE_NONE = 0
_QUOTE_AFTER_DELIMITER, _QUOTE_ALWAYS = 0, 1

enumeration(
    "CsvStyle",
    {"QuoteAfterDelimiter": _QUOTE_AFTER_DELIMITER, "QuoteAlways": _QUOTE_ALWAYS},
    summary="Whether a quotation mark counts only where a part begins, or anywhere.",
)

Split = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class DelimiterSplit:
    """Where a splitter by one delimiter came from: tables fold it."""

    delimiter: str
    quotes: bool
    anywhere: bool


def _splitter(split: Split, *, from_end: bool | None = False, origin: DelimiterSplit | None = None) -> Function:
    """A function value that splits a text; a null text has no parts. From the end, ``split`` sees it mirrored."""

    def call(text: Value) -> List:
        text = plain(text)
        if text is None:
            return List([])
        if not isinstance(text, str):
            raise cannot_convert(text, "Text")
        if from_end:
            return List([joined(part[::-1]) for part in reversed(split(units(text)[::-1]))])
        return List([joined(part) for part in split(units(text))])

    of = t.FunctionType((t.FieldType("text", t.nullable(t.TEXT)),), t.LIST)
    return Function(call, lambda: of, minimum=1, maximum=1, origin=origin)


def texts_of(items: List) -> list[str]:
    """A list of texts as their units."""
    return [units(text_of(item)) for item in items]


# -- delimiters ----------------------------------------------------------------------------------------------------

_QUOTE = '"'


def _split_at(text: str, next_delimiters: Callable[[int], Sequence[str]], *, quotes: bool, anywhere: bool) -> list[str]:
    """The parts of a text between delimiters, of which ``next_delimiters`` gives those that count after so many.

    With quotes, delimiters between quotation marks do not count, and the marks go away; ``anywhere`` takes a mark for
    one in the middle of a part too.
    """
    parts: list[str] = []
    part: list[str] = []
    wanted = next_delimiters(0)
    at, quoted = 0, False
    while at < len(text):
        if quotes and text[at] == _QUOTE and (quoted or anywhere or not part):
            if quoted and text[at + 1 : at + 2] == _QUOTE:
                part.append(_QUOTE)
                at += 1
            else:
                quoted = not quoted
            at += 1
            continue
        found = "" if quoted else next((d for d in wanted if d and text.startswith(d, at)), "")
        if found:
            parts.append("".join(part))
            part = []
            wanted = next_delimiters(len(parts))
            at += len(found)
        else:
            part.append(text[at])
            at += 1
    return [*parts, "".join(part)]


def _mirrored(delimiters: Sequence[str], from_end: bool | None) -> list[str]:
    return [delimiter[::-1] if from_end else delimiter for delimiter in delimiters]


@function(
    "Splitter.SplitTextByDelimiter(delimiter as text, optional quoteStyle as nullable number, optional csvStyle as"
    " nullable number) as function",
    examples=[
        ('Splitter.SplitTextByDelimiter("; ")("a; b; c")', '{"a", "b", "c"}'),
        ('Splitter.SplitTextByDelimiter(",", QuoteStyle.Csv)("a,""b,c""")', '{"a", "b,c"}'),
        ('Splitter.SplitTextByDelimiter(",", QuoteStyle.None)("""a,b""")', '{"""a", "b"""}'),
    ],
)
def by_delimiter(delimiter: str, quote_style: Value = None, csv_style: Value = None) -> Function:
    """Splits text at each occurrence of a delimiter."""
    wanted = [units(delimiter)]
    quotes, anywhere = quote_style != QUOTE_NONE, csv_style != _QUOTE_AFTER_DELIMITER
    origin = DelimiterSplit(delimiter, quotes, anywhere)
    return _splitter(lambda text: _split_at(text, lambda _: wanted, quotes=quotes, anywhere=anywhere), origin=origin)


@function(
    "Splitter.SplitTextByAnyDelimiter(delimiters as list, optional quoteStyle as nullable number, optional startAtEnd"
    " as nullable logical) as function",
    examples=[('Splitter.SplitTextByAnyDelimiter({",", ";"})("a,b;c")', '{"a", "b", "c"}')],
)
def by_any_delimiter(delimiters: List, quote_style: Value = None, from_end: bool | None = None) -> Function:
    """Splits text at each occurrence of any of several delimiters."""
    wanted = _mirrored(texts_of(delimiters), from_end)
    quotes = quote_style != QUOTE_NONE
    return _splitter(lambda text: _split_at(text, lambda _: wanted, quotes=quotes, anywhere=True), from_end=from_end)


@function(
    "Splitter.SplitTextByEachDelimiter(delimiters as list, optional quoteStyle as nullable number, optional startAtEnd"
    " as nullable logical) as function",
    examples=[
        ('Splitter.SplitTextByEachDelimiter({"-", ":"})("a-b-c:d")', '{"a", "b-c", "d"}'),
        ('Splitter.SplitTextByEachDelimiter({"-"}, null, true)("a-b-c")', '{"a-b", "c"}'),
    ],
)
def by_each_delimiter(delimiters: List, quote_style: Value = None, from_end: bool | None = None) -> Function:
    """Splits text at each of several delimiters once, one after another."""
    wanted = _mirrored(texts_of(delimiters), from_end)
    quotes = quote_style != QUOTE_NONE
    return _splitter(
        lambda text: _split_at(text, lambda count: wanted[count : count + 1], quotes=quotes, anywhere=True),
        from_end=from_end,
    )


_BLANKS = re.compile(f"[{re.escape(WHITESPACE)}]+")


@function(
    "Splitter.SplitTextByWhitespace(optional quoteStyle as nullable number) as function",
    examples=[('Splitter.SplitTextByWhitespace()("a b  #(tab)c ""d e""")', '{"a", "b", "c", "d e"}')],
)
def by_whitespace(quote_style: Value = None) -> Function:
    """Splits text at blanks."""

    def split(text: str) -> Sequence[str]:
        if quote_style == QUOTE_NONE or _QUOTE not in text:
            return _BLANKS.split(text)
        parts = _split_at(text, lambda _: WHITESPACE, quotes=True, anywhere=True)
        return [part for at, part in enumerate(parts) if part or at in (0, len(parts) - 1)]

    return _splitter(split)


@function(
    "Splitter.SplitByNothing() as function",
    examples=[('Splitter.SplitByNothing()("a,b")', '{"a,b"}')],
)
def by_nothing() -> Function:
    """Splits nothing: gives any value as a list of one."""
    of = t.FunctionType((t.FieldType("value"),), t.LIST)
    return Function(lambda value: List([value]), lambda: of, minimum=1, maximum=1)


@function(
    "Splitter.SplitTextByCharacterTransition(before as anynonnull, after as anynonnull) as function",
    examples=[
        ('Splitter.SplitTextByCharacterTransition({"a".."z"}, {"A".."Z"})("oneTwoThree")', '{"one", "Two", "Three"}'),
        ('Splitter.SplitTextByCharacterTransition((c) => c = "1", {"2"})("1212")', '{"1", "21", "2"}'),
    ],
)
def by_character_transition(before: Value, after: Value) -> Function:
    """Splits text between two characters of given kinds, each a list of characters or a test for one."""
    ends, begins = _character_test(before), _character_test(after)

    def split(text: str) -> Sequence[str]:
        characters = joined(text)
        cuts = [at for at in range(1, len(characters)) if ends(characters[at - 1]) and begins(characters[at])]
        return [characters[a:b] for a, b in zip([0, *cuts], [*cuts, len(characters)], strict=True)]

    return _splitter(split)


def _character_test(wanted: Value) -> Callable[[str], bool]:
    wanted = plain(wanted)
    if isinstance(wanted, Function):
        ask = caller(wanted, 1)
        return lambda character: plain(ask(character)) is True
    among = set(characters_of(wanted))
    return lambda character: character in among


# -- places --------------------------------------------------------------------------------------------------------


@function(
    "Splitter.SplitTextByLengths(lengths as list, optional startAtEnd as nullable logical) as function",
    examples=[('Splitter.SplitTextByLengths({1, 2})("abcd")', '{"a", "bc"}')],
)
def by_lengths(lengths: List, from_end: bool | None = None) -> Function:
    """Splits text into parts of given lengths; what is left over is dropped."""
    wanted = [whole(length, "lengths") for length in lengths]

    def split(text: str) -> Sequence[str]:
        starts = [sum(wanted[:at]) for at in range(len(wanted))]
        return [text[start : start + length] for start, length in zip(starts, wanted, strict=True)]

    return _splitter(split, from_end=from_end)


@function(
    "Splitter.SplitTextByRepeatedLengths(length as number, optional startAtEnd as nullable logical) as function",
    examples=[('Splitter.SplitTextByRepeatedLengths(2)("abcde")', '{"ab", "cd", "e"}')],
)
def by_repeated_lengths(length: Value, from_end: bool | None = None) -> Function:
    """Splits text into parts of one length; the last may be shorter."""
    width = whole(length, "length", least=1)
    return _splitter(lambda text: [text[at : at + width] for at in range(0, len(text), width)], from_end=from_end)


@function(
    "Splitter.SplitTextByPositions(positions as list, optional startAtEnd as nullable logical) as function",
    examples=[('Splitter.SplitTextByPositions({0, 2, 3})("abcde")', '{"ab", "c", "de"}')],
)
def by_positions(positions: List, from_end: bool | None = None) -> Function:
    """Splits text at positions, which rise."""
    wanted = [whole(position, "positions") for position in positions]

    def split(text: str) -> Sequence[str]:
        return [text[start:end] for start, end in zip(wanted, [*wanted[1:], len(text)], strict=True)]

    return _splitter(split, from_end=from_end)


@function(
    "Splitter.SplitTextByRanges(ranges as list, optional startAtEnd as nullable logical) as function",
    examples=[('Splitter.SplitTextByRanges({{0, 3}, {1, null}})("abcde")', '{"abc", "bcde"}')],
)
def by_ranges(ranges: List, from_end: bool | None = None) -> Function:
    """Splits text into parts by {offset, length}; a null length takes the rest. Parts may overlap."""
    wanted = [range_of(item) for item in ranges]

    def split(text: str) -> Sequence[str]:
        return [text[start : None if length is None else start + length] for start, length in wanted]

    return _splitter(split, from_end=from_end)


def range_of(item: Value) -> tuple[int, int | None]:
    """{offset, length} with a length that may be null.

    Raises:
        MError: Expression.Error, it is no such list.
    """
    parts = list(list_of(item).plain())
    if len(parts) != 2:
        raise cannot_convert(plain(item), "List")
    return whole(parts[0], "ranges"), None if parts[1] is None else whole(parts[1], "ranges")
