"""``headwater asset``: two assets that are one, and further addresses."""

from __future__ import annotations

from typing import Annotated

import typer

from headwater.cli.actor import as_machine
from headwater.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from headwater.cli.output import say, show, show_json

__all__ = ["add_naming"]

Guid = Annotated[str, typer.Argument(help="An asset's guid.")]
Address = Annotated[str, typer.Argument(help="A qualified name.")]


def add_naming(app: typer.Typer) -> None:
    """Add the commands to those of assets."""
    app.command("merge")(merge)
    app.command("unmerge")(unmerge)
    app.command("alias")(alias)
    app.command("names")(names)


def merge(
    guid: Guid,
    other: Annotated[str, typer.Argument(help="The asset that becomes a part of it.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Make two assets of one type one; 'unmerge' takes them apart."""
    with as_machine(home) as (headwater, actor):
        headwater.merging.merge(actor, guid, other)
    say(f"{other} is a part of {guid}")


def unmerge(guid: Guid, address: Address, home: HomeOption = DEFAULT_HOME) -> None:
    """Take apart what was merged under a name, and print its guid."""
    with as_machine(home) as (headwater, actor):
        show(headwater.merging.unmerge(actor, guid, address))


def alias(
    guid: Guid,
    address: Address,
    remove: Annotated[bool, typer.Option("--remove", help="Take the address away.")] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Give an asset a further address, by which others know the same."""
    with as_machine(home) as (headwater, actor):
        act = headwater.merging.remove_alias if remove else headwater.merging.add_alias
        act(actor, guid, address)
    say(f"{guid} is {'no longer ' if remove else ''}known as {address}")


def names(guid: Guid, as_json: JsonOption = False, home: HomeOption = DEFAULT_HOME) -> None:
    """List the further names of an asset, and why it has each."""
    with as_machine(home) as (headwater, actor):
        found = headwater.merging.names(actor, guid)
    if as_json:
        show_json(found)
        return
    for each in found:
        show(f"{each.qualified_name}\t{each.reason}")
