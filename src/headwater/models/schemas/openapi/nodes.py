"""Schemas of OpenAPI 2.0, 3.0 and 3.1 in one form: references followed, allOf merged, nullability told in one way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

from headwater.errors import SchemaError
from headwater.models.schemas.openapi.refusals import refusal

__all__ = ["MAX_NODES", "Node", "NodeReader"]

#: More than any model takes; a short document can stand for endlessly many, by references to references.
MAX_NODES = 20_000
_MAX_DEPTH = 60

_KINDS = frozenset({"object", "array", "string", "integer", "number", "boolean"})


@dataclass(frozen=True, slots=True)
class Node:
    """One schema. ``kind`` is OpenAPI's ``type``, or "any" where it has none that can be used; ``why`` says so then.

    ``values`` is the schema of all members of an object that is a map.
    """

    kind: str
    format: str = ""
    nullable: bool = False
    description: str = ""
    properties: Mapping[str, Node] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    items: Node | None = None
    values: Node | None = None
    default: Any = None
    example: Any = None
    why: str = ""

    @property
    def scalar(self) -> bool:
        return self.kind in {"string", "integer", "number", "boolean"}

    def at(self, path: Iterable[str]) -> Node:
        """The member at ``path``."""
        node = self
        for name in path:
            node = node.properties[name]
        return node


class NodeReader:
    """Reads schemas of one document.

    Args:
        document: the description.
        model: the function's name, for messages.
        limit: the most schemas that are read in all.
    """

    def __init__(self, document: Mapping[str, Any], model: str, limit: int = MAX_NODES) -> None:
        self._document = document
        self._model = model
        self._left = limit

    def read(self, schema: Any) -> Node:
        """The schema, whole.

        Raises:
            SchemaError: it refers to something elsewhere or to itself, or is larger than any model's.
        """
        return self._read(schema, (), 0)

    def resolve(self, value: Any) -> Any:
        """What a reference stands for; anything else itself."""
        return self._followed(value, ())[0]

    def _read(self, schema: Any, seen: tuple[str, ...], depth: int) -> Node:
        flat, seen = self._flat(schema, seen, depth)
        chosen = flat.get("anyOf") or flat.get("oneOf")
        if isinstance(chosen, list):
            return self._alternatives(flat, chosen, seen, depth)
        kinds = _kinds(flat)
        nullable = "null" in kinds or any(
            flat.get(key) is True for key in ("nullable", "x-nullable", "x-ms-isnullable")
        )
        kind = _one_kind([kind for kind in kinds if kind != "null"])
        if kind not in _KINDS:
            why = "it has no type" if not kind else f"its type is '{kind}'"
            return Node("any", nullable=nullable, example=_example(flat), default=flat.get("default"), why=why)
        return Node(
            kind,
            format=str(flat.get("format") or flat.get("contentEncoding") or ""),
            nullable=nullable,
            description=_line(flat.get("description") or flat.get("title")),
            properties=self._properties(flat, seen, depth) if kind == "object" else {},
            required=frozenset(map(str, flat["required"])) if isinstance(flat.get("required"), list) else frozenset(),
            items=self._read(flat.get("items", {}), seen, depth + 1) if kind == "array" else None,
            values=self._values(flat, seen, depth) if kind == "object" else None,
            default=flat.get("default"),
            example=_example(flat),
        )

    def _properties(self, flat: Mapping[str, Any], seen: tuple[str, ...], depth: int) -> dict[str, Node]:
        found = flat.get("properties")
        if not isinstance(found, Mapping):
            return {}
        return {str(name): self._read(schema, seen, depth + 1) for name, schema in found.items()}

    def _values(self, flat: Mapping[str, Any], seen: tuple[str, ...], depth: int) -> Node | None:
        found = flat.get("additionalProperties")
        return self._read(found, seen, depth + 1) if isinstance(found, Mapping) and found else None

    def _alternatives(self, flat: Mapping[str, Any], chosen: Any, seen: tuple[str, ...], depth: int) -> Node:
        """One of several schemas: a type or null is that type, nullable; whole numbers or numbers are numbers."""
        found = [self._read(schema, seen, depth + 1) for schema in chosen if schema != {"type": "null"}]
        nullable = len(found) < len(chosen) or any(node.nullable for node in found) or flat.get("nullable") is True
        kind = _one_kind([node.kind for node in found])
        if len(found) != 1 and kind not in {"number", "integer", "string", "boolean"}:
            node = Node("any", why="it may be of several types")
        else:
            node = found[0] if len(found) == 1 else Node(kind, format=_common(n.format for n in found))
        return replace(
            node,
            nullable=nullable,
            description=_line(flat.get("description") or flat.get("title")) or node.description,
            default=flat.get("default", node.default),
            example=node.example if (own := _example(flat)) is None else own,
        )

    def _flat(self, schema: Any, seen: tuple[str, ...], depth: int) -> tuple[dict[str, Any], tuple[str, ...]]:
        """The schema with its reference followed and the parts of ``allOf`` merged into it."""
        followed, seen = self._followed(schema, seen)
        if not isinstance(followed, Mapping):
            return {}, seen
        self._left -= 1
        if self._left < 0 or depth > _MAX_DEPTH:
            raise self._too_large()
        own = {key: value for key, value in followed.items() if key != "allOf"}
        listed = followed.get("allOf")
        parts = [self._flat(part, seen, depth + 1)[0] for part in listed] if isinstance(listed, list) else []
        return _merged([*parts, own]) | {key: own[key] for key in own if key not in {"properties", "required"}}, seen

    def _followed(self, value: Any, seen: tuple[str, ...]) -> tuple[Any, tuple[str, ...]]:
        while isinstance(value, Mapping) and isinstance(value.get("$ref"), str):
            reference = value["$ref"]
            if reference in seen:
                raise refusal(
                    "reference", f"In the description of {self._model}, '{reference}' holds itself.", self._model
                )
            seen = (*seen, reference)
            beside = {key: member for key, member in value.items() if key != "$ref"}
            found = self._lookup(reference)
            value = {**found, **beside} if isinstance(found, Mapping) else found
        return value, seen

    def _too_large(self) -> SchemaError:
        return refusal("size", f"The description of {self._model} is nested too deeply, or holds itself.", self._model)

    def _lookup(self, reference: str) -> Any:
        found: Any = self._document
        if not reference.startswith("#"):
            raise refusal(
                "reference",
                f"The description of {self._model} refers to another document ('{reference}').",
                self._model,
            )
        for part in reference[1:].strip("/").split("/"):
            name = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(found, Sequence) and name.isdecimal() and int(name) < len(found):
                found = found[int(name)]
            elif isinstance(found, Mapping) and name in found:
                found = found[name]
            else:
                raise refusal("reference", f"The description of {self._model} lacks '{reference}'.", self._model)
        return found


def _merged(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What all parts of ``allOf`` say together: properties and required names of all, of everything else the first."""
    merged: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            known = merged.get(key)
            if key == "properties" and isinstance(value, Mapping) and isinstance(known, Mapping):
                merged[key] = {**known, **value}
            elif key == "required" and isinstance(value, list) and isinstance(known, list):
                merged[key] = [*known, *value]
            else:
                merged.setdefault(key, value)
    return merged


def _kinds(flat: Mapping[str, Any]) -> list[str]:
    """The types that a schema names, or that follow from what else it says."""
    named = flat.get("type")
    if isinstance(named, str):
        return [named.lower()]
    if isinstance(named, list):
        return [str(kind).lower() for kind in named]
    if "properties" in flat:
        return ["object"]
    if "items" in flat:
        return ["array"]
    values = flat["enum"] if isinstance(flat.get("enum"), list) else [flat["const"]] if "const" in flat else []
    return sorted({_kind_of(value) for value in values})


def _kind_of(value: object) -> str:
    if value is None:
        return "null"
    names = ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"))
    return next((name for kind, name in names if isinstance(value, kind)), "object")


def _one_kind(kinds: Sequence[str]) -> str:
    distinct = set(kinds)
    if distinct == {"integer", "number"}:
        return "number"
    return distinct.pop() if len(distinct) == 1 else "" if not distinct else " or ".join(sorted(distinct))


def _common(formats: Iterable[str]) -> str:
    distinct = set(formats)
    return distinct.pop() if len(distinct) == 1 else ""


def _example(flat: Mapping[str, Any]) -> Any:
    if "example" in flat:
        return flat["example"]
    examples = flat.get("examples")
    return examples[0] if isinstance(examples, list) and examples else None


def _line(text: object) -> str:
    return " ".join(text.split())[:500] if isinstance(text, str) else ""
