"""Making a backup while everything goes on.

The metadata is read in one transaction, so it is of one moment. Predictions and tables are immutable files that this
metadata names: they are copied after it, and pins keep the tables' from being vacuumed meanwhile. The keys of stored
secrets are not copied; the backup says by their ids which ones are needed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, delete, insert, select

from headwater._version import __version__
from headwater.access import Action, Actor
from headwater.access.audit import record
from headwater.access.events import Event
from headwater.app.administration.authority import require_at_server
from headwater.app.backup.archive import ArchiveWriter, Manifest
from headwater.app.backup.table_files import table_files
from headwater.app.home import CONFIGURATION, Home
from headwater.errors import HomeError
from headwater.store import Database, migrations, tables, utc_now
from headwater.store.portable import rows

__all__ = ["NOT_KEPT", "BackupReport", "back_up"]

#: What is of the moment only: ways in that are open just now, work under way, who is at work.
NOT_KEPT = frozenset({
    "one_time_links", "openid_requests", "publish_intents", "sessions", "sign_in_failures", "table_pins", "workers",
})  # fmt: skip

#: Longer than any backup takes; when it dies, its pins end by themselves.
_PINNED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class BackupReport:
    """A backup that was made. ``key_ids``: the keys that are needed to use it, kept apart from it."""

    file: Path
    bytes: int
    rows: int
    files: int
    key_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Kept:
    """A published table, and the earlier versions of it that may be left."""

    dataflow_id: int
    entity: str
    path: Path
    published: int
    earlier: tuple[int, ...]
    # What the next refresh compares with; without it, it begins anew.
    digests: str


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """What the metadata of one moment names."""

    manifest: Manifest
    tables: Sequence[_Kept]
    ledger: Sequence[str]


def back_up(home: Home, database: Database, actor: Actor, file: Path) -> BackupReport:
    """Write a backup of a home folder and its metadata to a new file.

    Raises:
        ForbiddenError: ``actor`` may not manage the server.
        UsageError: the file is there already, or cannot be made there.
        HomeError: something that the metadata names is not there (``backup.table``, ``backup.ledger``).
    """
    with database.read() as connection:
        require_at_server(connection, actor, Action.SERVER_MANAGE)
    with _pins(database) as pins, ArchiveWriter(file) as archive:
        pins.add()
        with database.read() as connection:
            taken = _metadata(connection, home, archive)
        # Once more: what was published between the pins and the snapshot.
        pins.add()
        files = _add_files(archive, home, taken)
        size = archive.finish(taken.manifest)
    count = sum(taken.manifest.rows.values())
    with database.begin() as connection:
        record(connection, Event.BACKED_UP, actor, now=utc_now(), target=f"file:{file.name}", rows=count, bytes=size)
    return BackupReport(file, size, count, files, taken.manifest.key_ids)


class _Pins:
    """Keeps the published versions from being vacuumed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._made: list[str] = []

    def add(self) -> None:
        """Pin what is published now, with what is left of what was before."""
        with self._database.begin() as connection:
            until = utc_now() + _PINNED
            wanted = [
                {"dataflow_id": t.dataflow_id, "entity": t.entity, "delta_version": version}
                for t in _published(connection)
                for version in (t.published, *t.earlier)
            ]
            if not wanted:
                return
            new = [{"id": str(uuid4()), "until": until, **pin} for pin in wanted]
            connection.execute(insert(tables.table_pins), new)
            self._made += [str(pin["id"]) for pin in new]

    def remove(self) -> None:
        """Let go of everything."""
        with self._database.begin() as connection:
            for pin in self._made:
                connection.execute(delete(tables.table_pins).where(tables.table_pins.c.id == pin))


@contextmanager
def _pins(database: Database) -> Iterator[_Pins]:
    pins = _Pins(database)
    try:
        yield pins
    finally:
        pins.remove()


def _published(connection: Connection) -> list[_Kept]:
    """Every published table, with all earlier versions that refreshes made of it."""
    published, refreshes, written = tables.published_tables.c, tables.refreshes.c, tables.refresh_entities.c
    history = (
        select(refreshes.dataflow_id, written.entity, written.delta_version)
        .join(tables.refresh_entities, written.refresh_id == refreshes.id)
        .where(written.delta_version.is_not(None))
    )
    earlier: dict[tuple[int, str], set[int]] = {}
    for row in connection.execute(history):
        earlier.setdefault((row.dataflow_id, row.entity), set()).add(row.delta_version)
    query = select(published.dataflow_id, published.entity, published.path, published.delta_version, published.state)
    return [
        _Kept(
            row.dataflow_id,
            row.entity,
            Path(row.path),
            row.delta_version,
            tuple(sorted(v for v in earlier.get((row.dataflow_id, row.entity), ()) if v < row.delta_version)),
            str(row.state.get("digests", "")),
        )
        for row in connection.execute(query)
    ]


def _metadata(connection: Connection, home: Home, archive: ArchiveWriter) -> _Snapshot:
    """Write the rows of every table that is kept; what they name."""
    begun, counts = utc_now(), {}
    kept = _published(connection)
    for table in tables.metadata.sorted_tables:
        if table.name not in NOT_KEPT:
            found = rows(connection, table)
            counted = _Counted(_relative(found, home) if table is tables.published_tables else found)
            archive.add_lines(f"metadata/{table.name}.jsonl", counted.lines())
            counts[table.name] = counted.count
    manifest = Manifest(
        headwater=__version__,
        revision=migrations.current_revision(connection) or "",
        installation=connection.execute(select(tables.installation.c.id)).scalar_one(),
        made_at=begun.isoformat(),
        key_ids=tuple(connection.execute(select(tables.secrets.c.key_id).distinct()).scalars()),
        rows=counts,
    )
    ledger = connection.execute(select(tables.ledger_files.c.path).order_by(tables.ledger_files.c.path))
    return _Snapshot(manifest, kept, ledger.scalars().all())


class _Counted:
    """Rows as JSON lines, counted as they pass."""

    def __init__(self, given: Iterable[dict[str, Any]]) -> None:
        self._given = given
        self.count = 0

    def lines(self) -> Iterator[bytes]:
        for row in self._given:
            self.count += 1
            yield json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass")


def _relative(given: Iterable[dict[str, Any]], home: Home) -> Iterator[dict[str, Any]]:
    """Published tables by their place in the home folder: it is another one after a restore."""
    for row in given:
        yield {**row, "path": _place(home.path / row["path"], home)}


def _place(path: Path, home: Home) -> str:
    if not path.is_relative_to(home.path):
        raise HomeError(
            "A published table lies outside of the home folder.",
            place=str(path),
            hint="Open the home folder by the path that its tables were published under.",
            code="backup.table",
        )
    return path.relative_to(home.path).as_posix()


def _add_files(archive: ArchiveWriter, home: Home, taken: _Snapshot) -> int:
    count = 1
    archive.add(CONFIGURATION, home.configuration)
    for name in taken.ledger:
        path = home.ledger / name
        if not path.is_file():
            raise _lost_predictions(path)
        archive.add(f"ledger/{name}", path)
        count += 1
    for table in taken.tables:
        for path in table_files(table.path, table.published, table.earlier):
            archive.add(_place(path, home), path)
            count += 1
        if table.digests and (beside := table.path / table.digests).is_file():
            archive.add(_place(beside, home), beside)
            count += 1
    return count


def _lost_predictions(path: Path) -> HomeError:
    return HomeError(
        "A file of the prediction ledger is missing.",
        place=str(path),
        hint="Put it back from an earlier backup, or delete its row from ledger_files to score those rows again.",
        code="backup.ledger",
    )
