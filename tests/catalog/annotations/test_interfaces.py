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


def test_sheets_over_http(headwater: Headwater, client: TestClient) -> None:
    one, two = new_asset(headwater.database, "one"), new_asset(headwater.database, "two")
    client.patch(f"/api/assets/{one}", json={"labels": ["a"]})
    exported = client.post("/api/assets/export", json={"guids": [one]})
    assert exported.headers["content-type"].startswith("text/csv") and two not in exported.text
    edited, kind = exported.content.replace(b",a,", b",b,"), {"Content-Type": "text/csv"}
    for query in ("?dry_run=true", ""):
        (line,) = client.post(f"/api/assets/import{query}", headers=kind, content=edited).json()["lines"]
        assert (line["line"], line["guid"]) == (2, one)
        assert line["changes"] == {"labels": {"before": ["a"], "after": ["b"]}}
    again = client.post("/api/assets/import", headers=kind, content=edited)
    assert again.json() == {"dry_run": False, "lines": []}
    (glossary,) = client.get("/api/glossaries").json()["value"]
    address = f"/api/glossaries/{glossary['guid']}"
    made = client.post(f"{address}/import", headers=kind, content=b"Name,Acronym\nFare,F\n").json()
    assert made["lines"][0]["about"] == "Fare"
    assert "Fare" in client.get(f"{address}/export").text
    wrong = client.post(f"{address}/import", headers=kind, content=b"Name\na\na\n")
    assert (wrong.status_code, wrong.json()["error"]["where"]) == (400, "line 3")


def test_merging_over_http(headwater: Headwater, client: TestClient) -> None:
    one, two = new_asset(headwater.database, "one"), new_asset(headwater.database, "two")
    assert client.post(f"/api/assets/{one}/merge", json={"guid": two}).status_code == 204
    assert client.post(f"/api/assets/{one}/aliases", json={"qualified_name": "s3://one"}).status_code == 204
    found = client.get(f"/api/assets/{one}/names").json()["value"]
    assert [(each["qualified_name"], each["reason"]) for each in found] == [
        ("db://two", "merged"),
        ("s3://one", "alias"),
    ]
    assert client.get(f"/api/assets/{two}").status_code == 404
    again = client.post(f"/api/assets/{one}/aliases", json={"qualified_name": "s3://one"})
    assert again.status_code == 409
    assert client.delete(f"/api/assets/{one}/aliases", params={"qualified_name": "s3://one"}).status_code == 204
    assert client.post(f"/api/assets/{one}/unmerge", json={"qualified_name": "db://two"}).json() == {"guid": two}
    assert client.get(f"/api/assets/{two}").status_code == 200


def test_sheets_and_merging_on_the_command_line(tmp_path: Path) -> None:
    home, sheet = tmp_path / "home", tmp_path / "sheet.csv"
    with Headwater.open(home, create=True) as app:
        one, two = new_asset(app.database, "one"), new_asset(app.database, "two")
    at = ("--home", home)
    succeeded("asset", "label", one, "--add", "a", *at)
    succeeded("asset", "export", "-o", sheet, *at)
    assert succeeded("asset", "import", sheet, *at).err == "0 lines changed something\n"
    sheet.write_bytes(sheet.read_bytes().replace(b",a,", b",b,"))
    tried = succeeded("asset", "import", sheet, "--dry-run", *at)
    assert tried.out == "2\tone\tlabels\t['a'] → ['b']\n" and tried.err == "1 lines would change something\n"
    assert succeeded("asset", "import", sheet, *at).out == tried.out
    terms = tmp_path / "terms.csv"
    terms.write_text("Name,Acronym\nFare,F\n")
    assert succeeded("glossary", "import", terms, *at).out.splitlines()[0] == "2\tFare\tName\tnothing → Fare"
    succeeded("glossary", "export", "-o", terms, *at)
    assert succeeded("glossary", "import", terms, *at).out == ""
    assert succeeded("glossary", "list", *at).out.split("\t")[:2] == ["Fare", "Draft"]
    succeeded("asset", "merge", one, two, *at)
    succeeded("asset", "alias", one, "s3://one", *at)
    assert succeeded("asset", "names", one, *at).out == "db://two\tmerged\ns3://one\talias\n"
    succeeded("asset", "alias", one, "s3://one", "--remove", *at)
    assert succeeded("asset", "unmerge", one, "db://two", *at).out == f"{two}\n"
    assert json.loads(succeeded("asset", "names", one, "--json", *at).out) == []
