"""A scoring service with a description by OpenAPI, whose name has a slash in it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

NAME = "fraud/late @ 100% (ü)"

#: An amount that the service never answers for.
HANGS = -1.0

_ROW = {
    "type": "object",
    "required": ["amount"],
    "properties": {"amount": {"type": "number"}, "note": {"type": "string"}},
}
_ANSWER = {"type": "object", "properties": {"score": {"type": "number"}, "amount": {"type": "number"}}}


def _list_of(schema: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": {"type": "array", "items": schema}}}}


DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": NAME, "version": "1"},
    "paths": {
        "/score": {
            "post": {"requestBody": _list_of(_ROW), "responses": {"200": {"description": "", **_list_of(_ANSWER)}}}
        }
    },
}


class ScoringService(ThreadingHTTPServer):
    """Doubles amounts. ``asked`` is set while a call hangs; the hanging ends with the service."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked = threading.Event()
        self.ended = threading.Event()
        self.batches: list[int] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: ScoringService

    def log_message(self, *_: Any) -> None: ...

    def do_GET(self) -> None:
        self._answer(DOCUMENT if self.path == "/openapi.json" else None)

    def do_POST(self) -> None:
        rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.batches.append(len(rows))
        if any(row["amount"] == HANGS for row in rows):
            self.server.asked.set()
            self.server.ended.wait(60)
            return
        self._answer([{"score": 2 * row["amount"], "amount": row["amount"]} for row in rows])

    def _answer(self, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(404 if value is None else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def scoring_service() -> Iterator[ScoringService]:
    """The service, running."""
    server = ScoringService()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.ended.set()
        server.shutdown()
        thread.join(10)
        server.server_close()
