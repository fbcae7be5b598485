"""``headwater init`` and ``upgrade``."""

from __future__ import annotations

from pathlib import Path

from headwater.app.home import CONFIGURATION
from headwater.app.metadata_place import MetadataPlace
from headwater.app.runtime import Headwater
from headwater.cli.output import say
from headwater.errors import ConflictError


def init(home: Path, folders: list[Path], metadata: MetadataPlace) -> None:
    """Make a home folder; one that is there already is opened and left as it is."""
    named = tuple(str(folder.resolve()) for folder in folders)
    with Headwater.open(home, create=True, folders=named, metadata=metadata) as app:
        if metadata.url and app.home.metadata != metadata:
            raise ConflictError(
                "The home folder is there already, and has another metadata database.",
                place=str(app.home.configuration),
                hint="Name a new folder with --home, or change [database] in the file.",
            )
        say(f"home folder: {app.home.path}")
        say(f"  metadata database: {app.database.place}")
        for folder in app.home.folders:
            say(f"  dataflows may read: {folder}")
        say(f"  more folders: in {app.home.path / CONFIGURATION}")


def upgrade(home: Path) -> None:
    """Bring a home folder's database to this version."""
    with Headwater.open(home, upgrade=True) as app:
        say(f"{app.home.path} is at revision {app.database.revision()}")
