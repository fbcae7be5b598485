"""Well-known text of shapes, from text to records and back."""

from __future__ import annotations

import math

from headwater.errors import MError
from headwater.powerquery.library.arguments import list_of, record_of
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.geography.points import GEOGRAPHY, GEOMETRY
from headwater.powerquery.library.geography.reading import COLLECTIONS, RINGED, STRINGS, read_shape
from headwater.powerquery.values.core import Record, Value
from headwater.powerquery.values.operators import cannot_convert, is_number
from headwater.powerquery.values.text import number_text


@function(
    "Geography.FromWellKnownText(input as nullable text) as nullable record",
    examples=[
        ('Geography.FromWellKnownText("POINT (18.07 59.33)")', '[Kind = "POINT", Longitude = 18.07, Latitude = 59.33]'),
        ('Geography.FromWellKnownText("SRID=4258;POINT(1 2)")[SRID]', "4258"),
    ],
)
def geography_from_text(text: str | None) -> Record | None:
    """The record of a shape on the earth that is given as well-known text: Kind, and with it the coordinates of a
    point, the Points of a line, the Rings of a polygon, or the Components of a shape made of others.
    """
    return None if text is None else read_shape(text, GEOGRAPHY)


@function(
    "Geometry.FromWellKnownText(input as nullable text) as nullable record",
    examples=[
        ('Geometry.FromWellKnownText("LINESTRING (0 0, 1 2)")[Points]{1}', '[Kind = "POINT", X = 1, Y = 2]'),
        ('Geometry.FromWellKnownText("POINT Z (1 2 3)")', '[Kind = "POINT", X = 1, Y = 2, Z = 3]'),
    ],
)
def geometry_from_text(text: str | None) -> Record | None:
    """The record of a shape in a plane that is given as well-known text; see Geography.FromWellKnownText."""
    return None if text is None else read_shape(text, GEOMETRY)


@function(
    "Geography.ToWellKnownText(input as nullable record, optional omitSRID as nullable logical) as nullable text",
    examples=[
        ("Geography.ToWellKnownText(GeographyPoint.From(1.5, 2, null, null, 4258))", '"SRID=4258;POINT(1.5 2)"'),
        ("Geography.ToWellKnownText(GeographyPoint.From(1.5, 2, null, null, 4258), true)", '"POINT(1.5 2)"'),
    ],
)
def geography_to_text(shape: Record | None, omit_srid: bool | None = None) -> str | None:
    """The well-known text of a shape on the earth, after its SRID where it has one that is not to be left out."""
    return None if shape is None else _with_srid(shape, GEOGRAPHY, omit_srid)


@function(
    "Geometry.ToWellKnownText(input as nullable record, optional omitSRID as nullable logical) as nullable text",
    examples=[
        ("Geometry.ToWellKnownText(GeometryPoint.From(1, 2))", '"POINT(1 2)"'),
        ('Geometry.ToWellKnownText(Geometry.FromWellKnownText("polygon ((0 0, 1 0, 1 1, 0 0))"))',
         '"POLYGON((0 0, 1 0, 1 1, 0 0))"'),
    ],
)  # fmt: skip
def geometry_to_text(shape: Record | None, omit_srid: bool | None = None) -> str | None:
    """The well-known text of a shape in a plane, after its SRID where it has one that is not to be left out."""
    return None if shape is None else _with_srid(shape, GEOMETRY, omit_srid)


def _with_srid(shape: Record, axes: tuple[str, str], omit: bool | None) -> str:
    srid = shape.plain("SRID")
    text = _text(shape, axes, "")
    return text if srid is None or omit else f"SRID={_number(srid)};{text}"


def _text(shape: Record, axes: tuple[str, str], default: str) -> str:
    """A shape's text; without its kind where that is the default at its place."""
    kind = str(shape.plain("Kind", "")).upper()
    if kind == "POINT":
        body = _point(shape, axes)
    elif kind in STRINGS:
        body = _listed([_coordinates(record_of(each), axes) for each in _members(shape, "Points")])
    elif kind in RINGED:
        body = _listed([_text(record_of(each), axes, RINGED[kind]) for each in _members(shape, "Rings")])
    elif kind in COLLECTIONS:
        body = _listed([_text(record_of(each), axes, COLLECTIONS[kind]) for each in _members(shape, "Components")])
    else:
        raise MError("Expression.Error", "The record's Kind is no shape of well-known text.", shape)
    return body if kind == default else f"{kind} {body}" if body == "EMPTY" else f"{kind}{body}"


def _members(shape: Record, name: str) -> list[Value]:
    if name not in shape:
        raise MError("Expression.Error", f"The field '{name}' of the record wasn't found.", shape)
    return list(list_of(shape.get(name)))


def _listed(texts: list[str]) -> str:
    return f"({', '.join(texts)})" if texts else "EMPTY"


def _point(shape: Record, axes: tuple[str, str]) -> str:
    first = shape.plain(axes[0])
    return "EMPTY" if isinstance(first, float) and math.isnan(first) else f"({_coordinates(shape, axes)})"


def _coordinates(shape: Record, axes: tuple[str, str]) -> str:
    """The coordinates; a missing Z before an M is NULL."""
    z, m = shape.plain("Z"), shape.plain("M")
    further = [] if z is None and m is None else [z] if m is None else [z, m]
    shown = [_number(shape.plain(name)) for name in axes]
    return " ".join([*shown, *("NULL" if value is None else _number(value) for value in further)])


def _number(value: Value) -> str:
    if not is_number(value):
        raise cannot_convert(value, "Number")
    return number_text(value)
