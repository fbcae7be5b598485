"""Well-known text, read."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TypeVar

from headwater.errors import MError
from headwater.powerquery.library.geography.points import point
from headwater.powerquery.values.core import List, Record, Value

_TOKEN = re.compile(r"\s*(?:([A-Za-z]+)|([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)|([(),;=]))")
_DIMENSIONS = ("", "Z", "M", "ZM")

STRINGS = ("LINESTRING", "CIRCULARSTRING")
"""Shapes that are points in a row."""
RINGED = {"POLYGON": "LINESTRING", "CURVEPOLYGON": "LINESTRING", "TRIANGLE": "LINESTRING"}
"""Shapes within rings, and what a ring is that does not say so itself."""
COLLECTIONS = {
    "MULTIPOINT": "POINT",
    "MULTILINESTRING": "LINESTRING",
    "MULTIPOLYGON": "POLYGON",
    "MULTICURVE": "LINESTRING",
    "MULTISURFACE": "POLYGON",
    "COMPOUNDCURVE": "LINESTRING",
    "POLYHEDRALSURFACE": "POLYGON",
    "TIN": "TRIANGLE",
    "GEOMETRYCOLLECTION": "",
}
"""Shapes made of others, and what a component is that does not say so itself; those of a collection always do."""
KINDS = ("POINT", *STRINGS, *RINGED, *COLLECTIONS)

_T = TypeVar("_T")


def read_shape(text: str, axes: tuple[str, str]) -> Record:
    """The shape that a well-known text describes; ``axes`` names the first two coordinates of points.

    Raises:
        MError: DataFormat.Error, the text is none.
    """
    return _Reader(text, axes).whole()


class _Reader:
    def __init__(self, text: str, axes: tuple[str, str]) -> None:
        self._text = text
        self._axes = axes
        self._tokens = self._split()
        self._at = 0

    def _split(self) -> list[str]:
        tokens, end, text = [], 0, self._text.rstrip()
        while end < len(text):
            found = _TOKEN.match(text, end)
            if found is None:
                raise self._unreadable()
            tokens.append(found[0].strip())
            end = found.end()
        return tokens

    def _unreadable(self) -> MError:
        return MError("DataFormat.Error", "The text is no well-known text of a shape.", self._text)

    def _peek(self) -> str:
        return self._tokens[self._at].upper() if self._at < len(self._tokens) else ""

    def _take(self, *expected: str) -> str:
        token = self._peek()
        if not token or (expected and token not in expected):
            raise self._unreadable()
        self._at += 1
        return token

    def whole(self) -> Record:
        """The shape, with its SRID where the text begins with one."""
        srid: Value = None
        if self._peek() == "SRID":
            self._take()
            self._take("=")
            srid = self._srid()
            self._take(";")
        shape = self._shape("", "")
        if self._at < len(self._tokens):
            raise self._unreadable()
        return shape if srid is None else Record.of({**shape.raw(), "SRID": srid})

    def _srid(self) -> int:
        token = self._take()
        if not token.isdecimal():
            raise self._unreadable()
        return int(token)

    def _shape(self, default: str, dimensions: str) -> Record:
        """A shape that says what it is, or one of the default kind that does not."""
        if default and (self._peek() in {"(", "EMPTY"} or (default == "POINT" and not self._peek().isalpha())):
            return self._body(default, dimensions)
        kind, own = self._kind(self._take())
        if not own and self._peek() in _DIMENSIONS[1:]:
            own = self._take()
        return self._body(kind, own or dimensions)

    def _kind(self, name: str) -> tuple[str, str]:
        """``POINTZ`` is a point with Z."""
        for suffix in _DIMENSIONS:
            kind = name.removesuffix(suffix) if suffix else name
            if kind in KINDS and kind + suffix == name:
                return kind, suffix
        raise self._unreadable()

    def _body(self, kind: str, dimensions: str) -> Record:
        if kind == "POINT":
            return self._point(dimensions)
        if kind in STRINGS:
            return self._made(kind, "Points", lambda: self._coordinates(dimensions))
        if kind in RINGED:
            return self._made(kind, "Rings", lambda: self._shape(RINGED[kind], dimensions))
        return self._made(kind, "Components", lambda: self._shape(COLLECTIONS[kind], dimensions))

    def _made(self, kind: str, members: str, read: Callable[[], Record]) -> Record:
        return Record.of({"Kind": kind, members: List(self._listed(read))})

    def _listed(self, read: Callable[[], _T]) -> list[_T]:
        if self._peek() == "EMPTY":
            self._take()
            return []
        self._take("(")
        items = [read()]
        while self._take(",", ")") == ",":
            items.append(read())
        return items

    def _point(self, dimensions: str) -> Record:
        if self._peek() == "EMPTY":
            self._take()
            return point(self._axes, (math.nan, math.nan))
        if self._peek() != "(":  # in a MULTIPOINT, points may stand without parentheses
            return self._coordinates(dimensions)
        self._take("(")
        found = self._coordinates(dimensions)
        self._take(")")
        return found

    def _coordinates(self, dimensions: str) -> Record:
        numbers = [self._number()]
        while self._peek() not in {",", ")", ""}:
            numbers.append(self._number())
        further = dimensions or ("ZM" if len(numbers) == 4 else "Z" if len(numbers) == 3 else "")
        if len(numbers) != 2 + len(further) or None in numbers[:2]:
            raise self._unreadable()
        return point(self._axes, (numbers[0], numbers[1]), **dict(zip(further, numbers[2:], strict=True)))

    def _number(self) -> Value:
        word = self._take()
        if word == "NULL":
            return None
        try:
            number = float(word)
        except ValueError:
            raise self._unreadable() from None
        if not math.isfinite(number):
            raise self._unreadable()
        return int(number) if number.is_integer() and abs(number) < 2**53 else number
