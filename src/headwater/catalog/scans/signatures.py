"""A workspace's column types in the catalog's words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from headwater.catalog.records import ColumnRecord
from headwater.workspaces import SignatureInfo

__all__ = ["dataset_columns", "published_type", "version_columns"]

_PUBLISHED = {
    "boolean": "logical",
    "integer": "int64",
    "long": "int64",
    "float": "number",
    "double": "number",
    "string": "text",
    "binary": "binary",
    "datetime": "datetime",
    "tensor": "list",
    "array": "list",
    "object": "record",
    "map": "record",
}


def published_type(native: str) -> str:
    """The published type of a workspace's; text where it has no counterpart.

    >>> published_type("long"), published_type("tensor"), published_type("sparse_vector")
    ('int64', 'list', 'text')
    """
    return _PUBLISHED.get(native, "text")


def version_columns(signature: SignatureInfo) -> tuple[ColumnRecord, ...]:
    """A version's inputs, then its outputs; ``attributes.role`` tells them apart.

    An output without a name (a plain array) is ``prediction``, an input without one ``input``; numbered from 1 where
    there are several.
    """
    inputs = _columns(signature.inputs or (), "input", "input")
    return (*inputs, *_columns(signature.outputs or (), "output", "prediction"))


def dataset_columns(schema: Sequence[tuple[str, str]]) -> tuple[ColumnRecord, ...]:
    """The columns that a job says a dataset has; ``attributes.seen_by`` says that only a job did."""
    return tuple(
        ColumnRecord(name, published_type(native), {"native_type": native, "seen_by": "job"}) for name, native in schema
    )


def _columns(items: Sequence[Mapping[str, Any]], role: str, unnamed: str) -> Iterator[ColumnRecord]:
    for number, item in enumerate(items, start=1):
        native = str(item.get("type", ""))
        attributes = {"role": role, "native_type": native, "required": bool(item.get("required", True))}
        if "tensor-spec" in item:
            attributes["tensor"] = item["tensor-spec"]
        fallback = unnamed if len(items) == 1 else f"{unnamed}_{number}"
        yield ColumnRecord(str(item.get("name") or fallback), published_type(native), attributes)
