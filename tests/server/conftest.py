"""A small home, and the web application over it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from tests.server.small_home import build_home

from headwater.access.administrator import AdministratorToken
from headwater.app.identity import Identity
from headwater.app.runtime import Headwater
from headwater.server.application import create_app

#: Of the names that this server answers to.
ORIGIN = "http://127.0.0.1"


@pytest.fixture(scope="session")
def small_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home for tests that only read."""
    return build_home(tmp_path_factory.mktemp("small") / "home")


#: Who the client is, unless a test says otherwise.
ADMINISTRATOR = {"Authorization": f"Bearer {secrets.token_urlsafe(32)}"}


@pytest.fixture(scope="session")
def headwater(small_home: Path) -> Iterator[Headwater]:
    with Headwater.open(small_home) as app:
        app.identity = Identity(app.database, AdministratorToken(ADMINISTRATOR["Authorization"].split()[1]))
        yield app


@pytest.fixture
def app(headwater: Headwater) -> FastAPI:
    """A new application for each test, so that a test may change it."""
    return create_app(headwater)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url=ORIGIN, headers=ADMINISTRATOR, raise_server_exceptions=False) as client:
        yield client
