"""A server that answers every request alike, or as it is told path by path, and remembers who asked with what."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Liar:
    """``answers``, where there are any, are by path with query; every other path is then not found.

    ``seen`` are the headers of the requests, their names in lower case, with the path under "path".
    """

    url: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    answers: dict[str, bytes] = field(default_factory=dict)
    seen: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def lying() -> Iterator[Liar]:
    liar = Liar()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_: Any) -> None:
            pass

        def respond(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            liar.seen.append({name.lower(): value for name, value in self.headers.items()} | {"path": self.path})
            body = liar.answers.get(self.path, b"") if liar.answers else liar.body
            self.send_response(404 if liar.answers and self.path not in liar.answers else liar.status)
            for name, value in liar.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = respond

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    thread = threading.Thread(target=httpd.serve_forever, args=(0.02,))
    thread.start()
    liar.url = f"http://127.0.0.1:{httpd.server_address[1]}"
    try:
        yield liar
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()
