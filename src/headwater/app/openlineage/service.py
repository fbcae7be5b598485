"""The events of refreshes: sent to whoever is configured, and read by whoever may see the dataflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, select

from headwater.access import Action, Actor, allowed_to
from headwater.app.configuration import administrators_secret
from headwater.app.openlineage.settings import Receiver
from headwater.dataflows.openlineage import KIND, OpenLineageEvents, start_key
from headwater.errors import HeadwaterError, HomeError, RemoteError
from headwater.jobs import Job, JobStatus, Lease, queue
from headwater.net import HttpClient
from headwater.net.failures import status_hint
from headwater.store import Database, tables

__all__ = ["EventPage", "OpenLineage", "OpenLineageHandler"]

_events = tables.openlineage_events.c
_DEADLINE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class EventPage:
    """Some events in the order in which they were written; ``after`` asks for the next page, None at the end."""

    events: Sequence[Mapping[str, Any]]
    after: int | None


class OpenLineage:
    """OpenLineage events of this installation's refreshes."""

    def __init__(self, database: Database, receiver: Receiver) -> None:
        self._database = database
        self._receiver = receiver

    def events(
        self, actor: Actor, *, since: datetime | None = None, after: int | None = None, limit: int = 100
    ) -> EventPage:
        """The events of those dataflows that may be seen, the oldest first.

        Args:
            actor: who asks.
            since: only those of this moment and later.
            after: only those after the last one of the page before.
            limit: how many at most.
        """
        flows, refreshes = tables.dataflows.c, tables.refreshes.c
        query = (
            select(_events.id, _events.event)
            .join(tables.refreshes, refreshes.id == _events.run_id)
            .join(tables.dataflows, flows.id == refreshes.dataflow_id)
            .where(flows.scope_id.in_(allowed_to(actor, Action.DATAFLOW_READ)))
            .order_by(_events.id)
        )
        if since is not None:
            query = query.where(_events.event_time >= since)
        if after is not None:
            query = query.where(_events.id > after)
        with self._database.read() as connection:
            rows = connection.execute(query.limit(limit + 1)).all()
        return EventPage([row.event for row in rows[:limit]], rows[limit - 1].id if len(rows) > limit else None)

    def writer(self, installation: str) -> OpenLineageEvents:
        """What writes the events of a refresh that has ended, in an installation of this id."""
        return OpenLineageEvents(installation, self._receiver.listens, self._receiver.source_code)

    def handler(self) -> OpenLineageHandler:
        """What sends them: the handler of jobs of the kind "openlineage"."""
        return OpenLineageHandler(self._database, self._receiver)


class OpenLineageHandler:
    """Sends the events that begin or end one refresh, in their order; see :class:`headwater.jobs.Handler`."""

    def __init__(self, database: Database, receiver: Receiver) -> None:
        self._database = database
        self._receiver = receiver

    def run(self, lease: Lease) -> None:
        """Send what the job names; what was sent before an attempt failed is sent again, which changes nothing.

        Raises:
            NetworkError, SecretError: the receiver cannot be reached, or refuses them.
            HomeError: the file cannot be written (``openlineage.file``).
        """
        events = [*self._owed(lease), *self._events(lease.job.payload)]
        if self._receiver.file is not None:
            self._append(events)
        if self._receiver.url:
            self._post(lease, events)

    def may_pass(self, error: Exception) -> bool:
        """A disk that is full may not be so later; beyond that, what passes for every job."""
        return isinstance(error, HomeError)

    def ended(self, connection: Connection, job: Job, status: JobStatus, error: HeadwaterError | None) -> None:
        """Nothing belongs to its end."""

    def _owed(self, lease: Lease) -> list[bytes]:
        """That the refresh started, where this says how it ended and that has not been sent: it comes first."""
        key, job = start_key(lease.job.payload["refresh"]), tables.jobs.c
        if lease.job.key == key:
            return []
        with lease.begin() as connection:
            unsent = select(job.id, job.payload).where(job.key == key, job.status != "succeeded")
            row = connection.execute(unsent).one_or_none()
            if row is None:
                return []
            queue.request_cancel(connection, row.id, {KIND: self})
        return self._events(row.payload)

    def _events(self, payload: Mapping[str, Any]) -> list[bytes]:
        between = _events.id.between(payload["first"], payload["last"])
        query = select(_events.event).where(between, _events.run_id == payload["refresh"]).order_by(_events.id)
        with self._database.read() as connection:
            return [orjson.dumps(event) for event in connection.execute(query).scalars()]

    def _append(self, events: Sequence[bytes]) -> None:
        file = self._receiver.file
        assert file is not None, "asked before"
        try:
            with file.open("ab") as lines:
                lines.write(b"".join(event + b"\n" for event in events))
        except OSError as error:
            raise HomeError(
                f"The events cannot be written: {error.strerror}.",
                place=str(file),
                hint="Check 'file' in [openlineage] of headwater.toml, and the room on the disk.",
                code="openlineage.file",
            ) from error

    def _post(self, lease: Lease, events: Sequence[bytes]) -> None:
        receiver = self._receiver
        headers = {"Content-Type": "application/json"}
        if receiver.api_key:
            headers["Authorization"] = f"Bearer {administrators_secret(receiver.api_key).reveal()}"
        with HttpClient(receiver.url, private_networks=receiver.networks, max_redirects=0) as client:
            for event in events:
                lease.check()
                answer = client.request(
                    "POST", receiver.url, headers=headers, content=event, deadline=_DEADLINE_SECONDS
                )
                if not 200 <= answer.status < 300:
                    raise RemoteError(
                        f"The receiver of lineage answered with the status {answer.status}.",
                        status=answer.status,
                        place=str(client.origin),
                        hint=status_hint(answer.status),
                    )
