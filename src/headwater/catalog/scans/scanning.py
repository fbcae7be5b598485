"""Scans: bring what a source holds into the catalog, and notice what is gone."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, func, select

from headwater.access import Actor, ScopeKind, add_scopes, rename_scope
from headwater.catalog.flow.processes import write_processes
from headwater.catalog.harvesting import Harvest, Listing, Progress, Stored, harvest, load_stored, read_listing
from headwater.catalog.harvesting.absence import absent
from headwater.catalog.harvesting.better_columns import keep_better_columns
from headwater.catalog.harvesting.details import MOST_WARNINGS
from headwater.catalog.harvesting.renames import Renames, find_renames
from headwater.catalog.harvesting.stored import FAILED, PENDING
from headwater.catalog.records import AssetRecord, LineageRecord
from headwater.catalog.scans.data_harvest import data_records
from headwater.catalog.scans.options import ScanOptions
from headwater.catalog.scans.presence import mark_missing
from headwater.catalog.scans.records import ScanReport, begin_scan, end_scan, ended_as_it_ends
from headwater.catalog.scans.renaming import rename_assets
from headwater.catalog.stored import find_guids
from headwater.catalog.writing import touch, write_assets
from headwater.store import Database, tables, utc_now
from headwater.workspaces import Connector, DataLister, Source

__all__ = ["scan"]


@dataclass(frozen=True, slots=True)
class _Written:
    """What a scan did to the catalog."""

    counts: Mapping[str, int]
    missing: int
    pending: int


def scan(
    database: Database,
    actor: Actor,
    source: Source,
    connector: Connector,
    options: ScanOptions | None = None,
    *,
    progress: Progress | None = None,
) -> ScanReport:
    """Bring workspace, models, versions, the jobs that registered them and their datasets into the catalog.

    The workspace is read first and the catalog written then, in one transaction: a scan that fails leaves the
    catalog as it was. What a complete listing no longer has is marked missing; an empty listing marks nothing, nor one
    that has lost too much. Signatures are left pending: ``fetch_details`` reads them.

    Raises:
        ForbiddenError: ``actor`` may not scan the source.
        ScanError: the workspace does not answer or cannot be listed; ``__cause__`` says why.
    """
    options = options or ScanOptions()
    started = time.monotonic()
    scan_id, since = begin_scan(database, actor, source, options)
    warnings: list[dict[str, Any]] = []
    with ended_as_it_ends(database, source, scan_id, warnings):
        with database.read() as connection:
            stored = load_stored(connection, source.id)
        listing = read_listing(connector, options, since=since, expected=len(stored), progress=progress)
        renames = _renames(database, listing, stored, options)
        renames.applied_to(stored)
        found = harvest(connector, source, listing, stored, options=options, progress=progress)
        if isinstance(connector, DataLister) and not options.is_scoped:
            _add_data(found, connector, source)
        gone = absent(found, stored, options, source)
        warnings += found.warnings[:MOST_WARNINGS]
        if progress is not None:
            # The last moment at which whoever asked can call it off.
            progress(len(stored), len(stored))
        written = _write(database, source, scan_id, found, renames=renames, gone=gone)
    return ScanReport(
        id=scan_id,
        kind=options.kind,
        counts=written.counts,
        missing=written.missing,
        renamed=len(renames.models),
        pending=written.pending,
        warnings=warnings,
        seconds=time.monotonic() - started,
    )


def _add_data(found: Harvest, connector: DataLister, source: Source) -> None:
    """What a workspace has registered as data; it owns none of it."""
    data = data_records(connector.list_data_assets(), collection=source.collection)
    found.assets.extend(data.assets)
    found.warnings.extend(map(dict, data.warnings))


def _renames(database: Database, listing: Listing, stored: Stored, options: ScanOptions) -> Renames:
    """What is to be moved, where nothing is in the way."""
    renames = find_renames(listing, stored, options)
    if not renames.assets:
        return renames
    with database.read() as connection:
        return renames.without(find_guids(connection, renames.targets()).keys())


def _write(
    database: Database,
    source: Source,
    scan_id: int,
    found: Harvest,
    *,
    renames: Renames,
    gone: Mapping[str, Iterable[str]],
) -> _Written:
    """Everything the scan found, in one transaction."""
    now = utc_now()
    with database.begin() as connection:
        if renames.assets:
            rename_assets(connection, renames.assets)
            _rename_scopes(connection, source, renames.models)
        scopes = _scopes(connection, source, found.models)
        assets = [replace(record, scope_id=scopes(record)) for record in found.assets]
        jobs = [_scoped(job, scopes) for job in keep_better_columns(connection, found.jobs)]
        seen = set(write_assets(connection, assets, now=now, scan_id=scan_id))
        seen |= set(write_processes(connection, jobs, now=now, scan_id=scan_id))
        touch(connection, found.unread, now=now, scan_id=scan_id)
        seen |= found.unchanged | set(find_guids(connection, found.unread))
        missing = mark_missing(connection, gone, now=now)
        counts = Counter(ref.type_name for ref in seen)
        end_scan(connection, scan_id, "succeeded", counts, found.warnings[:MOST_WARNINGS])
        pending = _count_pending(connection, source)
    return _Written(counts, missing, pending)


def _count_pending(connection: Connection, source: Source) -> int:
    asset = tables.assets.c
    state = asset.attributes["signature_state"].as_string()
    mine = asset.source_id == source.id, asset.type_name == "ml_model_version", asset.status == "active"
    return connection.execute(select(func.count()).where(*mine, state.in_([PENDING, FAILED]))).scalar_one()


def _model_scopes(connection: Connection, source: Source) -> dict[str, int]:
    scope = tables.scopes.c
    listed = select(scope.name, scope.id).where(scope.parent_id == source.scope_id, scope.kind == ScopeKind.MODEL.value)
    return {row.name: row.id for row in connection.execute(listed)}


def _rename_scopes(connection: Connection, source: Source, models: Mapping[str, str]) -> None:
    """Roles given at a model go with it, unless somebody has given roles at its new name already."""
    known = _model_scopes(connection, source)
    for old, new in models.items():
        if old in known and new not in known:
            rename_scope(connection, known[old], new)


def _scopes(connection: Connection, source: Source, models: Iterable[str]) -> Callable[[AssetRecord], int | None]:
    """Which scope a record of the scan is trimmed by: its model's, which is made here, or its workspace's."""
    known = _model_scopes(connection, source)
    known |= add_scopes(connection, ScopeKind.MODEL, [name for name in models if name not in known], source.scope_id)

    def scope_of(record: AssetRecord) -> int | None:
        match record.type_name:
            case "ml_model":
                return known[record.display_name]
            case "ml_model_version":
                is_registered = bool(record.attributes["version"])
                return known.get(record.attributes["model"], source.scope_id) if is_registered else source.scope_id
            case _:
                # What no source owns lies in a collection.
                return None if record.source_id is None else source.scope_id

    return scope_of


def _scoped(job: LineageRecord, scopes: Callable[[AssetRecord], int | None]) -> LineageRecord:
    return replace(job, process=replace(job.process, scope_id=scopes(job.process)))
