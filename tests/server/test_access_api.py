"""People, roles and the audit log over HTTP, with real sessions and tokens."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from tests.server.conftest import ORIGIN

from headwater.access import SYSTEM, Action
from headwater.access.administrator import VARIABLE
from headwater.app.runtime import Headwater
from headwater.server.application import create_app
from headwater.server.security import CSRF_HEADER

PASSWORD = "a long walk on the beach"
NOT_IDS = ("x", "%00", "1" * 36, "{00000000-0000-4000-8000-000000000001}", "%ED%A0%80")


@dataclass(frozen=True)
class Site:
    """A server, and the token that its environment names."""

    app: FastAPI
    headwater: Headwater
    token: str

    def client(self, token: str | None = None) -> TestClient:
        """Somebody who sends a bearer token, or nothing."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return TestClient(self.app, base_url=ORIGIN, headers=headers, raise_server_exceptions=False)

    @property
    def administrator(self) -> TestClient:
        """The holder of the environment's token."""
        return self.client(self.token)

    def new_user(self, *roles: tuple[str, str]) -> dict[str, Any]:
        """A new user with roles at scopes, as the API answers it."""
        user = made(self.administrator.post("/api/users", json={"name": f"user-{secrets.token_hex(4)}"}))
        for role, scope in roles:
            self.grant(user["name"], role, scope)
        return user

    def grant(self, who: str, role: str, scope: str) -> httpx.Response:
        wanted = {"principal": who, "role": role, "scope": scope}
        answer: httpx.Response = self.administrator.post("/api/assignments", json=wanted)
        return answer

    def signed_in(self, user: dict[str, Any]) -> TestClient:
        """The user's browser, once they have set a password by the link that was made for them."""
        link = made(self.administrator.post(f"/api/users/{user['id']}/link"))
        assert link["path"] == f"/sign-in/password#{link['token']}"
        browser = self.client()
        accepted = browser.post("/api/sign-in/password", json={"token": link["token"], "password": PASSWORD})
        browser.headers[CSRF_HEADER] = accepted.json()["csrf_token"]
        return browser


def made(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a source."""
    path = tmp_path_factory.mktemp("site") / "home"
    with Headwater.open(path, create=True) as headwater:
        headwater.sources.add(SYSTEM, "lab", "The lab", "mlflow", "http://127.0.0.1:9", "root")
    return path


@pytest.fixture(scope="module")
def site(home: Path) -> Iterator[Site]:
    """A server over it, for all tests of the module: what a test changes, it makes itself."""
    token = secrets.token_urlsafe(32)
    with pytest.MonkeyPatch.context() as patch, Headwater.open(home) as headwater:
        patch.setenv(VARIABLE, token)
        yield Site(create_app(headwater), headwater, token)


def test_somebody_is_invited_signs_in_and_is_given_a_role(site: Site) -> None:
    user = site.new_user()
    browser = site.signed_in(user)
    assert browser.get("/api/me").json()["name"] == user["name"]
    check = {"action": "model.invoke", "scope": "source:lab"}
    assert code(browser.get("/api/access/check", params=check)) == (404, "access.scope")
    given = made(site.grant(user["name"], "Reader", "source:lab"))
    assert given["scope"]["path"] == "/collection/root/workspace/lab"
    assert site.grant(user["id"], "reader", given["scope"]["path"]).status_code == 200
    assert browser.get("/api/access/check", params=check).json() == {"allowed": True}
    said = browser.get("/api/access/explain", params=check).json()
    assert (said["allowed"], said["scope"], said["grants"][0]["given_at"]) == (True, *["/…/workspace/lab"] * 2)
    assert said["sentences"][0] == f"Yes: {user['name']} may do model.invoke at /…/workspace/lab."
    revoked = {"principal": user["name"], "role": "Reader", "scope": "source:lab"}
    assert site.administrator.delete("/api/assignments", params=revoked).status_code == 204
    assert browser.get("/api/access/check", params=check).status_code == 404
    assert code(site.administrator.delete("/api/assignments", params=revoked)) == (404, "access.assignment")


def test_who_is_disabled_is_out_at_once(site: Site) -> None:
    user = site.new_user()
    browser = site.signed_in(user)
    token = made(browser.post("/api/tokens", json={"name": "mine"}))["token"]
    assert site.client(token).get("/api/me").status_code == 200
    site.administrator.post(f"/api/users/{user['id']}/disable")
    assert browser.get("/api/me").status_code == 401
    assert site.client(token).get("/api/me").status_code == 401
    assert code(site.administrator.post(f"/api/users/{user['id']}/link")) == (400, "usage")
    assert site.administrator.post(f"/api/users/{user['id']}/enable").json()["active"]
    assert browser.get("/api/me").status_code == 401, "sessions ended for good"
    assert site.client(token).get("/api/me").status_code == 200


def test_a_change_needs_the_csrf_token(site: Site) -> None:
    browser = site.signed_in(site.new_user(("Owner", "server")))
    csrf = browser.headers.pop(CSRF_HEADER)
    changes = (
        ("POST", "/api/users", {"name": "mallory"}),
        ("POST", "/api/tokens", {"name": "mine"}),
        ("POST", "/api/assignments", {"principal": "x", "role": "Owner", "scope": "server"}),
        ("DELETE", "/api/assignments?principal=x&role=Owner&scope=server", None),
        ("POST", "/api/audit/retention", {"days": 30}),
    )
    for method, path, body in changes:
        assert code(browser.request(method, path, json=body)) == (403, "forbidden.csrf")
    browser.headers[CSRF_HEADER] = csrf
    assert made(browser.post("/api/tokens", json={"name": "mine"}))


def test_a_stranger_is_told_nothing(site: Site) -> None:
    somebody, group = site.new_user(), made(site.administrator.post("/api/groups", json={"name": "a secret group"}))
    browser = site.signed_in(site.new_user())
    for path in (
        *("/api/users", f"/api/users/{somebody['id']}", "/api/users/00000000-0000-4000-8000-00000000dead"),
        *("/api/groups", f"/api/groups/{group['id']}/members", f"/api/tokens?user={somebody['name']}"),
        *("/api/tokens?user=nobody", "/api/audit", "/api/audit/export", f"/api/users/{somebody['id']}/sessions"),
    ):
        assert code(browser.get(path)) == (403, "forbidden"), path
    for path in ("/api/scopes?of=server", "/api/scopes?of=source:lab", "/api/scopes?of=source:none"):
        assert code(browser.get(path)) == (404, "access.scope"), path
    assert browser.get("/api/scopes").json() == {"total": 0, "after": None, "value": []}
    assert browser.get("/api/assignments").json() == {"total": 0, "after": None, "value": []}
    assert browser.get("/api/assignments", params={"principal": somebody["name"]}).json()["total"] == 0


def test_without_a_credential_there_is_nothing(site: Site) -> None:
    described = site.app.openapi()["paths"]
    asked = [
        (method, path.format(user_id="x", group_id="x", member_id="x", token_id="x", session_id="x", name="x"))
        for path, methods in described.items()
        if path.startswith(("/api/users", "/api/groups", "/api/tokens", "/api/roles", "/api/actions", "/api/assign"))
        or path.startswith(("/api/access", "/api/scopes", "/api/audit"))
        for method in methods
    ]
    assert len(asked) > 30
    for method, path in asked:
        assert code(site.client().request(method, path)) == (401, "unauthenticated"), path


def test_ones_own_matters(site: Site) -> None:
    user = site.new_user()
    browser = site.signed_in(user)
    changed = browser.patch(f"/api/users/{user['id']}", json={"display_name": "Me", "email": "me@example.org"}).json()
    assert (changed["display_name"], changed["email"]) == ("Me", "me@example.org")
    assert browser.patch(f"/api/users/{user['id']}", json={"email": ""}).json()["email"] is None
    assert browser.patch(f"/api/users/{user['id']}", json={"name": "root"}).status_code == 403
    wrong = {"current": "another one entirely", "new": PASSWORD + "!"}
    assert code(browser.put(f"/api/users/{user['id']}/password", json=wrong)) == (403, "forbidden.password")
    right = {"current": PASSWORD, "new": PASSWORD + "!"}
    assert browser.put(f"/api/users/{user['id']}/password", json=right).status_code == 204
    (session,) = browser.get(f"/api/users/{user['id']}/sessions").json()["value"]
    assert browser.delete(f"/api/users/{user['id']}/sessions/{session['id']}").status_code == 204
    assert browser.get("/api/me").status_code == 401


def test_guessing_a_password_is_slowed_down(site: Site) -> None:
    user = site.new_user()
    browser = site.signed_in(user)
    wrong = {"current": "another one entirely", "new": PASSWORD + "!"}
    answers = [browser.put(f"/api/users/{user['id']}/password", json=wrong) for _ in range(20)]
    assert {answer.status_code for answer in answers} == {403, 429}
    assert int(answers[-1].headers["Retry-After"]) >= 1


def test_a_token_is_shown_once_and_revoked(site: Site) -> None:
    browser = site.signed_in(site.new_user(("Reader", "source:lab")))
    wanted = {"name": "models", "actions": ["model.*"], "scope": "source:lab", "days": 7}
    new = made(browser.post("/api/tokens", json=wanted))
    program = site.client(new["token"])
    check = {"action": "source.read", "scope": "source:lab"}
    assert browser.get("/api/access/check", params=check).json() == {"allowed": True}
    assert program.get("/api/access/check", params=check).json() == {"allowed": False}
    assert program.post("/api/tokens", json={"name": "wider"}).status_code == 403
    listed = browser.get("/api/tokens")
    assert new["token"] not in listed.text
    (token,) = listed.json()["value"]
    assert (token["prefix"], token["actions"], token["scope"]["name"]) == (new["prefix"], ["model.*"], "lab")
    assert browser.delete(f"/api/tokens/{new['id']}").status_code == 204
    assert program.get("/api/me").status_code == 401


def test_groups_carry_roles(site: Site) -> None:
    administrator = site.administrator
    user = site.new_user()
    browser = site.signed_in(user)
    group = made(administrator.post("/api/groups", json={"name": f"Group {secrets.token_hex(4)}"}))
    made(site.grant(f"group:{group['name']}", "Reader", "source:lab"))
    check = {"action": "model.read", "scope": "source:lab"}
    members = f"/api/groups/{group['id']}/members"
    assert administrator.post(members, json={"principal": user["name"]}).status_code == 204
    assert [member["id"] for member in administrator.get(members).json()["value"]] == [user["id"]]
    assert browser.get("/api/access/check", params=check).json() == {"allowed": True}
    assert administrator.delete(f"{members}/{user['id']}").status_code == 204
    assert browser.get("/api/access/check", params=check).status_code == 404
    assert administrator.get(f"/api/groups/{group['id']}").json() == group
    assert code(administrator.post("/api/groups", json={"name": group["name"].upper()})) == (409, "conflict")
    assert administrator.delete(f"/api/groups/{group['id']}").status_code == 204
    assert code(administrator.get(members)) == (404, "not_found")


def test_roles_of_ones_own(site: Site) -> None:
    administrator = site.administrator
    wanted = {"name": "Caller", "actions": ["model.*"], "not_actions": ["model.read"]}
    assert made(administrator.post("/api/roles", json=wanted))["allows"] == ["model.invoke"]
    assert code(administrator.post("/api/roles", json=wanted | {"name": "a/b"})) == (400, "access.role")
    assert code(administrator.post("/api/roles", json=wanted | {"name": "CALLER"})) == (409, "access.role")
    assert administrator.patch("/api/roles/caller", json={"not_actions": []}).json()["allows"] == [
        "model.invoke",
        "model.read",
    ]
    assert code(administrator.patch("/api/roles/Owner", json={"actions": ["model.*"]})) == (409, "access.role")
    assert code(administrator.post("/api/roles", json={"name": "x", "actions": ["model.fly"]})) == (
        400,
        "access.action",
    )
    assert administrator.delete("/api/roles/Caller").status_code == 204
    assert administrator.get("/api/roles/Caller").status_code == 404
    browser = site.signed_in(site.new_user())
    names = [role["name"] for role in browser.get("/api/roles").json()["value"]]
    assert {"Owner", "Reader", "Data curator"} < set(names)
    assert [action["name"] for action in browser.get("/api/actions").json()["value"]] == [str(each) for each in Action]


def test_the_last_owner_stays(site: Site) -> None:
    owner = site.new_user(("Owner", "server"))
    others = [
        each["principal"]["id"]
        for each in site.administrator.get("/api/assignments?scope=server&limit=1000").json()["value"]
        if each["role"] == "Owner" and each["principal"]["id"] != owner["id"]
    ]
    for other in others[1:]:
        site.administrator.post(f"/api/users/{other}/disable")
    assert code(site.administrator.post(f"/api/users/{owner['id']}/disable")) == (409, "conflict.last_owner")
    gone = {"principal": owner["id"], "role": "Owner", "scope": "server"}
    assert code(site.administrator.delete("/api/assignments", params=gone)) == (409, "conflict.last_owner")


def test_what_was_refused_is_recorded_once(site: Site) -> None:
    user = site.new_user(("Reader", "source:lab"))
    browser = site.signed_in(user)
    wanted = {"principal": user["name"], "role": "Owner", "scope": "source:lab"}
    assert code(browser.post("/api/assignments", json=wanted)) == (403, "forbidden")
    seen = site.administrator.get("/api/audit", params={"event": "access.denied", "actor_id": user["id"]}).json()
    (event,) = seen["value"]
    assert (event["result"], event["via"], event["details"]) == ("denied", "session", {"action": "roles.assign"})
    assert event["address"] and event["request_id"] and event["credential_id"]
    assert event["scope_id"] == site.administrator.get("/api/scopes?of=collection:root").json()["value"][0]["id"]


def test_the_audit_log_is_read_and_exported(site: Site) -> None:
    user = site.new_user(("Reader", "source:lab"))
    asked = {"event": ["person.created", "role.granted"], "since": "2020-01-01T00:00:00Z"}
    page = site.administrator.get("/api/audit", params=asked | {"limit": 1}).json()
    assert page["total"] > 1
    older = site.administrator.get("/api/audit", params=asked | {"limit": 1, "before": page["before"]}).json()
    assert older["value"][0]["id"] < page["value"][0]["id"]
    assert page["value"][0]["details"] == {"principal_id": user["id"], "role": "Reader"}
    exported = site.administrator.get("/api/audit/export", params=asked)
    assert exported.headers["content-type"].startswith("application/x-ndjson")
    assert exported.headers["cache-control"] == "no-store"
    lines = [json.loads(line) for line in exported.text.splitlines()]
    assert len(lines) == page["total"]
    assert lines[-1] == page["value"][0] | {"at": lines[-1]["at"]}
    assert site.token not in exported.text
    recorded = site.administrator.get("/api/audit", params={"event": "audit.exported"}).json()
    assert recorded["value"][0]["actor_name"] == "built-in administrator"
    assert site.administrator.post("/api/audit/retention", json={"days": 30}).json() == {"removed": 0}


@pytest.mark.parametrize("wrong", NOT_IDS)
def test_what_is_no_id_is_not_there(site: Site, wrong: str) -> None:
    group = made(site.administrator.post("/api/groups", json={"name": secrets.token_hex(8)}))["id"]
    for method, path in (
        ("GET", f"/api/users/{wrong}"),
        ("POST", f"/api/users/{wrong}/disable"),
        ("POST", f"/api/users/{wrong}/enable"),
        ("POST", f"/api/users/{wrong}/link"),
        ("GET", f"/api/users/{wrong}/sessions"),
        ("DELETE", f"/api/users/{wrong}/sessions"),
        ("DELETE", f"/api/users/{wrong}/sessions/{wrong}"),
        ("GET", f"/api/groups/{wrong}"),
        ("DELETE", f"/api/groups/{wrong}"),
        ("GET", f"/api/groups/{wrong}/members"),
        ("DELETE", f"/api/groups/{group}/members/{wrong}"),
        ("GET", f"/api/roles/{wrong}"),
        ("DELETE", f"/api/roles/{wrong}"),
        ("GET", f"/api/tokens?user={wrong}"),
        ("GET", f"/api/assignments?principal={wrong}"),
    ):
        assert site.administrator.request(method, path).status_code == 404, path


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/users?limit=0", 422),
        ("/api/users?limit=1001", 422),
        ("/api/users?after=%00", 400),
        ("/api/users?matching=%00", 200),
        ("/api/groups?after=%00", 400),
        ("/api/assignments?after=9223372036854775808", 422),
        ("/api/assignments?after=9223372036854775807", 200),
        ("/api/assignments?scope=%00", 400),
        ("/api/scopes?of=/collection/%2500", 400),
        ("/api/scopes?after=12345678", 404),
        ("/api/scopes?after=9223372036854775807", 400),
        ("/api/audit?since=2026-01-01T00:00:00", 422),
        ("/api/audit?since=0001-01-01T00:00:00%2B14:00", 400),
        ("/api/audit?event=x", 400),
        ("/api/audit?target=%00", 400),
        ("/api/audit?result=x", 422),
        ("/api/access/check?action=model.*&scope=server", 400),
        ("/api/access/explain?action=model.read&scope=server&user=%00", 404),
    ],
)
def test_what_cannot_be_asked_is_told(site: Site, path: str, status: int) -> None:
    assert site.administrator.get(path).status_code == status


def test_every_answer_is_a_documented_one(site: Site) -> None:
    for path, methods in site.app.openapi()["paths"].items():
        if not path.startswith(("/api/users", "/api/groups", "/api/tokens", "/api/roles", "/api/assignments")):
            continue
        for method, operation in methods.items():
            documented = operation["responses"].keys()
            assert {"400", "401", "403", "404", "422"} <= documented, path
            if method == "post":
                assert documented & {"201", "204", "200"}, path
