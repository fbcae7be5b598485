"""Webhooks of sources: what an MLflow server posts when something happens, and the scan that follows from it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, insert, select, update

from headwater.access import SYSTEM, Action, Actor
from headwater.access.secrets import SecretStore
from headwater.app.scanning import KIND
from headwater.app.source_schedules import SourceSchedule, SourceSchedules
from headwater.catalog import events_to_scan
from headwater.errors import UnauthenticatedError, UsageError
from headwater.jobs import NewJob, queue
from headwater.secret import Secret
from headwater.store import Database, tables, utc_now
from headwater.workspaces.mlflow.webhooks import read_event
from headwater.workspaces.source_rows import find_source

__all__ = ["PATH", "NewWebhook", "Webhooks"]

#: Where webhooks are posted to; a source's name follows.
PATH: Final = "/api/webhooks/mlflow/"
_MOST_MODELS: Final = 50
_hook, _source, _job = tables.source_webhooks.c, tables.sources.c, tables.jobs.c


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """Where to have a source post to, and what to have it sign with; the secret is shown this once."""

    path: str
    secret: Secret


class Webhooks:
    """Webhooks: arranged by whoever may scan a source, posted to by the source alone.

    Args:
        database: the metadata database.
        store: gives where secrets are kept.
    """

    def __init__(self, database: Database, store: Callable[[], SecretStore]) -> None:
        self._database = database
        self._store = store
        # A secret is read from the store once, and not for everybody who posts something.
        self._known: dict[tuple[str, datetime], Secret] = {}

    def arrange(self, actor: Actor, name: str) -> NewWebhook:
        """Have a source scanned when it says that something happened, and daily; a secret of before holds no more.

        Raises:
            NotFoundError: there is no such source, or none that may be seen.
            ForbiddenError: the actor may not scan it.
            UsageError: sources of its kind have no webhooks (``webhook.kind``).
        """
        secret, now, store = Secret(secrets.token_urlsafe(32)), utc_now(), self._store()
        with self._database.begin() as connection:
            source = find_source(connection, actor, name, Action.SOURCE_SCAN)
            if source.kind != "mlflow":
                raise UsageError(
                    f"A source of kind '{source.kind}' has no webhooks.",
                    code="webhook.kind",
                    hint='Have it scanned every few minutes: "every 15 minutes".',
                )
            before = connection.scalar(select(_hook.secret_ref).where(_hook.source_id == source.id))
            told = {"created_at": now, "created_by": actor.name}
            if before is None:
                reference = store.add(connection, secret, by=actor, now=now)
                values = {"source_id": source.id, "secret_ref": reference, **told}
                connection.execute(insert(tables.source_webhooks).values(values))
            else:
                store.replace(connection, before, secret, by=actor, now=now)
                same = _hook.source_id == source.id
                connection.execute(update(tables.source_webhooks).where(same).values(told))
        SourceSchedules(self._database).set(actor, name, SourceSchedule("webhook"))
        return NewWebhook(PATH + name, secret)

    def receive(self, name: str, headers: Mapping[str, str], body: bytes) -> None:
        """Take what a source posts, and have it scanned where that says so. Many such messages make one scan.

        Raises:
            UnauthenticatedError: there is no such source or webhook, or the message is not signed with its secret, or
                is too old: nobody is told which.
            UsageError: it is signed, and is no event.
        """
        now = utc_now()
        with self._database.read() as connection:
            query = select(_source.id, _hook.secret_ref, _hook.created_at).join(
                tables.source_webhooks, _hook.source_id == _source.id
            )
            row = connection.execute(query.where(_source.name == name)).one_or_none()
        if row is None:
            raise _refused()
        try:
            event = read_event(headers, body, self._secret(row.secret_ref, row.created_at), now=now)
        except UnauthenticatedError:
            raise _refused() from None
        wanted = events_to_scan(event)
        with self._database.begin() as connection:
            same = _hook.source_id == row.id
            connection.execute(update(tables.source_webhooks).where(same).values(last_event_at=now))
            if wanted is not None:
                _ask(connection, name, wanted.to_json())

    def _secret(self, reference: str, created_at: datetime) -> Secret:
        key = (reference, created_at)
        if key not in self._known:
            with self._database.begin() as connection:
                found = self._store().resolve(connection, reference, by=SYSTEM, purpose="webhook", now=utc_now())
            self._known = {known: secret for known, secret in self._known.items() if known[0] != reference}
            self._known[key] = found
        return self._known[key]


def _ask(connection: Connection, name: str, payload: Mapping[str, Any]) -> None:
    """Have the source scanned; a scan that waits already looks at this model as well."""
    new = NewJob(KIND, f"source:{name}", payload)
    for job in queue.of_subject(connection, new.subject, active_only=True):
        if job.status != "queued" or job.created_by_id is not None or job.payload.keys() - {"kind", "models"}:
            continue
        if job.payload.get("kind") != "incremental":
            continue
        models = _together(job.payload.get("models"), payload.get("models"))
        same = (_job.id == job.id, _job.status == "queued")
        changed = {"kind": "incremental"} | ({"models": models} if models else {})
        # A worker may have taken it meanwhile, and would not see the change.
        if connection.execute(update(tables.jobs).where(*same).values(payload=changed)).rowcount:
            return
    queue.add(connection, SYSTEM, new)


def _together(before: Any, more: Any) -> list[str]:
    """The models of both; none, which means all, where they are too many or were all before."""
    if not before:
        return []
    found = sorted({*before, *(more or ())})
    return found if len(found) <= _MOST_MODELS else []


def _refused() -> UnauthenticatedError:
    return UnauthenticatedError(
        "The message is none of a webhook's.",
        code="webhook.refused",
        hint="Arrange the webhook anew, and give the server the secret that is shown then.",
    )
