"""Whose word about a client is taken: real connections, from two addresses of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from tests.server.echo import echo

from headwater.server import way_in
from headwater.server.settings import ServerSettings

#: The whole of 127.0.0.0/8 is this machine: one address is the proxy's, another a stranger's.
PROXY, STRANGER = "127.0.0.2", "127.0.0.3"


@pytest.fixture(scope="module")
def behind_proxy() -> Iterator[int]:
    with echo(proxies=[PROXY, "10.0.0.0/8"]) as server:
        yield server.port


def who(port: int, asks_from: str, *headers: tuple[str, str]) -> dict[str, Any]:
    transport = httpx.HTTPTransport(local_address=asks_from)
    with httpx.Client(transport=transport, trust_env=False, timeout=30) as client:
        answer = client.get(f"http://127.0.0.1:{port}/api/who", headers=list(headers))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize(
    ("hops", "client"),
    [
        ("198.51.100.7", "198.51.100.7"),
        # Proxies append: what stands before the last one that is not ours was written by whoever asked.
        ("203.0.113.9, 198.51.100.7", "198.51.100.7"),
        ("203.0.113.9, 198.51.100.7, 10.1.1.1, 10.2.2.2", "198.51.100.7"),
        ("198.51.100.7:50123", "198.51.100.7"),
        ("[2001:db8::7]:443, 10.1.1.1", "2001:db8::7"),
        ("2001:DB8:0::7", "2001:db8::7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        # What is no address leaves the proxy's own.
        ("unknown", PROXY),
        ("203.0.113.9, <script>", PROXY),
        ("", PROXY),
        (f"2001:db8::7%{'x' * 200}", "2001:db8::7"),
    ],
)
def test_a_proxy_that_is_believed_names_the_client(behind_proxy: int, hops: str, client: str) -> None:
    found = who(behind_proxy, PROXY, ("X-Forwarded-For", hops), ("X-Forwarded-Proto", "https"))
    assert found["client"] == client
    assert found["url"] == f"https://127.0.0.1:{behind_proxy}/api/who"


def test_hops_in_several_headers_are_one_list(behind_proxy: int) -> None:
    hops = [("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-For", "198.51.100.7"), ("X-Forwarded-For", "10.1.1.1")]
    assert who(behind_proxy, PROXY, *hops)["client"] == "198.51.100.7"


FORGED = [
    ("X-Forwarded-For", "198.51.100.7"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Host", "elsewhere.example"),
    ("X-Forwarded-Prefix", "/elsewhere"),
    ("Forwarded", "for=198.51.100.7;proto=https;host=elsewhere.example"),
    ("X-Real-IP", "198.51.100.7"),
]


def test_nobody_else_is_believed(behind_proxy: int) -> None:
    assert who(behind_proxy, STRANGER, *FORGED) == {
        "client": STRANGER,
        "url": f"http://127.0.0.1:{behind_proxy}/api/who",
        "root_path": "",
    }


def test_the_proxys_own_word_on_names_is_not_asked_for(behind_proxy: int) -> None:
    found = who(behind_proxy, PROXY, *FORGED[2:])
    assert found == {"client": PROXY, "url": f"http://127.0.0.1:{behind_proxy}/api/who", "root_path": ""}


def test_without_a_proxy_nobody_is_believed_whatever_the_environment_says() -> None:
    with echo(environ={"FORWARDED_ALLOW_IPS": "*"}) as server:
        for asks_from in ("127.0.0.1", STRANGER):
            found = who(server.port, asks_from, *FORGED)
            assert (found["client"], found["url"][:5]) == (asks_from, "http:")


@pytest.mark.parametrize(
    ("peer", "client"),
    [
        # A socket for both versions of IP spells IPv4 addresses so.
        ("::ffff:10.0.0.1", "198.51.100.7"),
        ("10.0.0.1", "198.51.100.7"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_an_address_has_one_spelling(peer: str, client: str) -> None:
    app = FastAPI()

    @app.get("/")
    def who(request: Request) -> str:
        assert request.client is not None
        return request.client.host

    way_in.install(app, ServerSettings(proxies=("10.0.0.0/8",)))
    with TestClient(app, base_url="http://localhost", client=(peer, 50_000)) as asking:
        assert asking.get("/", headers={"x-forwarded-for": "198.51.100.7"}).json() == client
