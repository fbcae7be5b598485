"""Text from other values and from bytes, and back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from headwater.plan import conversions as c
from headwater.powerquery.library.convert import invariant_number, to_text
from headwater.powerquery.library.cultures import Culture, culture_of
from headwater.powerquery.library.date.folds import text_from as text_from_fold
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.encodings import codec_of, decoded, encoded
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Binary, Value, binary_bytes

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session


def text_of_value(value: Value, culture: Culture) -> Value:
    """A scalar as text in a culture; null stays.

    Raises:
        MError: Expression.Error, the value is a structure.
    """
    return to_text(value, culture)


@function(
    "Text.From(value as any, optional culture as nullable text) as nullable text",
    examples=[
        ("Text.From(0.5)", '"0.5"'),
        ("Text.From(true)", '"true"'),
        ("Text.From(#date(2024, 2, 29))", '"2/29/2024"'),
        ("Text.From(null)", "null"),
    ],
    fold=text_from_fold,
    session=True,
)
def text_from(session: Session, value: Value, culture: str | None = None) -> Value:
    """A number, logical, date, time or duration as text."""
    return text_of_value(value, culture_of(culture, session))


@function(
    "Text.FromBinary(binary as nullable binary, optional encoding as nullable number) as nullable text",
    examples=[("Text.FromBinary(#binary({0x41, 0xC3, 0xA9}))", '"Aé"')],
)
def from_binary(data: bytes | Binary | None, encoding: Value = None) -> Value:
    """The text that bytes stand for, in UTF-8 or another encoding; what is no character becomes U+FFFD."""
    if data is None:
        return None
    return decoded(binary_bytes(data), codec_of(encoding))


@function(
    "Text.ToBinary(text as nullable text, optional encoding as nullable number, optional includeByteOrderMark as"
    " nullable logical) as nullable binary",
    examples=[('Text.ToBinary("Aé")', "#binary({0x41, 0xC3, 0xA9})")],
)
def to_binary(text: str | None, encoding: Value = None, with_mark: bool | None = None) -> Value:
    """The bytes of a text, in UTF-8 or another encoding; what an encoding lacks becomes a question mark."""
    if text is None:
        return None
    return encoded(text, codec_of(encoding), mark=bool(with_mark))


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
    bare = invariant_number(text, culture_of(culture, session))
    number = c.number_from_text(bare)
    if number is None:
        raise c.NOT_A_NUMBER.error(text)
    if bare.rstrip(c.BLANKS).endswith("%"):
        return t.FACETS["Percentage.Type"]
    whole = re.fullmatch(c.WHOLE_NUMBER_PATTERN, bare) is not None and c.INT64_MIN <= number <= c.INT64_MAX
    return t.FACETS["Int64.Type"] if whole else t.FACETS["Double.Type"]
