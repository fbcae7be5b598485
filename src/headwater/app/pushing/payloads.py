"""Entities as another Atlas takes them: named by type and qualified name, since guids are this catalog's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

__all__ = ["Entity", "Name", "described", "name_of", "related"]

Entity: TypeAlias = Mapping[str, Any]
#: A type and a qualified name.
Name: TypeAlias = tuple[str, str]

_FLOW: Final = ("inputs", "outputs")
#: What is made of other things that are pushed, or is of this installation alone: people and glossaries.
_OWN: Final = frozenset({"meanings"})


def name_of(entity: Entity) -> Name:
    """What an entity is known by everywhere."""
    return entity["typeName"], entity["attributes"]["qualifiedName"]


def described(entity: Entity, placeholder: int) -> dict[str, Any]:
    """An entity without its relationships, under a placeholder in the place of its guid.

    >>> entity = {"typeName": "dataset", "attributes": {"qualifiedName": "q", "rows": None, "inputs": []}}
    >>> described(entity, 1)["attributes"], described(entity, 1)["guid"]
    ({'qualifiedName': 'q'}, '-1')
    """
    attributes = {
        name: value for name, value in entity["attributes"].items() if value is not None and name not in _FLOW
    }
    told: dict[str, Any] = {"typeName": entity["typeName"], "guid": str(-placeholder), "attributes": attributes}
    classifications = [
        {"typeName": each["typeName"], "attributes": each.get("attributes") or {}}
        for each in entity.get("classifications") or ()
    ]
    for name in ("labels", "customAttributes"):
        if entity.get(name):
            told[name] = entity[name]
    return told | ({"classifications": classifications} if classifications else {})


def related(entity: Entity, placeholder: int, is_there: Callable[[Name], bool]) -> dict[str, Any] | None:
    """An entity with its relationships to what is there, too; None where it has none.

    A reference to what is not pushed would have the whole entity refused.
    """
    found: dict[str, Any] = {}
    for name, value in (entity.get("relationshipAttributes") or {}).items():
        if name in _OWN:
            continue
        listed = value if isinstance(value, list) else [value]
        kept = [_reference(each) for each in listed if isinstance(each, Mapping) and is_there(_name(each))]
        if kept:
            found[name] = kept if isinstance(value, list) else kept[0]
    if not found:
        return None
    _, qualified_name = name_of(entity)
    attributes = {"qualifiedName": qualified_name, "name": entity["attributes"]["name"]}
    flow = {name: found[name] for name in _FLOW if name in found}
    return {
        "typeName": entity["typeName"],
        "guid": str(-placeholder),
        "attributes": attributes | flow,
        "relationshipAttributes": found,
    }


def _name(reference: Mapping[str, Any]) -> Name:
    return reference["typeName"], (reference.get("uniqueAttributes") or {}).get("qualifiedName", "")


def _reference(reference: Mapping[str, Any]) -> dict[str, Any]:
    type_name, qualified_name = _name(reference)
    return {"typeName": type_name, "uniqueAttributes": {"qualifiedName": qualified_name}}
