"""Names that M allows, as identifiers that OData allows, and back.

A letter of any alphabet, a digit and ``_`` stand for themselves; any other character, and a digit at the start, is
``_xHHHH_`` by its UTF-16 units, as .NET's XmlConvert writes names. A ``_`` that would be read as the start of such a
group is written as one.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

__all__ = ["decoded", "encoded"]

_GROUP: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
_STARTS: Final = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Nl"})
_GOES_ON: Final = _STARTS | {"Nd", "Mn", "Mc", "Pc", "Cf"}


def encoded(name: str) -> str:
    """An M name as an OData identifier; no two names become one.

    >>> encoded("Order Date"), encoded("Größe"), encoded("1st"), encoded("a_x0020_b")
    ('Order_x0020_Date', 'Größe', '_x0031_st', 'a_x005F_x0020_b')
    """
    return "".join(_character(name, at) for at in range(len(name)))


def decoded(identifier: str) -> str:
    """The M name that an identifier stands for.

    >>> decoded("Order_x0020_Date"), decoded("a_x005F_x0020_b")
    ('Order Date', 'a_x0020_b')
    """
    units = _GROUP.sub(lambda found: chr(int(found[1], 16)), identifier)
    # Two units that make up one character come together again.
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _character(name: str, at: int) -> str:
    character = name[at]
    if character == "_":
        return "_x005F_" if _GROUP.match(name, at) else "_"
    # What is not in the basic plane is spelt out: not every reader of XML schemas takes it for a letter.
    known = unicodedata.category(character) in (_GOES_ON if at else _STARTS) and ord(character) < 0x10000
    if known:
        return character
    data = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"_x{data[i : i + 2].hex().upper()}_" for i in range(0, len(data), 2))
