"""A scoring service that notes the key and the rows of each call, and does to a call what a test says."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_ROW = {"type": "object", "required": ["amount"], "properties": {"amount": {"type": "number"}}}
_ANSWER = {"type": "object", "properties": {"score": {"type": "number"}}}


def _list_of(schema: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": {"type": "array", "items": schema}}}}


DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "score", "version": "1"},
    "paths": {
        "/score": {
            "post": {"requestBody": _list_of(_ROW), "responses": {"200": {"description": "", **_list_of(_ANSWER)}}}
        }
    },
}


@dataclass(frozen=True)
class Call:
    """A call: its Idempotency-Key, the amounts it held, and when it came."""

    key: str
    amounts: tuple[float, ...]
    at: float


#: What becomes of the n-th call: a status and headers instead of an answer; None: it is answered.
Fate = Callable[[int], tuple[int, dict[str, str]] | None]


class Service(ThreadingHTTPServer):
    """Doubles amounts."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.calls: list[Call] = []
        self.fate: Fate = lambda _number: None
        self.hangs = threading.Event()
        self.over = threading.Event()
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A process that was killed cuts its connections."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Service

    def log_message(self, *_: Any) -> None: ...

    def do_GET(self) -> None:
        self._answer(200 if self.path == "/openapi.json" else 404, DOCUMENT)

    def do_POST(self) -> None:
        rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        amounts = tuple(row["amount"] for row in rows)
        with self.server.lock:
            number = len(self.server.calls)
            self.server.calls.append(Call(self.headers["Idempotency-Key"], amounts, time.monotonic()))
        if self.server.hangs.is_set():
            self.server.over.wait(60)
            return
        fate = self.server.fate(number)
        if fate is not None:
            self._answer(fate[0], {}, fate[1])
            return
        self._answer(200, [{"score": 2 * amount} for amount in amounts])

    def _answer(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def scoring_service() -> Iterator[Service]:
    """The service, running."""
    server = Service()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        thread.join(10)
        server.server_close()
