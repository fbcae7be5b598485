"""The jobs of an installation: what does each kind, who may see which, and a worker at work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Integer, Select, and_, case, cast, exists, func, or_, select, tuple_

from headwater.access import Action, Actor, ScopeKind, allowed_to
from headwater.app.classification_jobs import KIND as CLASSIFY
from headwater.app.classification_jobs import ClassifyHandler
from headwater.app.insights.snapshots import KIND as SNAPSHOT
from headwater.app.insights.snapshots import SnapshotHandler
from headwater.app.label_flow_jobs import LabelFlowHandler
from headwater.app.notifications.handler import NotifyHandler
from headwater.app.pushing.handler import KIND as PUSH
from headwater.app.pushing.handler import PushHandler
from headwater.app.retention import CLEAN, CleanHandler, RetentionHandler
from headwater.app.retention import KIND as RETENTION
from headwater.app.scanning import DETAILS, DetailsHandler, ScanHandler
from headwater.app.scanning import KIND as SCAN
from headwater.catalog.label_flow.policies import KIND as LABEL_FLOW
from headwater.dataflows.notifying import KIND as NOTIFY
from headwater.dataflows.openlineage import KIND as OPENLINEAGE
from headwater.dataflows.refresh_jobs import KIND as REFRESH
from headwater.errors import ConflictError, ForbiddenError, NotFoundError
from headwater.jobs import Handler, Job, Worker, WorkerOptions, queue
from headwater.store import Database, tables

if TYPE_CHECKING:
    from headwater.app.runtime import Headwater

__all__ = ["Jobs", "handlers", "worker_at_work"]

_jobs = tables.jobs
_job = tables.jobs.c


def handlers(app: Headwater) -> dict[str, Handler]:
    """What does each kind of job."""
    return {
        SCAN: ScanHandler(app),
        DETAILS: DetailsHandler(app),
        REFRESH: app.refreshing.handler(),
        NOTIFY: NotifyHandler(app.home.mail, app.home.webhooks),
        OPENLINEAGE: app.openlineage.handler(),
        RETENTION: RetentionHandler(app.home.retention),
        LABEL_FLOW: LabelFlowHandler(),
        SNAPSHOT: SnapshotHandler(),
        CLASSIFY: ClassifyHandler(app),
        CLEAN: CleanHandler(app.home.retention, app.home.tables),
        PUSH: PushHandler(app.pushes),
    }


@contextmanager
def worker_at_work(app: Headwater, options: WorkerOptions | None = None) -> Iterator[Worker]:
    """A worker in a thread of this process, until the block ends; jobs under way have its grace time then."""
    worker = Worker(app.database, app.job_handlers, options)
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(stop,), name="worker", daemon=True)
    thread.start()
    try:
        yield worker
    finally:
        stop.set()
        thread.join()


class Jobs:
    """The jobs that somebody may see, and call off.

    A dataflow's jobs are seen by whoever may ``dataflow.read`` it and called off by whoever may ``dataflow.refresh``
    it; a source's by whoever may ``source.read`` and ``source.scan`` it; others, and those whose dataflow or source is
    gone, by whoever asked for them, and by whoever may ``server.read`` and ``server.manage``.
    """

    def __init__(self, database: Database, job_handlers: Callable[[], Mapping[str, Handler]]) -> None:
        self._database = database
        self._handlers = job_handlers

    def list(
        self, actor: Actor, *, subject: str | None = None, limit: int = 50, after: str | None = None
    ) -> Sequence[Job]:
        """The newest first, of those that may be seen; ``after`` is the last job of the page before."""
        query = _seen(actor).order_by(_job.created_at.desc(), _job.id.desc()).limit(limit)
        if subject is not None:
            query = query.where(_job.subject == subject)
        if after is not None:
            last = _jobs.alias()
            turn = select(last.c.created_at, last.c.id).where(last.c.id == after).scalar_subquery()
            query = query.where(tuple_(_job.created_at, _job.id) < turn)
        with self._database.read() as connection:
            return [Job.of(row) for row in connection.execute(query)]

    def count(self, actor: Actor, *, subject: str | None = None) -> int:
        """How many may be seen."""
        query = _seen(actor) if subject is None else _seen(actor).where(_job.subject == subject)
        with self._database.read() as connection:
            return connection.execute(select(func.count()).select_from(query.subquery())).scalar_one()

    def get(self, actor: Actor, job_id: str) -> Job:
        """A job.

        Raises:
            NotFoundError: there is none, or none that may be seen.
        """
        with self._database.read() as connection:
            row = connection.execute(_seen(actor).where(_job.id == job_id)).one_or_none()
        if row is None:
            raise NotFoundError(f"There is no job '{job_id}'.", hint="List those there are.")
        return Job.of(row)

    def cancel(self, actor: Actor, job_id: str) -> Job:
        """Call a job off; returns it as it is then: cancelled, or still running and told to end.

        Raises:
            NotFoundError: there is none, or none that may be seen.
            ForbiddenError: the actor may see it and not call it off.
            ConflictError: it has ended (``job.ended``).
        """
        self.get(actor, job_id)
        with self._database.begin() as connection:
            if connection.execute(_cancellable(actor).where(_job.id == job_id)).one_or_none() is None:
                raise ForbiddenError(
                    "You may not call off this job.",
                    hint="Ask whoever asked for it, or somebody who may refresh or scan what it works on.",
                )
            if not queue.request_cancel(connection, job_id, self._handlers()):
                raise ConflictError("The job has ended.", code="job.ended", place=job_id)
        return self.get(actor, job_id)


def _seen(actor: Actor) -> Select[Any]:
    return _within(actor, Action.DATAFLOW_READ, Action.SOURCE_READ, Action.SERVER_READ)


def _cancellable(actor: Actor) -> Select[Any]:
    return _within(actor, Action.DATAFLOW_REFRESH, Action.SOURCE_SCAN, Action.SERVER_MANAGE)


def _within(actor: Actor, of_dataflow: Action, of_source: Action, of_server: Action) -> Select[Any]:
    """The jobs on whose subject the actor may do an action; the one query behind every look at jobs."""
    dataflow, source = tables.dataflows, tables.sources
    scope = tables.scopes.c
    serves = exists().where(scope.kind == ScopeKind.SERVER.value, scope.id.in_(allowed_to(actor, of_server)))
    own = serves if actor.user_id is None else or_(_job.created_by_id == actor.user_id, serves)
    return (
        select(_jobs)
        .outerjoin(dataflow, and_(dataflow.c.id == _numbered("dataflow"), dataflow.c.scope_id.is_not(None)))
        .outerjoin(source, and_(source.c.name == _named("source"), source.c.scope_id.is_not(None)))
        .where(
            or_(
                dataflow.c.scope_id.in_(allowed_to(actor, of_dataflow)),
                source.c.scope_id.in_(allowed_to(actor, of_source)),
                and_(dataflow.c.scope_id.is_(None), source.c.scope_id.is_(None), own),
            )
        )
    )


def _named(kind: str) -> ColumnElement[Any]:
    """The part of a job's subject after ``kind:``; NULL where it is of another kind."""
    return case((_job.subject.startswith(f"{kind}:"), func.substr(_job.subject, len(kind) + 2)))


def _numbered(kind: str) -> ColumnElement[Any]:
    """As ``_named``, where it is a number."""
    return case(
        (_job.subject.regexp_match(f"^{kind}:[0-9]{{1,9}}$"), cast(func.substr(_job.subject, len(kind) + 2), Integer))
    )
