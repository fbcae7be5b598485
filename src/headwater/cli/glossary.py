"""``headwater glossary``."""

from __future__ import annotations

from typing import Annotated

import typer

from headwater.cli.actor import as_machine
from headwater.cli.asset_sheets import DryRun, OutputFile, SheetFile, show_changes, write_csv
from headwater.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from headwater.cli.output import show, show_json

__all__ = ["app"]

app = typer.Typer(help="The glossary: its terms, out as CSV and in again.", no_args_is_help=True)

GlossaryOption = Annotated[str, typer.Option("--glossary", help="The glossary's name.")]


@app.command("list")
def list_terms(
    glossary: GlossaryOption = "Glossary", as_json: JsonOption = False, home: HomeOption = DEFAULT_HOME
) -> None:
    """List the terms of a glossary: name, status, guid."""
    with as_machine(home) as (headwater, actor):
        found = headwater.glossary.terms(actor, headwater.glossary.glossary_guid(actor, glossary))
    if as_json:
        show_json(found)
        return
    for each in found:
        show(f"{each['name']}\t{each['status']}\t{each['guid']}")


@app.command("export")
def export_terms(output: OutputFile, glossary: GlossaryOption = "Glossary", home: HomeOption = DEFAULT_HOME) -> None:
    """Write the terms of a glossary to a CSV file."""
    with as_machine(home) as (headwater, actor):
        guid = headwater.glossary.glossary_guid(actor, glossary)
        write_csv(output, headwater.term_sheets.export(actor, guid))


@app.command("import")
def import_terms(
    file: SheetFile, glossary: GlossaryOption = "Glossary", dry_run: DryRun = False, home: HomeOption = DEFAULT_HOME
) -> None:
    """Make and change the terms of a glossary as a CSV file says; all of it, or nothing."""
    with as_machine(home) as (headwater, actor):
        guid = headwater.glossary.glossary_guid(actor, glossary)
        found = headwater.term_sheets.load(actor, guid, file.read_bytes(), dry_run=dry_run)
    show_changes(found, dry_run=dry_run)
