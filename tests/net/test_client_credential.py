"""The credential of an HttpClient: asked for before every request, sent to the client's origin alone, shown to nobody;
and a GET that is answered with "not now"."""

from __future__ import annotations

import json
import logging
import socket
import threading
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from headwater.errors import OriginDeniedError, RemoteError, UnreachableError, UsageError
from headwater.net import HttpClient

CANARY = "canary-91c2"


@dataclass
class Service:
    """``answers`` are (status, headers) in turn, then 200; ``seen`` are the requests."""

    url: str = ""
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    seen: list[tuple[str, str | None]] = field(default_factory=list)


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def respond(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            service.seen.append((f"{self.command} {self.path}", self.headers.get("Authorization")))
            status, headers = service.answers.pop(0) if service.answers else (200, {})
            body = json.dumps({"error_code": "BUSY", "message": CANARY} if status >= 400 else {}).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = respond

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, args=(0.02,))
    thread.start()
    service.url = f"http://127.0.0.1:{httpd.server_address[1]}"
    yield service
    httpd.shutdown()
    thread.join()
    httpd.server_close()


class Numbered:
    """A credential that is another one each time."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self) -> Mapping[str, str]:
        self.asked += 1
        return {"Authorization": f"Bearer {CANARY}-{self.asked}"}


def test_it_is_asked_for_before_every_request(service: Service) -> None:
    service.answers = [(200, {}), (302, {"Location": "/next"}), (200, {})]
    with HttpClient(service.url, credential=Numbered()) as client:
        client.get_json("/a")
        client.get_json("/b")
        client.request("POST", "/c", headers={"authorization": "of the caller"}, content=b"")
    sent = [f"Bearer {CANARY}-{number}" for number in (1, 2, 3, 4)]
    assert service.seen == list(zip(["GET /a", "GET /b", "GET /next", "POST /c"], sent, strict=True))


def test_nobody_else_gets_it(service: Service) -> None:
    credential = Numbered()
    elsewhere = service.url.replace("127.0.0.1", "localhost")
    with HttpClient(service.url, credential=credential) as client:
        with pytest.raises(OriginDeniedError):
            client.get_json(f"{elsewhere}/a")
        assert credential.asked == 0
        service.answers = [(307, {"Location": f"{elsewhere}/stolen"})]
        with pytest.raises(OriginDeniedError):
            client.get_json("/a")
    assert [path for path, _ in service.seen] == ["GET /a"]


def test_a_busy_service_is_asked_again_when_it_says(service: Service) -> None:
    service.answers = [(429, {"Retry-After": "0"}), (503, {"Retry-After": "0"})]
    with HttpClient(service.url, credential=Numbered(), busy_tries=3) as client:
        assert client.get_json("/a") == {}
    assert [token for _, token in service.seen] == [f"Bearer {CANARY}-{number}" for number in (1, 2, 3)]


@pytest.mark.parametrize(
    ("answers", "tries", "deadline", "sent"),
    [
        ([(429, {"Retry-After": "0"})] * 5, 3, 60.0, 3),
        ([(429, {"Retry-After": "0"})], 1, 60.0, 1),
        ([(429, {"Retry-After": "3600"})], 3, 60.0, 1),
        ([(500, {})], 3, 60.0, 1),
    ],
)
def test_a_failure_is_told_where_asking_again_does_not_help(
    service: Service, answers: list[tuple[int, dict[str, str]]], tries: int, deadline: float, sent: int
) -> None:
    service.answers, status = list(answers), answers[0][0]
    with HttpClient(service.url, busy_tries=tries, deadline=deadline) as client, pytest.raises(RemoteError) as caught:
        client.get_json("/a")
    assert (caught.value.status, len(service.seen)) == (status, sent)


def test_what_changes_something_is_sent_once(service: Service) -> None:
    service.answers = [(503, {"Retry-After": "0"})]
    with HttpClient(service.url, busy_tries=3) as client, pytest.raises(RemoteError):
        client.post_json("/a", {})
    assert len(service.seen) == 1


def test_it_is_found_nowhere(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[str] = []
    service.answers = [(401, {}), (429, {})]
    with HttpClient(service.url, credential=Numbered()) as client:
        told += [repr(client), f"{client}"]
        for _ in range(2):
            with pytest.raises(RemoteError) as refused:
                client.get_json("/a?key=" + CANARY)
            told += ["".join(traceback.format_exception(refused.value)), str(refused.value.to_dict())]
    broken = {"Authorization": f"Bearer {CANARY}\n"}
    with HttpClient(service.url, credential=lambda: broken) as client:
        with pytest.raises(UsageError) as unsendable:
            client.get_json("/a")
        told += ["".join(traceback.format_exception(unsendable.value)), str(unsendable.value.to_dict())]
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        with HttpClient(f"http://127.0.0.1:{held.getsockname()[1]}", credential=Numbered()) as client:
            with pytest.raises(UnreachableError) as dead:
                client.get_json("/a")
            told += ["".join(traceback.format_exception(dead.value)), str(dead.value.to_dict())]
    assert "127.0.0.1" in caplog.text and len(service.seen) == 2
    # A traceback quotes the lines that were run, and this test's name no secret.
    assert CANARY not in caplog.text + "".join(told)
