"""A metadata database as a first start leaves it, on SQLite and on a PostgreSQL server of the tests' own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.workspaces.stored.support import set_up

from headwater.store import Database, open_database


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A new metadata database, on each of both."""
    database = open_database(database_url)
    set_up(database)
    yield database
    database.close()
