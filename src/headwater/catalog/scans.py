"""Scans: bring what a source holds into the catalog, and notice what is gone."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from headwater.access import Action, Actor, ScopeKind, add_scopes, allowed_to, rename_scope, require
from headwater.catalog.harvesting import Harvest, Listing, Progress, Stored, harvest, load_stored, read_listing
from headwater.catalog.harvesting.absence import absent
from headwater.catalog.harvesting.better_columns import keep_better_columns
from headwater.catalog.harvesting.details import MOST_WARNINGS, DetailsReport
from headwater.catalog.harvesting.renames import Renames, find_renames
from headwater.catalog.harvesting.stored import FAILED, PENDING
from headwater.catalog.presence import mark_missing
from headwater.catalog.processes import write_processes
from headwater.catalog.records import AssetRecord, LineageRecord
from headwater.catalog.renaming import rename_assets
from headwater.catalog.scan_options import ScanKind, ScanOptions
from headwater.catalog.stored import find_guids
from headwater.catalog.writing import touch, write_assets
from headwater.errors import CancelRequestedError, HeadwaterError, LeaseLostError, ScanError
from headwater.store import Database, tables, utc_now
from headwater.workspaces import Connector, Source

__all__ = ["ScanReport", "ScanSummary", "close_left", "last_full_scan", "last_scans", "scan"]

#: How long before the last scan began runs are looked at again: their times are other machines'.
OVERLAP = timedelta(hours=1)
#: Among how many scans one is looked for that saw everything.
_SCANS_LOOKED_AT = 500


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What a scan did.

    ``counts`` is how many assets of each type it saw, ``missing`` how many it found gone, ``renamed`` how many models
    it found under another name, ``warnings`` one ``{code, message, where, hint, item}`` for each item it had to skip.
    ``pending`` is how many versions' signatures are still to be read, or to be tried again, ``details`` what came of
    reading them, where that was waited for.
    """

    id: int
    kind: ScanKind
    counts: Mapping[str, int]
    missing: int
    renamed: int
    pending: int
    warnings: Sequence[Mapping[str, Any]]
    seconds: float
    details: DetailsReport | None = None


@dataclass(frozen=True, slots=True)
class ScanSummary:
    """A source's latest scan. ``assets`` is how many it saw."""

    status: str
    started_at: datetime
    ended_at: datetime | None
    assets: int


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
    scan_id, since = _begin(database, actor, source, options)
    warnings: list[dict[str, Any]] = []
    with _ended_as_it_ends(database, source, scan_id, warnings):
        with database.read() as connection:
            stored = load_stored(connection, source.id)
        listing = read_listing(connector, options, since=since, expected=len(stored), progress=progress)
        renames = _renames(database, listing, stored, options)
        renames.applied_to(stored)
        found = harvest(connector, source, listing, stored, options=options, progress=progress)
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


def last_scans(database: Database, actor: Actor) -> dict[str, ScanSummary]:
    """The latest scan of each source that may be seen and was ever scanned, by the source's name."""
    scans, sources = tables.scans.c, tables.sources.c
    latest = select(func.max(scans.id)).group_by(scans.source_id).scalar_subquery()
    query = (
        select(sources.name, scans.status, scans.started_at, scans.ended_at, scans.counts)
        .join(tables.sources, sources.id == scans.source_id)
        .where(scans.id.in_(latest), sources.scope_id.in_(allowed_to(actor, Action.SOURCE_READ)))
    )
    with database.read() as connection:
        return {
            row.name: ScanSummary(row.status, row.started_at, row.ended_at, sum(row.counts.values()))
            for row in connection.execute(query)
        }


def close_left(connection: Connection, source_name: str, since: datetime, status: str) -> None:
    """End the scans of a source that were begun since then, and that nobody will end: their process died."""
    source = select(tables.sources.c.id).where(tables.sources.c.name == source_name)
    scans = tables.scans.c
    left = scans.source_id.in_(source), scans.status == "running", scans.started_at >= since
    connection.execute(update(tables.scans).where(*left).values(status=status, ended_at=utc_now()))


def last_full_scan(connection: Connection, source_id: int, options: ScanOptions) -> datetime | None:
    """When the last full scan of a source with the same scope began, and succeeded; None: there was none of late."""
    for began, before in _succeeded(connection, source_id):
        if before.kind == "full" and replace(before, kind=options.kind, confirm_removals=False) == options:
            return began
    return None


def _begin(database: Database, actor: Actor, source: Source, options: ScanOptions) -> tuple[int, datetime | None]:
    """The new scan's id, and since when runs have to be looked at; None: ever."""
    with database.begin() as connection:
        require(connection, actor, Action.SOURCE_SCAN, source.scope_id)
        since = _since(connection, source, options)
        values = {"source_id": source.id, "kind": options.kind, "status": "running", "started_at": utc_now()}
        asked = {"options": options.to_json(), "details": {}, "counts": {}, "warnings": []}
        new = insert(tables.scans).values(**values, **asked)
        scan_id: int = connection.execute(new.returning(tables.scans.c.id)).scalar_one()
        return scan_id, since


def _since(connection: Connection, source: Source, options: ScanOptions) -> datetime | None:
    """When the last scan began that saw all the runs that this one is to see, a while before that."""
    if options.kind == "full" or options.experiments:
        return None
    for began, before in _succeeded(connection, source.id):
        if not before.is_scoped and (before.unregistered_runs or not options.unregistered_runs):
            return began - OVERLAP
    return None


def _succeeded(connection: Connection, source_id: int) -> Iterator[tuple[datetime, ScanOptions]]:
    """The latest scans of a source that succeeded, the newest first: when each began, and what it was asked for."""
    scans = tables.scans.c
    query = (
        select(scans.started_at, scans.options)
        .where(scans.source_id == source_id, scans.status == "succeeded")
        .order_by(scans.started_at.desc())
        .limit(_SCANS_LOOKED_AT)
    )
    for row in connection.execute(query):
        yield row.started_at, ScanOptions.from_json(row.options)


@contextmanager
def _ended_as_it_ends(
    database: Database, source: Source, scan_id: int, warnings: list[dict[str, Any]]
) -> Iterator[None]:
    """A scan at work: where it fails, its record says how."""
    outcome = "failed"
    try:
        yield
        outcome = ""
    except LeaseLostError:
        # Nothing may be written any more: whoever has the job by now closes what this one left.
        outcome = ""
        raise
    except (KeyboardInterrupt, CancelRequestedError):
        outcome = "cancelled"
        raise
    except HeadwaterError as error:
        warnings.append({**error.to_dict(), "item": source.name})
        raise ScanError(
            f"The scan of '{source.name}' could not be completed: {error.message}",
            place=error.place or source.url,
            hint=error.hint,
        ) from error
    finally:
        if outcome:
            with database.begin() as connection:
                _end(connection, scan_id, outcome, {}, warnings)


def _end(
    connection: Connection,
    scan_id: int,
    status: str,
    counts: Mapping[str, int],
    warnings: Iterable[Mapping[str, Any]],
) -> None:
    connection.execute(
        update(tables.scans)
        .where(tables.scans.c.id == scan_id)
        .values(status=status, ended_at=utc_now(), counts=dict(counts), warnings=[dict(item) for item in warnings])
    )


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
        _end(connection, scan_id, "succeeded", counts, found.warnings[:MOST_WARNINGS])
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
