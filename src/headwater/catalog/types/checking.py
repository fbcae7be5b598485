"""Whether definitions of types hold together: what they name is there, and they say what they have to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from headwater.catalog.types.documents import KINDS, Document
from headwater.errors import UsageError

__all__ = ["attribute_types", "check_definitions", "read_definitions"]

_PRIMITIVES: Final = frozenset(
    {"boolean", "byte", "short", "int", "long", "float", "double", "biginteger", "bigdecimal"}
    | {"string", "date", "any", "objectid"}
)
_WORD: Final = re.compile(r"[^<>,\s][^<>,]*")
_LONGEST: Final = 255


def read_definitions(stated: Any) -> list[Document]:
    """The definitions of a request's lists, each with its category.

    Raises:
        UsageError: it has none, or one of them is not as it has to be.
    """
    if not isinstance(stated, Mapping):
        raise _wrong("The definitions are no object.")
    found: list[Document] = []
    for kind, category in KINDS.items():
        for each in stated.get(kind) or ():
            if not isinstance(each, Mapping) or not _is_name(each.get("name")):
                raise _wrong(f"One of the {kind} has no name.")
            found.append({**each, "category": category})
    if not found:
        raise _wrong("The request defines no type.")
    return found


def check_definitions(definitions: Iterable[Document], documents: Mapping[str, Document]) -> None:
    """See that each can stand among ``documents``, which hold them too.

    Raises:
        UsageError: one names a type that there is not, or is not as it has to be.
    """
    for each in definitions:
        name, category = each["name"], each["category"]
        for above in _listed(each, "superTypes"):
            _check_there(documents, str(above), name, category)
        for attribute in _listed(each, "elementDefs" if category == "ENUM" else "attributeDefs"):
            _check_attribute(attribute, each, documents)
        if category == "RELATIONSHIP":
            _check_ends(each, documents)
    _check_no_circle(definitions, documents)


def attribute_types(definition: Mapping[str, Any]) -> set[str]:
    """The types, other than plain ones, that the attributes of a definition have.

    >>> sorted(attribute_types({"attributeDefs": [{"name": "a", "typeName": "map<string,array<page>>"}]}))
    ['page']
    """
    stated = (str(each.get("typeName") or "string") for each in definition.get("attributeDefs") or ())
    words = {word for each in stated for word in _WORD.findall(each)}
    return {word for word in words if word.lower() not in _PRIMITIVES | {"array", "map"}}


def _check_attribute(attribute: Any, definition: Document, documents: Mapping[str, Document]) -> None:
    name, is_enum = definition["name"], definition["category"] == "ENUM"
    key = "value" if is_enum else "name"
    if not isinstance(attribute, Mapping) or not _is_name(attribute.get(key)):
        raise _wrong(f"The type '{name}' has an entry without a {key}.")
    for used in () if is_enum else attribute_types({"attributeDefs": [attribute]}):
        _check_there(documents, used, name, None)


def _check_ends(definition: Document, documents: Mapping[str, Document]) -> None:
    for end in ("endDef1", "endDef2"):
        stated = definition.get(end)
        if not isinstance(stated, Mapping) or not _is_name(stated.get("name")) or not _is_name(stated.get("type")):
            raise _wrong(f"The {end} of the relationship '{definition['name']}' has no type or no name.")
        _check_there(documents, stated["type"], definition["name"], "ENTITY")


def _check_there(documents: Mapping[str, Document], wanted: str, by: str, category: str | None) -> None:
    found = documents.get(wanted)
    if found is None or category not in {None, found["category"]}:
        raise UsageError(
            f"The type '{by}' names a type '{wanted}' that there is not.",
            code="catalog.type_unknown",
            hint="Define it in the same request, or before.",
        )


def _check_no_circle(definitions: Iterable[Document], documents: Mapping[str, Document]) -> None:
    for each in definitions:
        seen: set[str] = set()
        waiting = [str(above) for above in each.get("superTypes") or ()]
        while waiting:
            above = waiting.pop()
            if above == each["name"]:
                raise _wrong(f"The type '{above}' is above itself.")
            if above not in seen:
                seen.add(above)
                waiting += documents.get(above, {}).get("superTypes") or ()


def _listed(definition: Document, key: str) -> list[Any]:
    stated = definition.get(key) or []
    if not isinstance(stated, list):
        raise _wrong(f"The {key} of the type '{definition['name']}' are no list.")
    return stated


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST and "\0" not in value


def _wrong(message: str) -> UsageError:
    return UsageError(message, code="catalog.type", hint='Write it as Atlas does: {"entityDefs": [{"name": …}]}.')
