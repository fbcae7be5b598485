"""Scans by name: what each brings in, with which filter, and when it runs by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, Row, delete, exists, insert, select, update

from headwater.access import Action, Actor
from headwater.app.named_scans.declared import DeclaredSource, declared_source
from headwater.app.named_scans.filters import Filtered, filtered
from headwater.app.named_scans.recurrences import Recurrence, parse_recurrence
from headwater.app.named_scans.stated import check_name, check_stated
from headwater.app.scanning import KIND, SCAN_NAME, WITHIN
from headwater.catalog import ScanOptions
from headwater.catalog.scans.options import ScanKind
from headwater.errors import ConflictError, NotFoundError, UsageError
from headwater.jobs import NewSchedule, Schedule, schedules
from headwater.store import Database, exclusive, tables, utc_now
from headwater.workspaces import Source
from headwater.workspaces.registry import list_kinds
from headwater.workspaces.source_rows import find_source

__all__ = ["OWN_SCAN", "AnySource", "NamedScan", "NamedScans", "options_of", "scan_named", "scannable", "source_named"]

AnySource: TypeAlias = Source | DeclaredSource

_definitions = tables.scan_definitions

#: What the scans of a source are runs of that were asked for without a name: by its own schedule, or by a person.
OWN_SCAN: Final = "headwater"


@dataclass(frozen=True, slots=True)
class NamedScan:
    """A scan by name. ``filter`` and ``trigger`` are as they were said; None where none was.

    Its ``id`` is 0 where nobody defined it: it is ``OWN_SCAN``.
    """

    id: int
    source_name: str
    name: str
    kind: str
    properties: Mapping[str, Any]
    filter: Mapping[str, Any] | None
    trigger: Mapping[str, Any] | None
    created_at: datetime
    changed_at: datetime


class NamedScans:
    """Defines scans of sources and says when they run.

    They are seen by whoever may ``source.read`` the source, and changed by whoever may ``source.scan`` it. A source
    is scanned by one schedule, so one of its scans has a trigger at most.

    Every method may raise:
        NotFoundError: there is no such source or scan, or none that the actor may see.
        ForbiddenError: the actor may see it, and may not do this.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, actor: Actor, source_name: str) -> Sequence[NamedScan]:
        """The scans of a source, by name; ``OWN_SCAN`` among them where it has runs."""
        with self._database.read() as connection:
            source = source_named(connection, actor, source_name, Action.SOURCE_READ)
            found = [NamedScan(**row._mapping) for row in connection.execute(_of_source(source_name))]
            if _was_scanned(connection, source_name) and all(each.name != OWN_SCAN for each in found):
                found.append(_own_scan(source))
        return sorted(found, key=lambda each: each.name)

    def get(self, actor: Actor, source_name: str, name: str) -> NamedScan:
        """One scan of a source."""
        with self._database.read() as connection:
            return scan_named(connection, source_named(connection, actor, source_name, Action.SOURCE_READ), name)

    def put(self, actor: Actor, source_name: str, name: str, kind: str, properties: Mapping[str, Any]) -> bool:
        """Define a scan, or define it anew; its filter and trigger stay. Whether it is new.

        Raises:
            UsageError: the name is none, the properties cannot be kept, or their ``options`` are none of a scan.
        """
        check_name(name)
        kept, now = check_stated(properties), utc_now()
        ScanOptions.from_json(kept.get("options") or {})
        with self._database.begin() as connection:
            exclusive(connection, "sources")
            source = source_named(connection, actor, source_name, Action.SOURCE_SCAN)
            values = {"kind": kind, "properties": kept, "changed_at": now}
            row = _row(connection, source_name, name)
            if row is None:
                new = insert(_definitions).values(source_name=source_name, name=name, created_at=now, **values)
                connection.execute(new)
                return True
            _change(connection, row.id, **values)
            _keep_scheduled(connection, source, name)
            return False

    def remove(self, actor: Actor, source_name: str, name: str) -> None:
        """Forget a scan; what it found stays. If it ran by itself, nothing scans the source by itself any more."""
        with self._database.begin() as connection:
            exclusive(connection, "sources")
            source_named(connection, actor, source_name, Action.SOURCE_SCAN)
            found = _defined(connection, source_name, name)
            _pause(connection, actor, found)
            connection.execute(delete(_definitions).where(_definitions.c.id == found.id))

    def put_filter(self, actor: Actor, source_name: str, name: str, stated: Mapping[str, Any]) -> tuple[Filtered, bool]:
        """Set what a scan includes and excludes; what that comes to, and whether there was no filter before.

        Raises:
            UsageError: the filter is none.
        """
        kept = check_stated(stated)
        with self._database.begin() as connection:
            exclusive(connection, "sources")
            source = source_named(connection, actor, source_name, Action.SOURCE_SCAN)
            found = _defined(connection, source_name, name)
            result = options_of(source, found, "full", stated=kept)
            _change(connection, found.id, filter=kept, changed_at=utc_now())
            _keep_scheduled(connection, source, name)
            return result, found.filter is None

    def put_trigger(
        self, actor: Actor, source_name: str, name: str, stated: Mapping[str, Any], kind: ScanKind
    ) -> tuple[Schedule, bool]:
        """Have a scan run by itself from now on; its schedule, and whether it had no trigger before.

        Raises:
            UsageError: the recurrence is none that can be kept, or nothing here can scan such a source.
            ConflictError: another scan of the source runs by itself (``scan.trigger``).
        """
        kept = check_stated(stated)
        recurrence = parse_recurrence(kept.get("recurrence") or {})
        with self._database.begin() as connection:
            exclusive(connection, "sources")
            source = scannable(source_named(connection, actor, source_name, Action.SOURCE_SCAN))
            found = _defined(connection, source_name, name)
            _refuse_second(connection, found)
            _change(connection, found.id, trigger=kept, changed_at=utc_now())
            return _schedule(connection, source, found, recurrence, kind), found.trigger is None

    def trigger(self, actor: Actor, source_name: str, name: str) -> tuple[NamedScan, Schedule]:
        """A scan with its trigger, and the schedule that it came to.

        Raises:
            NotFoundError: it has none, or somebody gave the source another schedule since.
        """
        with self._database.read() as connection:
            source_named(connection, actor, source_name, Action.SOURCE_READ)
            found = _defined(connection, source_name, name)
            schedule = _own_schedule(connection, found)
        if schedule is None or found.trigger is None:
            raise _no_trigger(found)
        return found, schedule

    def remove_trigger(self, actor: Actor, source_name: str, name: str) -> None:
        """Have a scan run when it is asked for alone; NotFoundError where it has no trigger."""
        with self._database.begin() as connection:
            exclusive(connection, "sources")
            source_named(connection, actor, source_name, Action.SOURCE_SCAN)
            found = _defined(connection, source_name, name)
            if found.trigger is None:
                raise _no_trigger(found)
            _pause(connection, actor, found)
            _change(connection, found.id, trigger=None, changed_at=utc_now())


def source_named(connection: Connection, actor: Actor, name: str, action: Action) -> AnySource:
    """The source of a name, registered or only said, where the actor may do ``action``.

    Raises:
        NotFoundError: there is none, or none that the actor may see.
        ForbiddenError: they may see it and not do ``action``.
    """
    try:
        return find_source(connection, actor, name, action)
    except NotFoundError:
        return declared_source(connection, actor, name, action)


def scan_named(connection: Connection, source: AnySource, name: str) -> NamedScan:
    """A scan of a source that the caller may see, ``OWN_SCAN`` among them; NotFoundError where there is none."""
    if name == OWN_SCAN and isinstance(source, Source) and _row(connection, source.name, name) is None:
        return _own_scan(source)
    return _defined(connection, source.name, name)


def scannable(source: AnySource) -> Source:
    """A source for which there is a connector; UsageError names the kinds for which there are any."""
    if isinstance(source, Source):
        return source
    raise UsageError(
        f"There is no connector for sources of kind '{source.kind}', so that '{source.name}' is not scanned.",
        hint=f"The kinds installed here are: {', '.join(list_kinds())}.",
        place=source.name,
    )


def options_of(
    source: AnySource, scan: NamedScan, kind: ScanKind, *, stated: Mapping[str, Any] | None = None
) -> Filtered:
    """What a scan brings in: its properties' ``options``, narrowed by its filter or by one that is ``stated``."""
    options = ScanOptions.from_json({**(scan.properties.get("options") or {}), "kind": kind})
    wanted = scan.filter if stated is None else stated
    if isinstance(source, Source):
        return filtered(source, options, wanted)
    prefixes = [*(wanted or {}).get("includeUriPrefixes", []), *(wanted or {}).get("excludeUriPrefixes", [])]
    return Filtered(options, tuple(map(str, prefixes)))


def _schedule(
    connection: Connection, source: Source, scan: NamedScan, recurrence: Recurrence, kind: ScanKind
) -> Schedule:
    within = [None if each is None else each.isoformat() for each in (recurrence.start, recurrence.end)]
    payload = {**options_of(source, scan, kind).options.to_json(), SCAN_NAME: scan.name, WITHIN: within}
    subject = _subject(source.name)
    schedules.put(connection, NewSchedule(KIND, subject, payload, recurrence.cron, recurrence.time_zone))
    schedules.resume(connection, KIND, subject)
    found = schedules.get(connection, KIND, subject)
    assert found is not None, "put above"
    return found


def _keep_scheduled(connection: Connection, source: AnySource, scan_name: str) -> None:
    """Have a scan that runs by itself bring in what it is defined to bring in by now."""
    scan = _defined(connection, source.name, scan_name)
    found = _own_schedule(connection, scan)
    if found is None or not isinstance(source, Source):
        return
    options = options_of(source, scan, found.payload["kind"]).options
    payload = {**options.to_json(), SCAN_NAME: scan.name, WITHIN: found.payload[WITHIN]}
    schedules.put(connection, NewSchedule(KIND, found.subject, payload, found.cron, found.time_zone))


def _refuse_second(connection: Connection, scan: NamedScan) -> None:
    others = _of_source(scan.source_name).where(_definitions.c.id != scan.id)
    for row in connection.execute(others):
        other = NamedScan(**row._mapping)
        if other.trigger is not None and _own_schedule(connection, other) is not None:
            raise ConflictError(
                f"'{scan.source_name}' is scanned by the trigger of its scan '{other.name}'.",
                code="scan.trigger",
                hint="Delete that trigger first: a source is scanned by one schedule.",
            )


def _own_schedule(connection: Connection, scan: NamedScan) -> Schedule | None:
    """The schedule of a scan's source, where this scan gave it and it holds."""
    found = schedules.get(connection, KIND, _subject(scan.source_name))
    is_own = found is not None and not found.paused and found.payload.get(SCAN_NAME) == scan.name
    return found if is_own else None


def _pause(connection: Connection, actor: Actor, scan: NamedScan) -> None:
    if scan.trigger is not None and _own_schedule(connection, scan) is not None:
        reason = f"{actor.name} wants it scanned when asked alone."
        schedules.pause(connection, KIND, _subject(scan.source_name), reason)


def _subject(source_name: str) -> str:
    return f"source:{source_name}"


def _of_source(source_name: str) -> Any:
    return select(_definitions).where(_definitions.c.source_name == source_name)


def _was_scanned(connection: Connection, source_name: str) -> bool:
    """Whether there are scans of a source that no definition asked for."""
    job = tables.jobs.c
    unnamed = (job.kind == KIND, job.subject == _subject(source_name), job.payload[SCAN_NAME].as_string().is_(None))
    return bool(connection.scalar(select(exists().where(*unnamed))))


def _own_scan(source: AnySource) -> NamedScan:
    since = source.created_at
    return NamedScan(0, source.name, OWN_SCAN, source.kind, {}, None, None, since, since)


def _row(connection: Connection, source_name: str, name: str) -> Row[Any] | None:
    found: Row[Any] | None = connection.execute(
        _of_source(source_name).where(_definitions.c.name == name)
    ).one_or_none()
    return found


def _defined(connection: Connection, source_name: str, name: str) -> NamedScan:
    """A scan that somebody defined; NotFoundError where there is none."""
    row = _row(connection, source_name, name)
    if row is None:
        raise NotFoundError(
            f"'{source_name}' has no scan '{name[:255]}'.", code="scan.unknown", hint="List its scans, or define it."
        )
    return NamedScan(**row._mapping)


def _change(connection: Connection, identifier: int, **values: Any) -> None:
    connection.execute(update(_definitions).where(_definitions.c.id == identifier).values(values))


def _no_trigger(scan: NamedScan) -> NotFoundError:
    return NotFoundError(
        f"The scan '{scan.name}' has no trigger, or the source was given another schedule since.",
        code="scan.trigger_unknown",
        hint="Give it one.",
    )
