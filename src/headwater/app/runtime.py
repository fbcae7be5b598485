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
from typing import Self

from sqlalchemy import select

from headwater.access import Actor, install
from headwater.access.keys import load_keyring
from headwater.access.secrets import SecretStore, has_secrets
from headwater.app.administration import Access, Audit, Groups, People, Secrets, Tokens
from headwater.app.azure import Azure
from headwater.app.backup import BackupReport, back_up
from headwater.app.classification import ClassificationReport, ClassificationRequest, classify
from headwater.app.classification_jobs import ask_for_classification, classify_new_tables, keep_classifying
from headwater.app.dataflows import Dataflows, Surroundings
from headwater.app.functions.runs import Runs
from headwater.app.home import Home, open_home
from headwater.app.identity import Identity
from headwater.app.insights import Insights
from headwater.app.insights.recording import ModelUseRecorder
from headwater.app.insights.snapshots import keep_counting
from headwater.app.jobs import Jobs, handlers
from headwater.app.lineage import LineageService
from headwater.app.live import LiveView
from headwater.app.metadata_place import MetadataPlace
from headwater.app.named_scans.declared import registered, unregistered
from headwater.app.notifications.checking import subscriber_findings
from headwater.app.notifications.inbox import Inbox
from headwater.app.openid import OpenId, read_providers
from headwater.app.openlineage.service import OpenLineage
from headwater.app.policies import Policies
from headwater.app.previews import Previews
from headwater.app.pushing.handler import keep_pushing
from headwater.app.pushing.service import Pushes
from headwater.app.reach import Workspaces, reach_of
from headwater.app.reading import TableReader
from headwater.app.reading.sql import SqlQueries
from headwater.app.refreshing import Refreshing
from headwater.app.retention import keep_tidying
from headwater.app.scanning import ask_for_scan, scan_now
from headwater.app.sharing.shares import Shares
from headwater.app.source_schedules import SourceSchedules, keep_scanned
from headwater.app.webhooks import Webhooks
from headwater.catalog import (
    AssetService,
    CollectionService,
    LineageTree,
    ScanOptions,
    ScanReport,
    ScanSummary,
    column_tree,
    edges_upstream,
    last_scans,
    names,
)
from headwater.catalog.annotations.service import AnnotationService
from headwater.catalog.classifying import RuleService, SuggestionService
from headwater.catalog.finding import Search
from headwater.catalog.glossary import GlossaryService, ensure_glossary
from headwater.catalog.label_flow.applying import LabelFlowReport, apply_label_flow
from headwater.catalog.label_flow.policies import LabelPolicyService
from headwater.catalog.label_flow.reading import LabelFlowService
from headwater.catalog.merging import MergingService
from headwater.catalog.openlineage import Receiving
from headwater.catalog.search import SearchIndex
from headwater.catalog.sheets.assets import AssetSheets
from headwater.catalog.sheets.terms import TermSheets
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
from headwater.dataflows.notifying import notify
from headwater.dataflows.refreshing.context import ModelsWanted, Watcher
from headwater.dataflows.service import Dataflow
from headwater.jobs import Handler, Job
from headwater.models.counting import CountingStore
from headwater.models.discovery import Discovery
from headwater.models.earlier import EarlierVersions
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
        self.glossary = GlossaryService(self.database)
        self.annotations = AnnotationService(self.database)
        self.suggestions = SuggestionService(self.database)
        self.classification_rules = RuleService(self.database)
        self.label_policies = LabelPolicyService(self.database)
        self.label_flow = LabelFlowService(self.database)
        self.insights = Insights(self.database)
        self.merging = MergingService(self.database)
        self.asset_sheets = AssetSheets(self.database)
        self.term_sheets = TermSheets(self.database)
        self.dataflows = DataflowService(self.database, home.tables)
        self.tables = PublishedTables(self.database)
        self.reading = TableReader(self.database, self.tables, home.path / "cache" / "results")
        self.sql = SqlQueries(self.tables, self.reading, home.path / "cache" / "sql")
        self.ledger = Ledger(home.ledger, self.database)
        self.environments = Environments(home.models / "environments", home.scoring.environments)
        self.scorers = ScorerPool(home.logs, home.worker_options, self.environments)
        self.runs = Runs(self.database)
        with self.database.begin() as connection:
            install(connection, now=utc_now())
            keep_tidying(connection)
            ensure_glossary(connection, now=utc_now())
            keep_scanned(connection)
            keep_pushing(connection, home.pushes)
            keep_classifying(connection)
            keep_counting(connection)

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        create: bool = False,
        folders: tuple[str, ...] = (),
        metadata: MetadataPlace | None = None,
        upgrade: bool = False,
    ) -> Self:
        """Open the home folder at ``path``; see :func:`headwater.app.home.open_home`.

        ``upgrade`` brings the database of an older version to this one, instead of refusing it.
        """
        return cls(open_home(path, create=create, folders=folders, metadata=metadata), upgrade=upgrade)

    def close(self) -> None:
        """End the models' processes and let go of the database."""
        self.reading.close()
        self.scorers.close()
        for made in {"search", "previews"} & self.__dict__.keys():
            getattr(self, made).close()
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
    def policies(self) -> Policies:
        """Who alone reads data of one kind."""
        return Policies(self.database)

    @cached_property
    def shares(self) -> Shares:
        """Published tables, shared by links."""
        return Shares(self.database, self.tables, self.reading, self.home.sharing)

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

    def back_up(self, actor: Actor, file: Path) -> BackupReport:
        """Write everything that cannot be computed again to a new file; see :func:`headwater.app.backup.back_up`."""
        return back_up(self.home, self.database, actor, file)

    # -- being told ------------------------------------------------------------------------------------------------

    @cached_property
    def inbox(self) -> Inbox:
        """What people were told in the app."""
        return Inbox(self.database)

    @cached_property
    def openlineage(self) -> OpenLineage:
        """Refreshes as OpenLineage events."""
        return OpenLineage(self.database, self.home.lineage)

    @cached_property
    def lineage_receiving(self) -> Receiving:
        """OpenLineage events that others send."""
        return Receiving(self.database, self.installation)

    # -- sources ---------------------------------------------------------------------------------------------------

    @cached_property
    def sources(self) -> SourceService:
        """The registered workspaces and scoring services."""
        return SourceService(
            self.database, self.secrets_store, self.home.folders, on_added=registered, on_removed=unregistered
        )

    @cached_property
    def live(self) -> LiveView:
        """Assets as their workspaces have them now."""
        return LiveView(self.database, self.assets, self.sources)

    @cached_property
    def source_schedules(self) -> SourceSchedules:
        """When sources are scanned by themselves."""
        return SourceSchedules(self.database)

    @cached_property
    def webhooks(self) -> Webhooks:
        """What sources post when something happens there."""
        return Webhooks(self.database, lambda: self.secrets_store)

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
        options: ScanOptions | None = None,
        progress: Callable[[int, int], None] | None = None,
        *,
        details: bool = True,
    ) -> ScanReport:
        """Bring what a source holds into the catalog; ``details``: and read the signatures that are pending then."""
        return scan_now(self, actor, source_name, options or ScanOptions(), progress, details=details)

    def scan_later(self, actor: Actor, source_name: str, options: ScanOptions | None = None) -> Job:
        """Have a worker bring what a source holds into the catalog; see :func:`headwater.app.scanning.ask_for_scan`."""
        return self.jobs.get(actor, ask_for_scan(self.database, actor, source_name, options or ScanOptions()))

    def classify(
        self,
        actor: Actor,
        request: ClassificationRequest | None = None,
        progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> ClassificationReport:
        """Have rules look at columns, here and now; see :func:`headwater.app.classification.classify`."""
        return classify(self, actor, request or ClassificationRequest(), progress=progress)

    def classify_later(self, actor: Actor, request: ClassificationRequest | None = None) -> Job:
        """Have a worker look at columns."""
        wanted = request or ClassificationRequest()
        return self.jobs.get(actor, ask_for_classification(self.database, actor, wanted))

    def apply_label_flow(self, *, anew: bool = False) -> LabelFlowReport:
        """Work out which labels flow where, here and now; see :func:`.label_flow.applying.apply_label_flow`."""
        return apply_label_flow(self.database, anew=anew)

    def last_scans(self, actor: Actor) -> Mapping[str, ScanSummary]:
        """The latest scan of each source that may be seen and was scanned."""
        return last_scans(self.database, actor)

    @cached_property
    def pushes(self) -> Pushes:
        """Pushing the catalog to others."""
        return Pushes(self.database, self.home.pushes)

    @cached_property
    def search(self) -> Search:
        """Search over the catalog."""
        return Search(self.database, SearchIndex.open(self.home.path / "cache" / "search"))

    # -- jobs ------------------------------------------------------------------------------------------------------

    @cached_property
    def job_handlers(self) -> Mapping[str, Handler]:
        """What does each kind of job."""
        return handlers(self)

    @cached_property
    def jobs(self) -> Jobs:
        """Durable work: what there is of it, and calling it off."""
        return Jobs(self.database, lambda: self.job_handlers)

    # -- dataflows -------------------------------------------------------------------------------------------------

    @cached_property
    def previews(self) -> Previews:
        """Previews of dataflows that somebody is editing."""
        return Previews(self.database, self.dataflows, self.collections, self.home.path)

    def apply(self, actor: Actor, folder: Path, collection: str = tables.ROOT_COLLECTION) -> Dataflow:
        """Save the dataflow that a folder's files hold; ``collection`` is where a new one goes."""
        return self.flows.apply(actor, load_folder(folder), collection=collection).dataflow

    @cached_property
    def flows(self) -> Dataflows:
        """Dataflows as people work on them: checked, saved, compared, removed."""
        surroundings = Surroundings(
            self.database,
            self.home.folders,
            lambda: self.connections,
            self.model_environment,
            lambda actor: ActorsRights(self.database, actor, Workspaces(self.sources, actor).scopes),
            lambda settings: subscriber_findings(settings, self.home.mail, self.home.webhooks),
        )
        return Dataflows(self.dataflows, surroundings)

    def model_environment(
        self,
        actor: Actor,
        on_progress: Progress | None = None,
        *,
        store: PredictionStore | None = None,
        earlier: EarlierVersions | None = None,
        counts_only: bool = False,
        dataflow: str = "",
    ) -> ModelEnvironment:
        """The models of all registered sources, as functions that run with ``actor``'s rights.

        Its owner closes it. ``store`` is where predictions are kept; None keeps none. ``dataflow`` is whose use of
        the models it counts as, "" nobody's in particular. For the others see
        :class:`headwater.models.environment.ModelEnvironment`.
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
            on_used=ModelUseRecorder(self.database, rights.scope_of, dataflow),
            earlier=earlier,
            counts_only=counts_only,
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
        """Refresh a dataflow and wait for it; see :meth:`headwater.app.refreshing.Refreshing.run`."""
        nobody = Watcher()
        watcher = Watcher(on_event or nobody.on_event, on_scoring or nobody.on_scoring)
        return self.refreshing.run(actor, dataflow_name, trigger=trigger, watcher=watcher)

    @cached_property
    def refreshing(self) -> Refreshing:
        """Refreshes: asking for one, running it here, calling it off, looking at it."""
        return Refreshing(self.database, self.dataflows, self.refresher)

    def refresher(self) -> Refresher:
        """What refreshes of this home need."""

        def environment(wanted: ModelsWanted) -> ModelEnvironment:
            ledger = Ledger(self.home.ledger, wanted.database, on_kept=wanted.on_kept)
            return self.model_environment(
                wanted.runner,
                wanted.on_progress,
                store=CountingStore(ledger) if wanted.counts_only else LedgerStore(ledger),
                earlier=wanted.earlier,
                counts_only=wanted.counts_only,
                dataflow=wanted.dataflow,
            )

        lineage = self.openlineage.writer(self.installation)
        return Refresher(
            self.database,
            self.installation,
            self.home.tables,
            lambda runner, near: reach_of(self.database, self.home, self.connections, runner, near),
            environment,
            on_started=(lineage.started,),
            on_ended=(notify, lineage, classify_new_tables),
        )

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

    @property
    def lineage(self) -> LineageService:
        """What is made from what."""
        return LineageService(self.database)

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
