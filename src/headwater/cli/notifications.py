"""``headwater notifications``."""

from __future__ import annotations

from typing import Annotated

import typer

from headwater.cli.actor import as_machine
from headwater.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from headwater.cli.output import say, show, show_json

__all__ = ["app"]

app = typer.Typer(help="What people were told of refreshes.", no_args_is_help=True)

UserOption = Annotated[str, typer.Argument(help="Whose: the name they sign in with.")]


@app.command("list")
def list_notifications(
    user: UserOption,
    unread: Annotated[bool, typer.Option("--unread", help="Leave out what was read.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many at most.")] = 50,
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """List what a user was told, the newest first."""
    with as_machine(home) as (headwater, actor):
        page = headwater.inbox.list(actor, unread=unread, limit=limit, user=user)
    if as_json:
        show_json(page.notifications)
        return
    for told in page.notifications:
        show(f"{told.id}\t{told.created_at:%Y-%m-%d %H:%M}\t{'read' if told.read_at else 'new'}\t{told.title}")
    say(f"{page.unread} not read")


@app.command("read")
def read(user: UserOption, home: HomeOption = DEFAULT_HOME) -> None:
    """Note that a user has read everything."""
    with as_machine(home) as (headwater, actor):
        say(f"{headwater.inbox.mark_read(actor, user=user)} marked as read")
