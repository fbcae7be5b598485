"""What people say of assets, said over HTTP and on the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from tests.catalog.glossary.support import new_asset, new_term
from tests.cli.command import failed, succeeded

from headwater.access import SYSTEM
from headwater.access.administrator import AdministratorToken
from headwater.app.identity import Identity
from headwater.app.runtime import Headwater
from headwater.server.application import create_app

TOKEN = "a-token-of-these-tests-that-is-long-enough"


@pytest.fixture
def headwater(tmp_path: Path) -> Iterator[Headwater]:
    with Headwater.open(tmp_path / "home", create=True) as app:
        app.identity = Identity(app.database, AdministratorToken(TOKEN))
        yield app


@pytest.fixture
def client(headwater: Headwater) -> Iterator[TestClient]:
    authorization = {"Authorization": f"Bearer {TOKEN}"}
    with TestClient(create_app(headwater), base_url="http://127.0.0.1", headers=authorization) as client:
        yield client


def test_over_http(headwater: Headwater, client: TestClient) -> None:
    one, two = new_asset(headwater.database, "one"), new_asset(headwater.database, "two")
    fare = new_term(headwater.database, headwater.glossary.glossary_guid(SYSTEM, "Glossary"), "Fare")
    changes = {"description": "x", "contacts": {"Owner": [{"id": "ann"}]}, "add_terms": [fare], "classify": {"P": None}}
    patched = client.patch(f"/api/assets/{one}", json=changes)
    assert patched.status_code == 200, patched.text
    shown = client.get(f"/api/assets/{one}/annotations").json()
    assert shown == patched.json()
    assert (shown["description"], shown["terms"]) == ("x", [{"guid": fare, "name": "Fare"}])
    assert shown["contacts"] == {"Owner": [{"id": "ann", "info": None}]}
    assert [(each["name"], each["state"]) for each in shown["classifications"]] == [("P", "accepted")]
    both = {"guids": [one, two], "changes": {"description": "x"}}
    assert client.post("/api/assets/bulk", json=both).json() == {"changed": [two]}
    assert client.patch(f"/api/assets/{one}", json={"description": None}).json()["description"] is None
    history = client.get(f"/api/assets/{one}/history", params={"limit": 1}).json()
    assert history["total"] == 2
    assert history["value"][0]["changes"] == {"description": {"before": "x", "after": None}}
    for wrong in ({"colour": "red"}, {"labels": "a"}):
        assert client.patch(f"/api/assets/{one}", json=wrong).status_code == 422
    assert client.post("/api/assets/bulk", json={"guids": [one, "none"], "changes": {}}).status_code == 404
    assert client.patch(f"/api/assets/{one}", json={"accept": ["Mail"]}).status_code == 404


def test_on_the_command_line(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with Headwater.open(home, create=True) as app:
        one, two = new_asset(app.database, "one"), new_asset(app.database, "two")
    at = ("--home", home)
    assert succeeded("asset", "describe", one, two, "--description", "What", *at).err == "2 of 2 assets changed\n"
    succeeded("asset", "label", one, "--add", "a", "--add", "b", "--endorsement", "certified", *at)
    succeeded("asset", "label", one, "--remove", "a", "--sensitivity", "Secret", *at)
    succeeded("asset", "classify", one, "--add", "PII", "--reject", "Card", *at)
    shown = dict(line.split("\t") for line in succeeded("asset", "show", one, *at).out.splitlines())
    assert (shown["description"], shown["labels"], shown["sensitivity"]) == ("What", "b", "Secret")
    assert (shown["classifications"], shown["endorsement"]) == ("Card (rejected), PII (accepted)", "certified")
    assert json.loads(succeeded("asset", "show", one, "--json", *at).out)["labels"] == ["b"]
    lines = [line.split("\t") for line in succeeded("asset", "history", one, *at).out.splitlines()]
    assert lines[-1][2:] == ["description", "nothing → What"] and "at the command line" in lines[0][1]
    assert len(json.loads(succeeded("asset", "history", one, "--limit", "2", "--json", *at).out)) == 2
    assert failed("asset", "show", "none", *at).code == "not_found"
    assert failed("asset", "classify", one, "--accept", "Mail", *at).code == "not_found"
