"""Sources whose scans fail, or that have not been scanned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from headwater.access import Action, Actor, allowed_to
from headwater.store import tables

__all__ = ["ScanHealth", "scan_health"]

_source, _scan = tables.sources.c, tables.scans.c


@dataclass(frozen=True, slots=True)
class ScanHealth:
    """How the scans of a source go.

    Attributes:
        source: its name.
        kind: which kind of source it is.
        status: how the last scan ended; None: it was never scanned.
        failures: how many failed in a row, up to now.
        last_at: when the last one began.
        succeeded_at: when the last one that succeeded began.
        warnings: of the last one.
        code: of the last one's first warning, where it failed; "" where there is none.
    """

    source: str
    kind: str
    status: str | None
    failures: int
    last_at: datetime | None
    succeeded_at: datetime | None
    warnings: int
    code: str


def scan_health(connection: Connection, actor: Actor) -> Sequence[ScanHealth]:
    """How it goes with each source that may be seen, those that fail first."""
    seen = select(_source.id, _source.name, _source.kind).where(
        _source.scope_id.in_(allowed_to(actor, Action.SOURCE_READ))
    )
    found = [_health(connection, row.id, row.name, row.kind) for row in connection.execute(seen).all()]
    return sorted(found, key=lambda each: (-each.failures, each.source))


def _health(connection: Connection, source_id: int, name: str, kind: str) -> ScanHealth:
    of_it = (_scan.source_id == source_id, _scan.status != "running")
    last = connection.execute(select(tables.scans).where(*of_it).order_by(_scan.id.desc()).limit(1)).one_or_none()
    good = select(_scan.id, _scan.started_at).where(*of_it, _scan.status == "succeeded")
    succeeded = connection.execute(good.order_by(_scan.id.desc()).limit(1)).one_or_none()
    since = 0 if succeeded is None else succeeded.id
    failed = select(func.count()).select_from(tables.scans).where(*of_it, _scan.status == "failed", _scan.id > since)
    warnings = [] if last is None else list(last.warnings or ())
    fails = last is not None and last.status == "failed"
    return ScanHealth(
        source=name,
        kind=kind,
        status=None if last is None else last.status,
        failures=connection.execute(failed).scalar_one(),
        last_at=None if last is None else last.started_at,
        succeeded_at=None if succeeded is None else succeeded.started_at,
        warnings=len(warnings),
        code=str(warnings[-1].get("code", "")) if fails and warnings else "",
    )
