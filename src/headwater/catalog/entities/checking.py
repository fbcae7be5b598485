"""Whether an entity's attributes are what its type says, where somebody here defined it.

Attributes that no type declares are kept: of well-known types not all are known here, and nothing is lost. Of a type
that was defined here, an entity has to have what is not optional, and takes the default values of what it leaves out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from headwater.catalog.entities.incoming import Incoming
from headwater.catalog.types import AttributeDefinition, Types
from headwater.errors import UsageError

__all__ = ["check_attributes"]


def check_attributes(types: Types, entity: Incoming, *, is_new: bool) -> None:
    """See that a value of an enum is one of its values, and of a new entity that nothing is missing.

    Raises:
        UsageError: an attribute is missing, or is not one of the values of its enum (``catalog.attribute``).
    """
    for definition in types.attributes(entity.type_name).values():
        allowed = types.enums.get(definition.type_name.removeprefix("array<").removesuffix(">"))
        if allowed is not None:
            _check_enum(entity, definition, allowed)
    for definition in _own_attributes(types, entity.type_name) if is_new else ():
        name = definition.name
        if entity.attributes.get(name) is not None or name in entity.relations:
            continue
        if definition.default is not None:
            entity.attributes[name] = definition.default
        elif not definition.is_optional:
            raise UsageError(
                f"An entity of type '{entity.type_name}' has no '{name}'.",
                code="catalog.attribute",
                hint="Give it: the type says that it is not optional.",
            )


def _own_attributes(types: Types, type_name: str) -> Iterator[AttributeDefinition]:
    for line in (type_name, *types.supertypes(type_name)):
        definition = types.get(line)
        if definition.is_own:
            yield from definition.attributes


def _check_enum(entity: Incoming, definition: AttributeDefinition, allowed: frozenset[str]) -> None:
    value: Any = entity.attributes.get(definition.name)
    values = value if isinstance(value, list) else [] if value is None else [value]
    if any(str(each) not in allowed for each in values):
        raise UsageError(
            f"The attribute '{definition.name}' of a {entity.type_name} is none of its values.",
            code="catalog.attribute",
            hint=f"Use one of {', '.join(sorted(allowed)[:20])}.",
        )
