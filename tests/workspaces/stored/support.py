"""Collections, people and secrets to try things with, and a server that says what it was shown."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.fernet import Fernet
from sqlalchemy import Connection, insert, select, update
from tests.access.roles.support import give, person

from headwater.access import Actor, ScopeKind, add_scope, audit, install, server_scope
from headwater.access.keys import Keyring
from headwater.access.secrets import SecretStore
from headwater.access.vaults import Vaults
from headwater.errors import ForbiddenError, NotFoundError
from headwater.store import Database, tables

NOW = datetime(2026, 3, 1, tzinfo=UTC)
#: Public, and never called: nothing here reaches beyond this machine.
PUBLIC = "https://ml.example.com"


def set_up(database: Database) -> None:
    """What a first start makes, a scope for the root collection among it."""
    with database.begin() as connection:
        install(connection, now=NOW)
        bare = select(tables.collections).where(tables.collections.c.scope_id.is_(None))
        for row in connection.execute(bare).all():
            scope = add_scope(connection, ScopeKind.COLLECTION, row.name, server_scope(connection))
            same = tables.collections.c.id == row.id
            connection.execute(update(tables.collections).where(same).values(scope_id=scope.id))


def new_collection(connection: Connection, name: str, parent: str = tables.ROOT_COLLECTION) -> int:
    """A collection below another; the id of its scope."""
    columns = tables.collections.c
    above = connection.execute(select(columns.id, columns.scope_id).where(columns.name == parent)).one()
    scope = add_scope(connection, ScopeKind.COLLECTION, name, above.scope_id)
    values = {"name": name, "display_name": name, "parent_id": above.id, "scope_id": scope.id}
    connection.execute(insert(tables.collections).values(values))
    return scope.id


def scope_of(connection: Connection, collection: str) -> int:
    columns = tables.collections.c
    found: int = connection.execute(select(columns.scope_id).where(columns.name == collection)).scalar_one()
    return found


def somebody(database: Database, name: str, role: str | None = None, scope: int | None = None) -> Actor:
    """A new person, with a role at a scope (the root collection's where none is given)."""
    with database.begin() as connection:
        made = person(connection, name)
        if role is not None:
            give(connection, made, role, scope_of(connection, tables.ROOT_COLLECTION) if scope is None else scope)
    return made


def secret_store(**environment: str) -> SecretStore:
    """A store with a key of its own; of the environment, only ALLOWED may be referred to."""
    vaults = Vaults(variables=frozenset({"ALLOWED"}), environment=environment)
    return SecretStore(Keyring([Fernet.generate_key().decode()]), vaults)


def outcome(act: Callable[[], object]) -> str:
    """How the service answers: done, unknown or forbidden."""
    try:
        act()
    except NotFoundError:
        return "404"
    except ForbiddenError:
        return "403"
    return "ok"


def events(database: Database, *, since: int = 0) -> list[audit.AuditEvent]:
    """The audit log beyond an id, the oldest first."""
    with database.read() as connection:
        return [event for event in reversed(audit.page(connection, limit=500)) if event.id > since]


def last_event(database: Database) -> int:
    return max((event.id for event in events(database)), default=0)


class Probe:
    """A server that takes anybody for one of MLflow's clients. ``shown``: each request's Authorization header."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.shown: list[str | None] = []


@contextmanager
def probe() -> Iterator[Probe]:
    """A running one, without models."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            running.shown.append(self.headers["Authorization"])
            body = b'{"registered_models": []}'
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        running = Probe(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield running
        finally:
            server.shutdown()
            thread.join(10)
