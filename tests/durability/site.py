"""A home with a dataflow of three tables that belong together, and processes that work on it and die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
from deltalake import DeltaTable
from sqlalchemy import select

from headwater.access import SYSTEM
from headwater.app.refreshing import Refreshing, RefreshState
from headwater.app.runtime import Headwater
from headwater.jobs import WorkerOptions
from headwater.store import tables
from headwater.tables import read

LONG = timedelta(days=365)
FAST = WorkerOptions(lease=1.5, heartbeat=0.2, poll=0.1, parallel=1, grace=1)
SECONDS = 60
ROWS = 120
BATCH = 4
ENTITIES = ("orders", "scored", "totals")

QUERIES = {
    "orders": """let
    Source = Table.PromoteHeaders(Csv.Document(File.Contents(Folder & "/orders.csv"))),
    Typed = Table.TransformColumnTypes(Source, {
        {"id", Int64.Type}, {"generation", Int64.Type}, {"amount", type number}
    })
in
    Typed""",
    "scored": """Table.AddColumn(orders, "score", each svc.score([amount], [BatchSize = 4]), type number)""",
    "totals": """let
    Grouped = Table.Group(orders, {"generation"}, {
        {"orders", each Table.RowCount(_), Int64.Type}, {"amount", each List.Sum([amount]), type number}
    })
in
    Grouped""",
}

SETTINGS = """[dataflow]
name = "shop"
load = ["orders", "scored", "totals"]
retries = 0

[limits]
parallel = 1
"""


class Site:
    """A home folder over the metadata database that the environment names."""

    def __init__(self, folder: Path, service_url: str) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.data = folder / "data"
        self.data.mkdir(parents=True)
        with Headwater.open(self.home, create=True, folders=(str(self.data),)) as app:
            app.sources.add(SYSTEM, "svc", "", "openapi", service_url)
            (found,) = app.functions.list(SYSTEM).functions
            app.functions.set_reuse(SYSTEM, found.name.function, LONG)
            self.function = found.name.function
            self.apply(app, QUERIES, SETTINGS)

    def apply(self, app: Headwater, queries: dict[str, str], settings: str) -> None:
        folder = self.folder / "shop"
        folder.mkdir(exist_ok=True)
        (folder / "dataflow.toml").write_text(settings)
        for name, text in queries.items():
            (folder / f"{name}.pq").write_text(text.replace("svc.score", _identifier(self.function)))
        (folder / "Folder.pq").write_text(f'"{self.data}" meta [IsParameterQuery = true]')
        app.apply(SYSTEM, folder)

    def write(self, generation: int, rows: int = ROWS) -> None:
        """The orders of a generation: other amounts in each, so that each is scored anew."""
        lines = [f"{number},{generation},{generation * 1_000 + number}" for number in range(rows)]
        (self.data / "orders.csv").write_text("\n".join(["id,generation,amount", *lines]) + "\n")

    @contextmanager
    def open(self) -> Iterator[tuple[Headwater, Refreshing]]:
        """The application, with leases that are over soon."""
        with Headwater.open(self.home) as app:
            yield app, Refreshing(app.database, app.dataflows, app.refresher, FAST)

    def request(self) -> str:
        with self.open() as (_, refreshing):
            return refreshing.request(SYSTEM, "shop")

    def finish(self, refresh: str) -> RefreshState:
        """Another worker does what is left of it, as soon as it can have it."""
        with self.open() as (_, refreshing):
            return refreshing.carry_out(SYSTEM, refresh)

    def refresh(self, generation: int) -> RefreshState:
        self.write(generation)
        state = self.finish(self.request())
        assert state.status == "succeeded", state.error
        return state

    @contextmanager
    def worker(self, refresh: str, moment: str, number: int, do: str) -> Iterator[subprocess.Popen[bytes]]:
        """A process that works on a refresh, and does something when it comes to a moment for the n-th time."""
        program = Path(__file__).with_name("program.py")
        command = [sys.executable, str(program), str(self.home), refresh, moment, str(number), do]
        process = subprocess.Popen(command, env={**os.environ}, stderr=subprocess.PIPE)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.communicate()

    def killed_at(self, refresh: str, moment: str, number: int = 1) -> None:
        """A process worked on it and was killed at a moment."""
        with self.worker(refresh, moment, number, "kill") as process:
            _, said = process.communicate(timeout=SECONDS)
            assert process.returncode == -signal.SIGKILL, said.decode()[-2_000:]

    def generation(self, app: Headwater) -> int:
        """The generation that Headwater's readers see, which has to be one and the same in all tables, in full."""
        published = {table.entity: table for table in app.tables.list(SYSTEM)}
        assert set(published) == set(ENTITIES)
        rows = {name: read(table.path, table.delta_version) for name, table in published.items()}
        return checked(rows)

    def ledger_rows(self, app: Headwater) -> int:
        """How many predictions are kept; no key is kept twice."""
        files = tables.ledger_files.c
        with app.database.read() as connection:
            paths = list(connection.scalars(select(files.path)))
        kept = ds.dataset([str(app.home.ledger / path) for path in paths]).to_table(["key_hi", "key_lo"])
        pairs = list(zip(*(kept.column(name).to_pylist() for name in kept.column_names), strict=True))
        assert len(set(pairs)) == len(pairs), "a prediction is kept twice"
        return len(pairs)


def checked(rows: dict[str, Any]) -> int:
    """The generation of tables that were published together."""
    found = {name: set(table.column("generation").to_pylist()) for name, table in rows.items()}
    generations = set[Any]().union(*found.values())
    assert len(generations) == 1, f"tables of several refreshes: {found}"
    (generation,) = generations
    assert rows["orders"].num_rows == rows["scored"].num_rows == ROWS
    assert rows["totals"].column("orders").to_pylist() == [ROWS]
    assert rows["scored"].column("score").to_pylist() == [2 * a for a in rows["scored"].column("amount").to_pylist()]
    found_generation: int = generation
    return found_generation


@contextmanager
def readers(site: Site) -> Iterator[list[int]]:
    """Readers of both kinds, all the while: Headwater's see one refresh, those of a Delta path one table in full."""
    seen: list[int] = []
    wrong: list[BaseException] = []
    over = threading.Event()

    def looping(look: Callable[[], None]) -> threading.Thread:
        def body() -> None:
            while not over.is_set():
                try:
                    look()
                except BaseException as error:  # noqa: BLE001 -- raised in the test
                    wrong.append(error)
                    return
                time.sleep(0.01)

        return threading.Thread(target=body, daemon=True)

    with Headwater.open(site.home) as app:
        threads = [looping(lambda: seen.append(site.generation(app))), looping(lambda: _delta(site))]
        for thread in threads:
            thread.start()
        try:
            yield seen
        finally:
            over.set()
            for thread in threads:
                thread.join(SECONDS)
    if wrong:
        raise wrong[0]


def _delta(site: Site) -> None:
    for entity in ENTITIES:
        table = DeltaTable(str(site.home / "tables" / "shop" / entity)).to_pyarrow_table()
        assert len(set(table.column("generation").to_pylist())) == 1, f"{entity} is of several refreshes"
        assert table.num_rows == (1 if entity == "totals" else ROWS), entity


def _identifier(function: str) -> str:
    from headwater.models.names import ModelName

    name = ModelName.parse(function)
    assert name is not None
    return name.identifier


def wait_until(condition: Callable[[], bool], seconds: float = SECONDS) -> None:
    """Wait until something holds; it has to in the end."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)
