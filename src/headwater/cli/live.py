"""``headwater asset live``."""

from __future__ import annotations

from typing import Annotated

import typer

from headwater.cli.actor import as_machine
from headwater.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from headwater.cli.output import say, show, show_json

__all__ = ["add_live"]


def add_live(app: typer.Typer) -> None:
    """Add the command to those about assets."""
    app.command("live")(look_live)


def look_live(
    guid: Annotated[str, typer.Argument(help="The asset's guid.")],
    seconds: Annotated[float, typer.Option(help="How long it may take.")] = 20.0,
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Show what an asset's workspace says of it now, and what of that the catalog has otherwise."""
    with as_machine(home) as (headwater, actor):
        found = headwater.live.look(actor, guid, seconds=seconds)
    if as_json:
        show_json(found)
        return
    say(f"source {found.source}, {found.credential} credential: {'there' if found.found else 'not there'}")
    for name, value in found.attributes.items():
        show(f"{name}\t{value}")
    for difference in found.differences:
        say(f"the catalog has {difference.field} = {difference.stored!r}, the workspace {difference.live!r}")
