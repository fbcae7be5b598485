"""``headwater collection``."""

from __future__ import annotations

from typing import Annotated

import typer

from headwater.cli.actor import as_machine
from headwater.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from headwater.cli.output import say, show, show_json

__all__ = ["app"]

app = typer.Typer(help="Collections: the tree that sources, connections and assets lie in.", no_args_is_help=True)


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Letters, digits, hyphens and underscores.")],
    display_name: Annotated[str, typer.Option(help="What people call it.")] = "",
    parent: Annotated[str, typer.Option(help="The collection it goes into.")] = "root",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Make a collection."""
    with as_machine(home) as (headwater, actor):
        made = headwater.collections.add(actor, name, display_name, parent)
    say(f"collection {made.name}, in {made.parent}")


@app.command("list")
def list_collections(as_json: JsonOption = False, home: HomeOption = DEFAULT_HOME) -> None:
    """List the collections: name, display name, parent."""
    with as_machine(home) as (headwater, actor):
        found = headwater.collections.list(actor)
    if as_json:
        show_json(found)
        return
    for each in found:
        show(f"{each.name}\t{each.display_name}\t{each.parent or ''}")
