"""Text before, after and between delimiters."""

from __future__ import annotations

from headwater.errors import MError
from headwater.powerquery.library.arguments import whole
from headwater.powerquery.library.declarations import function
from headwater.powerquery.values.core import List, Value, plain

_FROM_END = 1


def _wanted(index: Value, argument: str) -> tuple[int, bool]:
    """(which occurrence, whether counted from the end) of an argument: a number, or ``{number, RelativePosition}``."""
    index = plain(index)
    if index is None:
        return 0, False
    if not isinstance(index, List):
        return whole(index, argument), False
    parts = list(index.plain())
    if len(parts) != 2:
        raise MError(
            "Expression.Error", f"The '{argument}' argument takes a number, or a number and a position.", index
        )
    return whole(parts[0], argument), parts[1] == _FROM_END


def _find(text: str, delimiter: str, which: tuple[int, bool], begin: int = 0) -> int | None:
    """Where the wanted occurrence of the delimiter begins, from ``begin`` on; None where there is none."""
    count, from_end = which
    if not delimiter:
        return None
    if from_end:
        at = len(text)
        for _ in range(count + 1):
            at = text.rfind(delimiter, begin, at)
            if at < 0:
                return None
        return at
    at = begin - len(delimiter)
    for _ in range(count + 1):
        at = text.find(delimiter, at + len(delimiter))
        if at < 0:
            return None
    return at


@function(
    "Text.BeforeDelimiter(text as nullable text, delimiter as text, optional index as any) as any",
    examples=[
        ('Text.BeforeDelimiter("a-b-c", "-")', '"a"'),
        ('Text.BeforeDelimiter("a-b-c", "-", {0, RelativePosition.FromEnd})', '"a-b"'),
        ('Text.BeforeDelimiter("abc", "-")', '"abc"'),
    ],
)
def before_delimiter(text: str | None, delimiter: str, index: Value = None) -> Value:
    """The text before an occurrence of a delimiter; all of it where that is not met from the start."""
    if text is None:
        return None
    which = _wanted(index, "index")
    at = _find(text, delimiter, which)
    return ("" if which[1] else text) if at is None else text[:at]


@function(
    "Text.AfterDelimiter(text as nullable text, delimiter as text, optional index as any) as any",
    examples=[
        ('Text.AfterDelimiter("a-b-c", "-")', '"b-c"'),
        ('Text.AfterDelimiter("a-b-c", "-", 1)', '"c"'),
        ('Text.AfterDelimiter("abc", "-")', '""'),
    ],
)
def after_delimiter(text: str | None, delimiter: str, index: Value = None) -> Value:
    """The text after an occurrence of a delimiter; nothing where that is not met from the start."""
    if text is None:
        return None
    which = _wanted(index, "index")
    at = _find(text, delimiter, which)
    return (text if which[1] else "") if at is None else text[at + len(delimiter) :]


@function(
    "Text.BetweenDelimiters(text as nullable text, startDelimiter as text, endDelimiter as text, optional startIndex"
    " as any, optional endIndex as any) as any",
    examples=[
        ('Text.BetweenDelimiters("f(x) + g(y)", "(", ")")', '"x"'),
        ('Text.BetweenDelimiters("f(x) + g(y)", "(", ")", 1)', '"y"'),
    ],
)
def between_delimiters(text: str | None, opening: str, closing: str, first: Value = None, last: Value = None) -> Value:
    """The text between two delimiters; occurrences of the second are counted from the first one on."""
    if text is None:
        return None
    begin = _find(text, opening, _wanted(first, "startIndex"))
    if begin is None:
        return ""
    begin += len(opening)
    end = _find(text, closing, _wanted(last, "endIndex"), begin)
    return "" if end is None else text[begin:end]
