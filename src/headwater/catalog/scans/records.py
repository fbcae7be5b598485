"""What is on record of scans: that one was begun, by which options, and how it ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from headwater.access import Action, Actor, allowed_to, require
from headwater.catalog.harvesting.details import DetailsReport
from headwater.catalog.scans.options import ScanKind, ScanOptions
from headwater.errors import CancelRequestedError, HeadwaterError, LeaseLostError, ScanError
from headwater.store import Database, tables, utc_now
from headwater.workspaces import Source

__all__ = [
    "ScanReport",
    "ScanSummary",
    "begin_scan",
    "close_left",
    "end_scan",
    "ended_as_it_ends",
    "last_full_scan",
    "last_scans",
]

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


def begin_scan(database: Database, actor: Actor, source: Source, options: ScanOptions) -> tuple[int, datetime | None]:
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
def ended_as_it_ends(
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
                end_scan(connection, scan_id, outcome, {}, warnings)


def end_scan(
    connection: Connection,
    scan_id: int,
    status: str,
    counts: Mapping[str, int],
    warnings: Iterable[Mapping[str, Any]],
) -> None:
    """Write down how a scan ended, and what it saw."""
    connection.execute(
        update(tables.scans)
        .where(tables.scans.c.id == scan_id)
        .values(status=status, ended_at=utc_now(), counts=dict(counts), warnings=[dict(item) for item in warnings])
    )
