"""Sources, connections, collections and their credentials over HTTP, for whoever may, may in part, and may not."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from tests.access.people.test_canaries import Canaries, database_bytes
from tests.server.homes import home_over
from tests.server.test_access_api import Site, code, made
from tests.workspaces.azureml.management import TOKEN as AZURE_TOKEN
from tests.workspaces.azureml.management import running_management
from tests.workspaces.stored.support import PUBLIC, Probe, probe

from headwater.access import SYSTEM
from headwater.access.administrator import VARIABLE
from headwater.access.vaults import Vaults
from headwater.app.azure import Azure
from headwater.app.runtime import Headwater
from headwater.server.application import create_app
from headwater.store import tables

WEB = "https://api.example.com/v2"
NONSENSE = ("x", "%00", "%ED%A0%80", "1" * 300, "{x}")


@dataclass(frozen=True)
class Place:
    """A server, and three who ask: an administrator, the steward of the collection ``ml``, and a stranger."""

    site: Site
    administrator: TestClient
    steward: TestClient
    stranger: TestClient


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """For all tests of the module: what a test changes, it makes itself."""
    path = tmp_path_factory.mktemp("sources") / "home"
    vaults = Vaults(variables=frozenset({"ALLOWED"}), environment={"ALLOWED": "from the environment"})
    token = secrets.token_urlsafe(32)
    with (
        pytest.MonkeyPatch.context() as patch,
        Headwater(replace(home_over(request, path, patch), vaults=vaults)) as headwater,
    ):
        patch.setenv(VARIABLE, token)
        headwater.collections.add(SYSTEM, "ml", "Machine learning")
        site = Site(create_app(headwater), headwater, token)
        steward = site.signed_in(
            site.new_user(("Data source administrator", "collection:ml"), ("Contributor", "collection:ml"))
        )
        yield Place(site, site.administrator, steward, site.signed_in(site.new_user()))


@pytest.fixture(scope="module")
def probed() -> Iterator[Probe]:
    with probe() as running:
        yield running


def new_name() -> str:
    return f"s{secrets.token_hex(5)}"


def new_source(place: Place, **values: Any) -> str:
    """A source in ``ml``, as an administrator registers it."""
    wanted = {"name": new_name(), "kind": "mlflow", "url": PUBLIC, "collection": "ml"} | values
    name: str = made(place.administrator.post("/api/sources", json=wanted))["name"]
    return name


def new_connection(place: Place, **values: Any) -> str:
    wanted = {"name": new_name(), "kind": "Web", "path": WEB, "collection": "ml"} | values
    name: str = made(place.administrator.post("/api/connections", json=wanted))["name"]
    return name


# -- collections -------------------------------------------------------------------------------------------------------


def test_collections_are_a_tree_of_what_may_be_seen(place: Place) -> None:
    wanted = {"name": new_name(), "display_name": "A team", "parent": "ml"}
    added = made(place.administrator.post("/api/collections", json=wanted))
    assert (added["display_name"], added["parent"]) == ("A team", "ml")
    every = {each["name"]: each["parent"] for each in place.administrator.get("/api/collections").json()["value"]}
    assert every["root"] is None
    assert (every["ml"], every[wanted["name"]]) == ("root", "ml")
    seen = {each["name"]: each["parent"] for each in place.steward.get("/api/collections").json()["value"]}
    assert (seen["ml"], seen[wanted["name"]]) == (None, "ml"), "the parent may not be seen"
    assert place.stranger.get("/api/collections").json() == {"value": []}
    assert place.administrator.post("/api/collections", json=wanted).status_code == 409
    assert code(place.administrator.post("/api/collections", json=wanted | {"parent": "root"})) == (409, "conflict")
    for body, expected in (({"name": "a b"}, 400), ({"name": "\0"}, 422), ({"name": "new", "parent": "gone"}, 404)):
        assert place.administrator.post("/api/collections", json=body).status_code == expected
    assert code(place.stranger.post("/api/collections", json=wanted)) == (404, "not_found")


# -- sources -----------------------------------------------------------------------------------------------------------


def test_a_steward_registers_changes_and_removes_a_source(place: Place) -> None:
    name = new_name()
    wanted = {"name": name, "display_name": "Risk", "kind": "mlflow", "url": PUBLIC + "/", "collection": "ml"}
    added = made(place.steward.post("/api/sources", json=wanted))
    assert (added["url"], added["collection"], added["credential_mode"]) == (PUBLIC, "ml", "service")
    assert place.steward.get(f"/api/sources/{name}").json() == added
    changes = {"display_name": "Risks", "credential_mode": "personal"}
    changed = place.steward.patch(f"/api/sources/{name}", json=changes).json()
    assert changed == added | changes
    assert code(place.steward.post("/api/sources", json=wanted)) == (409, "conflict")
    assert name in {source["name"] for source in place.steward.get("/api/sources?limit=1000").json()["value"]}
    assert place.steward.delete(f"/api/sources/{name}").status_code == 204
    assert code(place.steward.get(f"/api/sources/{name}")) == (404, "not_found")


def test_a_steward_is_held_to_the_collection_and_to_public_addresses(place: Place, probed: Probe) -> None:
    wanted = {"name": new_name(), "kind": "mlflow", "url": PUBLIC}
    assert code(place.steward.post("/api/sources", json=wanted)) == (404, "not_found"), "root may not be seen"
    inner = wanted | {"url": probed.url, "collection": "ml"}
    assert code(place.steward.post("/api/sources", json=inner)) == (403, "forbidden")
    networks = wanted | {"private_networks": ["10.0.0.0/8"], "collection": "ml"}
    assert code(place.steward.post("/api/sources", json=networks)) == (403, "forbidden")
    assert made(place.administrator.post("/api/sources", json=networks))["private_networks"] == ["10.0.0.0/8"]
    denied = wanted | {"url": "http://10.1.2.3", "name": new_name()}
    assert code(place.administrator.post("/api/sources", json=denied)) == (400, "network.origin_denied")
    for wrong in ({"url": "nowhere"}, {"kind": "abacus"}, {"name": "1st"}, {"settings": {"nonsense": "1"}}):
        assert place.administrator.post("/api/sources", json=wanted | {"name": new_name()} | wrong).status_code == 400


def test_an_administrator_trusts_a_source(place: Place) -> None:
    name = new_source(place)
    trust = f"/api/sources/{name}/trust"
    assert code(place.steward.put(trust, json={"trusted": True})) == (403, "forbidden")
    assert place.steward.get(f"/api/sources/{name}").json()["trusted"] is False
    for trusted in (True, False):
        assert place.administrator.put(trust, json={"trusted": trusted}).json()["trusted"] is trusted
        assert place.steward.get(f"/api/sources/{name}").json()["trusted"] is trusted
    wanted: dict[str, Any] = {"name": new_name(), "kind": "mlflow", "url": PUBLIC, "collection": "ml", "trusted": True}
    assert code(place.steward.post("/api/sources", json=wanted)) == (403, "forbidden")
    assert made(place.administrator.post("/api/sources", json=wanted))["trusted"] is True


def test_a_stranger_finds_no_source(place: Place) -> None:
    name = new_source(place)
    assert place.stranger.get("/api/sources").json() == {"total": 0, "after": None, "value": []}
    asked: tuple[tuple[str, str, dict[str, Any] | None], ...] = (
        ("GET", "", None), ("PATCH", "", {}), ("DELETE", "", None), ("POST", "/test", None),
        ("GET", "/credential", None), ("PUT", "/credential", {"kind": "anonymous"}), ("DELETE", "/credential", None),
        ("GET", "/credential/mine", None), ("PUT", "/credential/mine", {"kind": "anonymous"}),
        ("DELETE", "/credential/mine", None), ("PUT", "/trust", {"trusted": True}),
    )  # fmt: skip
    for method, path, body in asked:
        told = [place.stranger.request(method, f"/api/sources/{each}{path}", json=body) for each in (name, "gone")]
        assert code(told[0]) == (404, "not_found"), (method, path)
        assert told[0].text.replace(name, "gone") == told[1].text.replace(f"/{name}", "/gone"), (method, path)


def test_sources_come_a_page_at_a_time(place: Place) -> None:
    names = {new_source(place) for _ in range(5)}
    seen, after, total = [], None, 0
    while True:
        asked = {"limit": 2} if after is None else {"limit": 2, "after": after}
        page = place.steward.get("/api/sources", params=asked).json()
        assert len(page["value"]) <= 2
        seen += [source["name"] for source in page["value"]]
        after, total = page["after"], page["total"]
        if after is None:
            break
        assert after == seen[-1] and len(seen) <= total, "a page was given twice"
    assert names <= set(seen)
    assert len(seen) == total == len(set(seen))
    assert seen == sorted(seen)
    for wrong in ("limit=0", "limit=1001", "after=%00"):
        assert place.steward.get(f"/api/sources?{wrong}").status_code == 422
        assert place.steward.get(f"/api/connections?{wrong}").status_code == 422


def test_a_source_is_called_with_its_credential(place: Place, probed: Probe) -> None:
    name = new_source(place, url=probed.url)
    where = f"/api/sources/{name}/credential"
    assert place.steward.get(where).json() == {"credential": None}
    basic = {"kind": "basic", "fields": {"username": "ann"}, "secret": "hunter2"}
    assert place.steward.put(where, json=basic).status_code == 204
    shown = place.steward.get(where)
    assert "hunter2" not in shown.text
    assert shown.json()["credential"].pop("changed_at")
    assert shown.json()["credential"] | {"changed_at": ""} == {
        "kind": "basic", "fields": {"username": "ann"}, "has_secret": True, "reference": None, "changed_at": "",
    }  # fmt: skip
    probed.shown.clear()
    answered = place.steward.post(f"/api/sources/{name}/test")
    assert (answered.status_code, answered.json()["kind"], answered.json()["url"]) == (200, "mlflow", probed.url)
    assert set(probed.shown) == {"Basic YW5uOmh1bnRlcjI="}
    assert place.steward.delete(where).status_code == 204
    assert code(place.steward.delete(where)) == (404, "not_found")
    for wrong in ({"kind": "basic"}, {"kind": "nonsense"}, {"kind": "entra_cli"}):
        assert place.administrator.put(where, json=wrong).status_code == 400


def test_each_has_a_credential_of_their_own(place: Place, probed: Probe) -> None:
    name = new_source(place, url=probed.url, credential_mode="personal")
    where = f"/api/sources/{name}/credential/mine"
    assert code(place.steward.post(f"/api/sources/{name}/test")) == (400, "credential.not_linked")
    assert place.steward.get(where).json() == {"credential": None}
    assert place.steward.put(where, json={"kind": "token", "secret": "mine"}).status_code == 204
    assert place.steward.get(where).json()["credential"]["kind"] == "token"
    assert place.administrator.get(where).json() == {"credential": None}, "another's"
    probed.shown.clear()
    assert place.steward.post(f"/api/sources/{name}/test").status_code == 200
    assert set(probed.shown) == {"Bearer mine"}
    assert place.steward.delete(where).status_code == 204
    assert place.steward.delete(where).status_code == 404


def test_references_are_left_to_administrators(place: Place, probed: Probe) -> None:
    source, connection = new_source(place, url=probed.url), new_connection(place)
    allowed, other = {"kind": "token", "reference": "env:ALLOWED"}, {"kind": "token", "reference": "env:OTHER"}
    assert code(place.steward.put(f"/api/sources/{source}/credential", json=allowed)) == (403, "forbidden")
    assert code(place.administrator.put(f"/api/sources/{source}/credential", json=other)) == (409, "secret.denied")
    assert place.administrator.put(f"/api/sources/{source}/credential", json=allowed).status_code == 204
    shown = place.steward.get(f"/api/sources/{source}/credential").json()["credential"]
    assert (shown["has_secret"], shown["reference"]) == (True, "env:ALLOWED")
    probed.shown.clear()
    assert place.steward.post(f"/api/sources/{source}/test").status_code == 200
    assert set(probed.shown) == {"Bearer from the environment"}
    key = {"kind": "key", "reference": "env:ALLOWED"}
    assert code(place.steward.put(f"/api/connections/{connection}/credential", json=key)) == (403, "forbidden")
    wanted = {"name": new_name(), "kind": "Web", "path": WEB, "collection": "ml", "credential": key}
    assert code(place.steward.post("/api/connections", json=wanted)) == (403, "forbidden")
    assert made(place.administrator.post("/api/connections", json=wanted))["credential_kind"] == "key"


def test_a_source_that_does_not_answer_is_told(place: Place) -> None:
    name = new_source(place, url="http://127.0.0.1:9")
    assert code(place.steward.post(f"/api/sources/{name}/test")) == (502, "network.unreachable")


def test_the_kinds_of_source_name_their_credentials(place: Place) -> None:
    kinds = {kind["name"]: kind["credentials"] for kind in place.stranger.get("/api/source-kinds").json()["value"]}
    assert set(kinds) >= {"mlflow", "azureml", "openapi"}
    basic = next(kind for kind in kinds["mlflow"] if kind["name"] == "basic")
    assert (basic["fields"], basic["has_secret"]) == ([{"name": "username", "required": True}], True)
    assert {kind["name"] for kind in kinds["azureml"] if kind["machine"]} == {"entra_managed_identity", "entra_cli"}
    assert "basic" not in {kind["name"] for kind in kinds["azureml"]}


def test_azure_workspaces_are_chosen_from_lists_and_the_credential_is_not_kept(place: Place) -> None:
    asked = {"collection": "ml", "credential": {"kind": "token", "secret": AZURE_TOKEN}}
    headwater = place.site.headwater
    with running_management() as management:
        headwater.azure = Azure(headwater.database, management.url)
        kept = _count(headwater, tables.secrets), _count(headwater, tables.source_credentials)
        found = place.steward.post("/api/azure/subscriptions", json=asked).json()["value"]
        assert [each["name"] for each in found] == ["an older one", "Insurance"]
        question = asked | {"subscription_id": found[1]["subscription_id"]}
        choices = place.steward.post("/api/azure/workspaces", json=question).json()["value"]
        assert [each["display_name"] for each in choices] == ["Claims", "Playground"]
        assert choices[0]["url"].startswith(management.url + "/subscriptions/")
        assert (_count(headwater, tables.secrets), _count(headwater, tables.source_credentials)) == kept
        used = place.administrator.get("/api/audit", params={"event": "credential.used", "target": "azure"}).json()
        assert {event["details"]["purpose"] for event in used["value"]} == {"choosing a workspace"}
        called = len(management.seen)
        for path, body in (("subscriptions", asked), ("workspaces", question)):
            assert code(place.stranger.post(f"/api/azure/{path}", json=body)) == (404, "not_found")
            machine = body | {"credential": {"kind": "entra_managed_identity"}}
            assert code(place.steward.post(f"/api/azure/{path}", json=machine)) == (403, "forbidden")
            assert code(place.steward.post(f"/api/azure/{path}", json=body | {"collection": "root"}))[0] == 404
            basic = body | {"credential": {"kind": "basic", "fields": {"username": "a"}, "secret": "x"}}
            assert code(place.steward.post(f"/api/azure/{path}", json=basic)) == (400, "usage")
        assert len(management.seen) == called, "who may not makes no call"
        management.broken = "/subscriptions"
        assert place.steward.post("/api/azure/subscriptions", json=asked).status_code == 502


def _count(headwater: Headwater, table: Any) -> int:
    with headwater.database.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


# -- connections -------------------------------------------------------------------------------------------------------


def test_a_connection_is_made_changed_and_removed(place: Place) -> None:
    name = f"Sales of {new_name()}"
    credential = {"kind": "username_password", "fields": {"username": "reader"}, "secret": "hunter2"}
    wanted = {"name": name, "kind": "PostgreSQL", "path": "db.example.com; sales", "collection": "ml"}
    added = place.steward.post("/api/connections", json=wanted | {"credential": credential, "privacy": "Private"})
    assert "hunter2" not in added.text
    assert made(added)["path"] == "db.example.com;sales"
    where = f"/api/connections/{name}"
    assert place.steward.get(where).json() == added.json()
    assert (added.json()["privacy"], added.json()["credential_kind"]) == ("Private", "username_password")
    shown = place.steward.get(f"{where}/credential")
    assert (shown.json()["fields"], shown.json()["has_secret"]) == ({"username": "reader"}, True)
    assert "hunter2" not in shown.text
    assert place.steward.patch(where, json={"privacy": "Organizational"}).json()["privacy"] == "Organizational"
    assert place.steward.patch(where, json={"path": "db.example.com;other"}).json()["credential_kind"] != "anonymous"
    assert place.steward.patch(where, json={"path": "elsewhere.example"}).json()["credential_kind"] == "anonymous"
    assert place.steward.put(f"{where}/credential", json={"kind": "key", "secret": "k"}).status_code == 204
    assert code(place.steward.post("/api/connections", json=wanted)) == (409, "conflict")
    assert name in {each["name"] for each in place.steward.get("/api/connections?limit=1000").json()["value"]}
    assert place.steward.delete(where).status_code == 204
    assert place.steward.get(where).status_code == 404


def test_what_is_no_connection_is_refused(place: Place) -> None:
    wanted = {"name": new_name(), "kind": "Web", "path": WEB}
    for wrong in ({"name": "a/b"}, {"name": ".."}, {"path": ""}, {"kind": "?"}, {"credential": {"kind": "basic"}}):
        assert code(place.administrator.post("/api/connections", json=wanted | wrong))[0] == 400, wrong
    for wrong in ({"privacy": "Secret"}, {"name": "\0"}, {"path": "x" * 2_001}):
        assert place.administrator.post("/api/connections", json=wanted | wrong).status_code == 422, wrong
    assert code(place.steward.post("/api/connections", json=wanted)) == (404, "not_found")
    folder = wanted | {"kind": "Folder", "path": "/data", "collection": "ml"}
    assert code(place.steward.post("/api/connections", json=folder)) == (403, "forbidden")


def test_a_stranger_finds_no_connection(place: Place) -> None:
    name = new_connection(place)
    assert place.stranger.get("/api/connections").json() == {"total": 0, "after": None, "value": []}
    asked: tuple[tuple[str, str, dict[str, Any] | None], ...] = (
        ("GET", "", None), ("PATCH", "", {}), ("DELETE", "", None),
        ("GET", "/credential", None), ("PUT", "/credential", {"kind": "anonymous"}),
    )  # fmt: skip
    for method, path, body in asked:
        told = [place.stranger.request(method, f"/api/connections/{each}{path}", json=body) for each in (name, "gone")]
        assert code(told[0]) == (404, "not_found"), (method, path)
        assert told[0].text.replace(name, "gone") == told[1].text, (method, path)


# -- whatever is sent --------------------------------------------------------------------------------------------------


def test_nonsense_is_never_an_error_of_the_server(place: Place) -> None:
    for path in NONSENSE:
        for method, address, body in (
            *((method, f"/api/{kind}/{path}", {}) for kind in ("sources", "connections") for method in
              ("GET", "PATCH", "DELETE")),
            *((method, f"/api/{kind}/{path}/credential", {"kind": "anonymous"}) for kind in ("sources", "connections")
              for method in ("GET", "PUT")),
            *((method, f"/api/sources/{path}/credential/mine", {"kind": "anonymous"}) for method in
              ("GET", "PUT", "DELETE")),
            ("POST", f"/api/sources/{path}/test", None),
        ):  # fmt: skip
            answer = place.administrator.request(method, address, json=body)
            assert answer.status_code in {404, 422}, (method, address, answer.text)


def test_texts_that_no_database_takes_are_refused(place: Place) -> None:
    source, connection = new_source(place), new_connection(place)
    added = {"name": new_name(), "kind": "mlflow", "url": PUBLIC}
    kept = {"name": new_name(), "kind": "Web", "path": WEB}
    credential = {"kind": "basic", "fields": {"username": "a"}, "secret": "x"}
    bodies: list[tuple[str, str, dict[str, Any]]] = [
        *(("POST", "/api/sources", added | {each: "a\0b"}) for each in (*added, "display_name", "collection")),
        *(("PATCH", f"/api/sources/{source}", {each: "a\0b"}) for each in ("display_name", "url", "collection")),
        *(("POST", "/api/connections", kept | {each: "a\0b"}) for each in (*kept, "collection")),
        *(("PATCH", f"/api/connections/{connection}", {each: "a\0b"}) for each in ("path", "collection")),
        ("PUT", f"/api/sources/{source}/credential", credential | {"fields": {"username": "a\0b"}}),
        ("PUT", f"/api/sources/{source}/credential", credential | {"reference": "a\0b"}),
        *(("POST", "/api/collections", {"name": new_name()} | {each: "a\0b"}) for each in ("display_name", "parent")),
    ]
    for method, path, body in bodies:
        assert place.administrator.request(method, path, json=body).status_code == 422, (method, path, body)


def test_half_a_character_is_no_text(place: Place) -> None:
    source, connection = new_source(place), new_connection(place)
    json = {"Content-Type": "application/json"}
    half = '"\\ud800"'
    sent = (
        *(("PUT", where, f'{{"kind": "{kind}", "secret": {half}}}') for where, kind in
          ((f"/api/sources/{source}/credential", "token"), (f"/api/connections/{connection}/credential", "key"))),
        ("PUT", f"/api/sources/{source}/credential", f'{{"kind": {half}}}'),
        ("PUT", f"/api/sources/{source}/credential", f'{{"kind": "basic", "fields": {{{half}: "x"}}, "secret": "x"}}'),
        ("PUT", f"/api/sources/{source}/credential", f'{{"kind": "basic", "fields": {{"username": {half}}}}}'),
        *(("PATCH", f"/api/sources/{source}", f'{{"{each}": {half}}}') for each in ("display_name", "url")),
        ("PATCH", f"/api/sources/{source}", f'{{"private_networks": [{half}]}}'),
        ("POST", "/api/collections", f'{{"name": {half}}}'),
    )  # fmt: skip
    for method, path, body in sent:
        answer = place.administrator.request(method, path, content=body, headers=json)
        assert answer.status_code in {400, 422}, (method, path, body, answer.text)


def test_no_canary_sings(place: Place, probed: Probe, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("sqlalchemy.engine", "httpx", "httpcore"):
        caplog.set_level(logging.DEBUG, logger=name)
    canaries, told = Canaries(), []
    source, connection = new_source(place, url=probed.url), new_connection(place)
    service, mistaken = canaries.new("service"), canaries.new("mistaken")
    given = {"kind": "basic", "fields": {"username": "shown"}}
    json = {"Content-Type": "application/json"}
    for kind, name in (("sources", source), ("connections", connection)):
        where = f"/api/{kind}/{name}/credential"
        right = given if kind == "sources" else given | {"kind": "username_password"}
        told.append(place.administrator.put(where, json=right | {"secret": service}))
        assert told[-1].status_code == 204
        told.append(place.administrator.get(where))
        for wrong in (
            {"secret": [mistaken]}, {"secret": {"value": mistaken}}, {"secret": mistaken * 400},
            {"reference": mistaken}, {"secret": mistaken, "fields": {}}, {"secret": mistaken, "kind": "anonymous"},
            {"secret": mistaken, "kind": 7}, {"secret": mistaken, "reference": f"env:{mistaken}"},
        ):  # fmt: skip
            told.append(place.administrator.put(where, json=right | wrong))
            assert told[-1].status_code in {400, 422}, wrong
        told.append(place.administrator.put(where, content=f'{{"secret": "{mistaken}', headers=json))
        told.append(place.administrator.put(where, json=mistaken))
        told.append(place.stranger.put(where, json=right | {"secret": mistaken}))
    told.append(place.administrator.post(f"/api/sources/{source}/test"))
    assert told[-1].status_code == 200
    kept = {"name": new_name(), "kind": "Web", "path": f"{WEB}?sig={mistaken}", "credential": {"kind": "anonymous"}}
    told.append(place.administrator.post("/api/connections", json=kept))
    told.append(place.administrator.post("/api/connections", json=kept | {"path": WEB, "credential": mistaken}))
    told.append(place.administrator.post("/api/azure/subscriptions", json={"credential": given | {"secret": mistaken}}))
    told.append(place.administrator.get("/api/audit/export"))
    headwater = place.site.headwater
    stored = database_bytes(headwater.database, Path(headwater.home.path))
    # What is looked for can be found.
    assert b"shown" in stored
    assert "INSERT INTO source_credentials" in caplog.text
    assert "credential.used" in told[-1].text
    assert canaries.found_in(stored) == []
    assert canaries.found_in(caplog.text.encode()) == []
    for answer in told:
        assert canaries.found_in(answer.content) == [], (answer.request.url.path, answer.text)
