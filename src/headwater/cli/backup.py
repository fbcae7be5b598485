"""``headwater backup``, ``restore`` and ``status``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headwater._version import __version__
from headwater.cli.actor import as_machine, machine
from headwater.cli.options import (
    DEFAULT_HOME,
    DatabaseOption,
    DatabasePasswordOption,
    DatabaseUserOption,
    HomeOption,
    JsonOption,
)
from headwater.cli.output import say, show, show_json

__all__ = ["make", "restore", "status"]


def status(as_json: JsonOption = False, home: HomeOption = DEFAULT_HOME) -> None:
    """Print where the home folder and its metadata database are."""
    with as_machine(home) as (headwater, _):
        found = {
            "home": str(headwater.home.path),
            "installation": headwater.installation,
            "database": headwater.database.place,
            "revision": headwater.database.revision(),
            "headwater": __version__,
        }
    if as_json:
        show_json(found)
        return
    for name, value in found.items():
        show(f"{name}\t{value}")


def make(
    file: Annotated[Path, typer.Argument(help="A new file: .tar, or .tar.zst to have it compressed.")],
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Back up metadata, predictions and published tables, while everything goes on."""
    with as_machine(home) as (headwater, actor):
        report = headwater.back_up(actor, file)
    if as_json:
        show_json({
            "file": str(report.file),
            "bytes": report.bytes,
            "rows": report.rows,
            "files": report.files,
            "key_ids": list(report.key_ids),
        })  # fmt: skip
        return
    say(f"{report.file}: {report.rows:,} rows of metadata, {report.files:,} files, {report.bytes:,} bytes")
    _tell_keys(report.key_ids)


def restore(  # noqa: PLR0917 -- the command's options
    file: Annotated[Path, typer.Argument(help="A backup.")],
    home: HomeOption = DEFAULT_HOME,
    database: DatabaseOption = "",
    database_user: DatabaseUserOption = "",
    database_password: DatabasePasswordOption = "",
    resume_schedules: Annotated[
        bool, typer.Option("--resume-schedules", help="Go on with schedules, instead of pausing them.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a home folder from a backup: into an empty folder, and an empty database."""
    from headwater.app import backup
    from headwater.app.metadata_place import stated_place

    place = stated_place(database, database_user, database_password)
    report = backup.restore(file, home, machine(), metadata=place, resume_schedules=resume_schedules)
    if as_json:
        show_json({
            "home": str(report.home),
            "database": report.database,
            "made_at": report.manifest.made_at,
            "key_ids": list(report.key_ids),
        })  # fmt: skip
        return
    say(f"{report.home}: as it was at {report.manifest.made_at}")
    say(f"  metadata database: {report.database}")
    if not resume_schedules:
        say("  schedules are paused, and what was queued is not done")
    _tell_keys(report.key_ids)


def _tell_keys(key_ids: tuple[str, ...]) -> None:
    if key_ids:
        say(f"  stored secrets need the key {', '.join(key_ids)}, which is not in the backup: keep it apart from it")
