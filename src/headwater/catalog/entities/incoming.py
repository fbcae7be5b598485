"""Entities as clients send them, in Atlas's JSON: read into what is to be written, and nothing looked up yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from headwater.catalog.records import AssetRef
from headwater.catalog.types import Types, UsedEnd
from headwater.errors import UsageError

__all__ = ["Incoming", "Reference", "is_placeholder", "read_entities", "read_reference"]


@dataclass(frozen=True, slots=True)
class Reference:
    """What an entity refers to: by a guid, a placeholder of the same request, or a type and qualified name."""

    guid: str | None
    identity: AssetRef | None
    #: Of the relationship, where the reference states some.
    attributes: Mapping[str, Any] | None = None


@dataclass(slots=True)
class Incoming:
    """One entity of a request.

    Attributes:
        guid: the placeholder or guid that the client gave it; "" for none.
        type_name: its type.
        qualified_name: None where it is to be found by ``guid``.
        attributes: those that are given and refer to nothing; None takes a value away.
        relations: by the end's name, what is to be at its other end. A single end has one or none.
        said: what people say of it (labels, contacts, …), by Atlas's names, where given.
        collection: the name of the collection that it names itself.
    """

    guid: str
    type_name: str
    qualified_name: str | None
    attributes: dict[str, Any] = field(default_factory=dict)
    relations: dict[str, tuple[UsedEnd, Sequence[Reference]]] = field(default_factory=dict)
    said: dict[str, Any] = field(default_factory=dict)
    collection: str | None = None

    @property
    def identity(self) -> AssetRef | None:
        """Its type and qualified name."""
        return None if self.qualified_name is None else AssetRef(self.type_name, self.qualified_name)


#: What people say of an asset, as Atlas and Purview call it.
SAID = ("classifications", "labels", "contacts", "customAttributes", "businessAttributes", "meanings")


def is_placeholder(guid: str) -> bool:
    """Whether a guid only stands for an entity of the same request.

    >>> is_placeholder("-12"), is_placeholder("5d3c"), is_placeholder("")
    (True, False, False)
    """
    return guid.startswith("-")


def read_entities(types: Types, stated: Iterable[Mapping[str, Any]]) -> list[Incoming]:
    """The entities of a request; ``stated`` has those of ``entities`` and of ``referredEntities``.

    Raises:
        UsageError: one has an unknown type, or neither a guid nor a qualified name, or is none.
    """
    return [_Reader(types, entity).read() for entity in stated]


class _Reader:
    """Reads one entity."""

    def __init__(self, types: Types, stated: Mapping[str, Any]) -> None:
        if not isinstance(stated, Mapping) or not isinstance(stated.get("typeName"), str):
            raise UsageError("An entity has no type.", hint='Give it a "typeName".', code="catalog.entity")
        self._stated = stated
        self._types = types
        self._type = types.get(stated["typeName"])
        if self._type.is_abstract:
            raise UsageError(
                f"There are no assets of type '{self._type.name}' itself.",
                hint="Give one of the types below it.",
                code="catalog.entity",
            )
        self._ends = types.ends(self._type.name)

    def read(self) -> Incoming:
        """The entity."""
        stated = self._stated
        attributes = _mapping(stated.get("attributes"), "attributes")
        guid = "" if stated.get("guid") is None else str(stated["guid"])
        name = attributes.get("qualifiedName")
        made = Incoming(
            guid, self._type.name, None if name is None else str(name), collection=stated.get("collectionId")
        )
        if made.qualified_name is None and (not guid or is_placeholder(guid)):
            raise UsageError(
                f"An entity of type '{made.type_name}' has no qualified name.",
                hint='Give it attributes.qualifiedName, or the "guid" of the asset that it is.',
                code="catalog.entity",
            )
        for each, value in attributes.items():
            self._attribute(made, each, value)
        for each, value in _mapping(stated.get("relationshipAttributes"), "relationshipAttributes").items():
            if each in self._ends and value is not None:
                made.relations[each] = (self._ends[each], _references(value))
        made.said = {each: stated[each] for each in SAID if stated.get(each) is not None}
        return made

    def _attribute(self, made: Incoming, name: str, value: Any) -> None:
        end = None if self._is_plain(name) else self._ends.get(name)
        if end is None:
            made.attributes[name] = value
        elif value is not None:
            made.relations[name] = (end, _references(value))

    def _is_plain(self, name: str) -> bool:
        """Whether the type says that an attribute is a value, although a relationship has the name as well."""
        stated = self._types.attributes(self._type.name).get(name)
        return stated is not None and stated.type_name.removeprefix("array<").removesuffix(">") not in self._types


def _mapping(value: Any, name: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise UsageError(
            f"The {name} of an entity are no object.", hint="See the types of the catalog.", code="catalog.entity"
        )
    return value


def _references(value: Any) -> list[Reference]:
    return [read_reference(each) for each in (value if isinstance(value, list) else [value])]


def read_reference(stated: Any) -> Reference:
    """What refers to an entity: ``{guid}`` or ``{typeName, uniqueAttributes: {qualifiedName}}``.

    Raises:
        UsageError: it is neither.
    """
    if isinstance(stated, Mapping):
        related = stated.get("relationshipAttributes")
        attributes = related.get("attributes") if isinstance(related, Mapping) else None
        if stated.get("guid") not in {None, ""}:
            return Reference(str(stated["guid"]), None, attributes)
        unique = stated.get("uniqueAttributes")
        if isinstance(unique, Mapping) and unique.get("qualifiedName") is not None and stated.get("typeName"):
            return Reference(None, AssetRef(str(stated["typeName"]), str(unique["qualifiedName"])), attributes)
    raise UsageError(
        "A reference to an entity names none.",
        hint='Give a "guid", or a "typeName" with "uniqueAttributes": {"qualifiedName": …}.',
        code="catalog.reference",
    )
