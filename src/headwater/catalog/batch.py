"""What is put together before it is written: one record an identity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from headwater.catalog.plain import plain
from headwater.catalog.records import AssetRecord, AssetRef
from headwater.catalog.types import Types
from headwater.errors import UsageError

__all__ = ["distinct", "merged"]


def distinct(types: Types, batch: Iterable[AssetRecord]) -> dict[AssetRef, AssetRecord]:
    """One record an identity: two sightings in one batch are put together as two batches would be.

    Raises:
        UsageError: an unknown or abstract type, no name, or a parent of a type that holds no such asset.
    """
    records: dict[AssetRef, AssetRecord] = {}
    for record in batch:
        _check(types, record)
        seen = replace(record, attributes=merged(types, record.type_name, {}, plain(record.attributes)))
        earlier = records.get(record.ref)
        records[record.ref] = seen if earlier is None else _combined(types, earlier, seen)
    return records


def _check(types: Types, record: AssetRecord) -> None:
    if types.get(record.type_name).is_abstract or not record.qualified_name:
        raise UsageError(
            f"An asset of type '{record.type_name}' cannot be recorded like this.",
            hint="Give a concrete type and a qualified name.",
        )
    if record.parent is not None and not types.holds(record.parent.type_name, record.type_name):
        raise UsageError(
            f"An asset of type '{record.parent.type_name}' holds none of type '{record.type_name}'.",
            hint="Leave the parent out, or relate the two by a relationship of another type.",
        )


def _combined(types: Types, earlier: AssetRecord, later: AssetRecord) -> AssetRecord:
    return replace(
        later,
        attributes=merged(types, later.type_name, earlier.attributes, later.attributes),
        columns=earlier.columns if later.columns is None else later.columns,
        collection=later.collection or earlier.collection,
        parent=later.parent or earlier.parent,
        source_id=earlier.source_id if later.source_id is None else later.source_id,
        scope_id=earlier.scope_id if later.scope_id is None else later.scope_id,
    )


def merged(types: Types, type_name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """``new`` over ``old``; attributes that accumulate keep what they had, in the order it was first seen."""
    result = {**old, **new}
    for name, attribute in types.attributes(type_name).items():
        if attribute.accumulates and name in result:
            result[name] = list(dict.fromkeys([*old.get(name, ()), *new.get(name, ())]))
    return result
