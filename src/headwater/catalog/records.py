"""What is written to the catalog: assets, references to them, and the lineage of a process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["AssetRecord", "AssetRef", "ColumnEdge", "ColumnRecord", "LineageRecord"]


@dataclass(frozen=True, slots=True)
class AssetRef:
    """An asset by its identity."""

    type_name: str
    qualified_name: str

    def __hash__(self) -> int:
        # A batch looks tens of thousands of them up; a text knows its hash, and the name tells nearly all apart.
        return hash(self.qualified_name)


@dataclass(frozen=True, slots=True)
class ColumnRecord:
    """A column. ``type`` is one of the published types (``text``, ``number``, ``int64`` …)."""

    name: str
    type: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AssetRecord:
    """A sighting of an asset: what whoever saw it knows about it.

    Attributes given replace those of the same name and leave the others; ``columns`` None leaves the columns.
    ``collection`` is where a new asset goes (the root if None); one that exists stays where it is. ``parent``
    contains it. ``source_id`` is the source whose scans own it. ``scope_id`` is the scope it is trimmed by (a model's,
    a dataflow's); None leaves it, and a new asset's is then its collection's.
    """

    type_name: str
    qualified_name: str
    display_name: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    columns: tuple[ColumnRecord, ...] | None = None
    collection: str | None = None
    parent: AssetRef | None = None
    source_id: int | None = None
    scope_id: int | None = None

    @property
    def ref(self) -> AssetRef:
        return AssetRef(self.type_name, self.qualified_name)


@dataclass(frozen=True, slots=True)
class ColumnEdge:
    """Values of ``source_column`` (None: of the asset as a whole) determine ``target_column``.

    ``via`` is the qualified name of the model version they pass through, None if they pass through none.
    """

    source: AssetRef
    source_column: str | None
    target: AssetRef
    target_column: str
    via: str | None = None


@dataclass(frozen=True, slots=True)
class LineageRecord:
    """A process with all that goes in and comes out; it replaces what was recorded for that process before.

    An input or output given as a record is written too, one given as a reference has to exist. ``others`` are
    written first, being what the rest refers to: the dataflow, the files of a folder.
    """

    process: AssetRecord
    inputs: tuple[AssetRecord | AssetRef, ...]
    outputs: tuple[AssetRecord | AssetRef, ...]
    columns: tuple[ColumnEdge, ...] = ()
    others: tuple[AssetRecord, ...] = ()
