"""What an OData service says of its data: entity sets, their types, and the M types of these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from headwater.errors import MError
from headwater.powerquery.values import types as t

if TYPE_CHECKING:
    from lxml.etree import _Element

_SCALARS: dict[str, t.Type] = {
    "Edm.Binary": t.BINARY,
    "Edm.Boolean": t.LOGICAL,
    "Edm.Byte": t.FACETS["Byte.Type"],
    "Edm.Date": t.DATE,
    "Edm.DateTime": t.DATETIME,
    "Edm.DateTimeOffset": t.DATETIMEZONE,
    "Edm.Decimal": t.FACETS["Decimal.Type"],
    "Edm.Double": t.FACETS["Double.Type"],
    "Edm.Duration": t.DURATION,
    "Edm.Guid": t.TEXT,
    "Edm.Int16": t.FACETS["Int16.Type"],
    "Edm.Int32": t.FACETS["Int32.Type"],
    "Edm.Int64": t.FACETS["Int64.Type"],
    "Edm.SByte": t.FACETS["Int8.Type"],
    "Edm.Single": t.FACETS["Single.Type"],
    "Edm.String": t.TEXT,
    "Edm.Time": t.DURATION,
    "Edm.TimeOfDay": t.TIME,
}


@dataclass(frozen=True, slots=True)
class Property:
    """A property of an entity or complex type; ``type`` is the service's name, ``leads_to`` an entity type's."""

    name: str
    type: str
    nullable: bool = True
    leads_to: bool = False

    @property
    def is_collection(self) -> bool:
        return self.type.startswith("Collection(")

    @property
    def of(self) -> str:
        """The type's name, a collection's items'."""
        return self.type[len("Collection(") : -1] if self.is_collection else self.type


@dataclass
class Structure:
    """An entity or complex type; ``keys`` are the names of the key properties."""

    name: str
    base: str = ""
    properties: list[Property] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)


@dataclass
class ServiceTypes:
    """The types of a service; ``sets`` leads from an entity set's or singleton's name to its entity type's."""

    structures: dict[str, Structure] = field(default_factory=dict)
    sets: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)

    def properties(self, name: str) -> Mapping[str, Property]:
        """All properties of a type by name, those of its base type first; none where it is not known."""
        found: dict[str, Property] = {}
        for structure in self._with_bases(name):
            found = {**{p.name: p for p in structure.properties}, **found}
        bases_first = list(self._with_bases(name))[::-1]
        return {p.name: found[p.name] for structure in bases_first for p in structure.properties}

    def keys(self, name: str) -> list[str]:
        """The names of the key properties of an entity type."""
        return [key for structure in self._with_bases(name) for key in structure.keys]

    def _with_bases(self, name: str) -> Iterator[Structure]:
        seen: set[str] = set()
        while name in self.structures and name not in seen:
            seen.add(name)
            yield self.structures[name]
            name = self.structures[name].base

    def m_type(self, of: Property) -> t.Type:
        """The M type of a property."""
        if of.leads_to:
            return t.TABLE if of.is_collection else t.nullable(t.RECORD)
        if of.is_collection:
            return t.LIST
        found = self.scalar(of.type) or (t.RECORD if of.type in self.structures else t.ANY)
        return t.nullable(found) if of.nullable else found

    def scalar(self, name: str) -> t.Type | None:
        """The M type of a type whose values are no structures; an enumeration's are texts."""
        return _SCALARS.get(self.values.get(name, name))

    @cached_property
    def known(self) -> bool:
        """Whether the service said anything."""
        return bool(self.structures or self.sets)


def read_metadata(document: bytes) -> ServiceTypes:
    """The types that a ``$metadata`` document declares.

    Raises:
        MError: DataFormat.Error, it is no such document.
    """
    from lxml import etree

    # A document of a stranger: nothing is fetched for it, and it may not define what is read many times.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(document, parser)
    except etree.XMLSyntaxError:
        raise MError("DataFormat.Error", "The OData service's $metadata is not XML.") from None
    types = ServiceTypes()
    for schema in _below(root, "Schema"):
        names = [name for name in (schema.get("Namespace"), schema.get("Alias")) if name]
        _read_schema(schema, names, types)
    return types


def _read_schema(schema: _Element, namespaces: list[str], types: ServiceTypes) -> None:
    for element in [*_below(schema, "EntityType"), *_below(schema, "ComplexType")]:
        structure = _structure(element, schema)
        types.structures.update({f"{namespace}.{structure.name}": structure for namespace in namespaces})
    stands_for = {element.get("Name", ""): "Edm.String" for element in _below(schema, "EnumType")}
    stands_for |= {e.get("Name", ""): e.get("UnderlyingType", "") for e in _below(schema, "TypeDefinition")}
    for name, value in stands_for.items():
        types.values.update({f"{namespace}.{name}": value for namespace in namespaces})
    for element in [*_below(schema, "EntitySet"), *_below(schema, "Singleton")]:
        types.sets[element.get("Name", "")] = element.get("EntityType") or element.get("Type") or ""


def _structure(element: _Element, schema: _Element) -> Structure:
    properties = [
        Property(declared.get("Name", ""), declared.get("Type", ""), declared.get("Nullable") != "false")
        for declared in _below(element, "Property")
    ]
    for navigation in _below(element, "NavigationProperty"):
        leads_to = navigation.get("Type") or _role_type(navigation, schema)
        properties.append(Property(navigation.get("Name", ""), leads_to, leads_to=True))
    keys = [reference.get("Name", "") for reference in _below(element, "PropertyRef")]
    return Structure(element.get("Name", ""), element.get("BaseType", ""), properties, keys)


def _role_type(navigation: _Element, schema: _Element) -> str:
    """The type that a version 3 navigation leads to: the end of an association."""
    association = navigation.get("Relationship", "").rpartition(".")[2]
    for element in _below(schema, "Association"):
        if element.get("Name") != association:
            continue
        for end in _below(element, "End"):
            if end.get("Role") == navigation.get("ToRole"):
                name = end.get("Type", "")
                return f"Collection({name})" if end.get("Multiplicity") == "*" else name
    return "Collection(Edm.Untyped)"


def _below(element: _Element, name: str) -> Iterator[_Element]:
    return element.iter(f"{{*}}{name}")
