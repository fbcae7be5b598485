"""Refreshes over HTTP: asked for, looked at, called off, foreseen."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.server.conftest import ADMINISTRATOR, ORIGIN
from tests.server.small_home import REGIONS, ROWS, build_home

from headwater.access import SYSTEM
from headwater.access.administrator import AdministratorToken
from headwater.app.identity import Identity
from headwater.app.runtime import Headwater
from headwater.server.application import create_app

REFRESHES = "/api/dataflows/sales/refreshes"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Headwater]:
    with Headwater.open(build_home(tmp_path / "home")) as app:
        app.identity = Identity(app.database, AdministratorToken(ADMINISTRATOR["Authorization"].split()[1]))
        yield app


@pytest.fixture
def client(app: Headwater) -> Iterator[TestClient]:
    with TestClient(create_app(app), base_url=ORIGIN, headers=ADMINISTRATOR) as client:
        yield client


def asked(client: TestClient, **wanted: Any) -> dict[str, Any]:
    answer = client.post(REFRESHES, json=wanted)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    assert answer.headers["Location"].endswith(f"{REFRESHES}/{found['id']}")
    return found


def test_a_refresh_from_asking_to_its_end(app: Headwater, client: TestClient) -> None:
    refresh = asked(client, full=True)
    assert (refresh["status"], refresh["trigger"], refresh["full"]) == ("queued", "api", True)
    again = client.post(REFRESHES)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "refresh.active")
    app.refreshing.carry_out(SYSTEM, refresh["id"])
    ended = client.get(f"{REFRESHES}/{refresh['id']}").json()
    assert (ended["status"], ended["error"], ended["progress"]) == ("succeeded", None, None)
    written = {entity["entity"]: entity["rows_written"] for entity in ended["entities"]}
    assert written == {"orders_scored": ROWS, "totals": len(REGIONS)}


def test_pages_follow_one_another(app: Headwater, client: TestClient) -> None:
    app.refresh(SYSTEM, "sales")
    first = client.get(REFRESHES, params={"limit": 1}).json()
    second = client.get(REFRESHES, params={"limit": 1, "after": first["after"]}).json()
    third = client.get(REFRESHES, params={"limit": 1, "after": second["after"]}).json()
    assert first["value"][0]["id"] != second["value"][0]["id"]
    assert third == {"value": [], "after": None}


def test_a_refresh_is_called_off(client: TestClient) -> None:
    refresh = asked(client)
    assert client.post(f"{REFRESHES}/{refresh['id']}/cancel").status_code == 202
    assert client.get(f"{REFRESHES}/{refresh['id']}").json()["status"] == "cancelled"
    again = client.post(f"{REFRESHES}/{refresh['id']}/cancel")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "refresh.ended")


def test_a_refresh_belongs_to_its_dataflow(app: Headwater, client: TestClient) -> None:
    (other,) = app.refreshes(SYSTEM, "broken")
    for path in ("", "/errors"):
        assert client.get(f"{REFRESHES}/{other.id}{path}").status_code == 404
    assert client.post(f"{REFRESHES}/{other.id}/cancel").status_code == 404


def test_the_history_as_csv(client: TestClient) -> None:
    answer = client.get(f"{REFRESHES}.csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    lines = list(csv.DictReader(answer.text.splitlines()))
    assert {(line["entity"], line["status"]) for line in lines} == {
        ("orders_scored", "succeeded"), ("totals", "succeeded"),
    }  # fmt: skip


def test_a_forecast_starts_nothing(app: Headwater, client: TestClient) -> None:
    answer = client.post(REFRESHES, params={"dry_run": True})
    assert answer.status_code == 200
    assert {entity["entity"]: entity["rows"] for entity in answer.json()["entities"]} == {
        "orders_scored": ROWS, "totals": len(REGIONS),
    }  # fmt: skip
    assert app.refreshing.active(SYSTEM, "sales") is None


def test_errors_of_a_refresh(app: Headwater, client: TestClient) -> None:
    (refresh,) = app.refreshes(SYSTEM, "sales")
    assert client.get(f"{REFRESHES}/{refresh.id}/errors").json() == {"value": []}
