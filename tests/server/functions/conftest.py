"""A server with a workspace and a service, and people who may look at them, or not even that."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from tests.app.scoring_service import ScoringService, scoring_service
from tests.conftest import SeededMLflow
from tests.server.test_access_api import Site, made

from headwater.access import SYSTEM
from headwater.access.administrator import AdministratorToken
from headwater.app.identity import Identity
from headwater.app.runtime import Headwater
from headwater.server.application import create_app


@pytest.fixture(scope="module")
def service() -> Iterator[ScoringService]:
    with scoring_service() as running:
        yield running


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory, mlflow_server: SeededMLflow, service: ScoringService
) -> Iterator[Site]:
    token = secrets.token_urlsafe(32)
    with Headwater.open(tmp_path_factory.mktemp("functions") / "home", create=True) as headwater:
        headwater.identity = Identity(headwater.database, AdministratorToken(token))
        headwater.sources.add(SYSTEM, "demo", "", "mlflow", mlflow_server.url, trusted=True)
        headwater.sources.add(SYSTEM, "shop", "", "openapi", service.url)
        yield Site(create_app(headwater), headwater, token)


@pytest.fixture(scope="module")
def reader(site: Site) -> Any:
    """Somebody who may see the models of ``demo``, and may not call them."""
    made(site.administrator.post("/api/roles", json={"name": "Looker", "actions": ["model.read"]}))
    scope = f"scope:{site.headwater.sources.get(SYSTEM, 'demo').scope_id}"
    return site.signed_in(site.new_user(("Looker", scope)))


@pytest.fixture(scope="module")
def stranger(site: Site) -> Any:
    return site.signed_in(site.new_user())
