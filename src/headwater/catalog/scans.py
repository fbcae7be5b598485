"""Scans: bring what a source holds into the catalog, and notice what is gone."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, func, insert, select, update

from headwater.access import Action, Actor, ScopeKind, add_scopes, allowed_to, require
from headwater.catalog.columns import columns_of
from headwater.catalog.harvest import Harvest, KnownVersion, Progress, harvest
from headwater.catalog.processes import write_processes
from headwater.catalog.records import AssetRecord, AssetRef, LineageRecord
from headwater.catalog.stored import find_guids, find_ids
from headwater.catalog.writing import touch, write_assets
from headwater.errors import CancelRequestedError, HeadwaterError, LeaseLostError, ScanError
from headwater.store import Database, tables, utc_now
from headwater.store.changes import next_change
from headwater.workspaces import Connector, Source

__all__ = ["ScanKind", "ScanReport", "ScanSummary", "close_left", "last_scans", "scan"]

ScanKind = Literal["full", "incremental"]


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What a scan did.

    ``counts`` is how many assets of each type it saw, ``missing`` how many it found gone, ``warnings`` one
    ``{code, message, where, hint, item}`` for each item it had to skip.
    """

    id: int
    kind: ScanKind
    counts: Mapping[str, int]
    missing: int
    warnings: Sequence[Mapping[str, Any]]
    seconds: float


@dataclass(frozen=True, slots=True)
class ScanSummary:
    """A source's latest scan. ``assets`` is how many it saw."""

    status: str
    started_at: datetime
    ended_at: datetime | None
    assets: int


def scan(
    database: Database,
    actor: Actor,
    source: Source,
    connector: Connector,
    kind: ScanKind = "full",
    *,
    progress: Progress | None = None,
) -> ScanReport:
    """Bring workspace, models, versions, the jobs that registered them and their datasets into the catalog.

    The workspace is read first and the catalog written then, in one transaction: a scan that fails leaves the
    catalog as it was. What a complete listing no longer has is marked missing; an empty listing marks nothing.
    ``incremental`` lists everything too but reads only versions (and their jobs) that it has not read before.

    Raises:
        ForbiddenError: ``actor`` may not scan the source.
        ScanError: the workspace does not answer or cannot be listed; ``__cause__`` says why.
    """
    started = time.monotonic()
    scan_id = _begin(database, actor, source, kind)
    outcome: str = "failed"
    warnings: Sequence[Mapping[str, Any]] = ()
    try:
        found = harvest(connector, source, _known(database, source) if kind == "incremental" else {}, progress)
        warnings = found.warnings
        counts, missing = _write(database, source, scan_id, found)
        outcome = "succeeded"
    except LeaseLostError:
        raise
    except (KeyboardInterrupt, CancelRequestedError):
        outcome = "cancelled"
        raise
    except HeadwaterError as error:
        warnings = [*warnings, {**error.to_dict(), "item": source.name}]
        raise ScanError(
            f"The scan of '{source.name}' could not be completed: {error.message}",
            place=error.place or source.url,
            hint=error.hint,
        ) from error
    finally:
        if outcome != "succeeded":
            with database.begin() as connection:
                _end(connection, scan_id, outcome, {}, warnings)
    return ScanReport(scan_id, kind, counts, missing, found.warnings, time.monotonic() - started)


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


def _begin(database: Database, actor: Actor, source: Source, kind: ScanKind) -> int:
    with database.begin() as connection:
        require(connection, actor, Action.SOURCE_SCAN, source.scope_id)
        new = insert(tables.scans).values(
            source_id=source.id, kind=kind, status="running", started_at=utc_now(), counts={}, warnings=[]
        )
        scan_id: int = connection.execute(new.returning(tables.scans.c.id)).scalar_one()
        return scan_id


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


def _known(database: Database, source: Source) -> dict[str, KnownVersion]:
    """The versions of ``source`` whose details, and whose job, are in the catalog."""
    asset = tables.assets.c
    query = select(asset.type_name, asset.qualified_name, asset.attributes).where(
        asset.source_id == source.id, asset.type_name.in_(["ml_job", "ml_model_version"])
    )
    with database.read() as connection:
        rows = connection.execute(query).all()
    jobs = {None, *(row.attributes["run_id"] for row in rows if row.type_name == "ml_job")}
    return {
        row.qualified_name: KnownVersion(row.attributes["run_id"], row.attributes["source"])
        for row in rows
        if row.type_name == "ml_model_version" and row.attributes.get("digest") and row.attributes["run_id"] in jobs
    }


def _write(database: Database, source: Source, scan_id: int, found: Harvest) -> tuple[Counter[str], int]:
    """Everything the scan found, in one transaction; returns what it saw by type, and how much went missing."""
    now = utc_now()
    with database.begin() as connection:
        scopes = _scopes(connection, source, found)
        assets = [replace(record, scope_id=scopes(record)) for record in found.assets]
        jobs = [_scoped(job, scopes) for job in _keep_better_columns(connection, found.jobs)]
        seen = write_assets(connection, assets, now=now, scan_id=scan_id)
        seen |= write_processes(connection, jobs, now=now, scan_id=scan_id)
        touch(connection, found.unread, now=now, scan_id=scan_id)
        seen |= find_guids(connection, found.unread)
        missing = _mark_missing(connection, source, scan_id, found, now)
        counts = Counter(ref.type_name for ref in seen)
        _end(connection, scan_id, "succeeded", counts, found.warnings)
    return counts, missing


def _scopes(connection: Connection, source: Source, found: Harvest) -> Callable[[AssetRecord], int | None]:
    """Which scope a record of the scan is trimmed by: its model's, which is made here, or its workspace's."""
    names = [model.name for model in found.models]
    scope = tables.scopes.c
    listed = select(scope.name, scope.id).where(scope.parent_id == source.scope_id, scope.kind == ScopeKind.MODEL.value)
    known: dict[str, int] = {row.name: row.id for row in connection.execute(listed)}
    new = [name for name in names if name not in known]
    known |= add_scopes(connection, ScopeKind.MODEL, new, source.scope_id)

    def scope_of(record: AssetRecord) -> int | None:
        match record.type_name:
            case "ml_model":
                return known[record.display_name]
            case "ml_model_version":
                return known.get(record.attributes["model"], source.scope_id)
            case _:
                # What no source owns lies in a collection.
                return None if record.source_id is None else source.scope_id

    return scope_of


def _scoped(job: LineageRecord, scopes: Callable[[AssetRecord], int | None]) -> LineageRecord:
    return replace(job, process=replace(job.process, scope_id=scopes(job.process)))


def _keep_better_columns(connection: Connection, jobs: Sequence[LineageRecord]) -> list[LineageRecord]:
    """``jobs`` without the columns of datasets that somebody has looked into.

    What a job logged may be the table it made of the data; what a refresh or a scan of the data itself saw is what
    is there.
    """
    logged = {end.ref for job in jobs for end in job.inputs if isinstance(end, AssetRecord) and end.columns}
    looked_into = _looked_into(connection, logged)
    return [
        replace(
            job,
            inputs=tuple(
                replace(end, columns=None) if isinstance(end, AssetRecord) and end.ref in looked_into else end
                for end in job.inputs
            ),
        )
        for job in jobs
    ]


def _looked_into(connection: Connection, datasets: Iterable[AssetRef]) -> set[AssetRef]:
    refs = {number: ref for ref, number in find_ids(connection, datasets).items()}
    columns = columns_of(connection, refs)
    return {
        refs[number]
        for number, found in columns.items()
        if any(column.attributes.get("seen_by") != "job" for column in found)
    }


def _mark_missing(connection: Connection, source: Source, scan_id: int, found: Harvest, now: datetime) -> int:
    """Mark what ``source`` had and this scan did not see; returns how many."""
    asset = tables.assets.c
    here = (asset.source_id == source.id) & (asset.status == "active")
    unseen = here & (asset.last_scan_id.is_(None) | (asset.last_scan_id != scan_id))
    for type_name, listed in (("ml_model", found.models), ("ml_model_version", found.versions)):
        emptied = not listed and connection.scalar(
            select(func.count()).select_from(tables.assets).where(here, asset.type_name == type_name)
        )
        if emptied:
            found.warn(
                source.name,
                ScanError(
                    f"The listing of {type_name} was empty where {emptied} were known; nothing was marked as missing.",
                    place=source.url,
                    hint="Check the workspace and the credential; remove the source if it is meant to be empty.",
                ),
            )
            return 0
    marked = connection.execute(
        update(tables.assets).where(unseen).values(status="missing", updated_at=now, change=next_change(connection))
    )
    return marked.rowcount
