"""``headwater group``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from headwater.cli.actor import as_machine
from headwater.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from headwater.cli.output import say, show, show_json

if TYPE_CHECKING:
    from headwater.access.groups import Group

__all__ = ["app"]

app = typer.Typer(help="Groups of people, to give roles to.", no_args_is_help=True)

GroupArgument = Annotated[str, typer.Argument(help="A group, by name.")]
MemberArgument = Annotated[str, typer.Argument(help="A user, by name or id, or group:NAME.")]


@app.command("list")
def list_groups(as_json: JsonOption = False, home: HomeOption = DEFAULT_HOME) -> None:
    """List the groups."""
    from headwater.cli.paging import PAGE, every

    with as_machine(home) as (headwater, actor):

        def page(after: str | None) -> tuple[list[Group], str | None]:
            found = headwater.groups.list(actor, after=after, limit=PAGE)
            return found.groups, found.after

        groups = list(every(page))
    if as_json:
        show_json(groups)
        return
    for group in groups:
        show(group.display_name)


@app.command("add")
def add(name: GroupArgument, home: HomeOption = DEFAULT_HOME) -> None:
    """Make a group."""
    with as_machine(home) as (headwater, actor):
        group = headwater.groups.create(actor, name)
    say(f"group {group.display_name}")


@app.command("delete")
def delete(name: GroupArgument, home: HomeOption = DEFAULT_HOME) -> None:
    """Delete a group; its members lose what it may do."""
    with as_machine(home) as (headwater, actor):
        group = headwater.groups.find(actor, name)
        headwater.groups.delete(actor, group.id)
    say(f"group {group.display_name} is gone")


@app.command("members")
def members(name: GroupArgument, as_json: JsonOption = False, home: HomeOption = DEFAULT_HOME) -> None:
    """List who is in a group."""
    with as_machine(home) as (headwater, actor):
        found = headwater.groups.members(actor, headwater.groups.find(actor, name).id)
    if as_json:
        show_json(found)
        return
    for member in found:
        show(f"{member.kind}\t{member.display_name}")


@app.command("add-member")
def add_member(name: GroupArgument, who: MemberArgument, home: HomeOption = DEFAULT_HOME) -> None:
    """Put a user or a group into a group."""
    with as_machine(home) as (headwater, actor):
        group = headwater.groups.find(actor, name)
        added = headwater.groups.add_member(actor, group.id, who)
    say(f"{who} is in {group.display_name}{'' if added else ' already'}")


@app.command("tie")
def tie(
    name: GroupArgument,
    issuer: Annotated[str, typer.Argument(help="An OpenID Connect issuer, as its configuration writes it.")],
    called: Annotated[str | None, typer.Option("--called", help="What it calls the group, if something else.")] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Let a provider say who is in a group, whenever somebody signs in."""
    with as_machine(home) as (headwater, actor):
        group = headwater.groups.find(actor, name)
        headwater.openid.tie_group(actor, group.id, issuer, called)
    say(f"{issuer} says who is in {group.display_name}")


@app.command("remove-member")
def remove_member(name: GroupArgument, who: MemberArgument, home: HomeOption = DEFAULT_HOME) -> None:
    """Take a user or a group out of a group."""
    with as_machine(home) as (headwater, actor):
        group = headwater.groups.find(actor, name)
        headwater.groups.remove_member(actor, group.id, who)
    say(f"{who} is not in {group.display_name} any more")
