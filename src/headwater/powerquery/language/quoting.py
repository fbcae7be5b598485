"""Names and texts as M writes them."""

from __future__ import annotations

import re

from headwater.powerquery.language.lexer import is_regular_identifier, is_word

__all__ = ["quote_field_name", "quote_identifier", "quote_text"]

# What cannot stand in a literal as it is; surrogates only occur in broken text and cannot be encoded as UTF-8.
_SPECIAL = re.compile('["\\r\\n\\t\ud800-\udfff]|#\\(')
_ESCAPES = {'"': '""', "\r": "#(cr)", "\n": "#(lf)", "\t": "#(tab)", "#(": "#(#)("}


def quote_text(value: str) -> str:
    """The M literal of a text.

    >>> print(quote_text('the "big" one'), quote_text("a" + chr(10) + "b"), quote_text("#(lf)"))
    "the ""big"" one" "a#(lf)b" "#(#)(lf)"
    """
    return f'"{_SPECIAL.sub(_escape, value)}"'


def _escape(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[0]) or f"#({ord(match[0]):04X})"


def quote_identifier(name: str) -> str:
    """A name as an identifier: as it is if it may be, else quoted.

    >>> print(quote_identifier("Table.Sort"), quote_identifier("Order Date"), quote_identifier("each"))
    Table.Sort #"Order Date" #"each"
    """
    return name if is_regular_identifier(name) else "#" + quote_text(name)


def quote_field_name(name: str) -> str:
    """A name as a record's field, where M also allows blanks and keywords without quotes.

    >>> print(quote_field_name("Order Date"), quote_field_name("type"), quote_field_name("50%"))
    Order Date type #"50%"
    """
    return name if all(map(_is_generalized_part, name.split(" "))) else "#" + quote_text(name)


def _is_generalized_part(part: str) -> bool:
    """One word of a generalized identifier: perhaps a digit, then a name with at most one dot, perhaps a keyword."""
    segment = part[1:] if part[:1].isdigit() and part.isascii() else part
    names = segment.split(".")
    return len(names) <= 2 and all(map(is_word, names))
