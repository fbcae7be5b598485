"""What kinds of thing the catalog holds, as data: type, supertypes, attributes, what may contain what."""

from headwater.catalog.types.builtin import BUILT_IN, CONTAINMENTS
from headwater.catalog.types.definitions import AttributeDefinition, TypeDefinition
from headwater.catalog.types.registry import Types, built_in_types, types_of

__all__ = [
    "BUILT_IN",
    "CONTAINMENTS",
    "AttributeDefinition",
    "TypeDefinition",
    "Types",
    "built_in_types",
    "types_of",
]
