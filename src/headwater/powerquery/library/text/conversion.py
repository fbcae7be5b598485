"""Text from other values and from bytes, and back."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from headwater.errors import MError
from headwater.plan import conversions as c
from headwater.powerquery.library.convert import to_text
from headwater.powerquery.library.cultures import ENGLISH_US, Culture, culture_of
from headwater.powerquery.library.date.formats import format_temporal
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.fold_rules import conversion
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Binary, Value, binary_bytes, plain
from headwater.powerquery.values.times import Date, DateTime, DateTimeZone, Time

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session


def text_of_value(value: Value, culture: Culture) -> Value:
    """A scalar as text in a culture; null stays.

    Raises:
        MError: Expression.Error, the value is a structure.
    """
    value = plain(value)
    if culture is not ENGLISH_US and isinstance(value, Date | Time | DateTime | DateTimeZone):
        return format_temporal(value, None, culture)
    return to_text(value)


@function(
    "Text.From(value as any, optional culture as nullable text) as nullable text",
    examples=[
        ("Text.From(0.5)", '"0.5"'),
        ("Text.From(true)", '"true"'),
        ("Text.From(#date(2024, 2, 29))", '"2/29/2024"'),
        ("Text.From(null)", "null"),
    ],
    fold=conversion("Text.From"),
    session=True,
)
def text_from(session: Session, value: Value, culture: str | None = None) -> Value:
    """A number, logical, date, time or duration as text."""
    return text_of_value(value, culture_of(culture, session))


_CODECS = {
    65001: ("utf-8", codecs.BOM_UTF8),
    1200: ("utf-16-le", codecs.BOM_UTF16_LE),
    1201: ("utf-16-be", codecs.BOM_UTF16_BE),
    1252: ("cp1252", b""),
    20127: ("ascii", b""),
    28591: ("latin-1", b""),
}


def _codec(encoding: Value) -> tuple[str, bytes]:
    found = _CODECS.get(65001 if encoding is None else encoding)
    if found is None:
        raise MError("Expression.Error", "The text encoding is not supported.", encoding)
    return found


@function(
    "Text.FromBinary(binary as nullable binary, optional encoding as nullable number) as nullable text",
    examples=[("Text.FromBinary(#binary({0x41, 0xC3, 0xA9}))", '"Aé"')],
)
def from_binary(data: bytes | Binary | None, encoding: Value = None) -> Value:
    """The text that bytes stand for, in UTF-8 or another encoding; what is no character becomes U+FFFD."""
    if data is None:
        return None
    name, mark = _codec(encoding)
    return binary_bytes(data).removeprefix(mark).decode(name, "replace")


@function(
    "Text.ToBinary(text as nullable text, optional encoding as nullable number, optional includeByteOrderMark as"
    " nullable logical) as nullable binary",
    examples=[('Text.ToBinary("Aé")', "#binary({0x41, 0xC3, 0xA9})")],
)
def to_binary(text: str | None, encoding: Value = None, with_mark: bool | None = None) -> Value:
    """The bytes of a text, in UTF-8 or another encoding; what an encoding lacks becomes a question mark."""
    if text is None:
        return None
    name, mark = _codec(encoding)
    return (mark if with_mark else b"") + text.encode(name, "replace")


@function(
    "Text.InferNumberType(text as text, optional culture as nullable text) as type",
    examples=[
        ('Text.InferNumberType("12")', "Int64.Type"),
        ('Text.InferNumberType("1.5")', "Double.Type"),
        ('Text.InferNumberType("5%")', "Percentage.Type"),
    ],
    session=True,
)
def infer_number_type(session: Session, text: str, culture: str | None = None) -> t.Type:
    """The kind of number that a text writes: whole, percentage or any other."""
    culture_of(culture, session)
    number = c.number_from_text(text)
    if number is None:
        raise c.NOT_A_NUMBER.error(text)
    if text.rstrip(c.BLANKS).endswith("%"):
        return t.FACETS["Percentage.Type"]
    whole = re.fullmatch(c.WHOLE_NUMBER_PATTERN, text) is not None and c.INT64_MIN <= number <= c.INT64_MAX
    return t.FACETS["Int64.Type"] if whole else t.FACETS["Double.Type"]
