"""Scans of sources that hold data and no models: folders, Delta tables, databases."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, select

from headwater.access import Actor
from headwater.catalog.harvesting import Progress
from headwater.catalog.harvesting.absence import FEW, too_many
from headwater.catalog.scans.data_harvest import DataHarvest, data_records
from headwater.catalog.scans.options import ScanOptions
from headwater.catalog.scans.presence import mark_missing
from headwater.catalog.scans.records import ScanReport, begin_scan, end_scan, ended_as_it_ends
from headwater.catalog.writing import write_assets
from headwater.errors import ScanError, UsageError
from headwater.store import Database, tables, utc_now
from headwater.workspaces import Source
from headwater.workspaces.base import DataSource

__all__ = ["scan_data"]

_DATASET = "dataset"


def scan_data(
    database: Database,
    actor: Actor,
    source: Source,
    place: DataSource,
    options: ScanOptions | None = None,
    *,
    progress: Progress | None = None,
) -> ScanReport:
    """Bring the data of a source into the catalog, and mark what it no longer has as missing.

    It is listed in full each time, which reads no rows: full and incremental scans do the same.

    Raises:
        ForbiddenError: ``actor`` may not scan the source.
        UsageError: the options ask for models, runs or experiments of it.
        ScanError: the source does not answer or cannot be listed; ``__cause__`` says why.
    """
    options = options or ScanOptions()
    if options.is_scoped:
        raise UsageError(
            f"'{source.name}' holds data and no models: its scans cannot be narrowed by models, experiments or tags.",
            hint="Scan all of it, or register a part of it as a source of its own.",
        )
    started = time.monotonic()
    scan_id, _ = begin_scan(database, actor, source, options)
    warnings: list[dict[str, Any]] = []
    with ended_as_it_ends(database, source, scan_id, warnings):
        found = data_records(place.list_data_assets(), collection=source.collection, source_id=source.id)
        warnings += map(dict, found.warnings)
        if progress is not None:
            progress(len(found.assets), len(found.assets))
        counts, missing = _write(database, source, scan_id, found, options=options, warnings=warnings)
    return ScanReport(
        id=scan_id,
        kind=options.kind,
        counts=counts,
        missing=missing,
        renamed=0,
        pending=0,
        warnings=warnings,
        seconds=time.monotonic() - started,
    )


def _write(
    database: Database,
    source: Source,
    scan_id: int,
    found: DataHarvest,
    *,
    options: ScanOptions,
    warnings: list[dict[str, Any]],
) -> tuple[Counter[str], int]:
    """Everything the scan found, in one transaction; what it saw by type, and how much went missing."""
    now = utc_now()
    with database.begin() as connection:
        records = [replace(record, scope_id=source.scope_id) for record in found.assets]
        seen = write_assets(connection, records, now=now, scan_id=scan_id)
        gone = _gone(connection, source, [ref.qualified_name for ref in seen], options, warnings)
        missing = mark_missing(connection, {_DATASET: gone}, now=now) if gone else 0
        counts = Counter(ref.type_name for ref in seen)
        end_scan(connection, scan_id, "succeeded", counts, warnings)
    return counts, missing


def _gone(
    connection: Connection,
    source: Source,
    seen: Sequence[str],
    options: ScanOptions,
    warnings: list[dict[str, Any]],
) -> set[str]:
    """What the source had and has no more; nothing, and a warning, where that is not to be believed."""
    asset = tables.assets.c
    mine = (asset.source_id == source.id, asset.type_name == _DATASET, asset.status == "active")
    known = set(connection.scalars(select(asset.qualified_name).where(*mine)))
    gone = known - set(seen)
    if options.confirm_removals or not gone:
        return gone
    if not seen:
        warnings.append({**_empty(source, len(known)).to_dict(), "item": source.name})
        return set()
    if len(gone) > FEW and len(gone) > options.max_removed_share * len(known):
        warnings.append({**too_many(_DATASET, len(gone), len(known), options, source).to_dict(), "item": source.name})
        return set()
    return gone


def _empty(source: Source, known: int) -> ScanError:
    return ScanError(
        f"The listing was empty where {known} datasets were known; nothing was marked as missing.",
        code="scan.empty_listing",
        place=source.url,
        hint="Check the source and the credential; remove the source if it is meant to be empty.",
    )
