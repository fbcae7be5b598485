"""What the catalog has of a source: what a new listing is compared with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from headwater.catalog.columns import columns_of
from headwater.catalog.records import AssetRef
from headwater.catalog.stored import find_ids
from headwater.store import tables

__all__ = ["FAILED", "PENDING", "READ", "Stored", "StoredAsset", "load_stored", "looked_into"]

#: ``signature_state`` of a version: it is to be read, was read (whether or not it has one), could not be read.
PENDING, READ, FAILED = "pending", "read", "failed"

_assets = tables.assets
_asset = tables.assets.c


@dataclass(frozen=True, slots=True)
class StoredAsset:
    """An asset of the source. Of a job, ``attributes`` has only what a scan asks for."""

    display_name: str
    status: str
    attributes: Mapping[str, Any]

    @property
    def is_active(self) -> bool:
        """Whether it was there when last looked for."""
        return self.status == "active"


@dataclass(slots=True)
class Stored:
    """The source's assets by qualified name, present or missing."""

    models: dict[str, StoredAsset] = field(default_factory=dict)
    versions: dict[str, StoredAsset] = field(default_factory=dict)
    jobs: dict[str, StoredAsset] = field(default_factory=dict)

    def of(self, type_name: str) -> dict[str, StoredAsset]:
        """Those of one type."""
        return {"ml_model": self.models, "ml_model_version": self.versions, "ml_job": self.jobs}[type_name]

    def __len__(self) -> int:
        return len(self.models) + len(self.versions) + len(self.jobs)


def load_stored(connection: Connection, source_id: int) -> Stored:
    """What the catalog has of a source."""
    stored = Stored()
    entries = select(_asset.type_name, _asset.qualified_name, _asset.display_name, _asset.status, _asset.attributes)
    mine = _asset.source_id == source_id
    for row in connection.execute(entries.where(mine, _asset.type_name.in_(["ml_model", "ml_model_version"]))):
        stored.of(row.type_name)[row.qualified_name] = StoredAsset(row.display_name, row.status, row.attributes)
    # A job's parameters and metrics are long, and not needed here.
    told = {name: _asset.attributes[name].as_string() for name in ("run_id", "experiment", "ended_at", "registered")}
    jobs = select(
        _asset.qualified_name, _asset.display_name, _asset.status, *(each.label(name) for name, each in told.items())
    )
    for row in connection.execute(jobs.where(mine, _asset.type_name == "ml_job")):
        attributes = {name: getattr(row, name) for name in told}
        # A true value is "true" to one database, and 1 to the other.
        attributes["registered"] = str(row.registered).lower() not in {"false", "0"}
        stored.jobs[row.qualified_name] = StoredAsset(row.display_name, row.status, attributes)
    return stored


def looked_into(connection: Connection, datasets: Iterable[AssetRef]) -> set[AssetRef]:
    """Those of ``datasets`` whose columns somebody else than a job saw."""
    refs = {number: ref for ref, number in find_ids(connection, datasets).items()}
    columns = columns_of(connection, refs)
    return {
        refs[number]
        for number, found in columns.items()
        if any(column.attributes.get("seen_by") != "job" for column in found)
    }
