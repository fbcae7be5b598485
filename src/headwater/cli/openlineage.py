"""``headwater openlineage``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from headwater.cli.actor import as_machine
from headwater.cli.options import DEFAULT_HOME, HomeOption
from headwater.cli.output import show_json
from headwater.cli.paging import PAGE, every

__all__ = ["app"]

app = typer.Typer(help="Refreshes as OpenLineage events.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    # With one command and no callback, Typer would make a command of the group.
    """Refreshes as OpenLineage events."""


@app.command("events")
def events(
    since: Annotated[datetime | None, typer.Option(help="A moment in UTC, e.g. 2026-01-31T12:00:00.")] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Print the events as JSON lines, the oldest first."""
    moment = None if since is None else since.replace(tzinfo=UTC)
    with as_machine(home) as (headwater, actor):

        def page(after: int | None) -> tuple[Sequence[Mapping[str, Any]], int | None]:
            found = headwater.openlineage.events(actor, since=moment, after=after, limit=PAGE)
            return found.events, found.after

        for event in every(page):
            show_json(event)
