"""The operations of a description that take JSON, and the schemas of their bodies and answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from headwater.models.schemas.openapi.nodes import NodeReader

__all__ = ["Described", "described_operations"]

_METHODS = ("post", "put", "patch")
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Described:
    """One operation as its document has it; ``body`` and ``answer`` are raw schemas, ``answer`` None where it has none.

    ``asks`` names parameters outside of the body that have to be given and have no default.
    """

    path: str
    method: str
    id: str
    summary: str
    body: Any
    answer: Any
    asks: tuple[str, ...]


def described_operations(document: Mapping[str, Any], reader: NodeReader) -> Iterator[Described]:
    """Every operation with a JSON body, in the document's order."""
    for path, method, operation, parameters in _all(document, reader):
        body = _body(operation, parameters, document, reader)
        if body is not None:
            yield Described(
                path=path,
                method=method,
                id=str(operation.get("operationId") or ""),
                summary=_line(operation.get("summary") or operation.get("description")),
                body=body,
                answer=_answer(operation, reader),
                asks=tuple(str(p.get("name")) for p in parameters if _asks(p)),
            )


def _all(
    document: Mapping[str, Any], reader: NodeReader
) -> Iterator[tuple[str, str, Mapping[str, Any], list[Mapping[str, Any]]]]:
    """Each operation that may have a body: its path, its method, itself, and its parameters."""
    paths = document.get("paths")
    for path, item in paths.items() if isinstance(paths, Mapping) else ():
        resolved = reader.resolve(item)
        for method in _METHODS if isinstance(resolved, Mapping) else ():
            operation = resolved.get(method)
            if isinstance(operation, Mapping):
                listed = [*_list(resolved.get("parameters")), *_list(operation.get("parameters"))]
                parameters = [p for p in map(reader.resolve, listed) if isinstance(p, Mapping)]
                yield str(path), method, operation, parameters


def _body(
    operation: Mapping[str, Any], parameters: list[Mapping[str, Any]], document: Mapping[str, Any], reader: NodeReader
) -> Any:
    if "swagger" in document:
        return _body_2(parameters, operation, document)
    return _content_schema(reader.resolve(operation.get("requestBody")), reader)


def _body_2(parameters: list[Mapping[str, Any]], operation: Mapping[str, Any], document: Mapping[str, Any]) -> Any:
    consumes = _list(operation.get("consumes")) or _list(document.get("consumes")) or [_JSON]
    if not any(_is_json(kind) for kind in consumes):
        return None
    return next((p["schema"] for p in parameters if p.get("in") == "body" and "schema" in p), None)


def _content_schema(holder: Any, reader: NodeReader) -> Any:
    """The schema of JSON content; the example beside it goes into it where it has none of its own."""
    content = holder.get("content") if isinstance(holder, Mapping) else None
    for kind, media in content.items() if isinstance(content, Mapping) else ():
        if _is_json(kind) and isinstance(media, Mapping) and "schema" in media:
            example = _example(media, reader)
            if example is None or "example" in reader.resolve(media["schema"]):
                return media["schema"]
            return {"allOf": [media["schema"]], "example": example}
    return None


def _example(media: Mapping[str, Any], reader: NodeReader) -> Any:
    if "example" in media:
        return media["example"]
    examples = media.get("examples")
    first = next(iter(examples.values()), None) if isinstance(examples, Mapping) else None
    resolved = reader.resolve(first)
    return resolved.get("value") if isinstance(resolved, Mapping) else None


def _answer(operation: Mapping[str, Any], reader: NodeReader) -> Any:
    responses = operation.get("responses")
    if not isinstance(responses, Mapping):
        return None
    for status in ("200", "201", "2XX", "default"):
        response = reader.resolve(responses.get(status))
        if isinstance(response, Mapping):
            return response["schema"] if "schema" in response else _content_schema(response, reader)
    return None


def _asks(parameter: Mapping[str, Any]) -> bool:
    schema = parameter.get("schema")
    known = "default" in parameter or (isinstance(schema, Mapping) and "default" in schema)
    return (
        parameter.get("in") in ("path", "query", "header", "formData")
        and parameter.get("required") is True
        and not known
    )


def _is_json(kind: object) -> bool:
    name = str(kind).partition(";")[0].strip().lower()
    return name in {_JSON, "*/*", "application/*"} or name.endswith("+json")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _line(text: object) -> str:
    return " ".join(text.split())[:200] if isinstance(text, str) else ""
