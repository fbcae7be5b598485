"""``headwater dataflow``, ``refresh`` and ``lineage``."""

from __future__ import annotations

from pathlib import Path

from headwater.app.reports import scoring_text, tree_lines
from headwater.app.runtime import Headwater
from headwater.cli.actor import machine
from headwater.cli.output import progress, say, show
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


def refresh_dataflow(home: Path, name: str) -> None:
    """Refresh a dataflow with progress, and say what came of it."""
    with Headwater.open(home) as app, progress() as bars:
        task = bars.add_task(f"refresh {name}", total=None, doing="")
        result = app.refresh(
            machine(),
            name,
            on_event=lambda event: bars.update(task, doing=f"{event.phase} {event.entity}", completed=event.rows),
            on_scoring=lambda done: bars.update(
                task, doing=scoring_text(done), completed=done.rows_done, total=done.rows_total
            ),
        )
    for entity in result.entities:
        done = entity.summary
        say(
            f"{name}/{done.entity}: {done.rows_written:,} rows, {done.rows_scored:,} scored,"
            f" {done.rows_reused:,} reused, {done.errors:,} error cells, version {done.delta_version}"
        )


def print_lineage(home: Path, table: str, column: str) -> None:
    """Print a column's lineage as a tree."""
    dataflow, slash, entity = table.partition("/")
    if not slash:
        raise UsageError(f"'{table}' names no published table.", hint="Write it as DATAFLOW/ENTITY.")
    with Headwater.open(home) as app:
        for line in tree_lines(app.column_tree(machine(), dataflow, entity, column)):
            show(line)
