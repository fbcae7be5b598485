"""A scoring service on loopback whose answers go wrong as scripted: its own model, or a real server behind it.

Each call gets a fate. The model doubles the first column of what it is sent in MLflow's split form, and fails on a call
that holds a poisonous number.
"""

from __future__ import annotations

import http.client
import json
import select
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["PASS", "Call", "Doubling", "Fate", "FaultServer", "Reply", "busy", "forwarded", "serving", "status"]


@dataclass(frozen=True)
class Reply:
    """What a backend answers."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Fate:
    """What becomes of a call.

    ``kind`` is ``pass``, ``status`` (answered with ``reply`` instead), ``cut early`` (before its body is read),
    ``cut late`` (after it was scored), ``half`` (cut in the middle of the answer), ``hang``, ``short`` (an answer that
    lacks a row) or ``wrong`` (an answer of another form).
    """

    kind: str
    reply: Reply = Reply(b"")


PASS = Fate("pass")


def busy(status: int = 503, retry_after: str | None = "0") -> Fate:
    """ "Not now", and when."""
    return Fate("status", Reply(b"{}", status, {} if retry_after is None else {"Retry-After": retry_after}))


def status(number: int, **headers: str) -> Fate:
    """Answered with this status; the body quotes a row."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Fate("status", Reply(b'{"message": "Ada Lovelace"}', number, named))


@dataclass
class Call:
    """One request: when it came, what it held, what became of it."""

    number: int
    rows: list[Any]
    size: int
    fate: Fate = PASS
    answered: int = 0
    path: str = ""
    params: Any = None


Backend = Callable[[BaseHTTPRequestHandler, bytes], Reply]
Script = Callable[[Call], Fate]


class Doubling:
    """The model of a service: twice the first column; how it fails is told by ``failure``."""

    def __init__(self) -> None:
        self.poison: set[Any] = set()
        self.failure = Reply(b"", 400)
        self.most_rows: int | None = None
        self.seconds_per_row = 0.0

    def __call__(self, handler: BaseHTTPRequestHandler, body: bytes) -> Reply:
        rows = [row[0] for row in json.loads(body)["dataframe_split"]["data"]]
        if self.most_rows is not None and len(rows) > self.most_rows:
            return Reply(b"too large", 413)
        time.sleep(self.seconds_per_row * len(rows))
        if self.poison.intersection(rows):
            # As MLflow does: the answer quotes the rows.
            quoted = {"error_code": "BAD_REQUEST", "message": f"Failed to predict {rows}"}
            return Reply(json.dumps(quoted).encode(), self.failure.status, self.failure.headers)
        return Reply(json.dumps({"predictions": [2 * row for row in rows]}).encode())


def forwarded(port: int) -> Backend:
    """A backend that hands the call to a server on this port."""

    def ask(handler: BaseHTTPRequestHandler, body: bytes) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            kind = handler.headers["Content-Type"]
            connection.request("POST", handler.path, body, {"Content-Type": kind})
            answer = connection.getresponse()
            return Reply(answer.read(), answer.status, {"Content-Type": answer.headers["Content-Type"]})
        finally:
            connection.close()

    return ask


class FaultServer(ThreadingHTTPServer):
    """The server: ``script`` gives the fate of each call, ``calls`` is what came."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, backend: Backend) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.backend = backend
        self.lock = threading.Lock()
        self.released = threading.Event()
        self.restart(lambda call: PASS)

    def restart(self, script: Script) -> None:
        """Forget what came, and follow another script."""
        self.script = script
        self.calls: list[Call] = []
        self.cut_hangs = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def scored(self) -> Counter[Any]:
        """How often each row was in a call that was answered in full."""
        return Counter(row for call in self.calls if call.answered == 200 for row in call.rows)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that was cut is no news here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: FaultServer

    def log_message(self, *_: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        call = self._noted(body)
        kind = call.fate.kind
        if kind == "cut early":
            return self._cut()
        if kind == "hang":
            return self._hang()
        reply = call.fate.reply if kind == "status" else self.server.backend(self, body)
        if kind in ("short", "wrong") and reply.status == 200:
            reply = _spoiled(reply, kind)
        if kind == "cut late":
            return self._cut()
        if kind == "pass":
            call.answered = reply.status  # before it is: whoever is answered may look at once
        self._answer(reply, half=kind == "half")

    def _noted(self, body: bytes) -> Call:
        told = json.loads(body)
        rows = [row[0] for row in told["dataframe_split"]["data"]]
        with self.server.lock:
            call = Call(len(self.server.calls), rows, len(body), path=self.path, params=told.get("params"))
            self.server.calls.append(call)
            call.fate = self.server.script(call)
        return call

    def _answer(self, reply: Reply, half: bool) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if half:
            self.wfile.write(reply.body[: len(reply.body) // 2])
            return self._cut()
        self.wfile.write(reply.body)

    def _cut(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _hang(self) -> None:
        """Until released, or until the other side has gone."""
        self.close_connection = True
        while not self.server.released.is_set():
            if select.select([self.connection], [], [], 0.02)[0]:
                with self.server.lock:
                    self.server.cut_hangs += 1
                return


def _spoiled(reply: Reply, kind: str) -> Reply:
    predictions = json.loads(reply.body)["predictions"]
    spoiled: Any = predictions[:-1] if kind == "short" else "as many as you like"
    return Reply(json.dumps({"predictions": spoiled}).encode(), 200, reply.headers)


@contextmanager
def serving(backend: Backend) -> Iterator[FaultServer]:
    """A running server; ended with the block."""
    with FaultServer(backend) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.released.set()
            server.shutdown()
            thread.join()
