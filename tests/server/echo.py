"""A server whose answers say what arrived, as a program and as a process that a test starts.

It has the way in, the listening and the pages of the real one; only the application is another.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from tests.server.authority import Issued

from headwater.server import way_in, web
from headwater.server.certificates import CertificateFiles, ServerCertificate
from headwater.server.listening import bind, serve
from headwater.server.public_url import PublicUrl
from headwater.server.settings import ServerSettings

SECONDS = 60


@dataclass(frozen=True)
class Echo:
    """The server under way: its process, and its port on 127.0.0.1."""

    process: subprocess.Popen[str]
    port: int

    def end(self) -> str:
        """End it as a supervisor does; what it wrote to standard error."""
        self.process.send_signal(signal.SIGTERM)
        _, err = self.process.communicate(timeout=SECONDS)
        assert self.process.returncode == 0, err
        return err


@contextmanager
def echo(
    *, tls: Issued | None = None, drain_seconds: int = 5, environ: dict[str, str] | None = None, **settings: Any
) -> Iterator[Echo]:
    """A server with ``settings`` (``public_urls``, ``proxies``, ``on_loopback``); killed at the end if need be."""
    files = None if tls is None else [str(tls.certificate), str(tls.key)]
    given = json.dumps({"settings": settings, "tls": files, "drain_seconds": drain_seconds})
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.server.echo", given],
        cwd=Path(__file__).parents[2],
        env={**os.environ, **(environ or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate(timeout=SECONDS)[1]
        yield Echo(process, int(line))
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=SECONDS)


def main(given: str) -> None:
    """Serve on a free port of 127.0.0.1 and print it."""
    options = json.loads(given)
    chosen = options["settings"]
    settings = ServerSettings(
        tuple(map(PublicUrl.parse, chosen.get("public_urls", ()))),
        tuple(chosen.get("proxies", ())),
        chosen.get("on_loopback", True),
        options["tls"] is not None,
    )
    app = FastAPI()

    @app.get("/api/who")
    def who(request: Request) -> dict[str, Any]:
        assert request.client is not None
        return {"client": request.client.host, "url": str(request.url), "root_path": request.scope["root_path"]}

    @app.get("/api/wait")
    async def wait(begun: str, until: str) -> str:
        Path(begun).touch()
        while not Path(until).exists():
            await asyncio.sleep(0.01)
        return "done"

    @app.get("/healthz")
    def healthz() -> str:
        return "ok"

    web.mount(app)
    way_in.install(app, settings)
    certificate = None if options["tls"] is None else ServerCertificate(CertificateFiles(*map(Path, options["tls"])))
    with bind("127.0.0.1", 0) as bound:
        port = bound.getsockname()[1]
        serve(
            app,
            bound,
            lambda: print(port, flush=True),
            certificate=certificate,
            drain_seconds=options["drain_seconds"],
        )


if __name__ == "__main__":
    # As the command line does: a supervisor's signal ends it as Ctrl+C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    main(sys.argv[1])
