"""Signing in by a provider over HTTP: the configuration, the way there and back, and what goes wrong on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2 as httpx
import pytest
from fastapi import FastAPI
from oidc_provider_mock import User, run_server_in_thread  # type: ignore[import-untyped]  # has no type information
from tests.server.conftest import ORIGIN
from tests.server.test_security import client_of, new_user, signed_in

from headwater.access import SYSTEM
from headwater.app.runtime import Headwater
from headwater.errors import HomeError, SecretError
from headwater.server.api.openid import BINDING
from headwater.server.application import create_app
from headwater.server.cookies import COOKIE

#: It is written for an older version of the library that it stands on.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SECRET = "canary-4f1d-of-a-client"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    people = [User(sub=name, claims={"preferred_username": name, "name": name.title()}) for name in ("ann", "bob")]
    with run_server_in_thread(require_nonce=True, user_claims=people) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def home(tmp_path: Path, issuer: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Headwater]:
    monkeypatch.setenv("CORP_SECRET", SECRET)
    Headwater.open(tmp_path / "home", create=True).close()
    configuration = tmp_path / "home" / "headwater.toml"
    table = f'\n[[openid]]\nname = "corp"\ndisplay_name = "Corp"\nissuer = "{issuer}"\nclient_id = "headwater"\n'
    more = 'client_secret = "env:CORP_SECRET"\ncreate_users = true\n'
    configuration.write_text(configuration.read_text("utf-8") + table + more, "utf-8")
    with Headwater.open(tmp_path / "home") as app:
        yield app


@pytest.fixture
def app(home: Headwater) -> FastAPI:
    return create_app(home)


def agreed(address: str, who: str) -> str:
    """What the browser does at the provider; where it is sent back to, without this server's own address."""
    sent = httpx.post(address, data={"sub": who}, follow_redirects=False, timeout=10, trust_env=False)
    assert sent.headers["location"].startswith(f"{ORIGIN}/api/sign-in/openid/corp/callback?")
    return sent.headers["location"].removeprefix(ORIGIN)


def test_there_and_back(app: FastAPI, issuer: str) -> None:
    client = client_of(app)
    assert client.get("/api/sign-in").json()["providers"] == [{"name": "corp", "display_name": "Corp"}]
    away = client.get("/api/sign-in/openid/corp?next=/tables/sales")
    assert away.status_code == 303 and away.headers["location"].startswith(f"{issuer}/")
    assert "httponly" in away.headers["set-cookie"].lower() and SECRET not in away.headers["location"]
    back = client.get(agreed(away.headers["location"], "ann"))
    assert (back.status_code, back.headers["location"]) == (303, "/tables/sales")
    me = client.get("/api/me").json()
    assert (me["name"], me["display_name"], me["via"]) == ("ann", "Ann", "session")
    assert BINDING not in client.cookies
    assert client.get("/api/tables").json()["value"] == []


def test_another_browser_gets_nothing_by_somebodys_way_back(app: FastAPI) -> None:
    victim, attacker = client_of(app), client_of(app)
    away = attacker.get("/api/sign-in/openid/corp")
    back = victim.get(agreed(away.headers["location"], "ann"))
    assert failure(back) == "unauthenticated" and COOKIE not in victim.cookies


def failure(answer: httpx.Response) -> str:
    assert answer.status_code == 303
    target = urlsplit(answer.headers["location"])
    assert target.path == "/sign-in" and not target.netloc
    return parse_qs(target.query)["failed"][0]


def test_what_goes_wrong_leads_back_to_the_sign_in_page(app: FastAPI, home: Headwater) -> None:
    client = client_of(app)
    assert failure(client.get("/api/sign-in/openid/nobody")) == "not_found"
    for hostile in ("//elsewhere.example", "https://elsewhere.example", "/\\elsewhere.example", "javascript:alert(1)"):
        assert failure(client.get("/api/sign-in/openid/corp", params={"next": hostile})).startswith("usage")
    assert failure(client.get("/api/sign-in/openid/corp/callback?state=x&code=y")) == "unauthenticated"
    client.get("/api/sign-in/openid/corp")
    refused = client.get("/api/sign-in/openid/corp/callback?state=x&error=access_denied&error_description=canary")
    assert failure(refused) == "unauthenticated" and "canary" not in refused.headers["location"]
    # A name that is somebody's is not taken over.
    new_user(home, "bob")
    away = client.get("/api/sign-in/openid/corp")
    assert failure(client.get(agreed(away.headers["location"], "bob"))) == "unauthenticated.name_taken"


def test_a_person_ties_themself(app: FastAPI, home: Headwater) -> None:
    user = new_user(home, "bob")
    client = signed_in(app, "bob")
    assert client.post("/api/me/openid/corp", headers={"X-CSRF-Token": "none"}).status_code == 403
    begun = client.post("/api/me/openid/corp")
    assert client.get(agreed(begun.json()["url"], "bob")).headers["location"] == "/account"
    assert home.people.get(SYSTEM, user).subject == "bob"
    other = client_of(app)
    other.get(agreed(other.get("/api/sign-in/openid/corp").headers["location"], "bob"))
    assert other.get("/api/me").json()["id"] == user


def test_nobody_fills_the_database_by_beginning(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headwater.app.openid.MOST_WAITING", 3)
    client = client_of(app)
    tried = [client.get("/api/sign-in/openid/corp") for _ in range(5)]
    assert [urlsplit(answer.headers["location"]).path for answer in tried][3:] == ["/sign-in"] * 2
    assert failure(tried[4]) == "unauthenticated.throttled"


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ('name = "corp"', "name, issuer and client_id"),
        ('name = "corp"\nissuer = "https://i.example"\nclient_id = "x"\nclient_secret = "hunter2"', "kept elsewhere"),
        ('name = "corp"\nissuer = "https://i.example"\nclient_id = "x"\ncolour = "red"', "'colour'"),
        ('name = "Corp!"\nissuer = "https://i.example"\nclient_id = "x"', "name"),
        ('name = "corp"\nissuer = "https://i.example"\nclient_id = "x"\nprivate_networks = ["x"]', "kind of value"),
    ],
)
def test_what_is_no_provider_is_told(tmp_path: Path, table: str, says: str) -> None:
    Headwater.open(tmp_path / "home", create=True).close()
    configuration = tmp_path / "home" / "headwater.toml"
    configuration.write_text(f"{configuration.read_text('utf-8')}\n[[openid]]\n{table}\n", "utf-8")
    with Headwater.open(tmp_path / "home") as app, pytest.raises(HomeError) as caught:
        _ = app.openid
    assert says in caught.value.message and "hunter2" not in str(caught.value.to_dict())


def test_a_secret_that_is_not_there_is_told_at_the_start(tmp_path: Path) -> None:
    Headwater.open(tmp_path / "home", create=True).close()
    configuration = tmp_path / "home" / "headwater.toml"
    table = 'name = "corp"\nissuer = "https://i.example"\nclient_id = "x"\nclient_secret = "env:NOT_THERE"'
    configuration.write_text(f"{configuration.read_text('utf-8')}\n[[openid]]\n{table}\n", "utf-8")
    with Headwater.open(tmp_path / "home") as app, pytest.raises(SecretError):
        create_app(app)
