"""Points."""

from __future__ import annotations

from headwater.powerquery.library.declarations import function
from headwater.powerquery.values.core import Record, Value

GEOGRAPHY, GEOMETRY = ("Longitude", "Latitude"), ("X", "Y")
"""The fields of a point on the earth and of one in a plane."""


def point(axes: tuple[str, str], coordinates: tuple[Value, Value], **further: Value) -> Record:
    """A point; ``further`` are Z, M and SRID, null ones are left out."""
    given = {name: value for name, value in further.items() if value is not None}
    return Record.of({"Kind": "POINT", axes[0]: coordinates[0], axes[1]: coordinates[1], **given})


@function(
    "GeographyPoint.From(longitude as number, latitude as number, optional z as nullable number, optional m as nullable"
    " number, optional srid as nullable number) as record",
    examples=[
        ("GeographyPoint.From(18.07, 59.33)", '[Kind = "POINT", Longitude = 18.07, Latitude = 59.33]'),
        ("GeographyPoint.From(18.07, 59.33, null, null, 4258)[SRID]", "4258"),
    ],
)
def geography_point(
    longitude: Value, latitude: Value, z: Value = None, m: Value = None, srid: Value = None
) -> Record:  # fmt: skip
    """A point on the earth: longitude and latitude, and where given elevation (Z), measure (M) and the number of its
    reference system (SRID; 4326 where none is given).
    """
    return point(GEOGRAPHY, (longitude, latitude), Z=z, M=m, SRID=srid)


@function(
    "GeometryPoint.From(x as number, y as number, optional z as nullable number, optional m as nullable number,"
    " optional srid as nullable number) as record",
    examples=[
        ("GeometryPoint.From(1, 2)", '[Kind = "POINT", X = 1, Y = 2]'),
        ("GeometryPoint.From(1, 2, null, 4)", '[Kind = "POINT", X = 1, Y = 2, M = 4]'),
    ],
)
def geometry_point(x: Value, y: Value, z: Value = None, m: Value = None, srid: Value = None) -> Record:
    """A point in a plane: X and Y, and where given elevation (Z), measure (M) and the number of its reference system
    (SRID; 0 where none is given).
    """
    return point(GEOMETRY, (x, y), Z=z, M=m, SRID=srid)
