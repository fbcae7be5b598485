"""The types of published columns as OData's.

=============  =====================================================================================
M type         OData
=============  =====================================================================================
logical        Edm.Boolean
Int64.Type     Edm.Int64
number         Edm.Double
decimal        Edm.Decimal, with its precision and scale
text           Edm.String
date           Edm.Date
time           Edm.TimeOfDay
datetime       Edm.DateTimeOffset: its clock, as UTC (OData has no moment without a zone)
datetimezone   Edm.DateTimeOffset: its clock and its offset
duration       Edm.Duration
binary         Edm.Binary
record         a complex type
list           a collection; of lists, each item is a complex type with one property ``value``
=============  =====================================================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from headwater.plan.types import DataType, Field, Kind
from headwater.server.odata.names import encoded

__all__ = ["ITEM", "ComplexType", "EdmType", "Property", "Structures"]

_SIMPLE: Final = {
    Kind.LOGICAL: "Edm.Boolean",
    Kind.INT64: "Edm.Int64",
    Kind.DOUBLE: "Edm.Double",
    Kind.DECIMAL: "Edm.Decimal",
    Kind.TEXT: "Edm.String",
    Kind.DATE: "Edm.Date",
    Kind.TIME: "Edm.TimeOfDay",
    Kind.DATETIME: "Edm.DateTimeOffset",
    Kind.DATETIMEZONE: "Edm.DateTimeOffset",
    Kind.DURATION: "Edm.Duration",
    Kind.BINARY: "Edm.Binary",
}

#: How many digits a second has after its point.
_FRACTION: Final = {Kind.TIME: "7", Kind.DATETIME: "6", Kind.DATETIMEZONE: "6", Kind.DURATION: "7"}

ITEM: Final = "value"
"""The one property of what stands for a list inside a list."""


@dataclass(frozen=True, slots=True)
class EdmType:
    """A type's name and facets; ``name`` is OData's, ``Collection(…)`` of a list."""

    name: str
    facets: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Property:
    """A property: its identifier, the M name that stands for, and its type."""

    identifier: str
    name: str
    of: DataType
    type: EdmType


@dataclass(frozen=True, slots=True)
class ComplexType:
    """A record's type."""

    name: str
    properties: tuple[Property, ...]


@dataclass(slots=True)
class Structures:
    """The types of one table's columns; ``complex`` fills up with what records among them need."""

    namespace: str
    complex: list[ComplexType] = field(default_factory=list)

    def properties(self, fields: Iterable[tuple[str, DataType]]) -> tuple[Property, ...]:
        """Columns or fields as properties."""
        return tuple(Property(encoded(name), name, of, self.type_of(of)) for name, of in fields)

    def type_of(self, of: DataType) -> EdmType:
        """The OData type of an M type."""
        if of.kind is Kind.LIST:
            item = self.type_of(_item(of))
            return EdmType(f"Collection({item.name})", item.facets)
        if of.kind is Kind.RECORD:
            return EdmType(self._complex(of))
        facets = tuple(_facets(of))
        return EdmType(_SIMPLE[of.kind], facets)

    def _complex(self, of: DataType) -> str:
        properties = self.properties((member.name, member.type) for member in of.fields)
        name = f"Record{len(self.complex) + 1}"
        self.complex.append(ComplexType(name, properties))
        return f"{self.namespace}.{name}"


def _item(of: DataType) -> DataType:
    """The type of a list's items; a list among them is put into a record, OData having no collections of them."""
    assert of.item is not None, "a list type has an item type"
    if of.item.kind is not Kind.LIST:
        return of.item
    return DataType(Kind.RECORD, fields=(Field(ITEM, of.item),))


def _facets(of: DataType) -> Iterator[tuple[str, str]]:
    if of.kind is Kind.DECIMAL:
        yield "Precision", str(of.precision)
        yield "Scale", str(of.scale)
    elif of.kind in _FRACTION:
        yield "Precision", _FRACTION[of.kind]
