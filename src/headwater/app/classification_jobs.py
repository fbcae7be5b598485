"""Looking at columns as a job: asked for, after a dataflow published something new, and every night."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, exists, select

from headwater.access import SYSTEM, Action, Actor, allowed_to
from headwater.app.classification import ClassificationRequest, classify
from headwater.app.scanning import on_behalf_of
from headwater.catalog.classifying import is_installed
from headwater.dataflows.history import EndedRefresh
from headwater.errors import ForbiddenError, HeadwaterError
from headwater.jobs import Job, JobStatus, Lease, NewJob, NewSchedule, queue, schedules
from headwater.store import Database, tables

if TYPE_CHECKING:
    from headwater.app.runtime import Headwater

__all__ = ["KIND", "ClassifyHandler", "ask_for_classification", "classify_new_tables", "keep_classifying"]

KIND = "classify"
_SUBJECT = "classification"
_EVERY_NIGHT = "41 2 * * *"


def keep_classifying(connection: Connection) -> None:
    """Have what changed looked at every night, where that can be done, unless it is arranged already."""
    if is_installed() and schedules.get(connection, KIND, _SUBJECT) is None:
        schedules.put(connection, NewSchedule(KIND, _SUBJECT, ClassificationRequest().to_json(), _EVERY_NIGHT))


def ask_for_classification(database: Database, actor: Actor, request: ClassificationRequest) -> str:
    """Have columns looked at; returns the id of the job.

    Raises:
        ForbiddenError: the actor may annotate nothing.
    """
    with database.begin() as connection:
        if connection.scalar(allowed_to(actor, Action.ASSET_ANNOTATE).limit(1)) is None:
            raise ForbiddenError(
                "You may annotate no asset.",
                hint="Ask somebody who may assign roles for one that has asset.annotate.",
            )
        return queue.add(connection, actor, NewJob(KIND, _SUBJECT, request.to_json()))


def classify_new_tables(connection: Connection, ended: EndedRefresh) -> None:
    """Have the tables looked at that a refresh published for the first time, or with other columns."""
    if ended.status != "succeeded" or not is_installed():
        return
    changed = {entity.entity for entity in ended.entities if entity.schema_changes}
    published, asset, looked = tables.published_tables.c, tables.assets.c, tables.classified_assets.c
    known = exists().where(looked.asset_id == asset.id)
    query = (
        select(published.entity, asset.guid, known.label("known"))
        .join(tables.assets, asset.scope_id == published.scope_id)
        .where(published.dataflow_id == ended.dataflow.id, asset.type_name == "dataflow_table")
    )
    rows = connection.execute(query).all()
    guids = [row.guid for row in rows if row.entity in changed or not row.known]
    if guids:
        payload = ClassificationRequest(sorted(guids)).to_json()
        queue.add(connection, SYSTEM, NewJob(KIND, _SUBJECT, payload, key=f"{KIND}:{ended.id}"))


class ClassifyHandler:
    """Looks at columns with the rights of whoever asked; see :class:`headwater.jobs.Handler`."""

    def __init__(self, app: Headwater) -> None:
        self._app = app

    def run(self, lease: Lease) -> None:
        """Look at them; begun again, it leaves out what it has looked at already.

        Raises:
            UsageError: the extra is not installed any more.
            NotFoundError: an asset that was asked for is gone.
            LeaseLostError, CancelRequestedError: it is to end.
        """

        def progress(done: int, total: int) -> None:
            lease.check()
            lease.tell({"done": done, "total": total})

        request = ClassificationRequest.from_json(lease.job.payload)
        classify(self._app, on_behalf_of(lease.job), request, database=lease.database, progress=progress)

    def may_pass(self, error: Exception) -> bool:
        """Nothing beyond what passes for every job."""
        return False

    def ended(self, connection: Connection, job: Job, status: JobStatus, error: HeadwaterError | None) -> None:
        """Nothing belongs to its end."""
