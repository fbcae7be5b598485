"""The town, on both databases; made once, and emptied of policies before each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from tests.policies.town import Town, build
from tests.server.conftest import ORIGIN
from tests.server.homes import home_over

from headwater.app.runtime import Headwater
from headwater.server.application import create_app


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def built_town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Everything but policies."""
    folder = tmp_path_factory.mktemp("town")
    with pytest.MonkeyPatch.context() as patch:
        # The variable that names the database is for this home alone.
        app = Headwater(home_over(request, folder / "home", patch))
    with app:
        yield build(app, folder / "dataflows")


@pytest.fixture
def town(built_town: Town) -> Town:
    """With no policies yet."""
    built_town.forget()
    return built_town


def client_of(town: Town, person: str) -> TestClient:
    """Somebody who sends their token."""
    headers = {"Authorization": f"Bearer {town.tokens[person]}"}
    return TestClient(_served(town), base_url=ORIGIN, headers=headers, raise_server_exceptions=False)


def _served(town: Town) -> FastAPI:
    """The application over the town, made once."""
    if town.served is None:
        town.served = create_app(town.app)
    return town.served
