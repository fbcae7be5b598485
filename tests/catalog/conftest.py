"""A database for property tests, which need none of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.access.databases import new_sqlite_database

from headwater.access import install
from headwater.store import Database, open_database, utc_now


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One database for all examples of a module's property tests."""
    database = open_database(new_sqlite_database(tmp_path_factory.mktemp("shared")))
    with database.begin() as connection:
        install(connection, now=utc_now())
    yield database
    database.close()
