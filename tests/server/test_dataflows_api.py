"""Dataflows over HTTP: created, changed by two people, taken over, exchanged with Power BI, removed."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.access.roles.support import give, person
from tests.server.conftest import ORIGIN

from headwater.access import Actor, find_scope
from headwater.access.administrator import AdministratorToken
from headwater.access.tokens import create_token
from headwater.app.identity import Identity
from headwater.app.runtime import Headwater
from headwater.server.application import create_app
from headwater.store import utc_now

TOKEN = secrets.token_urlsafe(32)

NEW: dict[str, Any] = {
    "name": "flow",
    "settings": {"dataflow": {"load": ["t"], "owner": "ana"}, "schedule": {"cron": "0 6 * * *"}},
    "queries": {"t": "#table(type table [id = Int64.Type], {{1}, {From}})", "From": "2 meta [IsParameterQuery = true]"},
}


@pytest.fixture
def headwater(tmp_path: Path) -> Iterator[Headwater]:
    with Headwater.open(tmp_path / "home", create=True) as app:
        app.identity = Identity(app.database, AdministratorToken(TOKEN))
        yield app


@pytest.fixture
def client(headwater: Headwater) -> Iterator[TestClient]:
    """The administrator."""
    with TestClient(create_app(headwater), base_url=ORIGIN, headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        yield client


def somebody(headwater: Headwater, name: str, role: str | None = None, scope: str = "/collection/root") -> TestClient:
    """Somebody else, with a role somewhere."""
    with headwater.database.begin() as connection:
        actor: Actor = person(connection, name)
        if role is not None:
            give(connection, actor, role, find_scope(connection, scope))
        token = create_token(connection, actor.user_id or "", "tests", by=actor, now=utc_now()).token
    return TestClient(create_app(headwater), base_url=ORIGIN, headers={"Authorization": f"Bearer {token}"})


def error(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.text
    found: str = answer.json()["error"]["code"]
    return found


def test_a_dataflow_is_created_changed_and_looked_at(client: TestClient) -> None:
    created = client.post("/api/dataflows", json=NEW)
    assert (created.status_code, created.headers["ETag"]) == (201, '"1"')
    found = client.get("/api/dataflows/flow")
    assert found.headers["ETag"] == '"1"'
    assert found.json() == created.json()["dataflow"]
    assert found.json()["queries"] == NEW["queries"]
    assert found.json()["settings"]["dataflow"] == {"name": "flow", "load": ["t"], "owner": "ana"}
    assert found.json()["parameters"] == [{"name": "From", "type": "", "required": False, "default": "2"}]
    assert error(client.post("/api/dataflows", json=NEW), 409) == "dataflow.exists"
    # What was read can be sent back as it is.
    same = {key: found.json()[key] for key in ("settings", "queries")}
    unchanged = client.put("/api/dataflows/flow", json=same, headers={"If-Match": '"1"'})
    assert (unchanged.status_code, unchanged.headers["ETag"]) == (200, '"1"')
    more = {"settings": same["settings"], "section": "section S; shared t = #table({}, {});", "comment": "as one"}
    changed = client.put("/api/dataflows/flow", json=more, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert changed.json()["dataflow"]["queries"] == {"t": "#table({}, {})"}
    assert changed.json()["dataflow"]["section"] == "section S;\n\nshared t = #table({}, {});\n"
    versions = client.get("/api/dataflows/flow/versions").json()["value"]
    assert [(each["version"], each["comment"]) for each in versions] == [(2, "as one"), (1, "")]
    assert client.get("/api/dataflows/flow/versions/1").json()["queries"] == NEW["queries"]
    assert error(client.get("/api/dataflows/flow/versions/3"), 404) == "not_found"
    diff = client.get("/api/dataflows/flow/diff", params={"before": 1, "after": 2}).json()["diff"]
    assert "--- flow@1/From\n+++ flow@2/From" in diff
    assert [flow["name"] for flow in client.get("/api/dataflows").json()["value"]] == ["flow"]


def test_a_change_to_another_version_is_refused(client: TestClient) -> None:
    client.post("/api/dataflows", json=NEW)
    change = {**NEW, "queries": NEW["queries"] | {"From": "3"}}
    assert error(client.put("/api/dataflows/flow", json=change), 422) == "request.invalid"
    assert client.put("/api/dataflows/flow", json=change, headers={"If-Match": '"1"'}).status_code == 200
    late = client.put("/api/dataflows/flow", json=NEW, headers={"If-Match": '"1"'})
    assert error(late, 412) == "dataflow.changed"
    assert "saved version 2" in late.json()["error"]["message"]
    assert client.put("/api/dataflows/flow", json=NEW, headers={"If-Match": "*"}).headers["ETag"] == '"3"'
    assert error(client.put("/api/dataflows/other", json=NEW, headers={"If-Match": "*"}), 404) == "not_found"


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"settings": {"dataflow": {"load": ["lost"]}}}, "usage", "'lost', which is no query"),
        ({"settings": {"dataflow": {"load": ["t"]}, "speed": {}}}, "usage", "'speed' is no table"),
        ({"settings": {"dataflow": {"load": ["t"], "name": "other"}}}, "usage", "those of a dataflow 'other'"),
        ({"settings": {"dataflow": {"load": ["t"], "owner": "\x00"}}}, "usage", "cannot be stored"),
        ({"settings": {"dataflow": 3}}, "usage", "'dataflow' is a table"),
        ({"queries": {"t": "let in"}}, "m.syntax", "expected"),
        ({"queries": {"t": "Nothing"}}, "dataflow.invalid", "'Nothing' is defined nowhere"),
        ({"section": "section S; shared t = 1;"}, "usage", "a section document, too"),
        ({"name": "../flow"}, "usage", "no name for a dataflow"),
    ],
)
def test_what_is_no_dataflow_is_refused(client: TestClient, changes: dict[str, Any], code: str, message: str) -> None:
    answer = client.post("/api/dataflows", json=NEW | changes)
    assert error(answer, 400) == code
    assert message.lower() in answer.json()["error"]["message"].lower()
    assert client.get("/api/dataflows").json()["value"] == []


def test_a_definition_is_checked_without_being_saved(client: TestClient) -> None:
    wanted = {"settings": NEW["settings"], "queries": {"t": "Nothing"}}
    (finding,) = client.post("/api/dataflows/flow/validate", json=wanted).json()["value"]
    assert (finding["severity"], finding["code"], finding["query"]) == ("error", "dataflow.unknown_name", "t")
    assert (finding["line"], finding["column"]) == (1, 1)
    assert error(client.post("/api/dataflows/flow/validate"), 404) == "not_found"
    client.post("/api/dataflows", json=NEW)
    assert client.post("/api/dataflows/flow/validate").json()["value"] == []


def test_another_person_says_that_they_take_it_over(client: TestClient, headwater: Headwater) -> None:
    client.post("/api/dataflows", json=NEW)
    editor = somebody(headwater, "edith", "Dataflow editor")
    change = {**NEW, "queries": NEW["queries"] | {"From": "3"}}
    refused = editor.put("/api/dataflows/flow", json=change, headers={"If-Match": '"1"'})
    assert error(refused, 409) == "dataflow.take_over_needed"
    taken = editor.put("/api/dataflows/flow", json=change | {"take_over": True}, headers={"If-Match": '"1"'})
    assert taken.json()["dataflow"]["saved_by"] == "edith"
    back = client.post("/api/dataflows/flow/take-over", json={"comment": "mine"})
    assert (back.headers["ETag"], back.json()["dataflow"]["version"]) == ('"3"', 3)
    assert client.get("/api/dataflows/flow/versions").json()["value"][0]["comment"] == "mine"


def test_who_may_not_see_it_is_told_there_is_none(client: TestClient, headwater: Headwater) -> None:
    client.post("/api/dataflows", json=NEW)
    stranger, refresher = somebody(headwater, "stranger"), somebody(headwater, "rob", "Dataflow refresher")
    asked: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("GET", "", {}), ("GET", "/versions", {}), ("GET", "/versions/1", {}), ("GET", "/model.json", {}),
        ("GET", "/diff?before=1&after=1", {}), ("POST", "/validate", {}), ("POST", "/take-over", {"json": {}}),
        ("PUT", "", {"json": NEW, "headers": {"If-Match": "*"}}), ("DELETE", "", {}),
    )  # fmt: skip
    for method, path, more in asked:
        assert error(stranger.request(method, f"/api/dataflows/flow{path}", **more), 404) == "not_found", path
    changes = {**NEW, "queries": NEW["queries"] | {"From": "3"}}
    for method, path, more in (
        ("PUT", "", {"json": changes, "headers": {"If-Match": "*"}}),
        ("POST", "/take-over", {"json": {}}),
        ("DELETE", "", {}),
    ):
        assert error(refresher.request(method, f"/api/dataflows/flow{path}", **more), 403) == "forbidden", path
    assert refresher.get("/api/dataflows/flow").status_code == 200


def test_a_dataflow_that_others_link_to_is_removed_by_force(client: TestClient) -> None:
    client.post("/api/dataflows", json=NEW)
    linked = {"dataflow": {"load": ["t"]}, "linked": {"theirs": {"dataflow": "flow", "entity": "t"}}}
    other = client.post("/api/dataflows", json={"name": "other", "settings": linked, "queries": {"t": "theirs"}})
    assert [finding["code"] for finding in other.json()["findings"]] == ["dataflow.unpublished"]
    assert error(client.delete("/api/dataflows/flow"), 409) == "dataflow.linked"
    assert client.delete("/api/dataflows/flow", params={"force": True}).status_code == 204
    assert error(client.get("/api/dataflows/flow"), 404) == "not_found"


def test_a_model_is_exchanged_with_power_bi(client: TestClient) -> None:
    client.post("/api/dataflows", json=NEW)
    exported = client.get("/api/dataflows/flow/model.json").json()
    assert "its schedule" in exported["notes"]
    assert exported["model"]["entities"][0]["attributes"] == [{"name": "id", "dataType": "int64"}]
    imported = client.post("/api/dataflows/copy/model.json", json={"model": exported["model"]}).json()
    assert imported["notes"] == []
    created = client.post("/api/dataflows", json=imported["definition"] | {"name": "copy"})
    assert created.status_code == 201, created.text
    assert client.get("/api/dataflows/copy").json()["queries"] == NEW["queries"]
    assert error(client.post("/api/dataflows/copy/model.json", json={"model": {}}), 400) == "usage"
