"""``headwater serve``."""

from __future__ import annotations

from pathlib import Path

from headwater.app.runtime import Headwater
from headwater.cli.output import say
from headwater.server.application import create_app
from headwater.server.listening import address_of, bind, serve


def run(home: Path, host: str, port: int) -> None:
    """Serve a home folder until interrupted."""
    with Headwater.open(home) as app, bind(host, port) as bound:
        address = address_of(bound)
        serve(create_app(app), bound, lambda: say(f"Headwater serves {address} (API: {address}/docs). Ctrl+C ends it."))
