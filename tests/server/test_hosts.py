"""Which names a server answers to, and when it has browsers come by https."""

from __future__ import annotations

import socket
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.responses import PlainTextResponse
from tests.server.echo import echo

from headwater.server import way_in
from headwater.server.public_url import PublicUrl
from headwater.server.settings import ServerSettings

PUBLIC = "https://data.example.org/headwater"
HSTS = "strict-transport-security"


def client(*urls: str, **settings: Any) -> TestClient:
    """Every address is answered, so that only the way in turns anything away."""
    app = FastAPI()
    app.router.default = PlainTextResponse("answered")
    way_in.install(app, ServerSettings(tuple(map(PublicUrl.parse, urls)), **settings))
    return TestClient(app)


def status(client: TestClient, host: str, path: str = "/api/tables") -> int:
    found: int = client.get(path, headers={"host": host}).status_code
    return found


@pytest.mark.parametrize("on_loopback", [True, False])
@pytest.mark.parametrize(
    "host",
    ["data.example.org", "DATA.example.org:443", "data.example.org:8400", "inside.example.org", "[2001:db8::1]:1"],
)
def test_public_names_are_answered_to_at_any_port(host: str, on_loopback: bool) -> None:
    urls = [PUBLIC, "https://inside.example.org/headwater", "https://[2001:DB8::1]/headwater"]
    assert status(client(*urls, on_loopback=on_loopback), host) == 200


@pytest.mark.parametrize(
    "path", ["/", "/api/tables", "/docs", "/headwater/tables", "/healthz/x", "/headwater/healthzx"]
)
@pytest.mark.parametrize(
    "host",
    [
        "elsewhere.example",
        "data.example.org.elsewhere.example",
        "xdata.example.org",
        "example.org",
        "data.example.org@elsewhere.example",
        "data.example.org:80:80",
        "192.0.2.1",
        "",
    ],
)
@pytest.mark.parametrize("on_loopback", [True, False])
def test_no_other_name_is(host: str, path: str, on_loopback: bool) -> None:
    assert status(client(PUBLIC, on_loopback=on_loopback), host, path) == 400


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8400", "127.0.0.2", "[::1]:8400"])
def test_this_machines_names_are_its_own_only_where_no_other_machine_asks(host: str) -> None:
    assert status(client(PUBLIC), host) == 200
    assert status(client(PUBLIC, on_loopback=False), host) == 400
    assert status(client("https://localhost", "https://127.0.0.1", on_loopback=False), host) == (
        200 if host in {"localhost", "127.0.0.1:8400"} else 400
    )


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/headwater/healthz", "/headwater/readyz"])
@pytest.mark.parametrize("host", ["10.1.2.3:8400", "pod-1", "localhost", ""])
def test_probes_are_answered_under_any_name_where_other_machines_ask(host: str, path: str) -> None:
    assert status(client(PUBLIC, on_loopback=False), host, path) == 200
    assert status(client(PUBLIC), host, path) == (200 if host == "localhost" else 400)


def test_a_probe_of_http_1_0_names_nobody() -> None:
    with echo(public_urls=[PUBLIC], on_loopback=False) as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
            connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 200 ")


def test_the_refusal_says_which_names_there_are() -> None:
    answer = client(PUBLIC, on_loopback=False).get("/api/tables", headers={"host": "10.0.0.1:8400"})
    error = answer.json()["error"]
    assert (error["code"], error["where"]) == ("request.host", "/headwater/api/tables")
    assert "data.example.org" in error["hint"]
    assert "Host header" in error["hint"]


@pytest.mark.parametrize(
    ("url", "host", "ordered"),
    [
        (PUBLIC, "data.example.org", True),
        (PUBLIC, "Data.Example.org:443", True),
        # The order would hold for every port of this machine.
        (PUBLIC, "localhost", False),
        ("https://localhost:8400", "localhost", False),
        ("http://data.example.org", "data.example.org", False),
    ],
)
def test_browsers_are_told_to_come_by_https_where_that_is_the_public_way(url: str, host: str, ordered: bool) -> None:
    answer = client(url).get("/", headers={"host": host})
    assert answer.status_code == 200
    assert answer.headers.get(HSTS) == ("max-age=31536000" if ordered else None)


def test_without_a_public_url_nothing_is_ordered() -> None:
    assert HSTS not in client(tls=True).get("/", headers={"host": "localhost"}).headers


def test_a_name_that_leads_here_from_elsewhere_gets_nothing_over_a_real_connection() -> None:
    with echo() as server:
        for host, expected in (("127.0.0.1", 200), ("elsewhere.example", 400)):
            for path in ("/api/who", "/healthz"):
                address = f"http://127.0.0.1:{server.port}{path}"
                found = httpx.get(address, headers={"host": f"{host}:{server.port}"}, trust_env=False, timeout=30)
                assert found.status_code == expected
