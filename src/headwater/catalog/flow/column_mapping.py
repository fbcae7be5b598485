"""Lineage by column as Purview's clients write it: a JSON text among a process's attributes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import delete, insert, select

from headwater.catalog.chunks import chunked
from headwater.catalog.writing import Writing
from headwater.store import tables

__all__ = ["read_column_mapping", "write_column_mappings"]

_edge, _asset = tables.flow_edges.c, tables.assets.c
Mapped = tuple[str, str, str, str]


def read_column_mapping(text: Any) -> Iterator[Mapped]:
    """(source, its column, sink, its column) of every mapping; what cannot be read maps nothing.

    >>> list(read_column_mapping('[{"DatasetMapping": {"Source": "a", "Sink": "b"},'
    ...     '"ColumnMapping": [{"Source": "x", "Sink": "y"}]}]'))
    [('a', 'x', 'b', 'y')]
    """
    try:
        stated = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return
    for each in stated if isinstance(stated, list) else ():
        if not isinstance(each, Mapping) or not isinstance(each.get("DatasetMapping"), Mapping):
            continue
        datasets = each["DatasetMapping"]
        for column in each.get("ColumnMapping") or ():
            if isinstance(column, Mapping) and column.get("Source") and column.get("Sink"):
                ends = (datasets.get("Source"), column["Source"], datasets.get("Sink"), column["Sink"])
                yield str(ends[0]), str(ends[1]), str(ends[2]), str(ends[3])


def write_column_mappings(writing: Writing, processes: Mapping[int, Mapping[str, Any]]) -> None:
    """Take the mappings out of these processes' attributes, in place of what was known of their columns.

    The ends are named among the process's inputs and outputs; a mapping that names another asset maps nothing.
    """
    for process, attributes in processes.items():
        near = _ends_of(writing, process)
        rows = [
            {
                "process_id": process,
                "source_id": near[source],
                "source_column": source_column,
                "target_id": near[sink],
                "target_column": sink_column,
            }
            for source, source_column, sink, sink_column in read_column_mapping(attributes.get("columnMapping"))
            if source in near and sink in near
        ]
        lineage = tables.column_lineage
        writing.connection.execute(delete(lineage).where(lineage.c.process_id == process))
        for chunk in chunked(rows):
            writing.connection.execute(insert(lineage), chunk)


def _ends_of(writing: Writing, process: int) -> dict[str, int]:
    """The inputs and outputs of a process, by qualified name."""
    inputs = select(_edge.source_id).where(_edge.target_id == process, _edge.kind == tables.FLOW_KINDS["input"])
    outputs = select(_edge.target_id).where(_edge.source_id == process, _edge.kind == tables.FLOW_KINDS["output"])
    query = select(_asset.qualified_name, _asset.id).where(_asset.id.in_(inputs.union(outputs)))
    return {row.qualified_name: row.id for row in writing.connection.execute(query)}
