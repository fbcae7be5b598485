"""Replacers: functions of a value, what to replace and by what."""

from __future__ import annotations

from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.text.changing import replace_text
from headwater.powerquery.values.core import Value
from headwater.powerquery.values.equality import equal


@function(
    "Replacer.ReplaceText(text as nullable text, old as text, new as text) as nullable text",
    examples=[('Replacer.ReplaceText("hot", "o", "a")', '"hat"'), ('Replacer.ReplaceText(null, "o", "a")', "null")],
)
def replace_in_text(text: str | None, old: str, new: str) -> Value:
    """The text with each occurrence of a text in it replaced."""
    return replace_text(text, old, new)


@function(
    "Replacer.ReplaceValue(value as any, old as any, new as any) as any",
    examples=[("Replacer.ReplaceValue(null, null, 0)", "0"), ('Replacer.ReplaceValue("hot", "o", "a")', '"hot"')],
)
def replace_value(value: Value, old: Value, new: Value) -> Value:
    """Another value in place of a value that equals the one to replace."""
    return new if equal(value, old) else value
