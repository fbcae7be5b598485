"""Text in bytes: the code pages that M names by number."""

from __future__ import annotations

import codecs
import math
from functools import cache

from headwater.errors import MError
from headwater.powerquery.values.core import Binary, Value, binary_bytes, plain
from headwater.powerquery.values.operators import cannot_convert

UTF8 = "utf-8"

_PAGES = {
    1200: "utf-16-le",
    1201: "utf-16-be",
    12000: "utf-32-le",
    12001: "utf-32-be",
    65000: "utf-7",
    65001: UTF8,
    20127: "ascii",
    20866: "koi8-r",
    21866: "koi8-u",
    20932: "euc-jp",
    51932: "euc-jp",
    51949: "euc-kr",
    50220: "iso2022-jp",
    50221: "iso2022-jp-ext",
    50225: "iso2022-kr",
    52936: "hz",
    54936: "gb18030",
    10000: "mac-roman",
    10006: "mac-greek",
    10007: "mac-cyrillic",
    10029: "mac-latin2",
    10079: "mac-iceland",
    10081: "mac-turkish",
}
"""Those whose Python name is not made of their number."""

MARKS = {
    UTF8: codecs.BOM_UTF8,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
}
"""Byte order marks; UTF-32's before UTF-16's, which begins like it."""


def codec_of(page: Value) -> str | None:
    """Python's name of a code page; None where none is given.

    Raises:
        MError: Expression.Error, there is no such code page.

    >>> codec_of(1252), codec_of(28605), codec_of(65001)
    ('cp1252', 'iso8859-15', 'utf-8')
    """
    page = plain(page)
    if page is None:
        return None
    if not isinstance(page, int | float) or isinstance(page, bool):
        raise cannot_convert(page, "Number")
    found = _known(int(page)) if math.isfinite(page) and page == int(page) else None
    if found is None:
        raise MError(
            "Expression.Error",
            "The text encoding is not supported.",
            page,
            hint="Use a value of TextEncoding.Type, or the number of a code page such as 1252.",
        )
    return found


@cache
def _known(page: int) -> str | None:
    if page in _PAGES:
        return _PAGES[page]
    name = f"iso8859-{page - 28590}" if 28591 <= page <= 28606 else f"cp{page:03d}"
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None


def marked_codec(data: bytes) -> str | None:
    """The encoding that a byte order mark at the beginning names, or None."""
    return next((name for name, mark in MARKS.items() if data.startswith(mark)), None)


def decoded(data: bytes, codec: str | None = None) -> str:
    """The text of bytes: by their byte order mark, else in this encoding, else UTF-8.

    What is no character becomes U+FFFD, or a question mark in ASCII.
    """
    own = MARKS.get(codec or "", b"")  # UTF-16's, before a zero character, is UTF-32's
    name = codec if codec and own and data.startswith(own) else marked_codec(data) or codec or UTF8
    text = data.removeprefix(MARKS.get(name, b"")).decode(name, "replace")
    return text.replace("\ufffd", "?") if name == "ascii" else text


def encoded(text: str, codec: str | None = None, *, mark: bool = False) -> bytes:
    """The bytes of a text; what the encoding lacks becomes a question mark."""
    name = codec or UTF8
    return (MARKS.get(name, b"") if mark else b"") + text.encode(name, "replace")


def text_from(source: Value, encoding: Value = None) -> str:
    """The text of a text or a binary argument.

    Raises:
        MError: Expression.Error, it is neither; DataSource.Error, a file cannot be read.
    """
    source = plain(source)
    if isinstance(source, str):
        return source
    if isinstance(source, bytes | Binary):
        return decoded(binary_bytes(source), codec_of(encoding))
    raise cannot_convert(source, "Binary")
