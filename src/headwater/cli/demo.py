"""``headwater demo``."""

from __future__ import annotations

import getpass
import time
from collections.abc import Callable
from pathlib import Path

import orjson
from rich.progress import Progress

from headwater.access import SYSTEM
from headwater.app.demo.run import DATAFLOW, SCORED, SCORED_COLUMN, Demo, DemoResult, Stage, demo_home, local_workspace
from headwater.app.jobs import worker_at_work
from headwater.app.reports import tree_lines
from headwater.cli.output import progress, say, show
from headwater.server.application import create_app
from headwater.server.listening import address_of, bind_locally, serve


def run(home: Path, *, once: bool, as_json: bool, host: str, port: int) -> None:
    """The whole demo; then serve, unless ``once``."""
    started = time.perf_counter()
    # The port is taken first: two minutes of work should not end in "port in use".
    bound = None if once else bind_locally(host, port)
    try:
        with demo_home(home) as app, local_workspace(app) as server:
            person = app.identity.local_person(getpass.getuser())
            with progress() as bars:
                result = Demo(app, person, _stages(bars)).run(server)
            _tell(result, app.home.path, time.perf_counter() - started)
            if as_json:
                show(orjson.dumps(result.to_json()).decode())
            if bound is not None:
                address = address_of(bound)
                guid = app.table_guid(SYSTEM, DATAFLOW, SCORED)
                say(f"Look at the table:    {address}/tables/{DATAFLOW}/{SCORED}")
                say(f"Look at its lineage:  {address}/lineage/{guid}?column={SCORED_COLUMN}")
                say(f"The HTTP API:         {address}/docs")
                say(f"The MLflow workspace: {server.url}")
                say(f"Your browser and programs on this machine are signed in as {person.name}.")
                say(
                    f"Later, with 'headwater serve', a link signs you in: headwater people link {person.name} --sign-in"
                )
                served = create_app(app, local_person=person)
                with worker_at_work(app):
                    serve(served, bound, lambda: say("Ctrl+C ends it."))
    finally:
        if bound is not None:
            bound.close()


def _stages(bars: Progress) -> Callable[[str], Stage]:
    def begin(title: str) -> Stage:
        task = bars.add_task(title, total=None, doing="")

        def update(done: int, total: int | None = None, text: str | None = None) -> None:
            bars.update(task, completed=done, total=total, doing=text or "")

        return update

    return begin


def _tell(result: DemoResult, home: Path, seconds: float) -> None:
    say()
    say(f"Done in {seconds:.0f} s. Everything is in {home}")
    say(f"  model: arrival_delay, area under the curve on July to September {result.auc_holdout:.3f}")
    taken = result.seconds
    say(f"  first refresh: {result.rows_scored_first:,} distinct inputs scored in {taken['refresh_first']:.1f} s")
    say(
        f"  second refresh: a new month and 500 corrected rows: {result.rows_scored_second:,} scored in"
        f" {taken['refresh_second']:.1f} s (the files hold {result.distinct_new_or_changed:,} new inputs)"
    )
    for entity, table in result.tables.items():
        say(f"  table {entity}: {table['rows']:,} rows, Delta version {table['delta_version']}, {table['path']}")
    assets = ", ".join(f"{count} {name}" for name, count in sorted(result.assets.items()))
    say(f"  catalog: {assets}")
    say()
    say(f"Where {SCORED}.{SCORED_COLUMN} comes from:")
    for line in tree_lines(result.tree):
        say(f"  {line}")
    say()
