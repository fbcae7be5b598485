"""The operations of a description that take rows, their names, and the forms they want. Nothing here calls anybody."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from headwater.workspaces.base import EndpointKind

__all__ = ["Operation", "endpoint_kind", "list_operations", "matches", "name_operations", "operation_of"]

_METHODS = ("post", "put")
_LONGEST_NAME = 200
#: References to references: more of them in a row than any description has.
_MAX_REFERENCES = 20
#: Parts of a schema that are looked through for what tells its kind.
_MAX_PARTS = 5_000
#: What the schema decorators of Azure's entry scripts write as a format.
_DECORATED = re.compile(r"numpy\.ndarray|pandas\.DataFrame\b.*")
#: Azure's inference server calls the body of an entry script so.
_ENTRY_SCRIPT = "ServiceInput"


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation with a JSON body.

    Attributes:
        path: as the description has it.
        method: ``post`` or ``put``.
        operation_id: its id, on one line; "" where it has none.
        summary: what it is for, in the description's words.
        schema: the body's; empty where it has none.
        servers: the addresses that it says it is under (3.x), with their variables' defaults; empty where it says none.
    """

    path: str
    method: str
    operation_id: str
    summary: str
    schema: Mapping[str, Any]
    servers: tuple[str, ...] = ()


def list_operations(content: Mapping[str, Any]) -> list[Operation]:
    """Every operation (POST and PUT) of a description that takes JSON, by path.

    >>> score = {"post": {"requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}}}}
    >>> found = list_operations({"openapi": "3.0.3", "paths": {"/score": score, "/": {"get": {}}}})
    >>> [(operation.path, operation.method) for operation in found]
    [('/score', 'post')]
    """
    paths = _mapping(content.get("paths"))
    found: list[Operation] = []
    for path in sorted(paths):
        item = _resolved(content, paths[path])
        for method in _METHODS:
            given = _mapping(item.get(method))
            schema = _body(content, item, given) if given else None
            if schema is not None and path.startswith("/"):
                found.append(_operation(path, method, schema, (given, item, content)))
    return found


def name_operations(operations: Iterable[Operation], service: str) -> dict[str, Operation]:
    """The operations by what they are called: one alone by the service's name, several each by its id or its path.

    >>> pair = [Operation("/a/score", "post", "", "", {}), Operation("/b", "post", "scoreB", "", {})]
    >>> sorted(name_operations(pair, "Fraud")), sorted(name_operations(pair[:1], "Fraud"))
    (['a_score', 'scoreB'], ['Fraud'])
    """
    known = list(operations)
    if len(known) == 1:
        return {service: known[0]}
    named: dict[str, Operation] = {}
    for operation in known:
        path = re.sub(r"\W+", "_", operation.path).strip("_")
        # The last of these is no other's: a description has one operation for a path and a method.
        tries = (
            operation.operation_id,
            path,
            f"{path}_{operation.method}".strip("_"),
            f"{operation.method} {operation.path}",
        )
        named[next(name for name in tries if name and name not in named)] = operation
    return named


def matches(operation: Operation, fragment: str) -> bool:
    """Whether a fragment (``/score``, ``scoreClaim``) means this operation."""
    return fragment == operation.operation_id or fragment.rstrip("/") == operation.path.rstrip("/")


def operation_of(content: Mapping[str, Any], path: str) -> tuple[str, str]:
    """The operation that is meant by a service's ``path``: ("", "") for the only one, or where none is recognised."""
    known = list_operations(content)
    ending = [operation for operation in known if path.rstrip("/").endswith(operation.path.rstrip("/") or "/")]
    best = max(ending, key=lambda operation: len(operation.path), default=None)
    return ("", "") if best is None or len(known) == 1 else (best.path, best.method)


def endpoint_kind(content: Mapping[str, Any], operation: Operation) -> EndpointKind:
    """How an operation wants its rows, by what its body's schema is called and made of."""
    schema = _resolved(content, operation.schema)
    names = {name for name, _ in _properties(content, schema)}
    if "input_data" in names:
        return "azureml_mlflow"
    if operation.path.partition("?")[0].rstrip("/").endswith("/execute") and "Inputs" in names:
        return "azureml_classic"
    reference = operation.schema.get("$ref")
    if isinstance(reference, str) and reference.rpartition("/")[2] == _ENTRY_SCRIPT:
        return "azureml"
    decorated = any(_DECORATED.fullmatch(str(part.get("format"))) for part in _parts(content, schema))
    return "azureml" if decorated else "openapi"


def _operation(path: str, method: str, schema: Mapping[str, Any], levels: Sequence[Mapping[str, Any]]) -> Operation:
    """An operation; ``levels`` are what says something of it: itself, its path, the description."""
    given = levels[0]
    servers: object = next((level["servers"] for level in levels if level.get("servers")), None)
    return Operation(
        path=path,
        method=method,
        operation_id=_line(given.get("operationId")),
        summary=_text(given.get("description")) or _text(given.get("summary")),
        schema=schema,
        servers=tuple(_server(server) for server in servers) if isinstance(servers, list) else (),
    )


def _body(content: Mapping[str, Any], item: Mapping[str, Any], given: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The schema of an operation's JSON body; None where it takes none."""
    if "requestBody" in given:
        bodies = _mapping(_resolved(content, given["requestBody"]).get("content"))
        return next((_mapping(_mapping(bodies[kind]).get("schema")) for kind in bodies if _is_json(kind)), None)
    consumes = given.get("consumes", content.get("consumes"))
    if isinstance(consumes, list) and consumes and not any(_is_json(str(kind)) for kind in consumes):
        return None
    for level in (given, item):
        parameters = level.get("parameters")
        for entry in parameters if isinstance(parameters, list) else []:
            parameter = _resolved(content, entry)
            if parameter.get("in") == "body":
                return _mapping(parameter.get("schema"))
    return None


def _is_json(media: str) -> bool:
    kind = media.partition(";")[0].strip().lower()
    return kind in {"application/json", "application/*", "*/*"} or kind.endswith("+json")


def _server(server: object) -> str:
    """The address of a server, its variables replaced by their defaults."""
    told = _mapping(server)
    url = _text(told.get("url"))
    for name, variable in _mapping(told.get("variables")).items():
        url = url.replace(f"{{{name}}}", str(_mapping(variable).get("default", "")))
    return url


def _parts(content: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The schema and every schema within it, each once, however they refer to each other."""
    waiting, seen = [schema], set[int]()
    while waiting and len(seen) < _MAX_PARTS:
        part = _resolved(content, waiting.pop())
        if id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        inner = [value for _, value in _properties(content, part)]
        inner += [part.get("items"), part.get("additionalProperties")]
        waiting += [value for value in inner if isinstance(value, dict)]


def _properties(content: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """The properties of an object, those of the schemas that it is put together from included."""
    yield from _mapping(schema.get("properties")).items()
    together = schema.get("allOf")
    for part in together if isinstance(together, list) else []:
        yield from _mapping(_resolved(content, part).get("properties")).items()


def _resolved(content: Mapping[str, Any], node: object) -> Mapping[str, Any]:
    """What a part of the description is or refers to; nothing where the reference leads nowhere or elsewhere."""
    for _ in range(_MAX_REFERENCES):
        found = _mapping(node)
        reference = found.get("$ref")
        if not isinstance(reference, str):
            return found
        node = _pointed_at(content, reference)
    return {}


def _pointed_at(content: Mapping[str, Any], reference: str) -> object:
    if not reference.startswith("#/"):
        return None
    node: object = content
    for step in reference[2:].split("/"):
        node = _mapping(node).get(unquote(step).replace("~1", "/").replace("~0", "~"))
    return node


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _line(value: object) -> str:
    return " ".join(_text(value).split())[:_LONGEST_NAME]
