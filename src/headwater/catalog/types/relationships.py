"""Types of relationships between assets, and which of them are more than a row: flow, parts and columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["BUILT_IN_RELATIONSHIPS", "COLUMNS", "PARTS", "RelationshipDefinition", "RelationshipEnd", "UsedEnd"]

Category = Literal["ASSOCIATION", "AGGREGATION", "COMPOSITION"]


@dataclass(frozen=True, slots=True)
class RelationshipEnd:
    """One end: assets of ``type_name`` have, as ``name``, what is at the other end; "SET" of them or a "SINGLE" one."""

    type_name: str
    name: str
    cardinality: str = "SET"
    is_container: bool = False

    @classmethod
    def from_json(cls, stated: Mapping[str, Any]) -> RelationshipEnd:
        """What an ``endDef1`` or ``endDef2`` says."""
        return cls(
            str(stated["type"]),
            str(stated["name"]),
            str(stated.get("cardinality") or "SET"),
            bool(stated.get("isContainer", False)),
        )


@dataclass(frozen=True, slots=True)
class RelationshipDefinition:
    """A type of relationship. ``flow`` is the kind of edge (``tables.FLOW_KINDS``) that it is kept as; None: a row.

    ``source`` says which end data flows from: 1 or 2.
    """

    name: str
    end1: RelationshipEnd
    end2: RelationshipEnd
    category: Category = "ASSOCIATION"
    description: str = ""
    flow: str | None = None
    source: Literal[1, 2] = 1

    @classmethod
    def from_json(cls, stated: Mapping[str, Any]) -> RelationshipDefinition:
        """What a ``relationshipDefs`` entry says."""
        return cls(
            str(stated["name"]),
            RelationshipEnd.from_json(stated["endDef1"]),
            RelationshipEnd.from_json(stated["endDef2"]),
            stated.get("relationshipCategory") or "ASSOCIATION",
            str(stated.get("description") or ""),
        )


@dataclass(frozen=True, slots=True)
class UsedEnd:
    """A relationship as assets of one of its ends have it; ``near`` is that end, 1 or 2."""

    definition: RelationshipDefinition
    near: Literal[1, 2]

    @property
    def name(self) -> str:
        """What such assets call it."""
        return (self.definition.end1 if self.near == 1 else self.definition.end2).name

    @property
    def is_single(self) -> bool:
        """Whether there is one at the other end at most."""
        return (self.definition.end1 if self.near == 1 else self.definition.end2).cardinality == "SINGLE"

    @property
    def contains(self) -> bool:
        """Whether what is at the other end is a part of such assets."""
        end = self.definition.end1 if self.near == 1 else self.definition.end2
        return self.definition.category == "COMPOSITION" and end.is_container

    @property
    def other_type(self) -> str:
        """What is at the other end."""
        return (self.definition.end2 if self.near == 1 else self.definition.end1).type_name


def _holds(parent: str, child: str, children: str, holder: str) -> RelationshipDefinition:
    """``parent`` contains ``child``; the type is called as ``catalog.containing`` calls it."""
    return RelationshipDefinition(
        f"{parent}_{child}",
        RelationshipEnd(parent, children, is_container=True),
        RelationshipEnd(child, holder, "SINGLE"),
        "COMPOSITION",
    )


#: The columns of a dataset are kept in an order of their own (``tables.asset_columns``).
COLUMNS = RelationshipDefinition(
    "dataset_columns",
    RelationshipEnd("DataSet", "columns", is_container=True),
    RelationshipEnd("column", "dataset", "SINGLE"),
    "COMPOSITION",
)

#: A file flows into the folder that it is a part of; that it is follows from its name.
PARTS = RelationshipDefinition(
    "dataset_parts",
    RelationshipEnd("dataset", "parts", is_container=True),
    RelationshipEnd("dataset", "folder", "SINGLE"),
    "COMPOSITION",
    flow="part",
    source=2,
)

_DEFINITIONS = (
    RelationshipDefinition(
        "dataset_process_inputs",
        RelationshipEnd("Process", "inputs", is_container=True),
        RelationshipEnd("DataSet", "inputToProcesses"),
        "AGGREGATION",
        flow="input",
        source=2,
    ),
    RelationshipDefinition(
        "process_dataset_outputs",
        RelationshipEnd("Process", "outputs", is_container=True),
        RelationshipEnd("DataSet", "outputFromProcesses"),
        "AGGREGATION",
        flow="output",
    ),
    RelationshipDefinition(
        "direct_lineage_dataset_dataset",
        RelationshipEnd("DataSet", "sinks"),
        RelationshipEnd("DataSet", "sources"),
        flow="direct",
    ),
    PARTS,
    COLUMNS,
    _holds("ml_workspace", "ml_model", "models", "workspace"),
    _holds("ml_workspace", "ml_job", "jobs", "workspace"),
    _holds("ml_workspace", "ml_endpoint", "endpoints", "workspace"),
    _holds("ml_model", "ml_model_version", "versions", "registeredModel"),
    _holds("dataflow", "dataflow_table", "tables", "dataflow"),
    # A database holds schemas, and these hold tables: nothing flows from one to the other.
    _holds("dataset", "dataset", "members", "holder"),
)

#: Every built-in relationship by its name.
BUILT_IN_RELATIONSHIPS: dict[str, RelationshipDefinition] = {each.name: each for each in _DEFINITIONS}
