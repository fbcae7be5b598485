"""Who is told how a refresh ended: its owner and its subscribers, each once.

This runs in the transaction that ends the refresh. It writes what people see in the app, and adds a job for each mail
and each webhook; so what is told is told, and told once, whatever dies afterwards.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, func, insert, select

from headwater.access import OWNER, SYSTEM, Action, Actor, Via, may, server_scope
from headwater.access.people import User, find_user, get_user
from headwater.dataflows.definitions.settings import Subscriber
from headwater.dataflows.history import EndedRefresh
from headwater.dataflows.telling import Message, message_of
from headwater.jobs import NewJob, queue, schedules
from headwater.store import tables, utc_now

__all__ = ["KIND", "notify"]

#: The kind of the jobs that send a mail or call a webhook.
KIND = "notify"

#: With the pauses between them, these attempts take about an hour.
_ATTEMPTS = 8

_SAVER_DISABLED = "refresh.saver_disabled"
_NAMES = uuid.UUID("6f2c1f0e-6a0c-4b52-9a70-0d1b6d3b2c11")


def notify(connection: Connection, ended: EndedRefresh) -> None:
    """Tell of a refresh; an ``on_ended`` of :class:`headwater.dataflows.Refresher`."""
    message = message_of(ended, _paused_after(connection, ended))
    told = [told for told in ended.dataflow.definition.settings.notify if told.on == "always" or _is_bad(ended)]
    addresses = {(told.kind, told.address) for told in told if told.kind != "person"}
    for person in _people(connection, ended, told):
        _put_in_app(connection, person, message)
        if person.email:
            addresses.add(("email", person.email))
    for kind, address in sorted(addresses):
        _send(connection, message, kind, address)


def _is_bad(ended: EndedRefresh) -> bool:
    return ended.status == "failed"


def _paused_after(connection: Connection, ended: EndedRefresh) -> int | None:
    """After how many failures in a row this refresh's end paused the schedule; None where it did not."""
    schedule = schedules.get(connection, "refresh", f"dataflow:{ended.dataflow.id}")
    code = "" if ended.error is None else ended.error.get("code", "")
    by_this = ended.status == "failed" and (ended.trigger == "schedule" or code == _SAVER_DISABLED)
    if schedule is None or not schedule.paused or not by_this:
        return None
    return max(1, schedule.failures)


def _people(connection: Connection, ended: EndedRefresh, told: list[Subscriber]) -> Iterator[User]:
    """The people who are told, each once: those who may come in and see the dataflow."""
    wanted = [_named(connection, subscriber.address) for subscriber in told if subscriber.kind == "person"]
    if _is_bad(ended):
        wanted += _answerable(connection, ended)
    seen: set[str] = set()
    for person in wanted:
        if person is not None and person.id not in seen and _sees(connection, person, ended):
            seen.add(person.id)
            yield person


def _answerable(connection: Connection, ended: EndedRefresh) -> list[User | None]:
    """Who answers for a dataflow: its owner, else whoever saved it last, else those who own the server."""
    settings = ended.dataflow.definition.settings
    owner = _named(connection, settings.owner) if settings.owner else None
    if owner is not None and _sees(connection, owner, ended):
        return [owner]
    saver = ended.dataflow.saved_by_id
    if saver is not None and (person := get_user(connection, saver)).active:
        return [person]
    return [get_user(connection, found) for found in _server_owners(connection)]


def _sees(connection: Connection, person: User, ended: EndedRefresh) -> bool:
    if not person.active:
        return False
    return may(connection, Actor(person.id, person.name, Via.RUN), Action.DATAFLOW_READ, ended.dataflow.scope_id)


def _named(connection: Connection, text: str) -> User | None:
    """The person of a name, or of an address that is no other person's."""
    found = find_user(connection, text)
    if found is not None:
        return found
    users = tables.users.c
    same = select(users.id).where(func.lower(users.email) == text.strip().lower(), users.active)
    ids = connection.execute(same.limit(2)).scalars().all()
    return get_user(connection, ids[0]) if len(ids) == 1 else None


def _server_owners(connection: Connection) -> list[str]:
    given, roles, users = tables.role_assignments.c, tables.role_definitions.c, tables.users.c
    query = (
        select(users.id)
        .join(tables.role_assignments, given.principal_id == users.id)
        .join(tables.role_definitions, roles.id == given.role_id)
        .where(roles.name == OWNER, given.scope_id == server_scope(connection))
        .where(users.active, users.id != tables.BUILT_IN_ADMINISTRATOR)
    )
    return list(connection.execute(query.order_by(users.name)).scalars())


def _put_in_app(connection: Connection, person: User, message: Message) -> None:
    row: Mapping[str, Any] = {
        "user_id": person.id,
        "kind": message.event,
        "subject": f"dataflow:{message.dataflow}",
        "refresh_id": message.refresh,
        "title": message.title,
        "text": message.text,
        "created_at": utc_now(),
    }
    connection.execute(insert(tables.notifications).values(row))


def _send(connection: Connection, message: Message, kind: str, address: str) -> None:
    """Add the job that sends it; its id is that of the message, however often it is sent."""
    identifier = str(uuid.uuid5(_NAMES, f"{message.refresh} {kind} {address}"))
    payload = {"channel": kind, "address": address, "message": message.to_json()}
    job = NewJob(KIND, f"notify:{identifier}", payload, key=f"notify:{identifier}", max_attempts=_ATTEMPTS)
    queue.add(connection, SYSTEM, job, identifier=identifier)
