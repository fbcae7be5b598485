"""``headwater table``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headwater.cli.actor import as_machine
from headwater.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from headwater.cli.output import say, show, show_json
from headwater.errors import UsageError

if TYPE_CHECKING:
    from headwater.app.reading.downloads import DownloadFormat
    from headwater.dataflows import PublishedTable

__all__ = ["app"]

app = typer.Typer(help="Published tables: list them, look into them, take them along.", no_args_is_help=True)

TableArgument = Annotated[str, typer.Argument(help="A published table: DATAFLOW/ENTITY.")]
VersionOption = Annotated[int | None, typer.Option("--version", help="A version that is still kept.")]
RefreshOption = Annotated[str | None, typer.Option("--refresh", help="The version that this refresh published.")]
OffsetOption = Annotated[int, typer.Option(min=0, help="How many rows to pass over.")]


@app.command("list")
def list_tables(as_json: JsonOption = False, home: HomeOption = DEFAULT_HOME) -> None:
    """List the published tables: name, rows, version, when they were published."""
    with as_machine(home) as (headwater, actor):
        found = headwater.tables.list(actor)
    if as_json:
        show_json([_summary(table) for table in found])
        return
    for table in found:
        show(
            f"{table.dataflow}/{table.entity}\t{table.rows} rows\tversion {table.delta_version}"
            f"\t{table.published_at:%Y-%m-%d %H:%M} UTC"
        )


@app.command("show")
def show_table(table: TableArgument, as_json: JsonOption = False, home: HomeOption = DEFAULT_HOME) -> None:
    """Show a table's columns with their types."""
    with as_machine(home) as (headwater, actor):
        found = headwater.tables.get(actor, *_parts(table))
    if as_json:
        show_json({**_summary(found), "columns": [dict(column) for column in found.columns]})
        return
    say(f"{table}: {found.rows:,} rows, version {found.delta_version}, stored in {found.path}")
    for column in found.columns:
        show(f"{column['name']}\t{column['type']}")


@app.command("rows")
def rows(  # noqa: PLR0917 -- the command's options
    table: TableArgument,
    offset: OffsetOption = 0,
    limit: Annotated[int, typer.Option(min=1, help="How many rows to print, at most.")] = 20,
    version: VersionOption = None,
    refresh: RefreshOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Print rows of a table as CSV."""
    from headwater.app.reading.downloads import download

    with as_machine(home) as (headwater, actor):
        opened = headwater.reading.open(actor, *_parts(table), version, refresh=refresh)
        found = download(headwater.reading, opened, "csv", offset=offset, limit=limit)
        for piece in found.pieces:
            if piece:
                show(piece.decode().removesuffix("\r\n"))
    say(f"{found.rows:,} of {found.total:,} rows of version {found.version}")


@app.command("download")
def download_table(  # noqa: PLR0917 -- the command's options
    table: TableArgument,
    output: Annotated[Path, typer.Option("-o", "--output", help="A .parquet, .arrow or .csv file.")],
    offset: OffsetOption = 0,
    limit: Annotated[int | None, typer.Option(min=1, help="How many rows to write, at most.")] = None,
    version: VersionOption = None,
    refresh: RefreshOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Write a table into a file."""
    from headwater.app.reading.downloads import download

    form = _format(output)
    with as_machine(home) as (headwater, actor):
        opened = headwater.reading.open(actor, *_parts(table), version, refresh=refresh)
        found = download(headwater.reading, opened, form, offset=offset, limit=limit)
        part = output.with_name(f"{output.name}.part")
        try:
            with part.open("wb") as file:
                file.writelines(found.pieces)
            part.replace(output)
        finally:
            part.unlink(missing_ok=True)
    say(f"{found.rows:,} of {found.total:,} rows of version {found.version} written to {output}")
    if found.following is not None:
        say(f"the rest begins at --offset {found.following} --version {found.version}")


def _parts(table: str) -> tuple[str, str]:
    dataflow, slash, entity = table.partition("/")
    if not slash:
        raise UsageError(f"'{table}' names no published table.", hint="Write it as DATAFLOW/ENTITY.")
    return dataflow, entity


def _format(output: Path) -> DownloadFormat:
    from headwater.app.reading.downloads import FORMATS

    found = next((form for form in FORMATS if output.suffix.lower() == f".{form}"), None)
    if found is None:
        raise UsageError(
            f"'{output.name}' has no ending that tells a format.", hint="End it in .parquet, .arrow or .csv."
        )
    return found


def _summary(table: PublishedTable) -> dict[str, object]:
    return {
        "dataflow": table.dataflow,
        "entity": table.entity,
        "rows": table.rows,
        "version": table.delta_version,
        "published_at": table.published_at,
    }
