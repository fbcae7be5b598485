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
        served = create_app(app)
        link = app.identity.first_administrator_link()
        if link is not None:
            say("Nobody can sign in yet. Whoever opens this link first is the administrator (good once, for a day):")
            say(f"  {address}/sign-in/first-administrator#{link.token}")
        serve(served, bound, lambda: say(f"Headwater serves {address} (API: {address}/docs). Ctrl+C ends it."))
