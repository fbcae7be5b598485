"""Lineage records as JSON values, for a row that outlives the process that made them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from headwater.catalog import AssetRecord, AssetRef, ColumnEdge, ColumnRecord, LineageRecord

__all__ = ["lineage_from_json", "lineage_to_json", "with_table_scope"]


def lineage_to_json(record: LineageRecord) -> dict[str, Any]:
    """JSON values.

    >>> flow = AssetRecord("dataflow", "headwater://x", "x")
    >>> record = LineageRecord(flow, (AssetRef("dataset", "file:///a"),), (flow,))
    >>> lineage_from_json(lineage_to_json(record)) == record
    True
    """
    return asdict(record)


def lineage_from_json(stored: Mapping[str, Any]) -> LineageRecord:
    """What :func:`lineage_to_json` wrote."""
    return LineageRecord(
        _record(stored["process"]),
        tuple(map(_seen, stored["inputs"])),
        tuple(map(_seen, stored["outputs"])),
        tuple(_edge(edge) for edge in stored["columns"]),
        tuple(map(_record, stored["others"])),
    )


def with_table_scope(record: LineageRecord, scope_id: int) -> LineageRecord:
    """The record of an entity whose table is trimmed by this scope, which it gets when it is published."""
    outputs = (replace(out, scope_id=scope_id) if isinstance(out, AssetRecord) else out for out in record.outputs)
    return replace(record, outputs=tuple(outputs))


def _seen(stored: Mapping[str, Any]) -> AssetRecord | AssetRef:
    return _record(stored) if "display_name" in stored else AssetRef(**stored)


def _record(stored: Mapping[str, Any]) -> AssetRecord:
    columns, parent = stored["columns"], stored["parent"]
    return AssetRecord(
        **{
            **stored,
            "columns": None if columns is None else tuple(ColumnRecord(**column) for column in columns),
            "parent": None if parent is None else AssetRef(**parent),
        }
    )


def _edge(stored: Mapping[str, Any]) -> ColumnEdge:
    return ColumnEdge(**{**stored, "source": AssetRef(**stored["source"]), "target": AssetRef(**stored["target"])})
