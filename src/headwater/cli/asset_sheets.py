"""Sheets on the command line: what people say of assets, and terms of glossaries, out as CSV and in again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headwater.cli.actor import as_machine
from headwater.cli.options import DEFAULT_HOME, HomeOption
from headwater.cli.output import say, show

if TYPE_CHECKING:
    from headwater.catalog.sheets.changes import LineChanges

__all__ = ["DryRun", "OutputFile", "SheetFile", "add_sheets", "show_changes", "write_csv"]

SheetFile = Annotated[Path, typer.Argument(help="A CSV file, as it was exported.", exists=True, dir_okay=False)]
OutputFile = Annotated[Path, typer.Option("-o", "--output", help="The CSV file to write.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what it would change, line by line; change nothing.")]


def add_sheets(app: typer.Typer) -> None:
    """Add the commands to those of assets."""
    app.command("export")(export_assets)
    app.command("import")(import_assets)


def export_assets(
    output: OutputFile,
    guids: Annotated[list[str] | None, typer.Argument(help="The guids of assets; all, if none is given.")] = None,
    of_type: Annotated[str | None, typer.Option("--type", help="Of one type only; 'column' for columns.")] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Write what people say of assets to a CSV file."""
    with as_machine(home) as (headwater, actor):
        write_csv(output, headwater.asset_sheets.export(actor, guids or None, type_name=of_type))


def import_assets(file: SheetFile, dry_run: DryRun = False, home: HomeOption = DEFAULT_HOME) -> None:
    """Make what a CSV file says what is said of its assets; all of it, or nothing."""
    with as_machine(home) as (headwater, actor):
        found = headwater.asset_sheets.load(actor, file.read_bytes(), dry_run=dry_run)
    show_changes(found, dry_run=dry_run)


def write_csv(file: Path, text: str) -> None:
    """Write a sheet as it is: its line ends belong to it."""
    file.write_bytes(text.encode())
    say(f"written: {file}")


def show_changes(found: Sequence[LineChanges], *, dry_run: bool) -> None:
    """A line for everything that changes: the file's line, what it is about, the name, before → after."""
    for each in found:
        for name, change in each.changes.items():
            show(f"{each.line}\t{each.about}\t{name}\t{_text(change.before)} → {_text(change.after)}")
    say(f"{len(found)} {'lines would change something' if dry_run else 'lines changed something'}")


def _text(value: object) -> str:
    return "nothing" if value is None or value in ("", [], {}) else str(value)
