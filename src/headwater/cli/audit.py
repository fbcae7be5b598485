"""``headwater audit``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from headwater.cli.actor import as_machine
from headwater.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from headwater.cli.output import say, show, show_json

if TYPE_CHECKING:
    from headwater.access.audit import Filter

__all__ = ["app"]

app = typer.Typer(help="The audit log: who did what, when, from where.", no_args_is_help=True)

MomentOption = Annotated[datetime | None, typer.Option(help="A moment in UTC, e.g. 2026-01-31 or 2026-01-31T12:00:00.")]
EventOption = Annotated[
    list[str] | None, typer.Option("--event", help="A kind of event, e.g. role.granted; may be repeated.")
]
ScopeOption = Annotated[str | None, typer.Option(help="Only what happened at this scope and below.")]


@app.command("list")
def list_events(  # noqa: PLR0917 -- the command's options
    since: MomentOption = None,
    until: MomentOption = None,
    event: EventOption = None,
    scope: ScopeOption = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many at most.")] = 50,
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """List what happened, the newest first: when, what, how it ended, who, at what, from where."""
    with as_machine(home) as (headwater, actor):
        page = headwater.audit.events(actor, _filter(since, until, event), scope=scope, limit=limit)
    if as_json:
        show_json([event.to_dict() for event in page.events])
        return
    for each in page.events:
        details = " ".join(f"{name}={value}" for name, value in sorted(each.details.items()))
        words = (f"{each.at:%Y-%m-%d %H:%M:%S}", each.event, each.result, each.actor_name, each.target or "", details)
        show("\t".join(words))
    if page.before is not None:
        say(f"{limit} of {page.total:,}; 'headwater audit export' has them all.")


@app.command("export")
def export(
    since: MomentOption = None,
    until: MomentOption = None,
    event: EventOption = None,
    scope: ScopeOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Print what happened as JSON lines, the oldest first. That is recorded too."""
    with as_machine(home) as (headwater, actor):
        for line in headwater.audit.export(actor, _filter(since, until, event), scope=scope):
            show(line.removesuffix("\n"))


@app.command("retain")
def retain(
    days: Annotated[int, typer.Argument(help="Keep so many days; 30 at least.")], home: HomeOption = DEFAULT_HOME
) -> None:
    """Remove what is older. That is recorded too."""
    with as_machine(home) as (headwater, actor):
        removed = headwater.audit.retain(actor, days)
    say(f"{removed:,} events removed")


def _filter(since: datetime | None, until: datetime | None, events: list[str] | None) -> Filter:
    from headwater.access.audit import Filter
    from headwater.app.administration.audit import events_named

    return Filter(_utc(since), _utc(until), events_named(events or ()))


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)
