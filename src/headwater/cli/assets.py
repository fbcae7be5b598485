"""``headwater asset``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headwater.cli.actor import as_machine
from headwater.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from headwater.cli.output import say, show, show_json

if TYPE_CHECKING:
    from headwater.catalog.annotations.saying import Saying

__all__ = ["app"]

app = typer.Typer(help="Assets: what people say of them, and what was changed.", no_args_is_help=True)

Guid = Annotated[str, typer.Argument(help="An asset's guid.")]
Guids = Annotated[list[str], typer.Argument(help="The guids of assets.")]


@app.command("show")
def show_asset(guid: Guid, as_json: JsonOption = False, home: HomeOption = DEFAULT_HOME) -> None:
    """Show what people say of an asset."""
    from headwater.server.annotation_answers import Annotations

    with as_machine(home) as (headwater, actor):
        asset = headwater.annotations.get(actor, guid)
    shown = Annotations.of(asset).model_dump()
    if as_json:
        show_json(shown)
        return
    said = asset.said
    shown["terms"] = ", ".join(asset.terms.values())
    shown["labels"] = ", ".join(sorted(said.labels))
    shown["classifications"] = ", ".join(
        f"{name} ({each.state})" for name, each in sorted(said.classifications.items())
    )
    shown["contacts"] = ", ".join(f"{contact} ({kind})" for kind, contact in sorted(said.contacts))
    shown["custom_attributes"] = ", ".join(f"{name}={value}" for name, value in sorted(said.custom.items()))
    for name, value in shown.items():
        if value:
            show(f"{name.replace('_', ' ')}\t{value}")


@app.command("describe")
def describe(
    guids: Guids,
    description: Annotated[str, typer.Option(help="In your own words; an empty text takes it away.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Describe assets."""
    from headwater.catalog.annotations.saying import Saying

    _annotate(home, guids, Saying(description=description))


@app.command("label")
def label(  # noqa: PLR0917 -- the command's options
    guids: Guids,
    add: Annotated[list[str] | None, typer.Option(help="A label to add; may be repeated.")] = None,
    remove: Annotated[list[str] | None, typer.Option(help="A label to take away; may be repeated.")] = None,
    sensitivity: Annotated[str | None, typer.Option(help="The sensitivity label; an empty text takes it away.")] = None,
    endorsement: Annotated[
        str | None, typer.Option(help="'certified', or another word; an empty text takes it away.")
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Label assets, say how sensitive they are, endorse them."""
    from headwater.catalog.annotations.saying import UNCHANGED, Saying

    saying = Saying(
        add_labels=add or (),
        remove_labels=remove or (),
        sensitivity=UNCHANGED if sensitivity is None else sensitivity,
        endorsement=UNCHANGED if endorsement is None else endorsement,
    )
    _annotate(home, guids, saying)


@app.command("classify")
def classify(  # noqa: PLR0917 -- the command's options
    guids: Guids,
    add: Annotated[list[str] | None, typer.Option(help="A classification to add; may be repeated.")] = None,
    accept: Annotated[list[str] | None, typer.Option(help="A suggestion that is right; may be repeated.")] = None,
    reject: Annotated[list[str] | None, typer.Option(help="One that is wrong, for good; may be repeated.")] = None,
    remove: Annotated[list[str] | None, typer.Option(help="One to take away; may be repeated.")] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Classify assets, accept and reject what rules suggest."""
    from headwater.catalog.annotations.saying import Saying

    saying = Saying(
        classify=dict.fromkeys(add or ()), accept=accept or (), reject=reject or (), unclassify=remove or ()
    )
    _annotate(home, guids, saying)


@app.command("history")
def show_history(
    guid: Guid,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many changes at most.")] = 50,
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Show who changed what of an asset, and when; the newest first."""
    with as_machine(home) as (headwater, actor):
        _, entries = headwater.annotations.history(actor, guid, limit=limit)
    if as_json:
        show_json(entries)
        return
    for each in entries:
        for name, change in each.changes.items():
            told = f"{_text(change['before'])} → {_text(change['after'])}"
            show(f"{each.at:%Y-%m-%d %H:%M:%S}\t{each.by}\t{name}\t{told}")


def _text(value: object) -> str:
    return "nothing" if value is None or value in ("", [], {}) else str(value)


def _annotate(home: Path, guids: list[str], saying: Saying) -> None:
    with as_machine(home) as (headwater, actor):
        changed = headwater.annotations.annotate(actor, guids, saying)
    say(f"{len(changed)} of {len(guids)} assets changed")
