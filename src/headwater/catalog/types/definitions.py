"""Types of assets, as data; their JSON form is Atlas's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["AttributeDefinition", "TypeDefinition"]


@dataclass(frozen=True, slots=True)
class AttributeDefinition:
    """An attribute. ``accumulates``: a new sighting adds to the list that is there instead of replacing it."""

    name: str
    type_name: str = "string"
    description: str = ""
    accumulates: bool = False
    is_optional: bool = True
    is_unique: bool = False
    cardinality: str = "SINGLE"
    default: Any = None

    @classmethod
    def from_json(cls, stated: Mapping[str, Any]) -> AttributeDefinition:
        """What an ``attributeDefs`` entry says."""
        return cls(
            str(stated["name"]),
            str(stated.get("typeName", "string")),
            str(stated.get("description") or ""),
            is_optional=bool(stated.get("isOptional", True)),
            is_unique=bool(stated.get("isUnique", False)),
            cardinality=str(stated.get("cardinality") or "SINGLE"),
            default=stated.get("defaultValue"),
        )

    def to_json(self) -> dict[str, Any]:
        """The ``attributeDefs`` entry."""
        many = self.type_name.startswith("array<")
        return {
            "name": self.name,
            "typeName": self.type_name,
            "isOptional": self.is_optional,
            "cardinality": "SET" if many else self.cardinality,
            "valuesMinCount": 0 if self.is_optional else 1,
            "valuesMaxCount": 2147483647 if many else 1,
            "isUnique": self.is_unique,
            "isIndexable": self.is_unique,
            "includeInNotification": False,
            "description": self.description,
        }


@dataclass(frozen=True, slots=True)
class TypeDefinition:
    """A type of asset. Attributes of its supertypes are its own too."""

    name: str
    supertypes: tuple[str, ...]
    attributes: tuple[AttributeDefinition, ...] = field(default=())
    description: str = ""
    is_abstract: bool = False
    #: Defined here, by somebody: only then is it known which attributes an asset has to have.
    is_own: bool = False

    @classmethod
    def from_json(cls, stated: Mapping[str, Any]) -> TypeDefinition:
        """What an ``entityDefs`` entry says."""
        return cls(
            str(stated["name"]),
            tuple(stated.get("superTypes") or ()),
            tuple(AttributeDefinition.from_json(each) for each in stated.get("attributeDefs") or ()),
            str(stated.get("description") or ""),
            is_own=True,
        )
