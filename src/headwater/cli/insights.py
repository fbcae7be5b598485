"""``headwater insights``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headwater.cli.actor import as_machine
from headwater.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from headwater.cli.output import say, show, show_json

if TYPE_CHECKING:
    from headwater.access import Actor
    from headwater.app.insights import Insights

__all__ = ["app"]

app = typer.Typer(help="What the catalog and the use of models come to.", no_args_is_help=True)

Days = Annotated[int, typer.Option(min=1, max=800, help="How many days to look back.")]
CsvOption = Annotated[bool, typer.Option("--csv", help="Print CSV instead of lines.")]


@app.command("assets")
def assets(
    over_time: Annotated[bool, typer.Option("--over-time", help="Day by day.")] = False,
    days: Days = 90,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Count assets by collection and type, and how many have an owner, a classification, a label, a term, a text."""
    if over_time:
        _show(home, lambda found, actor: found.assets_over_time(actor, for_days=days), as_json, as_csv)
    else:
        _show(home, lambda found, actor: found.assets(actor), as_json, as_csv)


@app.command("labels")
def labels(as_json: JsonOption = False, as_csv: CsvOption = False, home: HomeOption = DEFAULT_HOME) -> None:
    """Count classifications, labels and sensitivity labels: said, suggested, rejected, inherited."""
    _show(home, lambda found, actor: found.labels(actor), as_json, as_csv)


@app.command("terms")
def terms(as_json: JsonOption = False, as_csv: CsvOption = False, home: HomeOption = DEFAULT_HOME) -> None:
    """Count the terms of glossaries by status, and how many are in use."""
    _show(home, lambda found, actor: found.terms(actor), as_json, as_csv)


@app.command("unowned")
def unowned(
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="Show so many at most.")] = 50,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """List assets without an owner."""
    _show(home, lambda found, actor: found.unowned(actor, limit=limit)[1], as_json, as_csv)


@app.command("models")
def models(
    days: Days = 90,
    stale_days: Annotated[int, typer.Option(min=1, max=800, help="So long untouched a model is stale.")] = 90,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """List models by use, with the tables that they feed and whether they are stale."""
    _show(home, lambda found, actor: found.models(actor, for_days=days, stale_days=stale_days), as_json, as_csv)


@app.command("scoring")
def scoring(
    days: Days = 90, as_json: JsonOption = False, as_csv: CsvOption = False, home: HomeOption = DEFAULT_HOME
) -> None:
    """Show rows, calls and CPU seconds by day, model, version and dataflow."""
    _show(home, lambda found, actor: found.scoring(actor, for_days=days), as_json, as_csv)


@app.command("scans")
def scans(as_json: JsonOption = False, as_csv: CsvOption = False, home: HomeOption = DEFAULT_HOME) -> None:
    """Show how the scans of each source go, those that fail first."""
    _show(home, lambda found, actor: found.scans(actor), as_json, as_csv)


def _show(home: Path, ask: Callable[[Insights, Actor], Sequence[Any]], as_json: bool, as_csv: bool) -> None:
    from headwater.app.insights.service import as_csv as csv_text

    with as_machine(home) as (headwater, actor):
        found = ask(headwater.insights, actor)
    if as_json:
        show_json(found)
        return
    if not found:
        say("nothing")
        return
    if as_csv:
        show(csv_text(type(found[0]), found).rstrip("\r\n"))
        return
    names = [field.name for field in fields(found[0]) if field.name not in {"guid", "qualified_name"}]
    show("\t".join(names))
    for each in found:
        show("\t".join(_text(getattr(each, name)) for name in names))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value:%Y-%m-%d %H:%M}" if hasattr(value, "strftime") else str(value)
