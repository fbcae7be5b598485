"""``headwater notifications``."""

from __future__ import annotations

from typing import Annotated

import typer

from headwater.cli.actor import as_machine
from headwater.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from headwater.cli.output import say, show, show_json

__all__ = ["app"]

app = typer.Typer(help="What people were told of refreshes, and what was sent to them.", no_args_is_help=True)

LimitOption = Annotated[int, typer.Option(min=1, max=1_000, help="How many at most.")]


@app.command("list")
def list_notifications(
    *,
    person: Annotated[
        str | None, typer.Option(help="Whose: the name they sign in with. Left out: everybody's.")
    ] = None,
    dataflow: Annotated[str | None, typer.Option(help="Only those about this dataflow.")] = None,
    unread: Annotated[bool, typer.Option("--unread", help="Leave out what was read.")] = False,
    before: Annotated[int | None, typer.Option(min=1, help="Only those that are older than this one.")] = None,
    limit: LimitOption = 50,
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """List what people were told in the app, the newest first."""
    with as_machine(home) as (headwater, actor):
        page = headwater.inbox.list(actor, unread=unread, before=before, limit=limit, user=person, dataflow=dataflow)
    if as_json:
        show_json(page.notifications)
        return
    for told in page.notifications:
        read = "read" if told.read_at else "new"
        show(f"{told.id}\t{told.created_at:%Y-%m-%d %H:%M}\t{read}\t{told.person}\t{told.title}")
    say(f"{page.unread} not read")
    if page.before is not None:
        say(f"older ones: --before {page.before}")


@app.command("show")
def show_notification(
    number: Annotated[int, typer.Argument(min=1, help="Its number, as the list has it.")],
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Show all that somebody was told at once."""
    with as_machine(home) as (headwater, actor):
        told = headwater.inbox.get(actor, number)
    if as_json:
        show_json(told)
        return
    read = f"read {told.read_at:%Y-%m-%d %H:%M}" if told.read_at else "not read"
    show(f"{told.created_at:%Y-%m-%d %H:%M}, to {told.person}, {read}")
    show(told.text)


@app.command("read")
def read(
    person: Annotated[str, typer.Option(help="Whose: the name they sign in with.")],
    numbers: Annotated[list[int] | None, typer.Argument(min=1, help="Which; left out: all.")] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Note that somebody has read what they were told."""
    with as_machine(home) as (headwater, actor):
        say(f"{headwater.inbox.mark_read(actor, numbers or None, user=person)} marked as read")


@app.command("sent")
def sent(
    *,
    failed: Annotated[bool, typer.Option("--failed", help="Only what could not be sent.")] = False,
    limit: LimitOption = 50,
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """List mails and calls of webhooks, the newest first, and what became of them."""
    from headwater.app.notifications.deliveries import deliveries

    with as_machine(home) as (headwater, actor):
        found = deliveries(headwater.database, actor, failed=failed, limit=limit)
    if as_json:
        show_json(found)
        return
    for each in found:
        why = "" if each.error is None else f"\t{each.error['message']}"
        show(f"{each.asked_at:%Y-%m-%d %H:%M}\t{each.status}\t{each.channel}\t{each.where}\t{each.dataflow}{why}")


@app.command("test")
def test(
    address: Annotated[str, typer.Argument(help="An address of mail, or a webhook's.")], home: HomeOption = DEFAULT_HOME
) -> None:
    """Send a test to an address, now, in the way in which subscribers are told."""
    from headwater.app.notifications.trying import try_out

    with as_machine(home) as (headwater, _):
        try_out(headwater.home.mail, headwater.home.webhooks, address)
    say("sent")
