"""``headwater classify``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headwater.cli.actor import as_machine
from headwater.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from headwater.cli.output import progress, say, show, show_json

__all__ = ["app"]

app = typer.Typer(help="Classifications that rules suggest of columns.", no_args_is_help=True)
rules = typer.Typer(help="The organisation's own rules.", no_args_is_help=True)
app.add_typer(rules, name="rule")

Column = Annotated[str, typer.Argument(help="The column's guid, as 'headwater classify list --json' shows it.")]
Name = Annotated[str, typer.Argument(help="The rule's name.")]
Classifications = Annotated[list[str], typer.Argument(help="The suggested classifications.")]


@app.command("run")
def run(
    guids: Annotated[list[str] | None, typer.Argument(help="The guids of assets; none: all within reach.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what has not changed since it was looked at.")
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="Suggest anew what was rejected; goes with --all.")] = False,
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Have rules look at names and values of columns, and suggest classifications."""
    from headwater.app.classification import ClassificationRequest

    request = ClassificationRequest(guids or None, changed_only=not (everything or again), again=again)
    with as_machine(home) as (headwater, actor), progress() as bars:
        task = bars.add_task("classify", total=None, doing="")
        report = headwater.classify(actor, request, lambda done, total: bars.update(task, completed=done, total=total))
    if as_json:
        show_json(report)
        return
    say(f"{report.looked_at} looked at, {report.unchanged} unchanged, {report.suggested} classifications suggested")
    for name, problem in report.problems.items():
        say(f"  {name}: {problem}")


@app.command("list")
def list_suggestions(
    classification: Annotated[str | None, typer.Option(help="Only of this classification.")] = None,
    least: Annotated[float, typer.Option("--least-confidence", min=0, max=1, help="Only those as sure as this.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="Show so many at most.")] = 50,
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """List the suggestions that wait for somebody, the surest first: confidence, asset, column, classification, why."""
    with as_machine(home) as (headwater, actor):
        total, found = headwater.suggestions.list(
            actor, classification=classification, least_confidence=least, limit=limit
        )
    if as_json:
        show_json(found)
        return
    for each in found:
        show(f"{each.confidence:.2f}\t{each.asset_name}\t{each.column}\t{each.classification}\t{each.reason}")
    say(f"{total} suggestions")


@app.command("accept")
def accept(column: Column, classifications: Classifications, home: HomeOption = DEFAULT_HOME) -> None:
    """Say that suggestions are right: the column has these classifications then."""
    _decide(home, column, classifications, right=True)


@app.command("reject")
def reject(column: Column, classifications: Classifications, home: HomeOption = DEFAULT_HOME) -> None:
    """Say that suggestions are wrong: they are not made again."""
    _decide(home, column, classifications, right=False)


def _decide(home: Path, column: str, classifications: list[str], *, right: bool) -> None:
    from headwater.catalog.classifying import Decision

    decisions = [Decision(column, each) for each in classifications]
    with as_machine(home) as (headwater, actor):
        if right:
            headwater.suggestions.decide(actor, accept=decisions)
        else:
            headwater.suggestions.decide(actor, reject=decisions)
    say(f"{len(decisions)} {'accepted' if right else 'rejected'}")


@rules.command("list")
def list_rules(as_json: JsonOption = False, home: HomeOption = DEFAULT_HOME) -> None:
    """List the rules: name, classification, pattern of names, pattern of values, least share."""
    with as_machine(home) as (headwater, actor):
        found = headwater.classification_rules.list(actor)
    if as_json:
        show_json(found)
        return
    for each in found:
        patterns = f"{each.name_pattern or ''}\t{each.value_pattern or ''}"
        off = "" if each.enabled else "\toff"
        show(f"{each.name}\t{each.classification}\t{patterns}\t{each.least_share:g}{off}")


@rules.command("put")
def put_rule(  # noqa: PLR0917 -- the command's options
    name: Name,
    classification: Annotated[str, typer.Option(help="What it suggests.")],
    name_pattern: Annotated[str | None, typer.Option(help="RE2; found in the column's name.")] = None,
    value_pattern: Annotated[str | None, typer.Option(help="RE2; a whole value matches it.")] = None,
    least_share: Annotated[float, typer.Option(help="How many of the values have to match, up to 1.")] = 0.8,
    disabled: Annotated[bool, typer.Option("--disabled", help="Keep the rule, and do not use it.")] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Add a rule, or change the one of this name. With both patterns, both have to match."""
    from headwater.catalog.classifying import ClassificationRule

    rule = ClassificationRule(name, classification, name_pattern, value_pattern, least_share, not disabled)
    with as_machine(home) as (headwater, actor):
        headwater.classification_rules.put(actor, rule)
    say(f"rule {name} suggests {classification}")


@rules.command("remove")
def remove_rule(name: Name, home: HomeOption = DEFAULT_HOME) -> None:
    """Remove a rule; what it suggested goes when the columns are looked at again."""
    with as_machine(home) as (headwater, actor):
        headwater.classification_rules.remove(actor, name)
    say(f"rule {name} removed")
