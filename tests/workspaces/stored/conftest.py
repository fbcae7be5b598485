"""The metadata database as after a first start, on both kinds, and the services over it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.workspaces.stored.support import Probe, probe, secret_store, set_up

from headwater.access.secrets import SecretStore
from headwater.store import Database, open_database
from headwater.workspaces import ConnectionService, SourceService


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = open_database(database_url)
    set_up(database)
    yield database
    database.close()


@pytest.fixture
def secrets() -> SecretStore:
    return secret_store(ALLOWED="from the environment", OTHER="nobody may read this")


@pytest.fixture
def sources(database: Database, secrets: SecretStore) -> SourceService:
    return SourceService(database, secrets)


@pytest.fixture
def connections(database: Database, secrets: SecretStore) -> ConnectionService:
    return ConnectionService(database, secrets)


@pytest.fixture(scope="module")
def probed() -> Iterator[Probe]:
    """A server that says what it was shown."""
    with probe() as running:
        yield running


@pytest.fixture(autouse=True)
def _forgetful(request: pytest.FixtureRequest) -> None:
    if "probed" in request.fixturenames:
        request.getfixturevalue("probed").shown.clear()
