"""The home folder: everything an installation keeps, under one roof.

::

    HOME/
      headwater.toml    marks the folder, and configures it
      headwater.db      the metadata database, unless it is a server's
      secret.key        what stored secrets are encrypted with, unless the environment says otherwise
      tables/           published Delta tables: tables/<dataflow>/<entity>
      ledger/           predictions, by call fingerprint
      models/           artifacts of model versions, and environments that they need
      logs/             of model processes
      locks/            what keeps two processes from one work: the demo
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import URL

from headwater.access.vaults import Vaults
from headwater.app.metadata_place import MetadataPlace, read_metadata_place
from headwater.app.notifications.settings import Mail, Webhooks, read_mail, read_webhooks
from headwater.app.openlineage.settings import Receiver, read_receiver
from headwater.app.pushing.settings import Target, read_targets
from headwater.app.retention import RetentionSettings, read_retention
from headwater.app.scoring import Scoring, read_scoring
from headwater.app.sharing.settings import SharingSettings, read_sharing
from headwater.errors import HomeError
from headwater.models.workers.options import WorkerOptions

FORMAT = 1
"""The layout of a home folder that this code reads and writes."""

CONFIGURATION = "headwater.toml"

_TEMPLATE = f"""# A Headwater home folder.
format = {FORMAT}

# Folders whose files dataflows may read; relative ones lie below this folder.
folders = []

# The metadata database, where it is not the file headwater.db: several machines can share a PostgreSQL server's.
# [database]
# url = "postgresql://db.example.org/headwater"
# user = "headwater"
# password = "env:HEADWATER_DATABASE_PASSWORD"

# What references to secrets may lead to: variables of the environment, files below folders, vault plugins.
# [secrets]
# variables = ["WAREHOUSE_PASSWORD"]
# folders = ["/run/secrets"]
# plugins = []

# The processes that run models, and where the packages come from that they need.
# [scoring]
# minimum_isolation = "restricted"
# memory_limit = "4GB"
"""


@dataclass(frozen=True, slots=True)
class Home:
    """A home folder that has been opened.

    Attributes:
        path: the folder.
        folders: those that dataflows may read.
        vaults: what references to secrets that are kept elsewhere may lead to.
        openid: the tables that describe who vouches for people.
        scoring: how models are run.
        metadata: where the metadata database is, as the configuration says it.
        mail: how mail is sent; None: it is not.
        webhooks: which webhooks may be called.
        lineage: who is sent OpenLineage events.
        retention: how long things are kept.
        sharing: how long tables may be shared.
        pushes: the catalogs that this one is pushed to.
    """

    path: Path
    folders: tuple[Path, ...]
    vaults: Vaults = field(default_factory=Vaults)
    openid: tuple[Mapping[str, Any], ...] = ()
    scoring: Scoring = field(default_factory=Scoring)
    metadata: MetadataPlace = field(default_factory=MetadataPlace)
    mail: Mail | None = None
    webhooks: Webhooks = field(default_factory=Webhooks)
    lineage: Receiver = field(default_factory=Receiver)
    retention: RetentionSettings = field(default_factory=RetentionSettings)
    sharing: SharingSettings = field(default_factory=SharingSettings)
    pushes: tuple[Target, ...] = ()

    @property
    def configuration(self) -> Path:
        """The file that configures it."""
        return self.path / CONFIGURATION

    @property
    def database_url(self) -> URL:
        """Where the metadata database is, and what opens it; see :meth:`MetadataPlace.resolve` for what it raises."""
        return self.metadata.resolve(self.path, os.environ)

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
    def worker_options(self) -> WorkerOptions:
        """How models are run: as configured, and without a look into this folder."""
        return replace(self.scoring.workers, hidden=(self.path,))

    @property
    def logs(self) -> Path:
        """The folder of the logs of started processes."""
        return self.path / "logs"

    @property
    def locks(self) -> Path:
        """The folder of what keeps two processes from one work."""
        return self.path / "locks"


def open_home(
    path: Path, *, create: bool = False, folders: tuple[str, ...] = (), metadata: MetadataPlace | None = None
) -> Home:
    """The home folder at ``path``.

    Args:
        path: the folder.
        create: make it if it is not there.
        folders: for one that is made, the folders that dataflows may read.
        metadata: for one that is made, where its metadata database is; None: within it.

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
        _make(path, marker, _TEMPLATE.replace("folders = []", f"folders = [{_listed(folders)}]") + _stated(metadata))
    return _read(path, marker)


def _listed(folders: tuple[str, ...]) -> str:
    # A JSON string is a TOML string too, whatever characters are in the path.
    return ", ".join(json.dumps(folder, ensure_ascii=False) for folder in folders)


def _stated(metadata: MetadataPlace | None) -> str:
    return "" if metadata is None or not metadata.url else "\n" + metadata.to_toml()


def _make(path: Path, marker: Path, configuration: str) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
        if any(path.iterdir()):
            raise HomeError(
                f"'{path}' holds other files, and no Headwater home folder.",
                place=str(path),
                hint="Name a new or an empty folder with --home.",
                code="home.occupied",
            )
        marker.write_text(configuration, "utf-8")
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
    return Home(
        path,
        _folders(path, stated, marker),
        _vaults(path, stated, marker),
        _openid(stated, marker),
        read_scoring(path, stated.get("scoring", {}), marker),
        read_metadata_place(stated, marker),
        read_mail(stated, marker),
        read_webhooks(stated, marker),
        read_receiver(stated, path, marker),
        read_retention(stated, marker),
        read_sharing(stated, marker),
        read_targets(stated, marker),
    )


def _openid(stated: Mapping[str, Any], marker: Path) -> tuple[Mapping[str, Any], ...]:
    listed = stated.get("openid", [])
    if not isinstance(listed, list) or not all(isinstance(table, dict) for table in listed):
        hint = "Write an [[openid]] table for each."
        raise _misstated("'openid' is a list of providers that people sign in by.", marker, hint)
    return tuple(listed)


def _folders(path: Path, stated: Mapping[str, Any], marker: Path) -> tuple[Path, ...]:
    listed = _texts(stated, "folders", marker, 'Write it as folders = ["warehouse", "/data"].')
    return tuple((path / folder).resolve() for folder in listed)


def _vaults(path: Path, stated: Mapping[str, Any], marker: Path) -> Vaults:
    """What the table ``secrets`` allows; without it, nothing."""
    table = stated.get("secrets", {})
    hint = 'Write it as [secrets] with variables, folders and plugins, each like ["NAME"], and nothing else.'
    if not isinstance(table, dict) or table.keys() - {"variables", "folders", "plugins"}:
        raise _misstated("'secrets' is a table of what references to secrets may lead to.", marker, hint)
    return Vaults(
        variables=frozenset(_texts(table, "variables", marker, hint)),
        folders=tuple((path / folder).resolve() for folder in _texts(table, "folders", marker, hint)),
        plugins=frozenset(_texts(table, "plugins", marker, hint)),
    )


def _texts(stated: Mapping[str, Any], name: str, marker: Path, hint: str) -> list[str]:
    listed = stated.get(name, [])
    if not isinstance(listed, list) or not all(isinstance(text, str) for text in listed):
        raise _misstated(f"'{name}' is a list of {'paths' if name == 'folders' else 'names'}.", marker, hint)
    return listed


def _misstated(message: str, marker: Path, hint: str) -> HomeError:
    return HomeError(message, place=str(marker), hint=hint, code="home.unreadable")
