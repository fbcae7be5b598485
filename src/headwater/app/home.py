"""The home folder: everything an installation keeps, under one roof.

::

    HOME/
      headwater.toml    marks the folder, and configures it
      headwater.db      the metadata database
      tables/           published Delta tables: tables/<dataflow>/<entity>
      ledger/           predictions, by call fingerprint
      models/           artifacts of model versions
      logs/             of model processes
      locks/            one file for each dataflow that is being refreshed
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headwater.errors import HomeError

FORMAT = 1
"""The layout of a home folder that this code reads and writes."""

CONFIGURATION = "headwater.toml"

_TEMPLATE = f"""# A Headwater home folder.
format = {FORMAT}

# Folders whose files dataflows may read; relative ones lie below this folder.
folders = []
"""


@dataclass(frozen=True, slots=True)
class Home:
    """A home folder that has been opened. ``folders`` are those that dataflows may read."""

    path: Path
    folders: tuple[Path, ...]

    @property
    def database_url(self) -> str:
        """Where the metadata database is, as SQLAlchemy writes it."""
        return f"sqlite:///{self.path / 'headwater.db'}"

    @property
    def tables(self) -> Path:
        """The folder of published tables, one folder a dataflow."""
        return self.path / "tables"

    @property
    def ledger(self) -> Path:
        """The folder of remembered predictions."""
        return self.path / "ledger"

    @property
    def models(self) -> Path:
        """The folder of models and of what runs them."""
        return self.path / "models"

    @property
    def logs(self) -> Path:
        """The folder of the logs of started processes."""
        return self.path / "logs"

    @property
    def locks(self) -> Path:
        """The folder of what keeps two processes from one work."""
        return self.path / "locks"


def open_home(path: Path, *, create: bool = False, folders: tuple[str, ...] = ()) -> Home:
    """The home folder at ``path``.

    Args:
        path: the folder.
        create: make it if it is not there.
        folders: for one that is made, the folders that dataflows may read.

    Raises:
        HomeError: there is none (``home.missing``), it is something else (``home.unreadable``), or another
            version's (``home.version``).
    """
    path = path.resolve()
    marker = path / CONFIGURATION
    if not marker.is_file():
        if not create:
            raise HomeError(
                f"'{path}' is no Headwater home folder.",
                place=str(path),
                hint="Give the folder with --home, or make one with 'headwater init' (or 'headwater demo').",
                code="home.missing",
            )
        _make(path, marker, folders)
    return _read(path, marker)


def _make(path: Path, marker: Path, folders: tuple[str, ...]) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
        if any(path.iterdir()):
            raise HomeError(
                f"'{path}' holds other files, and no Headwater home folder.",
                place=str(path),
                hint="Name a new or an empty folder with --home.",
                code="home.occupied",
            )
        # A JSON string is a TOML string too, whatever characters are in the path.
        listed = ", ".join(json.dumps(folder, ensure_ascii=False) for folder in folders)
        marker.write_text(_TEMPLATE.replace("folders = []", f"folders = [{listed}]"), "utf-8")
    except OSError as error:
        raise HomeError(
            f"The folder cannot be made: {error.strerror}.",
            place=str(path),
            hint="Choose one that this user may write.",
            code="home.unreadable",
        ) from error


def _read(path: Path, marker: Path) -> Home:
    try:
        stated = tomllib.loads(marker.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise HomeError(
            f"The configuration cannot be read: {error}.",
            place=str(marker),
            hint="Correct the file.",
            code="home.unreadable",
        ) from error
    found = stated.get("format")
    if found != FORMAT:
        raise HomeError(
            f"The home folder is of format {found}, and this Headwater reads format {FORMAT}.",
            place=str(marker),
            hint="Use the Headwater that made it, or another folder (--home).",
            code="home.version",
        )
    return Home(path, _folders(path, stated, marker))


def _folders(path: Path, stated: Mapping[str, Any], marker: Path) -> tuple[Path, ...]:
    folders = stated.get("folders", [])
    if not isinstance(folders, list) or not all(isinstance(folder, str) for folder in folders):
        raise HomeError(
            "'folders' is a list of paths.",
            place=str(marker),
            hint='Write it as folders = ["warehouse", "/data"].',
            code="home.unreadable",
        )
    return tuple((path / folder).resolve() for folder in folders)
