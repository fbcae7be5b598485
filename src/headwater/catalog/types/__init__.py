"""What kinds of thing the catalog holds, as data: type, supertypes, attributes, what may contain what."""

from headwater.catalog.types.builtin import BUILT_IN
from headwater.catalog.types.definitions import AttributeDefinition, TypeDefinition
from headwater.catalog.types.registry import Types, built_in_types, containment_type, types_of
from headwater.catalog.types.relationships import (
    BUILT_IN_RELATIONSHIPS,
    COLUMNS,
    PARTS,
    RelationshipDefinition,
    RelationshipEnd,
    UsedEnd,
)

__all__ = [
    "BUILT_IN",
    "BUILT_IN_RELATIONSHIPS",
    "COLUMNS",
    "PARTS",
    "AttributeDefinition",
    "RelationshipDefinition",
    "RelationshipEnd",
    "TypeDefinition",
    "Types",
    "UsedEnd",
    "built_in_types",
    "containment_type",
    "types_of",
]
