"""An installation with people, roles and things to give roles at, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.access.conftest import database
from tests.access.databases import new_postgresql_database, new_sqlite_database
from tests.app.administration.world import World

from headwater.store import open_database

__all__ = ["database"]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One installation for all tests of a module: what a test changes, it makes itself."""
    if request.param == "sqlite":
        url = new_sqlite_database(tmp_path_factory.mktemp("world"))
    else:
        url = new_postgresql_database(request.getfixturevalue("postgresql_folder"))
    opened = open_database(url)
    yield World(opened)
    opened.close()


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """An installation of the test's own."""
    opened = open_database(database_url)
    yield World(opened)
    opened.close()


@pytest.fixture
def key_folder(tmp_path: Path) -> Path:
    """Where a key is made."""
    folder = tmp_path / "keys"
    folder.mkdir()
    return folder
