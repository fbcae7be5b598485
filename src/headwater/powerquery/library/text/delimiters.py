"""Text before, after and between delimiters."""

from __future__ import annotations

from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.text.folds import between, by_delimiter
from headwater.powerquery.library.text.occurrences import wanted
from headwater.powerquery.values.core import Value


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
    fold=by_delimiter("Text.BeforeDelimiter"),
)
def before_delimiter(text: str | None, delimiter: str, index: Value = None) -> Value:
    """The text before an occurrence of a delimiter; all of it where that is not met from the start."""
    if text is None:
        return None
    which = wanted(index, "index")
    at = _find(text, delimiter, which)
    return ("" if which[1] else text) if at is None else text[:at]


@function(
    "Text.AfterDelimiter(text as nullable text, delimiter as text, optional index as any) as any",
    examples=[
        ('Text.AfterDelimiter("a-b-c", "-")', '"b-c"'),
        ('Text.AfterDelimiter("a-b-c", "-", 1)', '"c"'),
        ('Text.AfterDelimiter("abc", "-")', '""'),
    ],
    fold=by_delimiter("Text.AfterDelimiter"),
)
def after_delimiter(text: str | None, delimiter: str, index: Value = None) -> Value:
    """The text after an occurrence of a delimiter; nothing where that is not met from the start."""
    if text is None:
        return None
    which = wanted(index, "index")
    at = _find(text, delimiter, which)
    return (text if which[1] else "") if at is None else text[at + len(delimiter) :]


@function(
    "Text.BetweenDelimiters(text as nullable text, startDelimiter as text, endDelimiter as text, optional startIndex"
    " as any, optional endIndex as any) as any",
    examples=[
        ('Text.BetweenDelimiters("f(x) + g(y)", "(", ")")', '"x"'),
        ('Text.BetweenDelimiters("f(x) + g(y)", "(", ")", 1)', '"y"'),
    ],
    fold=between,
)
def between_delimiters(text: str | None, opening: str, closing: str, first: Value = None, last: Value = None) -> Value:
    """The text between two delimiters; occurrences of the second are counted from the first one on."""
    if text is None:
        return None
    begin = _find(text, opening, wanted(first, "startIndex"))
    if begin is None:
        return ""
    begin += len(opening)
    end = _find(text, closing, wanted(last, "endIndex"), begin)
    return "" if end is None else text[begin:end]
