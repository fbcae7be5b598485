"""Lengths and positions in M count UTF-16 units, of which a character beyond U+FFFF has two.

Functions that count work on a text's *units*: the text with such characters taken apart into their two surrogates.
``joined`` puts them together again.

>>> len(units("a😀")), joined(units("a😀")) == "a😀"
(3, True)
"""

from __future__ import annotations

import re

_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def units(text: str) -> str:
    """The text, one character for each UTF-16 unit."""
    if text.isascii() or _ASTRAL.search(text) is None:
        return text
    return _ASTRAL.sub(_apart, text)


def _apart(found: re.Match[str]) -> str:
    offset = ord(found[0]) - 0x10000
    return chr(0xD800 + (offset >> 10)) + chr(0xDC00 + (offset & 0x3FF))


def joined(text: str) -> str:
    """The text of these units, surrogate pairs put together."""
    if text.isascii():
        return text
    return _PAIR.sub(_together, text)


def _together(found: re.Match[str]) -> str:
    high, low = ord(found[0][0]), ord(found[0][1])
    return chr(0x10000 + ((high - 0xD800) << 10) + low - 0xDC00)
