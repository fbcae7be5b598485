"""What the API's description promises, over requests that are made up from it: no 500, no status it does not name."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, settings
from schemathesis import Case, checks
from tests.server.conftest import ORIGIN
from tests.server.small_home import build_home

from headwater.access.administrator import AdministratorToken
from headwater.app.identity import Identity
from headwater.app.runtime import Headwater
from headwater.server.application import create_app

TOKEN = secrets.token_urlsafe(32)
ADMINISTRATOR = {"Authorization": f"Bearer {TOKEN}"}
NOBODY = {"Authorization": f"Bearer hwt_{'x' * 43}"}


schema = schemathesis.openapi.from_path(Path(__file__).parents[2] / "web" / "openapi.json")
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
few = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A server over a home that requests may change."""
    with Headwater.open(build_home(tmp_path_factory.mktemp("contract") / "home")) as app:
        app.identity = Identity(app.database, AdministratorToken(TOKEN))
        with TestClient(create_app(app), base_url=ORIGIN, raise_server_exceptions=False) as client:
            yield client


@schema.parametrize()
@few
def test_an_administrator_is_answered_as_described(case: Case[Any], client: TestClient) -> None:
    check(case, client, ADMINISTRATOR)


@schema.parametrize()
@few
def test_who_is_not_known_is_answered_as_described(case: Case[Any], client: TestClient) -> None:
    check(case, client, NOBODY)


def check(case: Case[Any], client: TestClient, headers: dict[str, str]) -> None:
    request = case.as_transport_kwargs(base_url=ORIGIN, headers=headers)
    request.pop("cookies", None)
    client.cookies.clear()
    # A redirect is the answer: what it leads to is not described here.
    answer = client.request(**request, follow_redirects=False)
    case.validate_response(answer, checks=CHECKS, headers=headers)
