"""Refreshed again and again with edits in between, every table is what computing all of it anew gives.

The dataflow has the shape of the demo's: a keyed entity that calls a model, one by periods, one computed from both.
The ordinary run makes a few steps, chosen by a seed that it prints; ``make test-long`` makes two hundred.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.dataflows.conftest import rows, write_dataflow
from tests.durability.service import Service, scoring_service
from tests.seeds import SEED

from headwater.access import SYSTEM
from headwater.app.runtime import Headwater
from headwater.errors import RefreshError
from headwater.models.names import ModelName

QUERIES = {
    "RangeStart": '#datetime(2020, 1, 1, 0, 0, 0) meta [IsParameterQuery = true, Type = "DateTime"]',
    "RangeEnd": '#datetime(2100, 1, 1, 0, 0, 0) meta [IsParameterQuery = true, Type = "DateTime"]',
    "customers": """let
    Source = Table.PromoteHeaders(Csv.Document(File.Contents(Folder & "/customers.csv"))),
    Typed = Table.TransformColumnTypes(Source, {{"id", Int64.Type}, {"amount", type number}}),
    Scored = Table.AddColumn(Typed, "score", each svc.score([amount]), type number)
in
    Scored""",
    "events": """let
    Source = Table.PromoteHeaders(Csv.Document(File.Contents(Folder & "/events.csv"))),
    Typed = Table.TransformColumnTypes(Source, {
        {"number", Int64.Type}, {"customer", Int64.Type}, {"at", type datetime}, {"value", type number}
    }),
    Kept = Table.SelectRows(Typed, each [at] >= RangeStart and [at] < RangeEnd)
in
    Kept""",
    "totals": """let
    Joined = Table.NestedJoin(events, {"customer"}, customers, {"id"}, "of", JoinKind.Inner),
    Expanded = Table.ExpandTableColumn(Joined, "of", {"name", "score"}),
    Grouped = Table.Group(Expanded, {"name"}, {
        {"events", each Table.RowCount(_), Int64.Type}, {"score", each List.Max([score]), type number}
    })
in
    Grouped""",
}
SETTINGS = """name = "{name}"
load = ["customers", "events", "totals"]

[entities.customers]
mode = "keyed"
key = ["id"]

[entities.events]
mode = "partitioned"
store = "8 days"
refresh = "3 days"
"""
ENTITIES = {"customers": "id", "events": "number", "totals": "name"}
NOW = datetime.now(UTC).replace(tzinfo=None, microsecond=0)


class Shop:
    """The files behind the dataflow, and how they change."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self._folder = folder
        self._chance = chance
        self._next = 100
        self._customers = {number: (f"name {number % 7}", number * 1.5) for number in range(40)}
        # Older than what is computed anew, but kept: nobody changes these.
        self._events = {number: self._event(days=4 + number % 3) for number in range(60)}
        self.write()

    def _event(self, days: float) -> tuple[int, datetime, float]:
        at = NOW - timedelta(days=days, seconds=self._chance.randrange(3600))
        return self._chance.randrange(45), at, float(self._chance.randrange(1000))

    def write(self) -> None:
        customers = [f"{number},{name},{amount}" for number, (name, amount) in self._customers.items()]
        events = [f"{number},{of},{at:%Y-%m-%d %H:%M:%S},{value}" for number, (of, at, value) in self._events.items()]
        (self._folder / "customers.csv").write_text("\n".join(["id,name,amount", *customers]) + "\n")
        (self._folder / "events.csv").write_text("\n".join(["number,customer,at,value", *events]) + "\n")

    def edit(self) -> None:
        """Some rows are added, changed, removed, or put in another order; or nothing happens."""
        for _number in range(self._chance.randrange(5)):
            self._chance.choice([self._add, self._change, self._remove, self._shuffle, self._happen])()
        self.write()

    def _add(self) -> None:
        self._next += 1
        self._customers[self._next] = (f"name {self._chance.randrange(9)}", float(self._chance.randrange(50)))

    def _change(self) -> None:
        number = self._chance.choice(list(self._customers))
        self._customers[number] = (self._customers[number][0], float(self._chance.randrange(50)))

    def _remove(self) -> None:
        if len(self._customers) > 5:
            del self._customers[self._chance.choice(list(self._customers))]

    def _shuffle(self) -> None:
        items = list(self._customers.items())
        self._chance.shuffle(items)
        self._customers = dict(items)

    def _happen(self) -> None:
        self._next += 1
        self._events[self._next] = self._event(days=self._chance.random() * 2)
        late = [number for number in self._events if number >= 100]
        if self._chance.random() < 0.4:
            del self._events[self._chance.choice(late)]


@pytest.fixture
def service() -> Iterator[Service]:
    with scoring_service() as running:
        yield running


@pytest.fixture
def flows(tmp_path: Path, service: Service) -> Iterator[tuple[Headwater, Path]]:
    """Two dataflows of one definition: ``flow`` goes on from what it has, ``anew`` is computed in full."""
    data = tmp_path / "files"
    data.mkdir()
    with Headwater.open(tmp_path / "flows", create=True, folders=(str(data),)) as app:
        app.sources.add(SYSTEM, "svc", "", "openapi", service.url)
        (found,) = app.functions.list(SYSTEM).functions
        app.functions.set_reuse(SYSTEM, found.name.function, timedelta(days=1))
        name = ModelName.parse(found.name.function)
        assert name is not None
        queries = {query: text.replace("svc.score", name.identifier) for query, text in QUERIES.items()}
        for flow in ("flow", "anew"):
            app.apply(SYSTEM, write_dataflow(tmp_path / flow, data, queries, SETTINGS.format(name=flow)))
        yield app, data


def stored(app: Headwater, flow: str) -> dict[str, list[dict[str, Any]]]:
    """Each table of a dataflow, its rows in one order."""
    return {entity: sorted(rows(app, entity, flow), key=lambda row: str(row[by])) for entity, by in ENTITIES.items()}


def run_steps(flows: tuple[Headwater, Path], steps: int) -> None:
    print(f"seed {SEED}")
    (app, data), chance = flows, random.Random(SEED)
    shop = Shop(data, chance)
    for step in range(steps):
        if chance.random() < 0.1:
            (data / "events.csv").write_text("number\n")
            before = stored(app, "flow") if step else None
            with pytest.raises(RefreshError):
                app.refresh(SYSTEM, "flow")
            assert before is None or stored(app, "flow") == before
        shop.edit()
        app.refresh(SYSTEM, "flow")
        app.refreshing.run(SYSTEM, "anew", full=True)
        assert stored(app, "flow") == stored(app, "anew"), f"seed {SEED}, step {step}"


def test_a_few_edits(flows: tuple[Headwater, Path]) -> None:
    run_steps(flows, 4)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_two_hundred_edits(flows: tuple[Headwater, Path]) -> None:
    run_steps(flows, 200)
