"""What an answer of an OData service holds: read off its context, ``…/$metadata#Orders(id,total)``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from headwater.powerquery.library.data.odata.metadata import Property, ServiceTypes

_SELECTED = re.compile(r"(?:[^\W\d]|\*)[\w.*/]*\+?")


@dataclass(frozen=True, slots=True)
class Shape:
    """What entities there are: their type's name, the set they are of where it is one, and the properties chosen.

    ``chosen`` is None where nothing was left out.
    """

    type: str
    entity_set: str = ""
    chosen: tuple[str, ...] | None = None


def shape_of(fragment: str, types: ServiceTypes) -> Shape:
    """The shape that a context's fragment names.

    >>> types = ServiceTypes(sets={"Orders": "N.Order"})
    >>> shape_of("Orders(id,total)", types)
    Shape(type='N.Order', entity_set='Orders', chosen=('id', 'total'))
    >>> shape_of("Orders/$entity", types)
    Shape(type='N.Order', entity_set='Orders', chosen=None)
    """
    segments = [s for s in _split(fragment, "/") if s and s not in {"$entity", "@Element", "$delta"}]
    if not segments:
        return Shape("")
    first, chosen = _parts(segments[0])
    entity_set = first if first in types.sets else ""
    found = types.sets.get(first, first)
    for segment in segments[1:]:
        name, chosen = _parts(segment)
        properties = types.properties(found)
        found = properties[name].of if name in properties else name
        entity_set = "" if name in properties else entity_set
    return Shape(found, entity_set, chosen)


def _parts(segment: str) -> tuple[str, tuple[str, ...] | None]:
    name, opened, rest = segment.partition("(")
    if not opened or not rest.endswith(")") or name == "Collection":
        return segment, None
    listed = [(item.partition("(")[0].strip(), "(" in item) for item in _split(rest[:-1], ",")]
    if not all(_SELECTED.fullmatch(item) for item, _ in listed) or not any(not nested for _, nested in listed):
        return name, None  # a key, or nothing but what was expanded
    names = tuple(item.rstrip("+") for item, _ in listed)
    return name, None if "*" in names else names


def _split(text: str, separator: str) -> list[str]:
    """The parts of a text between separators that stand outside brackets and quotes."""
    parts, depth, quoted, start = [], 0, False, 0
    for at, character in enumerate(text):
        if character == "'":
            quoted = not quoted
        elif not quoted:
            depth += (character == "(") - (character == ")")
            if character == separator and depth == 0:
                parts.append(text[start:at])
                start = at + 1
    return [*parts, text[start:]]


def columns_of(shape: Shape, types: ServiceTypes, first: Mapping[str, Any] | None) -> list[Property]:
    """The columns of a table of entities; without declared types they are the names of the first one."""
    properties = types.properties(shape.type)
    if not properties:
        names = [name for name in first or {} if "@" not in name and not name.startswith("odata.")]
        return [Property(name, "") for name in shape.chosen or names]
    if shape.chosen is None:
        return list(properties.values())
    return [properties.get(name, Property(name, "")) for name in shape.chosen]


def key_of(entity: Mapping[str, Any], shape: Shape, types: ServiceTypes) -> str:
    """The part of an address that tells an entity from others, ``(7)``; "" where it cannot be told.

    >>> from headwater.powerquery.library.data.odata.metadata import Structure
    >>> types = ServiceTypes({"N.A": Structure("A", properties=[Property("id", "Edm.String")], keys=["id"])})
    >>> key_of({"id": "it's"}, Shape("N.A"), types)
    "('it%27%27s')"
    """
    properties, keys = types.properties(shape.type), types.keys(shape.type)
    if not keys or any(key not in entity or key not in properties for key in keys):
        return ""
    values = [_literal(entity[key], types.values.get(properties[key].type, properties[key].type)) for key in keys]
    pairs = values if len(keys) == 1 else [f"{key}={value}" for key, value in zip(keys, values, strict=True)]
    return f"({','.join(pairs)})"


def _literal(value: Any, type_name: str) -> str:
    if type_name == "Edm.String":
        doubled = str(value).replace("'", "''")
        return f"'{quote(doubled, safe='')}'"
    return quote(str(value).lower() if isinstance(value, bool) else str(value), safe=":")
