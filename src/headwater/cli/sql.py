"""``headwater sql``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headwater.cli.actor import as_machine
from headwater.cli.options import DEFAULT_HOME, HomeOption
from headwater.cli.output import say, show, show_json
from headwater.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

    from headwater.access import Actor
    from headwater.app.runtime import Headwater

__all__ = ["run_statement"]

_FORMATS = ("table", "csv", "json", "arrow")


def run_statement(  # noqa: PLR0917 -- the command's options
    statement: Annotated[str, typer.Argument(help='One SELECT, e.g. "select * from sales.orders limit 5".')] = "",
    form: Annotated[str, typer.Option("--format", help="table, csv, json (an object a row) or arrow.")] = "table",
    output: Annotated[Path | None, typer.Option("-o", "--out", help="Write into this file.")] = None,
    limit_rows: Annotated[int | None, typer.Option("--limit-rows", min=1, help="Give no more rows.")] = None,
    limit_seconds: Annotated[float, typer.Option("--limit-seconds", help="Stop it after so long.")] = 300.0,
    limit_memory: Annotated[str, typer.Option("--limit-memory", help="Use no more memory, e.g. 2GB.")] = "2GB",
    tables: Annotated[bool, typer.Option("--tables", help="List the tables with their columns instead.")] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Run one SELECT, as DuckDB reads it, over published tables: dataflow.entity, or entity where that is enough."""
    if form not in _FORMATS:
        raise UsageError(f"'{form}' is no format.", hint=f"There are {', '.join(_FORMATS)}.")
    if form == "arrow" and output is None:
        raise UsageError("Arrow is written into a file.", hint="Name it with --out.")
    if not tables and not statement:
        raise UsageError("There is no statement.", hint="Write one SELECT, in quotes; or give --tables.")
    from headwater.app.reading.sql import SqlLimits

    with as_machine(home) as (headwater, actor):
        if tables:
            _list(headwater, actor)
            return
        result = headwater.sql.run(actor, statement, SqlLimits(limit_rows, limit_seconds, limit_memory))
    if output is not None:
        _write(result.rows, form, output)
        say(f"{result.rows.num_rows:,} rows written to {output}")
    else:
        _print(result.rows, form)
    if result.truncated:
        say(f"There are more than {limit_rows:,} rows; the rest was left out.")


def _list(headwater: Headwater, actor: Actor) -> None:
    for table in headwater.tables.list(actor):
        columns = ", ".join(f"{column['name']} {column['type']}" for column in table.columns)
        show(f'"{table.dataflow}"."{table.entity}"\t{columns}')


def _print(rows: pa.Table, form: str) -> None:
    if form == "json":
        for row in _json_rows(rows):
            show_json(row)
    elif form == "csv":
        show(_csv(rows).rstrip("\n"))
    else:
        _print_table(rows)


def _print_table(rows: pa.Table) -> None:
    from rich.console import Console
    from rich.table import Table

    from headwater.app.functions.results import json_value

    shown = Table(*(name.replace("[", "\\[") for name in rows.column_names))
    for row in zip(*(column.to_pylist() for column in rows.columns), strict=True):
        shown.add_row(*("" if cell is None else str(json_value(cell)).replace("[", "\\[") for cell in row))
    Console().print(shown)


def _write(rows: pa.Table, form: str, output: Path) -> None:
    import orjson
    import pyarrow as pa

    if form == "arrow":
        with pa.OSFile(str(output), "wb") as file, pa.ipc.new_file(file, rows.schema) as writer:
            writer.write_table(rows)
    elif form == "json":
        output.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in _json_rows(rows)))
    else:
        output.write_text(_csv(rows), "utf-8")


def _json_rows(rows: pa.Table) -> list[dict[str, Any]]:
    from headwater.app.functions.results import json_value

    return [{name: json_value(cell) for name, cell in row.items()} for row in rows.to_pylist()]


def _csv(rows: pa.Table) -> str:
    """The rows as CSV; a text that a spreadsheet would take for a formula has an apostrophe before it."""
    import csv
    import io

    from headwater.app.functions.results import json_value
    from headwater.app.reading.csv_cells import safe_text

    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow([safe_text(name) for name in rows.column_names])
    for row in zip(*(column.to_pylist() for column in rows.columns), strict=True):
        cells = [json_value(cell) for cell in row]
        writer.writerow(
            [safe_text(cell) if isinstance(raw, str) else cell for raw, cell in zip(row, cells, strict=True)]
        )
    return made.getvalue()
