"""Lineage as text that other programs read: CSV, JSON, GraphML, Graphviz's DOT, OpenLineage's job events."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias
from xml.sax.saxutils import escape, quoteattr

from headwater._version import __version__
from headwater.catalog import ExportedNode, LineageExport
from headwater.dataflows.datasets import dataset_of

__all__ = ["FORMS", "ExportForm", "written"]

ExportForm: TypeAlias = Literal["csv", "json", "graphml", "dot", "openlineage"]

#: The media type of each form.
FORMS: Final[Mapping[str, str]] = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "graphml": "application/graphml+xml",
    "dot": "text/vnd.graphviz; charset=utf-8",
    "openlineage": "application/x-ndjson",
}
_LINE = ("from_guid", "from_type", "from_name", "to_guid", "to_type", "to_name")
_NODE = ("type_name", "qualified_name", "display_name")
_JOB_EVENT = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/JobEvent"


def written(export: LineageExport, form: str, at: datetime) -> Iterator[str]:
    """The graph as text, piece by piece; ``at``: the moment whose lineage it is."""
    if form == "openlineage":
        return _openlineage(export, at)
    return _WRITERS[form](export)


def _csv(export: LineageExport) -> Iterator[str]:
    yield _line(_LINE)
    for edge in export.edges():
        ends = (edge.source, edge.target)
        yield _line([text for end in ends for text in (end.guid, end.type_name, end.qualified_name)])


def _line(values: Any) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(values)
    return text.getvalue()


def _json(export: LineageExport) -> Iterator[str]:
    yield f'{{"root": {json.dumps(export.root.guid)}, "nodes": ['
    for at, node in enumerate(export.nodes()):
        yield (",\n" if at else "\n") + json.dumps(asdict(node))
    yield '\n], "edges": ['
    for at, edge in enumerate(export.edges()):
        yield (",\n" if at else "\n") + json.dumps({"source": edge.source.guid, "target": edge.target.guid})
    yield "\n]}\n"


def _graphml(export: LineageExport) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
    for name in _NODE:
        yield f'<key id="{name}" for="node" attr.name="{name}" attr.type="string"/>\n'
    yield '<graph edgedefault="directed">\n'
    for node in export.nodes():
        data = "".join(f'<data key="{name}">{escape(_xml(getattr(node, name)))}</data>' for name in _NODE)
        yield f"<node id={quoteattr(node.guid)}>{data}</node>\n"
    for edge in export.edges():
        yield f"<edge source={quoteattr(edge.source.guid)} target={quoteattr(edge.target.guid)}/>\n"
    yield "</graph>\n</graphml>\n"


def _xml(text: str) -> str:
    """Text without the characters that XML has no way to write."""
    return "".join(
        each
        for each in text
        if each in "\t\n\r" or " " <= each <= "\ud7ff" or "\ue000" <= each <= "\ufffd" or each >= "\U00010000"
    )


def _dot(export: LineageExport) -> Iterator[str]:
    yield "digraph lineage {\n  rankdir=LR;\n"
    for node in export.nodes():
        shape = "box" if node.is_process else "ellipse"
        yield f"  {_quoted(node.guid)} [label={_quoted(node.display_name)}, shape={shape}];\n"
    for edge in export.edges():
        yield f"  {_quoted(edge.source.guid)} -> {_quoted(edge.target.guid)};\n"
    yield "}\n"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _openlineage(export: LineageExport, at: datetime) -> Iterator[str]:
    """A job event for each process, with what it reads and writes within the graph."""
    jobs: dict[str, tuple[ExportedNode, list[ExportedNode], list[ExportedNode]]] = {}
    for edge in export.edges():
        if edge.target.is_process:
            jobs.setdefault(edge.target.guid, (edge.target, [], []))[1].append(edge.source)
        if edge.source.is_process:
            jobs.setdefault(edge.source.guid, (edge.source, [], []))[2].append(edge.target)
    for job, inputs, outputs in jobs.values():
        event = {
            "eventTime": at.isoformat(),
            "producer": f"urn:headwater:{__version__}",
            "schemaURL": _JOB_EVENT,
            "job": dataset_of(job.qualified_name)._asdict(),
            "inputs": [dataset_of(each.qualified_name)._asdict() for each in inputs],
            "outputs": [dataset_of(each.qualified_name)._asdict() for each in outputs],
        }
        yield json.dumps(event) + "\n"


_WRITERS: Final[Mapping[str, Callable[[LineageExport], Iterator[str]]]] = {
    "csv": _csv,
    "json": _json,
    "graphml": _graphml,
    "dot": _dot,
}
