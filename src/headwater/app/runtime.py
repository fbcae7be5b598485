"""The application: the rooms put together over one home folder. What the server and the command line do, this does.

Whoever asks is named in every call (``actor``), and sees and does what their roles allow.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from sqlalchemy import select

from headwater.access import Actor, install
from headwater.access.keys import load_keyring
from headwater.access.secrets import SecretStore, has_secrets
from headwater.app.administration import Access, Audit, Groups, People, Secrets, Tokens
from headwater.app.azure import Azure
from headwater.app.functions.runs import Runs
from headwater.app.home import Home, open_home
from headwater.app.identity import Identity
from headwater.app.openid import OpenId, read_providers
from headwater.app.reach import Workspaces, reach_of
from headwater.app.reading import TableReader
from headwater.app.reading.sql import SqlQueries
from headwater.catalog import (
    AssetService,
    CollectionService,
    Lineage,
    LineageTree,
    ScanReport,
    ScanSummary,
    column_tree,
    edges_upstream,
    last_scans,
    lineage,
    names,
    scan,
)
from headwater.catalog.scans import ScanKind
from headwater.dataflows import (
    DataflowService,
    EntitySummary,
    PublishedTables,
    Refresher,
    RefreshEvent,
    RefreshResult,
    RefreshSummary,
    history,
    load_folder,
)
from headwater.dataflows.service import Dataflow
from headwater.models.discovery import Discovery
from headwater.models.environment import LedgerStore, ModelEnvironment, PredictionStore
from headwater.models.function_settings import FunctionSettings
from headwater.models.ledger import Ledger
from headwater.models.registered import RegisteredModels
from headwater.models.rights import ActorsRights
from headwater.models.service import FunctionService
from headwater.models.statistics import Progress
from headwater.models.workers.artifacts import ArtifactCache
from headwater.models.workers.environments import Environments
from headwater.models.workers.pool import ScorerPool
from headwater.store import open_database, tables, utc_now
from headwater.workspaces import ConnectionService, SourceService


@dataclass(frozen=True, slots=True)
class Overview:
    """The numbers of the start page."""

    tables: int
    sources: int
    assets: int
    latest_refresh: RefreshSummary | None


class Headwater:
    """An opened home folder with everything that works on it. Close it, or use it as a context manager."""

    def __init__(self, home: Home, *, upgrade: bool = False) -> None:
        self.home = home
        self.database = open_database(home.database_url, upgrade=upgrade)
        self.collections = CollectionService(self.database)
        self.assets = AssetService(self.database)
        self.dataflows = DataflowService(self.database)
        self.tables = PublishedTables(self.database)
        self.reading = TableReader(self.database, self.tables, home.path / "cache" / "results")
        self.sql = SqlQueries(self.tables, self.reading, home.path / "cache" / "sql")
        self.ledger = Ledger(home.ledger, self.database)
        self.environments = Environments(home.models / "environments", home.scoring.environments)
        self.scorers = ScorerPool(home.logs, home.worker_options, self.environments)
        self.runs = Runs(self.database)
        with self.database.begin() as connection:
            install(connection, now=utc_now())

    @classmethod
    def open(cls, path: Path, *, create: bool = False, folders: tuple[str, ...] = (), upgrade: bool = False) -> Self:
        """Open the home folder at ``path``; see :func:`headwater.app.home.open_home`.

        ``upgrade`` brings the database of an older version to this one, instead of refusing it.
        """
        return cls(open_home(path, create=create, folders=folders), upgrade=upgrade)

    def close(self) -> None:
        """End the models' processes and let go of the database."""
        self.reading.close()
        self.scorers.close()
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def installation(self) -> str:
        """The id that starts the names of this installation's dataflows and tables."""
        with self.database.read() as connection:
            found: str = connection.execute(select(tables.installation.c.id)).scalar_one()
        return found

    @cached_property
    def identity(self) -> Identity:
        """Who is there; UsageError when the administrator token of the environment cannot be one."""
        return Identity.from_environment(self.database)

    @cached_property
    def openid(self) -> OpenId:
        """The providers that people sign in by; HomeError where the configuration describes none, SecretError too."""
        return OpenId(self.database, read_providers(self.home.openid, self.home.configuration))

    # -- administration --------------------------------------------------------------------------------------------

    @cached_property
    def people(self) -> People:
        """Users: their own matters, and what whoever manages people does."""
        return People(self.database)

    @cached_property
    def groups(self) -> Groups:
        """Groups and who is in them."""
        return Groups(self.database)

    @cached_property
    def tokens(self) -> Tokens:
        """API tokens."""
        return Tokens(self.database)

    @cached_property
    def access(self) -> Access:
        """Roles, who has which where, and who may do what."""
        return Access(self.database)

    @cached_property
    def audit(self) -> Audit:
        """The audit log."""
        return Audit(self.database)

    @cached_property
    def secrets_store(self) -> SecretStore:
        """Where secrets are kept; SecretError when a key is missing, none, or may be read by others."""
        with self.database.read() as connection:
            keyring = load_keyring(self.home.path, os.environ, has_secrets=has_secrets(connection))
        return SecretStore(keyring, self.home.vaults)

    def check_keys(self) -> None:
        """Refuse to go on with keys that cannot read what is stored; SecretError says which one is missing."""
        with self.database.read() as connection:
            self.secrets_store.check_keys(connection)

    @cached_property
    def secrets(self) -> Secrets:
        """The keys that stored secrets are encrypted with."""
        return Secrets(self.database, lambda: self.secrets_store)

    # -- sources ---------------------------------------------------------------------------------------------------

    @cached_property
    def sources(self) -> SourceService:
        """The registered workspaces and scoring services."""
        return SourceService(self.database, self.secrets_store)

    @cached_property
    def connections(self) -> ConnectionService:
        """The connections to M's data sources."""
        return ConnectionService(self.database, self.secrets_store)

    @cached_property
    def azure(self) -> Azure:
        """Azure Machine Learning workspaces to choose from."""
        return Azure(self.database)

    def scan(
        self,
        actor: Actor,
        source_name: str,
        kind: ScanKind = "full",
        progress: Callable[[int, int], None] | None = None,
    ) -> ScanReport:
        """Bring what a source holds into the catalog."""
        with self.sources.connect(actor, source_name, purpose="scan") as connector:
            source = self.sources.get(actor, source_name)
            return scan(self.database, actor, source, connector, kind, progress=progress)

    def last_scans(self, actor: Actor) -> Mapping[str, ScanSummary]:
        """The latest scan of each source that may be seen and was scanned."""
        return last_scans(self.database, actor)

    # -- dataflows -------------------------------------------------------------------------------------------------

    def apply(self, actor: Actor, folder: Path, collection: str = tables.ROOT_COLLECTION) -> Dataflow:
        """Save the dataflow that a folder's files hold; ``collection`` is where a new one goes."""
        return self.dataflows.apply(actor, load_folder(folder), collection)

    def model_environment(
        self, actor: Actor, on_progress: Progress | None = None, *, store: PredictionStore | None = None
    ) -> ModelEnvironment:
        """The models of all registered sources, as functions that run with ``actor``'s rights.

        Its owner closes it. ``store`` is where predictions are kept; None keeps none.
        """
        workspaces = Workspaces(self.sources, actor)
        rights = ActorsRights(self.database, actor, workspaces.scopes)
        return ModelEnvironment(
            Discovery(workspaces, rights, FunctionSettings(self.database)),
            rights,
            RegisteredModels(
                ArtifactCache(self.home.models / "artifacts"), self.scorers, self.environments, workspaces.trusted
            ),
            store,
            on_progress=on_progress,
            on_close=workspaces.close,
        )

    @cached_property
    def functions(self) -> FunctionService:
        """The models as functions: what there is, calling one, saying what its workspace does not."""

        def rights(actor: Actor) -> ActorsRights:
            return ActorsRights(self.database, actor, Workspaces(self.sources, actor).scopes)

        return FunctionService(self.database, self.model_environment, rights)

    def refresh(
        self,
        actor: Actor,
        dataflow_name: str,
        *,
        trigger: str = "manual",
        on_event: Callable[[RefreshEvent], None] | None = None,
        on_scoring: Progress | None = None,
    ) -> RefreshResult:
        """Refresh a dataflow; see :meth:`headwater.dataflows.Refresher.refresh`."""
        refresher = Refresher(
            self.database,
            self.installation,
            self.home.tables,
            self.home.locks,
            lambda runner, near: reach_of(self.database, self.home, self.connections, runner, near),
            lambda runner: self.model_environment(runner, on_scoring, store=LedgerStore(self.ledger)),
        )
        dataflow = self.dataflows.get(actor, dataflow_name)
        return refresher.refresh(actor, dataflow, trigger=trigger, on_event=on_event)

    def refreshes(self, actor: Actor, dataflow_name: str | None = None, limit: int = 50) -> Sequence[RefreshSummary]:
        """The newest refreshes first, of those that may be seen."""
        return history.latest(self.database, actor, dataflow_name, limit)

    def refresh_entities(self, actor: Actor, refresh_id: str) -> Sequence[EntitySummary]:
        """What a refresh did, entity by entity."""
        return history.entities(self.database, actor, refresh_id)

    # -- catalog ---------------------------------------------------------------------------------------------------

    def table_name(self, dataflow_name: str, entity: str) -> str:
        """The qualified name of a published table."""
        return names.table(self.installation, dataflow_name, entity)

    def table_guid(self, actor: Actor, dataflow_name: str, entity: str) -> str | None:
        """The guid of a published table in the catalog, where it may be seen there."""
        found = self.assets.find(actor, "dataflow_table", self.table_name(dataflow_name, entity))
        return None if found is None else found.guid

    def lineage(
        self, actor: Actor, guid: str, direction: Literal["input", "output", "both"], *, depth: int, width: int
    ) -> Lineage:
        """The lineage graph around an asset, of what may be seen."""
        return lineage(self.database, actor, guid, direction, depth=depth, width=width)

    def column_tree(self, actor: Actor, dataflow_name: str, entity: str, column: str) -> LineageTree:
        """Where a column of a published table comes from."""
        return column_tree(self.database, actor, self.table_name(dataflow_name, entity), column)

    def edges_upstream(self, actor: Actor, dataflow_name: str, entity: str) -> list[tuple[str, str]]:
        """All pairs of qualified names from a table back to the files."""
        return edges_upstream(self.database, actor, self.table_name(dataflow_name, entity))

    def overview(self, actor: Actor) -> Overview:
        """The numbers of the start page: of what may be seen."""
        latest = history.latest(self.database, actor, limit=1)
        return Overview(
            len(self.tables.list(actor)),
            self.sources.count(actor),
            sum(self.assets.counts_by_type(actor).values()),
            latest[0] if latest else None,
        )
