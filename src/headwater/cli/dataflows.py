"""``headwater dataflow`` and ``lineage``."""

from __future__ import annotations

from pathlib import Path

from headwater.app.reports import tree_lines
from headwater.app.runtime import Headwater
from headwater.cli.actor import machine
from headwater.cli.output import say, show
from headwater.errors import UsageError


def apply_folder(home: Path, folder: Path) -> None:
    """Save a folder's dataflow."""
    with Headwater.open(home) as app:
        saved = app.apply(machine(), folder)
    say(f"dataflow {saved.name}, version {saved.version}: {', '.join(saved.definition.queries)}")


def list_dataflows(home: Path) -> None:
    """List dataflows with their latest refresh."""
    with Headwater.open(home) as app:
        for dataflow in app.dataflows.list(machine()):
            latest = app.refreshes(machine(), dataflow.name, limit=1)
            state = f"{latest[0].status} {latest[0].started_at:%Y-%m-%d %H:%M} UTC" if latest else "never refreshed"
            show(f"{dataflow.name}\tversion {dataflow.version}\t{state}")


def print_lineage(home: Path, table: str, column: str) -> None:
    """Print a column's lineage as a tree."""
    dataflow, slash, entity = table.partition("/")
    if not slash:
        raise UsageError(f"'{table}' names no published table.", hint="Write it as DATAFLOW/ENTITY.")
    with Headwater.open(home) as app:
        for line in tree_lines(app.column_tree(machine(), dataflow, entity, column)):
            show(line)
