"""Characters and their numbers; arguments that are a character or a list of them; GUIDs."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

from headwater.errors import MError
from headwater.powerquery.library.arguments import text_of, whole
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.text.units import joined
from headwater.powerquery.values.core import List, Value, plain

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session

WHITESPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""What M takes for blank."""


def character_of(value: Value) -> str:
    """One character.

    Raises:
        MError: Expression.Error, it is another kind of value or a text of another length.
    """
    text = joined(text_of(value))
    if len(text) != 1:
        raise MError("Expression.Error", "The value isn't a single-character string.", value)
    return text


def characters_of(value: Value) -> str:
    """One character, or a list of them, as one text."""
    value = plain(value)
    return "".join(character_of(item) for item in value) if isinstance(value, List) else character_of(value)


@function(
    "Character.FromNumber(number as nullable number) as nullable text",
    examples=[("Character.FromNumber(65)", '"A"'), ("Character.FromNumber(0x1F600)", '"#(0001F600)"')],
)
def character_from_number(number: Value) -> Value:
    """The character that has this number in Unicode."""
    if number is None:
        return None
    code = whole(number, "number")
    if code > 0x10FFFF:
        raise MError("Expression.Error", "The 'number' argument is out of range.", number)
    return chr(code)


@function(
    "Character.ToNumber(character as nullable text) as nullable number",
    examples=[('Character.ToNumber("A")', "65"), ('Character.ToNumber("#(0001F600)")', "128512")],
)
def character_to_number(character: str | None) -> Value:
    """The number of a character in Unicode."""
    return None if character is None else ord(character_of(character))


@function("Text.NewGuid() as text", examples=[("Text.Length(Text.NewGuid())", "36")], session=True)
def new_guid(session: Session) -> str:
    """A new random GUID."""
    return str(uuid.UUID(int=session.random.getrandbits(128), version=4))


_HEX = "[0-9A-Fa-f]"
_DASHED = "-".join(f"{_HEX}{{{count}}}" for count in (8, 4, 4, 4, 12))
_GUID = re.compile(rf"{_HEX}{{32}}|{_DASHED}|\{{{_DASHED}\}}|\({_DASHED}\)")
_GUID_PARTS = re.compile(
    rf"\{{0x({_HEX}{{1,8}}),0x({_HEX}{{1,4}}),0x({_HEX}{{1,4}}),\{{((?:0x{_HEX}{{1,2}},){{7}}0x{_HEX}{{1,2}})\}}\}}"
)


@function(
    "Guid.From(value as nullable text) as nullable text",
    examples=[
        ('Guid.From("{0AF1B8B1-7D4E-4C5B-8F0B-1B9C2D3E4F50}")', '"0af1b8b1-7d4e-4c5b-8f0b-1b9c2d3e4f50"'),
    ],
)
def guid_from(value: str | None) -> Value:
    """A GUID in its usual form, from any of the forms in which GUIDs are written."""
    if value is None:
        return None
    bare = value.strip()
    if _GUID.fullmatch(bare):
        return str(uuid.UUID(re.sub("[(){}]", "", bare)))
    parts = _GUID_PARTS.fullmatch(bare.replace(" ", ""))
    if parts is None:
        raise MError("DataFormat.Error", "We couldn't convert to Guid.", value)
    tail = "".join(part[2:].zfill(2) for part in parts[4].split(","))
    return str(uuid.UUID(parts[1].zfill(8) + parts[2].zfill(4) + parts[3].zfill(4) + tail))
