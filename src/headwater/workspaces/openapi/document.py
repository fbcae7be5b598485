"""A service's description: reading it, in JSON or YAML, and its digest. Nothing here calls anybody."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from headwater.errors import WorkspaceError
from headwater.net.jsons import parse_json
from headwater.workspaces.endpoints import document_digest

__all__ = ["MAX_BYTES", "Document", "read_document"]

MAX_BYTES = 4 * 1024 * 1024
#: YAML is read a hundred times slower than JSON.
_MAX_YAML_BYTES = 512 * 1024
#: A few lines of YAML can stand for more than fits into memory, by references to references.
_MAX_NODES = 400_000
_MAX_DEPTH = 100
_VERSION = re.compile(r"2\.0|3\.\d{1,2}(?:\.\d{1,3})?")
_MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class Document:
    """What a service says of itself.

    Attributes:
        specification: the version of OpenAPI that it is written in: "2.0", "3.0.3", "3.1.0".
        content: the description itself, with texts for keys.
        digest: of the description, however it is written down (order, spacing, JSON or YAML).
        title: the service's name; "" where it has none.
        description: its own words.
        version: what it calls its version; "" where it does not.
    """

    specification: str
    content: Mapping[str, Any]
    digest: str
    title: str
    description: str
    version: str


def read_document(content: bytes, place: str = "") -> Document:
    """The description in ``content``; ``place`` is named where it is none.

    Raises:
        WorkspaceError: it is no description by OpenAPI, or larger than any service needs.

    >>> document = read_document(b"openapi: 3.1.0\\ninfo: {title: Fraud, version: '2'}\\npaths: {}\\n")
    >>> document.specification, document.title, document.version
    ('3.1.0', 'Fraud', '2')
    """
    try:
        plain = _Plain().of(_parsed(content))
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError, yaml.YAMLError) as error:
        # Besides its own errors, the YAML reader lets several of Python's through.
        raise _unusable(place) from error
    if not isinstance(plain, dict):
        raise _unusable(place)
    specification = str(plain.get("swagger") or plain.get("openapi") or "")
    info = plain.get("info")
    if not _VERSION.fullmatch(specification) or not isinstance(info, dict) or not isinstance(plain.get("paths"), dict):
        raise _unusable(place)
    return Document(
        specification=specification,
        content=plain,
        digest=document_digest(plain),
        title=_line(info.get("title")),
        description=info["description"].strip() if isinstance(info.get("description"), str) else "",
        version=_line(info.get("version")),
    )


def _parsed(content: bytes) -> Any:
    try:
        return parse_json(content)
    except ValueError:
        if len(content) > _MAX_YAML_BYTES:
            raise
        _check_depth(content)
        return yaml.safe_load(content)


def _check_depth(content: bytes) -> None:
    """Refuse YAML that is nested deeper than any description is; its reader calls itself for each level.

    Where the language has raised the limit for that, it would go on for minutes.
    """
    depth = 0
    for event in yaml.parse(content, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH:
            raise ValueError("nested deeper than a description is")


class _Plain:
    """Turns what was read into JSON's kinds of values, and stops where that would grow beyond any description."""

    def __init__(self) -> None:
        self._nodes = 0

    def of(self, value: object, depth: int = 0) -> Any:
        self._nodes += 1
        if self._nodes > _MAX_NODES or depth > _MAX_DEPTH:
            raise ValueError("more than a description holds")
        if isinstance(value, dict):
            return {_key(key): self.of(inner, depth + 1) for key, inner in value.items()}
        if isinstance(value, list | tuple | set):
            return [self.of(inner, depth + 1) for inner in value]
        # YAML knows dates and bytes besides.
        return value if value is None or isinstance(value, str | int | float) else str(value)


def _key(key: object) -> str:
    """A key as JSON writes it: an answer's status is a number to YAML and a text to JSON."""
    return key if isinstance(key, str) else json.dumps(key, default=str)


def _line(value: object) -> str:
    """A name on one line. YAML takes a version like 1.0 for a number."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return " ".join(str(value).split())[:_MAX_NAME]


def _unusable(place: str) -> WorkspaceError:
    return WorkspaceError(
        "The answer is not a description by OpenAPI 2.0, 3.0 or 3.1.",
        place=place,
        hint="Give the address of the service's swagger.json or openapi.json.",
    )
