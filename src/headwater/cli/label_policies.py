"""``headwater label-policy``."""

from __future__ import annotations

from typing import Annotated

import typer

from headwater.cli.actor import as_machine
from headwater.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from headwater.cli.output import say, show, show_json

__all__ = ["app"]

app = typer.Typer(help="Which labels flow down lineage.", no_args_is_help=True)

Kind = Annotated[str, typer.Argument(help="classification, label or sensitivity.")]
LabelName = Annotated[str, typer.Argument(help="Which one; * is all.")]
Collection = Annotated[str, typer.Option(help="Whose assets inherit it; root is the whole catalog.")]
Guid = Annotated[str, typer.Argument(help="The guid of an asset or a column.")]


@app.command("set")
def set_policy(  # noqa: PLR0917 -- the command's options
    kind: Kind,
    name: LabelName = "*",
    collection: Collection = "root",
    off: Annotated[bool, typer.Option("--off", help="It does not flow there.")] = False,
    through_models: Annotated[bool, typer.Option("--through-models", help="Also by way of models.")] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Have assets inherit labels from what they are made of."""
    from headwater.catalog.label_flow.policies import LabelPolicy

    policy = LabelPolicy(collection, kind, name, not off, through_models)  # type: ignore[arg-type]  # checked there
    with as_machine(home) as (headwater, actor):
        headwater.label_policies.put(actor, policy)
        report = headwater.apply_label_flow()
    say(f"{report.inherited:,} labels are inherited; {report.changed:,} assets and columns changed")


@app.command("list")
def list_policies(as_json: JsonOption = False, home: HomeOption = DEFAULT_HOME) -> None:
    """List the policies: collection, kind, name, whether it flows."""
    with as_machine(home) as (headwater, actor):
        found = headwater.label_policies.list(actor)
    if as_json:
        show_json(found)
        return
    for each in found:
        how = "flows, through models too" if each.through_models else "flows"
        show(f"{each.collection}\t{each.kind}\t{each.name}\t{how if each.flows else 'does not flow'}")


@app.command("remove")
def remove_policy(
    kind: Kind, name: LabelName = "*", collection: Collection = "root", home: HomeOption = DEFAULT_HOME
) -> None:
    """Remove a policy."""
    with as_machine(home) as (headwater, actor):
        headwater.label_policies.remove(actor, collection, kind, name)
        report = headwater.apply_label_flow()
    say(f"{report.inherited:,} labels are inherited; {report.changed:,} assets and columns changed")


@app.command("apply")
def apply(home: HomeOption = DEFAULT_HOME) -> None:
    """Work out now what flows where, instead of within minutes."""
    with as_machine(home) as (headwater, _):
        report = headwater.apply_label_flow(anew=True)
    say(f"{report.inherited:,} labels are inherited; {report.changed:,} assets and columns changed")


@app.command("show")
def show_inherited(guid: Guid, as_json: JsonOption = False, home: HomeOption = DEFAULT_HOME) -> None:
    """Show what an asset and its columns inherit: column, kind, name, and what it comes from."""
    with as_machine(home) as (headwater, actor):
        found = headwater.label_flow.of(actor, guid)
    if as_json:
        show_json(found)
        return
    for each in found:
        show(f"{each.column or ''}\t{each.kind}\t{each.name}\t{each.from_name or ''}")


@app.command("reject")
def reject(guid: Guid, kind: Kind, name: LabelName, home: HomeOption = DEFAULT_HOME) -> None:
    """Say that an asset or column does not inherit this; it flows no further from there."""
    with as_machine(home) as (headwater, actor):
        headwater.label_flow.reject(actor, guid, kind, name)
        headwater.apply_label_flow()


@app.command("restore")
def restore(guid: Guid, kind: Kind, name: LabelName, home: HomeOption = DEFAULT_HOME) -> None:
    """Let an asset or column inherit it again."""
    with as_machine(home) as (headwater, actor):
        headwater.label_flow.restore(actor, guid, kind, name)
        headwater.apply_label_flow()
