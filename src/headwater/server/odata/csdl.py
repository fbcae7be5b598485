"""The $metadata document: CSDL in XML, by lxml."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from headwater.plan.types import DataType, Kind
from headwater.server.odata.edm import ComplexType, Property, Structures
from headwater.server.odata.names import encoded

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["CONTAINER", "NAMESPACE", "EntityType", "entity_type", "metadata", "schemas_of_tables"]

NAMESPACE: Final = "Headwater"
TABLES: Final = f"{NAMESPACE}.Tables"
RECORDS: Final = f"{NAMESPACE}.Records"
CONTAINER: Final = "Container"

_EDMX: Final = "http://docs.oasis-open.org/odata/ns/edmx"
_EDM: Final = "http://docs.oasis-open.org/odata/ns/edm"

_M_NAME: Final = "MName"
_M_TYPE: Final = "MType"


@dataclass(frozen=True, slots=True)
class EntityType:
    """One table: its entity set has the type's name."""

    name: str
    m_name: str
    properties: tuple[Property, ...]
    keys: tuple[str, ...]
    complex: tuple[ComplexType, ...]

    @property
    def full_name(self) -> str:
        return f"{TABLES}.{self.name}"


def entity_type(entity: str, columns: Iterable[tuple[str, DataType]], keys: Sequence[str]) -> EntityType:
    """The type of a table's rows.

    A key that names a column which is not there, or which OData takes for no key, is none.
    """
    name = encoded(entity)
    structures = Structures(f"{RECORDS}.{name}")
    properties = structures.properties(columns)
    usable = {p.name for p in properties if p.of.kind in _KEYS}
    key = tuple(keys) if usable.issuperset(keys) else ()
    return EntityType(name, entity, properties, tuple(encoded(column) for column in key), tuple(structures.complex))


#: What OData allows in a key; of numbers with a fraction no two readers agree which are equal.
_KEYS: Final = frozenset(
    {Kind.LOGICAL, Kind.INT64, Kind.DECIMAL, Kind.TEXT, Kind.DATE, Kind.TIME, Kind.DATETIME, Kind.DATETIMEZONE,
     Kind.DURATION}
)  # fmt: skip


def metadata(build: Iterable[_Element]) -> bytes:
    """The document around some schemas."""
    from lxml import etree

    root = etree.Element(f"{{{_EDMX}}}Edmx", {"Version": "4.0"}, nsmap={"edmx": _EDMX})
    services = etree.SubElement(root, f"{{{_EDMX}}}DataServices")
    services.extend(build)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return written


def schemas_of_tables(types: Sequence[EntityType]) -> list[_Element]:
    """The schemas of a dataflow's tables: records, entity types, and the container with the sets."""
    schemas = []
    for one in types:
        if one.complex:
            schemas.append(schema(f"{RECORDS}.{one.name}"))
            for record in one.complex:
                add_properties(add(schemas[-1], "ComplexType", Name=record.name), record.properties)
    tables = schema(TABLES)
    for one in types:
        _add_entity_type(tables, one)
    own = schema(NAMESPACE)
    add_terms(own)
    container = add(own, "EntityContainer", Name=CONTAINER)
    for one in types:
        entity_set = add(container, "EntitySet", Name=one.name, EntityType=one.full_name)
        note_name(entity_set, one.name, one.m_name)
    return [*schemas, tables, own]


def _add_entity_type(to: _Element, of: EntityType) -> None:
    element = add(to, "EntityType", Name=of.name)
    if of.keys:
        key = add(element, "Key")
        for name in of.keys:
            add(key, "PropertyRef", Name=name)
    add_properties(element, of.properties, of.keys)


# -- elements ----------------------------------------------------------------------------------------------------------


def schema(namespace: str) -> _Element:
    """An empty schema."""
    from lxml import etree

    return etree.Element(f"{{{_EDM}}}Schema", {"Namespace": namespace}, nsmap={None: _EDM})


def add(to: _Element, tag: str, /, **attributes: str) -> _Element:
    """An element below another one."""
    from lxml import etree

    return etree.SubElement(to, f"{{{_EDM}}}{tag}", attributes)


def add_properties(to: _Element, properties: Iterable[Property], keys: Sequence[str] = ()) -> None:
    """Properties of a structure; each that is part of the key is never null."""
    for one in properties:
        attributes = {"Name": one.identifier, "Type": one.type.name, **dict(one.type.facets)}
        if one.identifier in keys:
            attributes["Nullable"] = "false"
        element = add(to, "Property", **attributes)
        note_name(element, one.identifier, one.name)
        if one.of.kind is Kind.DATETIME:
            add(element, "Annotation", Term=f"{NAMESPACE}.{_M_TYPE}", String="datetime")


def note_name(to: _Element, identifier: str, name: str) -> None:
    """The M name, where it is another one than the identifier."""
    # XML has no way to write most control characters; the identifier tells them all the same.
    if identifier != name and name.isprintable():
        add(to, "Annotation", Term=f"{NAMESPACE}.{_M_NAME}", String=name)


def add_terms(to: _Element) -> None:
    """The terms that annotations here use."""
    add(to, "Term", Name=_M_NAME, Type="Edm.String", Nullable="false")
    add(to, "Term", Name=_M_TYPE, Type="Edm.String", Nullable="false")
