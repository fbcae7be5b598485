"""A database that has been set up, on both kinds."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection
from tests.access.roles.support import NOW

from headwater.access import Scope, ScopeKind, add_scope, install, server_scope
from headwater.store import Database


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    """A transaction in which Headwater has been set up."""
    with database.begin() as connection:
        install(connection, now=NOW)
        yield connection


@pytest.fixture
def add(connection: Connection) -> Callable[..., Scope]:
    """Adds a scope, below the server where no parent is given."""

    def added(kind: ScopeKind, name: str, parent: Scope | None = None) -> Scope:
        return add_scope(connection, kind, name, parent.id if parent else server_scope(connection))

    return added
