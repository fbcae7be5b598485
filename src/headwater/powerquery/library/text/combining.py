"""Texts from several, and several from one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from headwater.powerquery.library.arguments import text_of
from headwater.powerquery.library.cultures import culture_of
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.templates import fill
from headwater.powerquery.library.text.conversion import text_of_value
from headwater.powerquery.library.text.folds import combined
from headwater.powerquery.library.text.units import joined
from headwater.powerquery.values.core import List, Value

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session


@function(
    "Text.Combine(texts as list, optional separator as nullable text) as text",
    examples=[('Text.Combine({"a", null, "b"}, "-")', '"a-b"'), ("Text.Combine({})", '""')],
    fold=combined,
)
def combine(texts: List, separator: str | None = None) -> str:
    """The texts one after another, a separator between them; nulls are left out."""
    return joined((separator or "").join(text_of(item) for item in texts.plain() if item is not None))


@function(
    "Text.Split(text as text, separator as text) as list",
    examples=[('Text.Split("a|b||c", "|")', '{"a", "b", "", "c"}')],
)
def split(text: str, separator: str) -> List:
    """The parts of the text between separators."""
    return List(text.split(separator) if separator else [text])


@function(
    "Text.SplitAny(text as text, separators as text) as list",
    examples=[('Text.SplitAny("a|b-c", "-|")', '{"a", "b", "c"}')],
)
def split_any(text: str, separators: str) -> List:
    """The parts of the text between any of several separating characters."""
    return List(re.split(f"[{re.escape(separators)}]", text) if separators else [text])


@function("Text.ToList(text as text) as list", examples=[('Text.ToList("abc")', '{"a", "b", "c"}')])
def to_list(text: str) -> List:
    """The characters of the text."""
    return List(list(text))


@function(
    "Text.Format(formatString as text, arguments as any, optional culture as nullable text) as text",
    examples=[
        ('Text.Format("#{1} of #{0}", {"b", 1})', '"1 of b"'),
        ('Text.Format("#[n] km", [n = 2.5])', '"2.5 km"'),
    ],
    session=True,
)
def format_text(session: Session, template: str, arguments: Value, culture: str | None = None) -> str:
    """The text with ``#{0}`` replaced by the first of a list's items …, or ``#[name]`` by a record's field."""
    known = culture_of(culture, session)
    return fill(template, arguments, lambda value: str(text_of_value(value, known)))
