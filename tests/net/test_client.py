"""HttpClient against a real server on loopback: what it answers, refuses, and says when things fail."""

from __future__ import annotations

import gzip
import json
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.server.authority import Authority

from headwater.errors import HeadwaterError, OriginDeniedError, RemoteError, UnreachableError, UsageError
from headwater.net import HttpClient

ROW = "patient 4711 has condition X"


class Handler(BaseHTTPRequestHandler):
    """Every behaviour of a server that the client has to cope with, one path each."""

    protocol_version = "HTTP/1.1"
    hang = threading.Event()
    asked = threading.Event()

    def log_message(self, *_: Any) -> None:
        pass

    def answer(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        here = f"http://127.0.0.1:{self.connection.getsockname()[1]}"
        if parts.path == "/echo":
            seen = {"query": parse_qs(parts.query), "token": self.headers.get("X-Token")}
            self.answer(json.dumps(seen).encode())
        elif parts.path == "/hop":
            self.answer(b"", 302, Location="/echo?hopped=1")
        elif parts.path == "/loop":
            self.answer(b"", 302, Location=here + "/loop")
        elif parts.path == "/leave":
            self.answer(b"", 302, Location=parse_qs(parts.query)["to"][0])
        elif parts.path == "/fail":
            body = {"error_code": "INVALID_PARAMETER_VALUE", "message": ROW}
            self.answer(json.dumps(body).encode(), int(parse_qs(parts.query)["status"][0]))
        elif parts.path == "/azure":
            self.answer(json.dumps({"error": {"code": "NotFound", "message": ROW}}).encode(), 404)
        elif parts.path == "/chatty":
            self.answer(json.dumps({"error_code": ROW}).encode(), 500)
        elif parts.path == "/html":
            self.answer(b"<html>Sign in</html>")
        elif parts.path == "/bomb":
            self.answer(gzip.compress(b"0" * 5_000_000), Content_Encoding="gzip")
        elif parts.path == "/cut":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"half")
            self.close_connection = True
        elif parts.path == "/trickle":
            self.send_response(200)
            self.send_header("Content-Length", "100000")
            self.end_headers()
            while not self.hang.wait(0.05):
                self.wfile.write(b"x")
        else:
            self.asked.set()
            self.hang.wait(30)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, headers = (307, {"Location": "/any"}) if self.path == "/hop" else (200, {})
        self.answer(body, status, **headers)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    Handler.hang.clear()
    thread = threading.Thread(target=httpd.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_address[1]}"
    Handler.hang.set()
    httpd.shutdown()
    thread.join()
    httpd.server_close()


@pytest.fixture
def client(server: str) -> Iterator[HttpClient]:
    with HttpClient(server, headers={"X-Token": "canary"}, timeout=0.5, deadline=1.0, max_bytes=1_000_000) as client:
        yield client


def test_parameters_and_credential_are_sent_and_nothing_is_left_in_the_path(client: HttpClient) -> None:
    assert client.get_json("/echo", {"a": "b c&d", "none": None}) == {"query": {"a": ["b c&d"]}, "token": "canary"}
    assert client.get_bytes("/echo?x=1").startswith(b'{"query": {"x"')


def test_what_is_posted_arrives_as_json(client: HttpClient) -> None:
    assert client.post_json("/any", {"rows": [1, None, "ü"]}) == {"rows": [1, None, "ü"]}


def test_a_redirect_is_followed_within_the_origin_only(client: HttpClient) -> None:
    assert client.get_json("/hop")["query"] == {"hopped": ["1"]}
    port = client.origin.port
    for target in (f"http://localhost:{port}/echo", "https://example.com/", "//example.com/", "file:///etc/passwd"):
        with pytest.raises(OriginDeniedError):
            client.get_json("/leave", {"to": target})
    with pytest.raises(RemoteError, match="redirected more than"):
        client.get_json("/loop")


def test_a_client_that_follows_no_redirect(server: str) -> None:
    with HttpClient(server, max_redirects=0) as client:
        with pytest.raises(RemoteError, match="redirected more than 0 times"):
            client.request("POST", "/hop", content=b"secret")
        assert client.get_bytes("/echo")


def test_a_debug_log_shows_no_header_of_an_answer(client: HttpClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client.get_json("/hop")
    assert "/echo" in caplog.text and "hopped" not in caplog.text


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/x", "https://example.com/x", "http://u:p@127.0.0.1/x"])
def test_a_full_url_elsewhere_is_refused(client: HttpClient, url: str) -> None:
    with pytest.raises(OriginDeniedError):
        client.get_bytes(url)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/fail?status=400", 400, "INVALID_PARAMETER_VALUE"),
        ("/fail?status=403", 403, "INVALID_PARAMETER_VALUE"),
        ("/fail?status=503", 503, "INVALID_PARAMETER_VALUE"),
        ("/azure", 404, "NotFound"),
        ("/chatty", 500, ""),
        ("/html", 200, ""),
        ("/bomb", 200, ""),
    ],
)
def test_a_failure_names_status_and_code_and_never_the_body(
    client: HttpClient, path: str, status: int, code: str
) -> None:
    with pytest.raises(RemoteError) as caught:
        client.get_json(path)
    error = caught.value
    assert (error.status, error.error_code, error.place) == (status, code, str(client.origin))
    assert ROW not in str(error.to_dict())
    assert "status=" not in error.message


@pytest.mark.parametrize("path", ["/hang", "/cut", "/trickle"])
def test_a_server_that_does_not_finish_is_unreachable(client: HttpClient, path: str) -> None:
    with pytest.raises(UnreachableError) as caught:
        client.get_bytes(path)
    assert caught.value.place == str(client.origin)
    assert caught.value.hint


def test_nobody_listening_is_unreachable() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    with HttpClient(f"http://127.0.0.1:{port}") as client, pytest.raises(UnreachableError, match="Nobody answered"):
        client.get_json("/")


def test_a_download_is_whole_or_absent(client: HttpClient, tmp_path: Path) -> None:
    file = tmp_path / "file"
    assert client.download("/echo", file) == file.stat().st_size
    file.unlink()
    for path in ("/cut", "/fail?status=500"):
        with pytest.raises(HeadwaterError):
            client.download(path, file)
        assert list(tmp_path.iterdir()) == []
    with pytest.raises(RemoteError, match="larger than"):
        client.download("/bomb", file, max_bytes=1000)
    assert list(tmp_path.iterdir()) == []


def test_the_peer_is_checked_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that resolves to this machine, as in DNS rebinding: the connection is closed without a byte sent."""
    resolve = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: resolve("127.0.0.1", *rest, **more))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with HttpClient(f"https://models.example.com:{listener.getsockname()[1]}", timeout=1.0) as client:
            with pytest.raises(OriginDeniedError, match="leads to a network"):
                client.get_json("/secret")
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(5)
            assert connection.recv(1) == b""


def test_plain_http_goes_to_this_machine_or_an_allowed_network_only() -> None:
    for origin in ("http://models.example.com", "http://10.0.0.5:5000"):
        with pytest.raises(OriginDeniedError, match="plain http"):
            HttpClient(origin)
    HttpClient("http://10.0.0.5:5000", private_networks=[ip_network("10.0.0.0/8")]).close()
    HttpClient("http://[::1]:5000").close()


@pytest.mark.parametrize("origin", ["ftp://x", "nonsense", "http://u:p@localhost", "http://", "http://x:99999"])
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(UsageError) as caught:
        HttpClient(origin)
    assert "u:p" not in str(caught.value.to_dict())


def test_proxies_of_the_environment_are_ignored(client: HttpClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with HttpClient(str(client.origin), timeout=1.0) as fresh:
        assert fresh.get_json("/echo")["query"] == {}


def closed_while_called(client: HttpClient, asked: Callable[[], Any]) -> str:
    """The code of the error that a call ends with whose client is closed once the server was ``asked``."""
    failures: list[str] = []

    def call() -> None:
        with pytest.raises(UnreachableError) as caught:
            client.get_bytes("/hang")
        failures.append(caught.value.code)

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    asked()
    time.sleep(0.2)  # until it waits for the answer
    client.close()
    thread.join(10)
    assert not thread.is_alive()
    return failures[0]


def test_closing_ends_calls_of_other_threads(server: str) -> None:
    Handler.asked.clear()
    assert closed_while_called(HttpClient(server, timeout=60), lambda: Handler.asked.wait(10)) == "network.unreachable"


def test_closing_ends_calls_over_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    issued = authority.issue("server", "localhost")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(issued.certificate, issued.key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connections = []

        def asked() -> None:
            listener.settimeout(10)
            connections.append(context.wrap_socket(listener.accept()[0], server_side=True))
            assert connections[0].recv(4) == b"GET "

        client = HttpClient(f"https://localhost:{listener.getsockname()[1]}", timeout=60, tls=authority.context)
        assert closed_while_called(client, asked) == "network.unreachable"
        connections[0].close()


def test_a_time_out_is_told_from_nobody_there(client: HttpClient) -> None:
    for path, code in (("/hang", "network.timeout"), ("/trickle", "network.timeout"), ("/cut", "network.unreachable")):
        with pytest.raises(UnreachableError) as caught:
            client.get_bytes(path)
        assert caught.value.code == code
