"""Rows of text by delimiters that are no single character: several, blanks, places in the line, quotes anywhere."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from headwater.engines.csv import NO_DELIMITERS, rows_of_text
from headwater.errors import MError
from headwater.powerquery.library.arguments import text_of, whole
from headwater.powerquery.library.lines import lines_of
from headwater.powerquery.values.core import List, Value
from headwater.powerquery.values.operators import is_number

WHITESPACE = ""
"""The delimiter that stands for any run of blanks."""

Delimiter = str | tuple[str, ...] | tuple[int, ...]
"""A text; texts any of which parts fields; or the places in a line at which fields begin."""


@dataclass(frozen=True, slots=True)
class Format:
    """How rows are written. ``quotes_anywhere``: a quote in the middle of a field opens a quoted part too."""

    delimiter: Delimiter = ","
    quoted_breaks: bool = True
    quotes_anywhere: bool = False

    @property
    def ordinary(self) -> bool:
        """Whether the reader of :mod:`headwater.engines.csv` reads it: one character, quotes at a field's start."""
        return isinstance(self.delimiter, str) and len(self.delimiter) == 1 and not self.quotes_anywhere


def delimiter_of(value: Value) -> Delimiter:
    """The delimiter that an argument names.

    Raises:
        MError: Expression.Error, it is none.
    """
    if value is None:
        return ","
    if isinstance(value, List):
        members = list(value.plain())
        if members and all(is_number(member) for member in members):
            return _positions(tuple(whole(member, "delimiter") for member in members))
        if members:
            return tuple(_usable(text_of(member)) for member in members)
    elif isinstance(value, str):
        return value if value == WHITESPACE else _usable(value)
    raise MError(
        "Expression.Error",
        "A delimiter is a text, a list of texts, or a list of the places in a line at which fields begin.",
        value,
    )


def _usable(text: str) -> str:
    if text and not any(letter in text for letter in NO_DELIMITERS):
        return text
    raise MError("Expression.Error", "A delimiter has no quotation mark and no line break, and is not empty.", text)


def _positions(places: tuple[int, ...]) -> tuple[int, ...]:
    if list(places) != sorted(set(places)):
        raise MError("Expression.Error", "The places at which fields begin are not in order.")
    return places


def rows_by(form: Format, text: str) -> Iterator[list[str]]:
    """The rows of a text, each as long as it is.

    >>> list(rows_by(Format(delimiter="||"), 'a||"b||c"'))
    [['a', 'b||c']]
    >>> list(rows_by(Format(delimiter=(0, 2)), "ab1"))
    [['ab', '1']]
    """
    if form.ordinary:
        assert isinstance(form.delimiter, str), "an ordinary delimiter is a character"
        source = io.StringIO(text, newline="")
        return rows_of_text(source, form.delimiter, True, quoted_breaks=form.quoted_breaks)
    return map(_splitter(form), lines_of(text, quoted=form.quoted_breaks))


def _splitter(form: Format) -> Callable[[str], list[str]]:
    delimiter = form.delimiter
    if isinstance(delimiter, tuple) and isinstance(delimiter[0], int):
        bounds = [*pairwise(delimiter), (delimiter[-1], None)]
        return lambda line: [line[slice(*bound)] for bound in bounds]
    if delimiter == WHITESPACE:
        return lambda line: _fields(line.strip(), r"\s+", form.quotes_anywhere)
    texts = (delimiter,) if isinstance(delimiter, str) else tuple(str(text) for text in delimiter)
    pattern = "|".join(re.escape(text) for text in sorted(texts, key=len, reverse=True))
    return lambda line: _fields(line, pattern, form.quotes_anywhere)


_QUOTED = re.compile(r'"((?:[^"]|"")*)(?:"|\Z)')


def _fields(line: str, pattern: str, quotes_anywhere: bool) -> list[str]:
    """The fields of one line: a quoted part is data without its quotes, and a doubled quote in it is one."""
    parting = re.compile(pattern)
    fields, field, at = [], "", 0
    start = True
    while at < len(line):
        if line[at] == '"' and (start or quotes_anywhere):
            quoted = _QUOTED.match(line, at)
            assert quoted is not None, "what begins with a quote is quoted to its end"
            field, at, start = field + quoted[1].replace('""', '"'), quoted.end(), False
            continue
        parted = parting.match(line, at)
        if parted is not None:
            fields.append(field)
            field, at, start = "", parted.end(), True
        else:
            field, at, start = field + line[at], at + 1, False
    return [*fields, field]
