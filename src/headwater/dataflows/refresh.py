"""Refreshing a dataflow: evaluate each entity, stage its table, publish all of them together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
from filelock import FileLock, Timeout
from sqlalchemy import select

from headwater.access import Action, Actor, require
from headwater.access.audit import record
from headwater.access.events import Event
from headwater.catalog import ColumnRecord, names, record_process
from headwater.dataflows import history
from headwater.dataflows.definition import DataflowDefinition
from headwater.dataflows.history import EntitySummary
from headwater.dataflows.lineage import EntityLineage, lineage_record
from headwater.dataflows.publishing import StagedEntity, publish, roll_forward, table_scopes
from headwater.dataflows.service import Dataflow
from headwater.dataflows.staging import EntityWork, stage_entity
from headwater.errors import ConflictError, HeadwaterError, RefreshError
from headwater.models.environment import ModelEnvironment
from headwater.models.library import ModelLibrary
from headwater.models.statistics import ScoringStatistics
from headwater.plan.lineage import lineage_nodes
from headwater.plan.nodes import Call as CallNode
from headwater.plan.nodes import Node, Source
from headwater.powerquery import PlanTable, Session, Value, evaluate_queries, to_plan_table
from headwater.powerquery.connections import Connections, Resolver
from headwater.store import Database, tables, utc_now
from headwater.tables import discard, staged_scan


@dataclass(frozen=True, slots=True)
class RefreshEvent:
    """Progress: what is being done to which entity; ``rows`` so far, ``phase`` read, score or publish."""

    entity: str
    phase: str
    rows: int


@dataclass(frozen=True, slots=True)
class EntityResult:
    """An entity after a refresh; ``summary`` has its Delta version."""

    summary: EntitySummary
    path: Path


@dataclass(frozen=True, slots=True)
class RefreshResult:
    """A refresh that succeeded. ``scoring`` sums up the statistics of all models it called."""

    id: str
    entities: Sequence[EntityResult]
    scoring: Mapping[str, float]
    seconds: float


@dataclass(frozen=True, slots=True)
class Reach:
    """What queries may reach beyond what they are given: files, data sources by their connections, private networks."""

    folders: Sequence[Path] = ()
    connections: Resolver = field(default_factory=Connections)
    networks: Sequence[IPv4Network | IPv6Network] = ()


@dataclass(frozen=True, slots=True)
class _Begun:
    """When work on an entity began, and what had been scored until then."""

    at: float
    scoring: Mapping[str, float]


@dataclass(frozen=True)
class _Evaluation:
    """One entity's way through a refresh."""

    name: str
    plans: tuple[Node, ...]
    staged: StagedEntity


@dataclass
class Refresher:
    """Runs refreshes.

    Args:
        database: the metadata database.
        installation: this installation's id, for names in the catalog.
        tables: the folder of published tables.
        locks: a folder for lock files; one writer a dataflow.
        reach: what queries may reach that run with somebody's rights, for a dataflow of this scope.
        environment: makes the models that such queries may call, as of now; closed after the refresh.
        engine_settings: settings of the engine, e.g. ``memory_limit``.
    """

    database: Database
    installation: str
    tables: Path
    locks: Path
    reach: Callable[[Actor, int], Reach]
    environment: Callable[[Actor], ModelEnvironment]
    engine_settings: Mapping[str, object] = field(default_factory=dict)

    def refresh(
        self,
        actor: Actor,
        dataflow: Dataflow,
        *,
        trigger: str = "manual",
        on_event: Callable[[RefreshEvent], None] | None = None,
    ) -> RefreshResult:
        """Refresh all loaded queries of a dataflow, with the rights of whoever saved it last.

        Nothing that was published changes unless all of it succeeds.

        Raises:
            ForbiddenError: ``actor`` may not refresh it.
            ConflictError: the dataflow is being refreshed already.
            RefreshError: a query failed; ``place`` says which and where, ``__cause__`` has the error itself.
        """
        started = time.perf_counter()
        with self.database.read() as connection:
            require(connection, actor, Action.DATAFLOW_REFRESH, dataflow.scope_id)
        with self._lock(dataflow.name):
            roll_forward(self.database, dataflow.id)
            identifier = history.start(self.database, dataflow.id, trigger)
            run = _Run(self, dataflow, identifier, on_event or (lambda _: None))
            try:
                entities, scoring = run.execute()
            except BaseException as error:
                self._record_failure(identifier, error)
                self._record_refresh(actor, dataflow, identifier, None)
                raise
            self._record_refresh(actor, dataflow, identifier, sum(e.summary.rows_written for e in entities))
        return RefreshResult(identifier, entities, scoring, time.perf_counter() - started)

    def _record_refresh(self, actor: Actor, dataflow: Dataflow, identifier: str, rows: int | None) -> None:
        with self.database.begin() as connection:
            record(
                connection,
                Event.DATAFLOW_REFRESHED,
                actor,
                now=utc_now(),
                target=f"dataflow:{dataflow.name}",
                scope_id=dataflow.scope_id,
                result="failed" if rows is None else "succeeded",
                refresh_id=identifier,
                rows=rows or 0,
            )

    def _lock(self, name: str) -> Any:
        self.locks.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.locks / f"{name}.lock")
        try:
            return lock.acquire(timeout=0)
        except Timeout as error:
            raise ConflictError(
                f"The dataflow '{name}' is being refreshed already.", hint="Wait until that refresh has ended."
            ) from error

    def _record_failure(self, identifier: str, error: BaseException) -> None:
        cancelled = isinstance(error, KeyboardInterrupt)
        shown = error if isinstance(error, HeadwaterError) else None
        if shown is None and not cancelled:
            shown = RefreshError(f"The refresh failed: {type(error).__name__}.")
        with self.database.begin() as connection:
            history.close(connection, identifier, "cancelled" if cancelled else "failed", shown)


class _Run:
    """One refresh under way."""

    def __init__(
        self, refresher: Refresher, dataflow: Dataflow, identifier: str, on_event: Callable[[RefreshEvent], None]
    ) -> None:
        self._refresher = refresher
        self._dataflow = dataflow
        self._definition: DataflowDefinition = dataflow.definition
        self._id = identifier
        self._on_event = on_event
        self._runner = dataflow.runner
        self._reach = refresher.reach(self._runner, dataflow.scope_id)
        self._done: list[_Evaluation] = []

    def execute(self) -> tuple[Sequence[EntityResult], Mapping[str, float]]:
        """Stage every entity, publish, and tell the catalog."""
        self._check_runner()
        with closing(self._refresher.environment(self._runner)) as models:
            try:
                for name in self._definition.entities():
                    self._done.append(self._entity(name, models))
            except BaseException:
                for evaluation in self._done:
                    discard(evaluation.staged.staged)
                raise
            scoring = _scoring(models)
        staged = [e.staged for e in self._done]
        self._on_event(RefreshEvent("", "publish", 0))
        versions = publish(self._refresher.database, self._dataflow.id, self._id, staged)
        scopes = table_scopes(self._refresher.database, self._dataflow.id)
        for evaluation in self._done:
            self._tell_catalog(evaluation, scopes[evaluation.name])
        return [_result(entity, versions) for entity in staged], scoring

    def _check_runner(self) -> None:
        """Nobody's rights are used who may not come in any more."""
        if self._runner.user_id is None:
            return
        user = tables.users.c
        with self._refresher.database.read() as connection:
            active = connection.scalar(select(user.active).where(user.id == self._runner.user_id))
        if not active:
            raise RefreshError(
                f"The dataflow runs with the rights of {self._runner.name}, whose account is disabled.",
                place=self._dataflow.name,
                hint="Have somebody else save it: it then runs with their rights.",
                code="refresh.saver_disabled",
            )

    def _entity(self, name: str, models: ModelEnvironment) -> _Evaluation:
        # Noted first: a table that does not fold calls its models while it is evaluated.
        begun = _Begun(time.perf_counter(), _scoring(models))
        models.expect(history.rows_before(self._refresher.database, self._dataflow.id, name))
        try:
            return self._stage(name, models, begun)
        except HeadwaterError as error:
            where = f"{self._dataflow.name}, query {name}"
            raise RefreshError(
                f"The query '{name}' failed: {error}",
                place=f"{where}, {error.place}" if error.place else where,
                hint=error.hint or "Correct the query, or the data it reads; what was published before is unchanged.",
                code=f"refresh.{error.code}",
            ) from error

    def _evaluate(self, name: str, models: ModelEnvironment, parameters: Mapping[str, Value]) -> PlanTable:
        """The query's plan; a loaded query that it reads is read from the rows that this refresh has stored."""
        given: dict[str, Value] = dict(parameters)
        session = Session(
            self._definition.settings.culture,
            ZoneInfo(self._definition.settings.time_zone),
            environment=_Names(given, ModelLibrary(models)),
            folders=self._reach.folders,
            connections=self._reach.connections,
            networks=self._reach.networks,
            engine_settings=self._refresher.engine_settings,
        )
        given.update({e.name: self._stored(e, session) for e in self._done})
        own = {n: text for n, text in self._definition.queries.items() if n not in given}
        queries = evaluate_queries(own, session, {n: f"{n}.pq" for n in own})
        return to_plan_table(lambda: queries.get(name), session)

    def _stored(self, evaluation: _Evaluation, session: Session) -> PlanTable:
        uri = names.table(self._refresher.installation, self._dataflow.name, evaluation.name)
        scan = staged_scan(evaluation.staged.staged, Source(uri))
        return PlanTable(scan, session)

    def _stage(self, name: str, models: ModelEnvironment, begun: _Begun) -> _Evaluation:
        settings = self._definition.settings
        path = self._refresher.tables / self._dataflow.name / name
        work = EntityWork(
            name,
            settings.of(name),
            settings.of(name).errors or settings.errors,
            path,
            previous=None,
            full=False,
            now=utc_now().astimezone(ZoneInfo(settings.time_zone)),
            evaluate=lambda parameters: self._evaluate(name, models, parameters),
            watch=lambda reader: self._watched(name, reader),
        )
        rows = stage_entity(work)
        after = _scoring(models)
        summary = EntitySummary(
            entity=name,
            rows_written=rows.staged.rows,
            rows_scored=int(after["sent"] - begun.scoring["sent"]),
            rows_reused=int(after["reused"] - begun.scoring["reused"]),
            errors=sum(rows.staged.errors.values()),
            bytes=rows.staged.bytes,
            seconds=time.perf_counter() - begun.at,
            model_versions=_versions_called(rows.plans),
            rows_skipped=rows.skipped,
            rows_inserted=rows.inserted,
            rows_updated=rows.updated,
            rows_deleted=rows.deleted,
            mode=work.settings.mode,
        )
        return _Evaluation(name, rows.plans, StagedEntity(summary, path, rows.staged, rows.state))

    def _watched(self, name: str, reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
        """The same rows, with an event for each batch."""

        def batches() -> Iterator[pa.RecordBatch]:
            rows = 0
            for batch in reader:
                rows += batch.num_rows
                self._on_event(RefreshEvent(name, "write", rows))
                yield batch

        return pa.RecordBatchReader.from_batches(reader.schema, batches())

    def _tell_catalog(self, evaluation: _Evaluation, scope_id: int) -> None:
        schema = evaluation.staged.staged.schema
        lineage = lineage_record(
            EntityLineage(
                self._refresher.installation,
                self._dataflow.name,
                self._definition.settings.description,
                evaluation.name,
                evaluation.plans[-1],
                [ColumnRecord(c.name, c.type.kind.value) for c in schema.columns],
                self._definition.queries[evaluation.name],
                self._dataflow.collection,
                (self._dataflow.scope_id, scope_id),
            )
        )
        record_process(self._refresher.database, lineage)


class _Names(Mapping[str, Value]):
    """What a query may name beyond the library: entities and parameters of this refresh, and models, looked up live."""

    def __init__(self, stored: Mapping[str, Value], models: ModelLibrary) -> None:
        self._stored = stored
        self._models = models

    def __getitem__(self, name: str) -> Value:
        return self._stored[name] if name in self._stored else self._models[name]

    def __contains__(self, name: object) -> bool:
        return name in self._stored or name in self._models

    def __iter__(self) -> Iterator[str]:
        yield from self._stored
        yield from self._models

    def __len__(self) -> int:
        return len(self._stored) + len(self._models)


_NOTHING = ScoringStatistics().to_dict()


def _scoring(models: ModelEnvironment) -> Mapping[str, float]:
    """The statistics of all models called so far, summed up."""
    counts = [model.function.statistics.to_dict() for model in models.models]
    return {name: sum((count[name] for count in counts), start=zero) for name, zero in _NOTHING.items()}


def _versions_called(plans: Sequence[Node]) -> dict[str, str]:
    """The model versions that plans call, by the name M calls them by."""
    calls = [call.function for plan in plans for call in lineage_nodes(plan) if isinstance(call, CallNode)]
    return {function.name: function.identity for function in calls if function.identity}


def _result(entity: StagedEntity, versions: Mapping[str, int]) -> EntityResult:
    summary = replace(entity.summary, delta_version=versions[entity.summary.entity])
    return EntityResult(summary, entity.path)
