"""One entity's way through a refresh: from its query to files that wait to be published."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from threading import Event, Lock
from zoneinfo import ZoneInfo

import pyarrow as pa

from headwater.catalog import ColumnRecord, LineageRecord, names
from headwater.dataflows import history
from headwater.dataflows.history import CellError, EntitySummary
from headwater.dataflows.lineage import EntityLineage, lineage_record
from headwater.dataflows.linked import LinkedTables
from headwater.dataflows.published import PublishedTable
from headwater.dataflows.publishing import StagedEntity
from headwater.dataflows.refreshing.context import Reach, Refresher, RefreshEvent, RefreshRequest, Watcher
from headwater.dataflows.refreshing.failures import entity_failure
from headwater.dataflows.refreshing.fingerprint import entity_fingerprint
from headwater.dataflows.refreshing.reading import rows_read
from headwater.dataflows.retention import pinned
from headwater.dataflows.service import Dataflow
from headwater.dataflows.staging import EntityWork, Previous, StagedRows, stage_entity
from headwater.errors import CancelRequestedError, HeadwaterError, LeaseLostError, RefreshError
from headwater.models.apart import EntityModels
from headwater.models.environment import ModelEnvironment
from headwater.models.library import ModelLibrary, NamesAndModels
from headwater.models.statistics import ScoringStatistics
from headwater.plan.lineage import lineage_nodes
from headwater.plan.nodes import Call as CallNode
from headwater.plan.nodes import Node, Source
from headwater.powerquery import PlanTable, Session, Value, evaluate_queries, to_plan_table
from headwater.powerquery.values.core import Thunk
from headwater.tables import staged_scan

__all__ = ["EntityRun", "Surroundings"]


@dataclass(frozen=True)
class Surroundings:
    """What the entities of one refresh share.

    Attributes:
        refresher: what all refreshes share.
        dataflow: at the version that is refreshed.
        request: what was asked for.
        reach: what its queries may reach.
        models: which they may call.
        previous: what is published of each entity.
        now: when the refresh began, in the dataflow's time zone.
        stopped: set when nothing more is to be done.
        watcher: whoever watches in this process.
        tell: told of progress.
        done: the entities that have been staged, by name.
        linked: the published tables that linked names stand for, as they were when one was first read.
        pins: keeps their files until the refresh has ended; closed by whoever runs it.
        lock: held while these are looked up.
    """

    refresher: Refresher
    dataflow: Dataflow
    request: RefreshRequest
    reach: Reach
    models: ModelEnvironment
    previous: Mapping[str, Previous]
    now: datetime
    stopped: Event
    watcher: Watcher
    tell: Callable[[RefreshEvent], None]
    done: dict[str, StagedEntity] = field(default_factory=dict)
    linked: dict[str, PublishedTable] = field(default_factory=dict)
    pins: ExitStack = field(default_factory=ExitStack)
    lock: Lock = field(default_factory=Lock)


class EntityRun:
    """Stages one entity, in a thread of its own."""

    def __init__(self, around: Surroundings, name: str) -> None:
        self._around = around
        self._name = name
        self._settings = around.dataflow.definition.settings
        rows = history.rows_before(around.refresher.database, around.dataflow.id, name)
        self._models = around.models.apart(rows)
        self._rows = 0
        self._begun = time.perf_counter()
        self._opened = ExitStack()
        self._first: Session | None = None

    def stage(self) -> StagedEntity:
        """Evaluate and write it; nothing is visible by that.

        Raises:
            RefreshError: it failed; ``place`` says in which query and step, ``__cause__`` has the error itself.
        """
        around = self._around
        around.tell(RefreshEvent(self._name, "read", 0))
        try:
            with self._opened:
                rows = stage_entity(self._work())
        except (LeaseLostError, CancelRequestedError):
            raise  # no failure of the query's: it is to end
        except HeadwaterError as error:
            raise self._failure(error) from error
        around.watcher.scored(_scoring(self._models))
        return StagedEntity(
            self._summary(rows),
            around.refresher.tables / around.dataflow.name / self._name,
            rows.staged,
            rows.state,
            self._lineage(rows),
            tuple(CellError(c.column, c.row, c.reason, c.message, c.key) for c in rows.error_cells),
        )

    def failed(self, error: HeadwaterError) -> EntitySummary:
        """What is kept of it when it failed."""
        scoring = _scoring(self._models)
        return EntitySummary(
            entity=self._name,
            rows_written=0,
            rows_scored=int(scoring["sent"]),
            rows_reused=int(scoring["reused"]),
            errors=0,
            bytes=0,
            seconds=time.perf_counter() - self._begun,
            model_versions=_versions(self._models, ()),
            rows_read=None,
            reuse=_reuse(self._models),
            mode=self._settings.of(self._name).mode,
            engine=_ENGINE,
            error=error.to_dict(),
        )

    def _work(self) -> EntityWork:
        around, own = self._around, self._settings.of(self._name)
        return EntityWork(
            self._name,
            own,
            own.errors or self._settings.errors,
            around.refresher.tables / around.dataflow.name / self._name,
            previous=around.previous.get(self._name),
            full=around.request.full,
            now=around.now,
            evaluate=self._evaluate,
            watch=self._watched,
            schema_changes=own.schema_changes or self._settings.schema_changes,
            max_rows=self._settings.limits.rows,
            made_by=self._made_by(),
            reads=around.dataflow.definition.reads(self._name),
        )

    def _made_by(self) -> str:
        """What rows are computed by: the definition, and which columns of linked tables policies hide from the runner.

        Periods that were stored with a column must not stay when it is hidden.
        """
        around = self._around
        made = entity_fingerprint(around.dataflow.definition, self._name)
        tables = LinkedTables(around.refresher.database, around.dataflow.runner)
        hidden = {name: sorted(tables.hidden(linked)) for name, linked in self._settings.linked.items()}
        return f"{made} {json.dumps(hidden, sort_keys=True)}" if any(hidden.values()) else made

    def _failure(self, error: HeadwaterError) -> RefreshError:
        queries = dict(self._around.dataflow.definition.queries)
        return entity_failure(self._around.dataflow.name, self._name, queries, error)

    def _evaluate(self, parameters: Mapping[str, Value]) -> PlanTable:
        """The query's plan; a loaded query that it reads is read from the rows that this refresh has stored."""
        definition = self._around.dataflow.definition
        given: dict[str, Value] = dict(parameters)
        session = self._session(NamesAndModels(given, ModelLibrary(self._models)))
        given |= {name: self._stored(name, session) for name in definition.dependencies(self._name)}
        given |= {name: Thunk(partial(self._linked, name, session)) for name in self._settings.linked}
        own = {name: text for name, text in definition.queries.items() if name not in given}
        queries = evaluate_queries(own, session, {name: f"{name}.pq" for name in own})
        return to_plan_table(lambda: queries.get(self._name), session)

    def _session(self, environment: Mapping[str, Value]) -> Session:
        reach = self._around.reach
        session = Session(
            self._settings.culture,
            ZoneInfo(self._settings.time_zone),
            environment=environment,
            folders=reach.folders,
            connections=reach.connections,
            networks=reach.networks,
            engine_settings=self._engine_settings(),
        )
        if self._first is None:
            self._first = session
            # Its memory and its files on disk are given back as soon as the entity is written.
            self._opened.callback(session.engine.close)
        else:
            session.share_engine(self._first)
        return session

    def _engine_settings(self) -> Mapping[str, object]:
        """The limit on memory is the whole refresh's: entities side by side have equal parts of it."""
        shared, limits = self._around.refresher.engine_settings, self._settings.limits
        if limits.memory is None:
            return shared
        side_by_side = min(limits.parallel, len(self._settings.load))
        return {**shared, "memory_limit": f"{limits.memory // side_by_side}B"}

    def _stored(self, name: str, session: Session) -> PlanTable:
        around = self._around
        uri = names.table(around.refresher.installation, around.dataflow.name, name)
        return PlanTable(staged_scan(around.done[name].staged, Source(uri)), session)

    def _linked(self, name: str, session: Session) -> PlanTable:
        """Another dataflow's table, when the query comes to it; every query of a refresh sees one version of it."""
        around, linked = self._around, self._settings.linked[name]
        tables = LinkedTables(around.refresher.database, around.dataflow.runner)
        with around.lock:
            if name not in around.linked:
                table = tables.table(name, linked)
                around.pins.enter_context(pinned(around.refresher.database, table, table.delta_version))
                around.linked[name] = table
        return PlanTable(tables.scan(name, linked, table=around.linked[name]), session)

    def _watched(self, reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
        """The same rows: progress is told, and it ends where the refresh does."""

        def batches() -> Iterator[pa.RecordBatch]:
            for batch in reader:
                self._check()
                self._rows += batch.num_rows
                self._around.tell(RefreshEvent(self._name, "write", self._rows))
                yield batch

        return pa.RecordBatchReader.from_batches(reader.schema, batches())

    def _check(self) -> None:
        if self._around.stopped.is_set():
            raise RefreshError("The refresh was stopped.", code="refresh.stopped")

    def _summary(self, rows: StagedRows) -> EntitySummary:
        scoring = _scoring(self._models)
        return EntitySummary(
            entity=self._name,
            rows_written=rows.staged.rows,
            rows_scored=int(scoring["sent"]),
            rows_reused=int(scoring["reused"]),
            errors=sum(rows.staged.errors.values()),
            bytes=rows.staged.bytes,
            seconds=time.perf_counter() - self._begun,
            model_versions=_versions(self._models, rows.plans),
            rows_read=rows_read(rows.plans, self._fetched()),
            rows_skipped=rows.skipped,
            rows_inserted=rows.inserted,
            rows_updated=rows.updated,
            rows_deleted=rows.deleted,
            reuse=_reuse(self._models),
            mode=self._settings.of(self._name).mode,
            engine=_ENGINE,
            schema_changes=list(rows.schema_changes),
        )

    def _fetched(self) -> int:
        return 0 if self._first is None else self._first.engine.fetched_rows()

    def _lineage(self, rows: StagedRows) -> LineageRecord:
        dataflow = self._around.dataflow
        return lineage_record(
            EntityLineage(
                self._around.refresher.installation,
                dataflow.name,
                self._settings.description,
                self._name,
                rows.plans[-1],
                [ColumnRecord(c.name, c.type.kind.value) for c in rows.staged.schema.columns],
                dataflow.definition.queries[self._name],
                dataflow.collection,
                (dataflow.scope_id, None),
            )
        )


_ENGINE = Session.engine_name
_NOTHING = ScoringStatistics().to_dict()


def _scoring(models: EntityModels) -> Mapping[str, float]:
    """The statistics of all models called so far, summed up."""
    counts = [model.function.statistics.to_dict() for model in models.models]
    return {name: sum((count[name] for count in counts), start=zero) for name, zero in _NOTHING.items()}


def _versions(models: EntityModels, plans: Sequence[Node]) -> dict[str, str]:
    """The model versions that were called, by the name M calls them by: in the plans, or while these were made."""
    calls = [call.function for plan in plans for call in lineage_nodes(plan) if isinstance(call, CallNode)]
    called = {m.name: m.description.qualified_name for m in models.models if m.function.statistics.rows}
    return called | {function.name: function.identity for function in calls if function.identity}


def _reuse(models: EntityModels) -> dict[str, str]:
    """Which rule says that earlier predictions of each called model hold."""
    return {model.name: model.reuse for model in models.models if model.function.statistics.rows}
