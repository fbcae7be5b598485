"""Making a home folder from a backup: into an empty folder and an empty database, of either kind.

Two installations may come of it, the one that the backup is of and the one that is made from it. So the new one does
nothing by itself: what was queued or under way is ended, and schedules are paused unless it is told to go on with them.
"""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.exc import IntegrityError, StatementError

from headwater.access import Actor
from headwater.access.audit import record
from headwater.access.events import Event
from headwater.app.backup.archive import Manifest, below, members, read_manifest
from headwater.app.home import CONFIGURATION, Home, open_home
from headwater.app.metadata_place import MetadataPlace
from headwater.app.retention import KIND as RETENTION
from headwater.errors import HomeError
from headwater.store import Database, migrations, tables, utc_now
from headwater.store.portable import empty, number_on, reflected, write

__all__ = ["RestoreReport", "restore"]

#: Where the metadata's rows lie until they are in the database.
_WAITING = ".restoring"
_METADATA = "metadata/"

_ENDED = {
    "code": "restored",
    "message": "It had not ended when the backup was made that this installation comes from.",
    "where": "",
    "hint": "Ask for it again.",
}
_PAUSED = "This installation was restored from a backup: resume the schedule where it is to be the one at work."


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What was restored. ``key_ids``: the keys that stored secrets need, to be put back from where they are kept."""

    home: Path
    database: str
    manifest: Manifest
    key_ids: tuple[str, ...]


def restore(
    file: Path, home: Path, actor: Actor, *, metadata: MetadataPlace | None = None, resume_schedules: bool = False
) -> RestoreReport:
    """Make a home folder from a backup, or nothing at all.

    Args:
        file: the backup; every file in it is compared with its manifest before anything is written.
        home: a folder that is empty or not there.
        actor: who does it, for the audit log.
        metadata: where the metadata goes; None: into a file of the home folder.
        resume_schedules: schedules go on, instead of being paused.

    Raises:
        NotFoundError: there is no such file.
        HomeError: it is damaged (``backup.damaged``) or a newer Headwater's (``home.version``), the folder or database
            holds something already (``home.occupied``), or cannot be used.
    """
    manifest = read_manifest(file)
    with _new_folder(home.resolve()) as folder:
        settings = _extracted(file, manifest, folder)
        configuration = _configured(settings, metadata or MetadataPlace(), str(file))
        (folder / CONFIGURATION).write_text(configuration, "utf-8")
        opened = open_home(folder)
        with closing(Database(opened.database_url)) as database:
            if not database.is_empty():
                raise _occupied("The database holds tables already.", database.place)
            _fill(database, opened, manifest, actor, resume_schedules=resume_schedules)
            place = database.place
        shutil.rmtree(folder / _WAITING)
    return RestoreReport(folder, place, manifest, manifest.key_ids)


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """A folder that was empty, and is again if what is done there fails."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise _occupied("The folder holds other files.", str(folder))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield folder
    except BaseException:
        for left in folder.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        raise


def _extracted(file: Path, manifest: Manifest, folder: Path) -> str:
    """Write the files of a backup below a folder; its configuration."""
    for name, content in members(file, manifest):
        inner = f"{_WAITING}/{name}" if name == CONFIGURATION or name.startswith(_METADATA) else name
        path = below(folder, inner)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as sink:
            shutil.copyfileobj(content, sink)
    return (folder / _WAITING / CONFIGURATION).read_text("utf-8")


def _configured(text: str, metadata: MetadataPlace, place: str) -> str:
    """The configuration, with this home's own database."""
    kept = re.sub(r"(?ms)^\[database\]\s*?$.*?(?=^\[|\Z)", "", text)
    if metadata.url:
        kept = f"{kept.rstrip()}\n\n{metadata.to_toml()}"
    stated = tomllib.loads(kept)
    if stated.get("database", {}).get("url", "") != metadata.url:
        raise HomeError(
            "The backup's configuration names its database in a way that is not understood.",
            place=place,
            hint="Write [database] as a table of its own in the configuration, and back up again.",
            code="backup.configuration",
        )
    return kept


def _fill(database: Database, home: Home, manifest: Manifest, actor: Actor, *, resume_schedules: bool) -> None:
    """Write the metadata as it was, bring it to this revision and settle what cannot go on: all or nothing."""
    try:
        with database.begin() as connection:
            migrations.upgrade(connection, place=database.place, to=manifest.revision)
            _load(connection, home.path / _WAITING / _METADATA)
            migrations.upgrade(connection, place=database.place)
            _settle(connection, home, resume_schedules=resume_schedules)
            rows = sum(manifest.rows.values())
            target = f"installation:{manifest.installation}"
            now = utc_now()
            record(connection, Event.RESTORED, actor, now=now, target=target, made_at=manifest.made_at, rows=rows)
    except (IntegrityError, StatementError) as error:
        raise HomeError(
            f"The backup's rows do not fit together ({type(error).__name__}).",
            place=database.place,
            hint="Take another backup's file.",
            code="backup.damaged",
        ) from error


def _load(connection: Connection, folder: Path) -> None:
    found = reflected(connection)
    empty(connection, found)
    for table in found.sorted_tables:
        path = folder / f"{table.name}.jsonl"
        if path.is_file():
            write(connection, table, _rows(path))
    number_on(connection, found)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _settle(connection: Connection, home: Home, *, resume_schedules: bool) -> None:
    """What was under way has no process here, and tables lie in another folder."""
    now, published = utc_now(), tables.published_tables
    for row in connection.execute(select(published.c.dataflow_id, published.c.entity, published.c.path)).all():
        same = (published.c.dataflow_id == row.dataflow_id, published.c.entity == row.entity)
        connection.execute(update(published).where(*same).values(path=str(home.path / row.path)))
    refreshes, jobs = tables.refreshes, tables.jobs
    failed = {"status": "failed", "ended_at": now, "error": _ENDED}
    connection.execute(update(refreshes).where(refreshes.c.status == "running").values(failed))
    connection.execute(update(jobs).where(jobs.c.status == "running").values({**failed, "lease_until": None}))
    cancelled = {"status": "cancelled", "ended_at": now, "error": _ENDED}
    connection.execute(update(jobs).where(jobs.c.status == "queued").values(cancelled))
    if not resume_schedules:
        going = update(tables.schedules).where(~tables.schedules.c.paused, tables.schedules.c.kind != RETENTION)
        connection.execute(going.values(paused=True, paused_reason=_PAUSED, next_due=None, changed_at=now))


def _occupied(message: str, place: str) -> HomeError:
    return HomeError(
        message, place=place, hint="Restore into an empty folder and an empty database.", code="home.occupied"
    )
