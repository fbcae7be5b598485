"""The metadata database, on SQLite and on a PostgreSQL server of the tests' own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.access.databases import new_postgresql_database

from headwater.store import Database, open_database


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, on each of both."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'headwater.db'}"
    return new_postgresql_database(request.getfixturevalue("postgresql_folder"))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A new metadata database, on each of both."""
    database = open_database(database_url)
    yield database
    database.close()
