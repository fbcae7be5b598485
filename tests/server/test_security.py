"""Who may pass: every route closed to who is not known, and of no use to who may nothing; sessions, CSRF, bearers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.routing import BaseRoute
from starlette.websockets import WebSocketDisconnect
from tests.server.conftest import ADMINISTRATOR, ORIGIN
from tests.server.small_home import build_home

from headwater.access import OWNER, SYSTEM, grant, revoke, server_scope
from headwater.access.people import create_user, disable_user, set_password
from headwater.access.tokens import create_token
from headwater.app.runtime import Headwater
from headwater.server.application import create_app
from headwater.server.cookies import COOKIE
from headwater.server.listening import bind
from headwater.server.security import CSRF_HEADER, PUBLIC
from headwater.server.settings import ServerSettings
from headwater.store import utc_now

PASSWORD = "correct horse battery staple"
#: Questions that are too long for an address.
ASKED_BY_POST = re.compile("/api/search|/api/atlas/v2/search/(query|advanced|basic|quick)")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

#: What a stranger, who is signed in and has no role, is told of: nothing but themselves, what the API is, and what
#: actions and roles there are to ask for.
OWN = {
    *("/api/me", "/openapi.json", "/docs", "/api/sign-out", "/api/actions", "/api/roles", "/api/source-kinds"),
    "/api/notifications/read",
}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Headwater]:
    """A home that a test may change."""
    with Headwater.open(build_home(tmp_path / "home")) as app:
        yield app


def client_of(app: FastAPI, **headers: str) -> TestClient:
    return TestClient(app, base_url=ORIGIN, headers=headers, raise_server_exceptions=False, follow_redirects=False)


def new_user(headwater: Headwater, name: str, *roles: str) -> str:
    with headwater.database.begin() as connection:
        now = utc_now()
        user = create_user(connection, name, by=SYSTEM, now=now)
        set_password(connection, user.id, PASSWORD, by=SYSTEM, now=now)
        for role in roles:
            grant(connection, SYSTEM, user.id, role, server_scope(connection), now=now)
    return user.id


def signed_in(app: FastAPI, name: str) -> TestClient:
    """A browser, as far as cookies and the CSRF header go."""
    client = client_of(app)
    answer = client.post("/api/sign-in", json={"name": name, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    client.headers[CSRF_HEADER] = answer.json()["csrf_token"]
    return client


def addresses(routes: list[BaseRoute], prefix: str = "") -> Iterator[str]:
    """The address of every route, however deep it was included, with names of things that are there."""
    for route in routes:
        included = getattr(getattr(route, "original_router", None), "routes", None) or getattr(route, "routes", None)
        if included:
            below = getattr(getattr(route, "include_context", None), "prefix", "")
            yield from addresses(list(included), prefix + below)
        elif path := getattr(route, "path", ""):
            yield filled(prefix + path)


def filled(path: str) -> str:
    return re.sub(r"{\w+(:path)?}", lambda found: FILLED.get(found.group(0), "1"), path)


def takes_basic(address: str) -> bool:
    purview = ("/account", "/collections", "/policyStore", "/policystore", "/scan")
    return address.startswith(("/odata", "/api/atlas", "/datamap", "/catalog", *purview))


#: What Atlas's endpoints tell everybody who has signed in: types, the server's version, the head of a file.
OF_ATLAS = re.compile(r"/api/atlas.*/(types/|admin/|businessmetadata/import)")

FILLED = {"{dataflow}": "sales", "{entity}": "totals", "{name}": "sales"}


class TestEveryRoute:
    def test_there_are_as_many_as_the_description_has(self, app: FastAPI) -> None:
        found = set(addresses(app.routes))
        described = {
            re.sub(r"{\w+}", lambda name: FILLED.get(name.group(0), "1"), path) for path in app.openapi()["paths"]
        }
        assert described <= found
        assert {"/docs", "/openapi.json"} <= found

    @pytest.mark.parametrize(
        "headers", [{}, {"Authorization": "Bearer hwt_" + "x" * 43}, {"Authorization": "Basic eA=="}]
    )
    def test_is_closed_to_who_is_not_known(self, app: FastAPI, headers: dict[str, str]) -> None:
        client = client_of(app, **headers)
        closed = {address for address in addresses(app.routes) if address not in PUBLIC} - {"/assets", "/1"}
        closed -= {address for address in closed if address.startswith(("/api/sign-in/openid/", "/api/webhooks/"))}
        assert len(closed) >= 10
        for address in [*closed, "/api", "/api/nothing", "/redoc", "/api/../api/tables", "/api//tables"]:
            for method in METHODS:
                answer = client.request(method, address)
                assert answer.status_code == 401, f"{method} {address}: {answer.status_code} {answer.text[:200]}"
                assert answer.headers["WWW-Authenticate"].startswith("Basic" if takes_basic(address) else "Bearer")
                assert answer.headers["Cache-Control"] == "no-store"

    def test_shows_a_stranger_nothing(self, home: Headwater) -> None:
        new_user(home, "stranger")
        app = create_app(home)
        client = signed_in(app, "stranger")
        for address in addresses(app.routes):
            if address in PUBLIC | OWN or not address.startswith(("/api", "/odata")) or "/openid/" in address:
                continue
            if address.startswith("/api/webhooks/"):
                assert client.post(address, json={}).status_code == 401
                continue
            if OF_ATLAS.search(address):
                continue
            # Atlas's endpoints and OpenLineage's read what they are sent before they ask who sends it.
            refusals = {403, 404, 405, 422} | ({400} if "/atlas" in address or "/v1/lineage" in address else set())
            answer = client.get(address)
            if answer.status_code == 200 and address.endswith("$metadata"):
                assert "Function" not in answer.text and "EntitySet" not in answer.text
            elif answer.status_code == 200:
                assert is_empty(answer.json()), f"{address}: {answer.text[:200]}"
            else:
                assert answer.status_code in refusals, f"{address}: {answer.status_code}"
            for method in ("POST", "PUT", "PATCH", "DELETE"):
                answer = client.request(method, address, json={})
                if ASKED_BY_POST.fullmatch(address) and answer.status_code == 200:
                    assert is_empty(answer.json()), f"{address}: {answer.text[:200]}"
                    continue
                assert answer.status_code in refusals, f"{method} {address}: {answer.status_code}"

    def test_another_protocol_is_refused(self, app: FastAPI) -> None:
        with pytest.raises(WebSocketDisconnect), client_of(app, **ADMINISTRATOR).websocket_connect("/api/tables"):
            pass


def is_empty(answer: object) -> bool:
    """Whether a listing or count tells of nothing."""
    match answer:
        case dict():
            told = {"version", "@odata.context", "queryType", "searchParameters"}
            return all(is_empty(value) for key, value in answer.items() if key not in told)
        case list():
            return not answer
        case _:
            return answer in {0, None, ""}


class TestRoles:
    def test_what_is_granted_is_seen_and_what_is_revoked_is_not_at_the_next_request(self, home: Headwater) -> None:
        user = new_user(home, "ann")
        client = signed_in(create_app(home), "ann")
        assert client.get("/api/tables/sales/totals/rows").status_code == 404
        scope = home.tables.get(SYSTEM, "sales", "totals").scope_id
        with home.database.begin() as connection:
            grant(connection, SYSTEM, user, "Dataflow reader", scope, now=utc_now())
        assert [table["entity"] for table in client.get("/api/tables").json()["value"]] == ["totals"]
        assert client.get("/api/tables/sales/totals/rows").status_code == 200
        assert client.get("/api/tables/sales/orders_scored/rows").status_code == 404
        assert client.get("/api/dataflows").json()["value"] == []
        with home.database.begin() as connection:
            revoke(connection, SYSTEM, user, "Dataflow reader", scope)
        assert client.get("/api/tables/sales/totals/rows").status_code == 404
        assert client.get("/api/tables").json()["value"] == []

    def test_who_is_disabled_is_out_at_once(self, home: Headwater) -> None:
        user = new_user(home, "ann", OWNER)
        app = create_app(home)
        client = signed_in(app, "ann")
        with home.database.begin() as connection:
            token = create_token(connection, user, "t", by=SYSTEM, now=utc_now()).token
        bearer = client_of(app, Authorization=f"Bearer {token}")
        assert client.get("/api/overview").json()["tables"] == bearer.get("/api/overview").json()["tables"] == 2
        with home.database.begin() as connection:
            disable_user(connection, user, by=SYSTEM, now=utc_now())
        assert [client.get("/api/overview").status_code, bearer.get("/api/overview").status_code] == [401, 401]
        assert client.post("/api/sign-in", json={"name": "ann", "password": PASSWORD}).status_code == 401


class TestSessions:
    @pytest.fixture
    def app(self, home: Headwater) -> FastAPI:
        new_user(home, "ann", OWNER)
        return create_app(home)

    def test_the_cookie_is_for_the_server_alone(self, app: FastAPI) -> None:
        client = client_of(app)
        answer = client.post("/api/sign-in", json={"name": "Ann", "password": PASSWORD})
        set_cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in set_cookie and "samesite=lax" in set_cookie and "secure" not in set_cookie
        assert answer.headers["cache-control"] == "no-store"
        served = create_app(app.state.headwater, ServerSettings(tls=True))
        with TestClient(served, base_url="https://127.0.0.1", follow_redirects=False) as over_tls:
            answer = over_tls.post("/api/sign-in", json={"name": "ann", "password": PASSWORD})
            assert "secure" in answer.headers["set-cookie"].lower()

    def test_signing_in_anew_ends_the_session_before(self, app: FastAPI) -> None:
        client = signed_in(app, "ann")
        before = client.cookies[COOKIE]
        client.post("/api/sign-in", json={"name": "ann", "password": PASSWORD})
        assert client.get("/api/me").status_code == 200
        planted = client_of(app)
        planted.cookies.set(COOKIE, before)
        assert planted.get("/api/me").status_code == 401

    @pytest.mark.parametrize(
        ("headers", "code"),
        [
            ({CSRF_HEADER: ""}, "forbidden.csrf"),
            ({CSRF_HEADER: "guess"}, "forbidden.csrf"),
            ({"Origin": "https://elsewhere.example"}, "forbidden.origin"),
            ({"Origin": "null"}, "forbidden.origin"),
            ({"Origin": "http://127.0.0.1:1"}, "forbidden.origin"),
        ],
    )
    def test_another_sites_page_changes_nothing(self, app: FastAPI, headers: dict[str, str], code: str) -> None:
        client = signed_in(app, "ann")
        answer = client.post("/api/sign-out", json={}, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, code)
        assert client.get("/api/me").status_code == 200

    def test_another_sites_page_signs_nobody_in(self, app: FastAPI) -> None:
        client = client_of(app, Origin="https://elsewhere.example")
        answer = client.post("/api/sign-in", json={"name": "ann", "password": PASSWORD})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden.origin")
        assert "set-cookie" not in answer.headers

    def test_signing_out_ends_it_on_the_server(self, app: FastAPI) -> None:
        client, other = signed_in(app, "ann"), signed_in(app, "ann")
        kept = client.cookies[COOKIE]
        assert client.post("/api/sign-out", json={}).status_code == 204
        assert COOKIE not in client.cookies
        client.cookies.set(COOKIE, kept)
        assert client.get("/api/me").status_code == 401
        third = signed_in(app, "ann")
        assert third.post("/api/sign-out", json={"everywhere": True}).status_code == 204
        assert other.get("/api/me").status_code == 401

    def test_guessing_is_slowed_down(self, app: FastAPI) -> None:
        client = client_of(app)
        answers = [client.post("/api/sign-in", json={"name": "ann", "password": f"guess {at}"}) for at in range(7)]
        assert [answer.status_code for answer in answers][:5] == [401] * 5
        assert answers[-1].status_code == 429 and int(answers[-1].headers["retry-after"]) >= 1

    def test_a_page_that_needs_signing_in_leads_there_and_back(self, app: FastAPI) -> None:
        answer = client_of(app, Accept="text/html").get("/docs")
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/docs")


class TestFirstAdministrator:
    def test_the_link_is_good_once_and_makes_an_owner(self, home: Headwater) -> None:
        app = create_app(home)
        link = home.identity.first_administrator_link()
        assert link is not None
        client = client_of(app)
        assert client.get("/api/sign-in").json()["first_administrator"] is True
        body = {"token": link.token, "name": "root@example.org", "password": PASSWORD}
        assert client.post("/api/sign-in/first-administrator", json=body | {"password": "short"}).status_code == 400
        assert client.post("/api/sign-in/first-administrator", json=body).status_code == 200
        assert client.get("/api/overview").json()["tables"] == 2
        assert client_of(app).post("/api/sign-in/first-administrator", json=body).status_code == 401
        assert home.identity.first_administrator_link() is None
        assert client.get("/api/sign-in").json()["first_administrator"] is False

    def test_the_administrator_token_is_a_bearer(self, client: TestClient) -> None:
        assert client.get("/api/me").json()["via"] == "administrator_token"


ASKING = """
import http.client, sys
for headers in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://elsewhere.example"}):
    asked = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=20)
    asked.request("GET", "/api/me", headers=headers)
    print(asked.getresponse().status)
asked = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=20)
asked.request("GET", "/", headers={"Accept": "text/html"})
print("headwater_session=hws_" in (asked.getresponse().getheader("set-cookie") or ""))
"""


class TestLocalPerson:
    """Who started the demo need not sign in: by a real connection, whose other end a process holds."""

    @pytest.fixture
    def port(self, home: Headwater) -> Iterator[int]:
        app = create_app(home, local_person=home.identity.local_person("ann"))
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None))
        with bind("127.0.0.1", 0) as bound:
            thread = threading.Thread(target=server.run, args=([bound],))
            thread.start()
            yield bound.getsockname()[1]
            server.should_exit = True
            thread.join(20)

    def ask(self, port: int, user: str | None = None) -> list[str]:
        command = [shutil.which("python3", path="/usr/bin:/usr/local/bin") or sys.executable, "-c", ASKING, str(port)]
        run = subprocess.run(command, user=user, capture_output=True, text=True, timeout=60, check=True, cwd="/")
        return run.stdout.split()

    def test_their_programs_are_known_but_for_other_sites_pages(self, port: int) -> None:
        assert self.ask(port) == ["200", "401", "401", "True"]

    def test_another_user_of_the_machine_is_not(self, port: int) -> None:
        if os.getuid() != 0:
            pytest.skip("only root can run a program as another user")
        assert self.ask(port, "nobody") == ["401", "401", "401", "False"]
