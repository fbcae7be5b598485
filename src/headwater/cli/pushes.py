"""``headwater catalog``."""

from __future__ import annotations

from typing import Annotated

import typer

from headwater.cli.actor import as_machine
from headwater.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from headwater.cli.output import say, show, show_json

__all__ = ["app"]

app = typer.Typer(help="The catalog as a whole: pushing it to others.", no_args_is_help=True)


@app.command("push")
def push(
    name: Annotated[str, typer.Argument(help="The catalog, as [[push]] of headwater.toml calls it.")],
    full: Annotated[bool, typer.Option("--full", help="Push everything, not only what changed.")] = False,
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Push what the catalog knows to another Atlas or Purview."""
    with as_machine(home) as (headwater, actor):
        report = headwater.pushes.push(actor, name, full=full)
    if as_json:
        show_json(report)
        return
    kind = "everything" if report.full else "what changed"
    say(
        f"{kind} pushed to {name}: {report.entities} entities, {report.related} with relationships, "
        f"{report.types} types, {report.deleted} deleted, {report.requests} requests"
    )
    for warned in report.warnings:
        show(f"not taken\t{warned.type_name}\t{warned.name}\t{warned.status} {warned.reason}")


@app.command("targets")
def targets(as_json: JsonOption = False, home: HomeOption = DEFAULT_HOME) -> None:
    """List the catalogs that this one is pushed to: name, address, when, the last push."""
    with as_machine(home) as (headwater, actor):
        found = headwater.pushes.list(actor)
    if as_json:
        show_json(found)
        return
    for state in found:
        last = "never" if state.pushed_at is None else f"{state.pushed_at:%Y-%m-%d %H:%M} UTC"
        show(f"{state.name}\t{state.url}\t{state.cron or 'when asked'}\t{last}")
