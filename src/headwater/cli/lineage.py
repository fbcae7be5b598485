"""``headwater lineage``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from headwater.cli.actor import as_machine, machine
from headwater.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from headwater.cli.output import say, show, show_json

if TYPE_CHECKING:
    from headwater.access import Actor
    from headwater.app.runtime import Headwater

__all__ = ["app"]


class _Group(TyperGroup):
    """What names no command is a table with a column: the shortest question is the one asked most."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """As usual, with ``column`` before what is no command."""
        return super().resolve_command(ctx, args if args[0] in self.commands else ["column", *args])


app = typer.Typer(help="Lineage: where a column comes from, what a change hits.", no_args_is_help=True, cls=_Group)

AssetArgument = Annotated[str, typer.Argument(help="An asset's guid; or a published table: DATAFLOW/ENTITY.")]
AsOf = Annotated[str | None, typer.Option(help="A moment (ISO 8601), or the id of a refresh. Else: now.")]


@app.command("column")
def column(
    table: Annotated[str, typer.Argument(help="A published table: DATAFLOW/ENTITY.")],
    column: Annotated[str, typer.Argument(help="One of its columns.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Print where a column comes from; the word 'column' may be left out."""
    from headwater.app.reports import tree_lines
    from headwater.app.runtime import Headwater

    with Headwater.open(home) as headwater:
        for line in tree_lines(headwater.column_tree(machine(), *_table(table), column)):
            show(line)


@app.command("impact")
def impact(
    asset: AssetArgument,
    column: Annotated[str | None, typer.Option(help="The column that is to go or to change. Else: all of it.")] = None,
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """List what is hit when an asset is retired or a column removed: distance, type, name, columns, whom to tell."""
    with as_machine(home) as (headwater, actor):
        guid = _guid(headwater, actor, asset)
        found = headwater.lineage.impact(actor, guid, "remove_column" if column else "retire", column)
    if as_json:
        show_json(found)
        return
    for each in found.assets:
        people = ", ".join(f"{contact.id} ({contact.kind})" for contact in each.contacts)
        readers = f"read by {', '.join(each.readers)}" if each.readers else ""
        told = (str(each.distance), each.type_name, each.qualified_name, ", ".join(each.columns), people, readers)
        show("\t".join(told).rstrip())
    say(", ".join(f"{count} {name}" for name, count in found.counts.items()) or "Nothing is hit.")


@app.command("export")
def export(  # noqa: PLR0917 -- the command's options
    asset: AssetArgument,
    form: Annotated[str, typer.Option("--format", help="csv, json, graphml, dot or openlineage.")] = "csv",
    direction: Annotated[str, typer.Option(help="input (upstream), output (downstream) or both.")] = "both",
    depth: Annotated[int | None, typer.Option(min=1, max=20, help="How many edges far. Else: all.")] = None,
    as_of: AsOf = None,
    output: Annotated[Path | None, typer.Option(help="A file to write. Else: to the terminal.")] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Write the graph around an asset, whole."""
    with as_machine(home) as (headwater, actor):
        guid = _guid(headwater, actor, asset)
        pieces = headwater.lineage.export(actor, guid, form, direction, depth=depth, as_of=as_of)
        if output is None:
            for piece in pieces:
                sys.stdout.write(piece)
            return
        with output.open("w", encoding="utf-8", newline="") as file:
            file.writelines(pieces)


def _guid(headwater: Headwater, actor: Actor, named: str) -> str:
    if "/" not in named:
        return named
    from headwater.errors import NotFoundError

    guid = headwater.table_guid(actor, *_table(named))
    if guid is None:
        raise NotFoundError(f"There is no table '{named}' in the catalog.", hint="Refresh its dataflow first.")
    return guid


def _table(named: str) -> tuple[str, str]:
    from headwater.errors import UsageError

    dataflow, slash, entity = named.partition("/")
    if not slash:
        raise UsageError(f"'{named}' names no published table.", hint="Write it as DATAFLOW/ENTITY.")
    return dataflow, entity
