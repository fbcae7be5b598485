"""``headwater secrets``."""

from __future__ import annotations

import typer

from headwater.cli.actor import as_machine
from headwater.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from headwater.cli.output import say, show, show_json

__all__ = ["app"]

app = typer.Typer(help="Stored secrets, and the keys they are encrypted with.", no_args_is_help=True)


@app.command("keys")
def keys(as_json: JsonOption = False, home: HomeOption = DEFAULT_HOME) -> None:
    """List the keys at hand, the newest first, with how many secrets each is used for."""
    with as_machine(home) as (headwater, actor):
        found = headwater.secrets.keys(actor)
    if as_json:
        show_json(found)
        return
    for key in found:
        show(f"{key.key_id}\t{'newest' if key.newest else 'older'}\t{key.secrets}")


@app.command("rotate")
def rotate(home: HomeOption = DEFAULT_HOME) -> None:
    """Encrypt every stored secret with the newest key, so that older ones can be thrown away."""
    with as_machine(home) as (headwater, actor):
        count = headwater.secrets.rotate(actor)
    say(f"{count:,} secrets encrypted anew")
