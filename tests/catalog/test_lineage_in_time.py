"""Lineage as of a time, of a refresh, page by page, as guids: each against what was recorded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from headwater.access import SYSTEM
from headwater.catalog import (
    AssetRecord,
    AssetRef,
    AssetService,
    LineageRecord,
    export_lineage,
    lineage,
    neighbours_of,
    reached,
    record_process,
)
from headwater.catalog.edges import remove_relation
from headwater.catalog.relation_keys import RelationKey
from headwater.catalog.writing import begin_writing
from headwater.store import Database, tables

START = datetime(2026, 3, 1, tzinfo=UTC)
NAMES = "abcdef"


def dataset(name: str) -> AssetRecord:
    return AssetRecord("dataset", f"x://{name}", name)


def process(number: int) -> AssetRecord:
    return AssetRecord("dataflow_query", f"q/{number}", str(number))


STATE = st.tuples(st.sets(st.sampled_from(NAMES), max_size=3), st.sets(st.sampled_from(NAMES), max_size=2))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(recorded=st.lists(st.tuples(st.integers(0, 2), STATE), min_size=1, max_size=8))
def test_a_graph_of_the_past_is_the_one_that_was_recorded_then(
    database: Database, recorded: list[tuple[int, tuple[set[str], set[str]]]]
) -> None:
    with database.begin() as connection:
        connection.execute(delete(tables.assets))
    guids = AssetService(database).upsert([dataset(name) for name in NAMES])
    root = guids[AssetRef("dataset", "x://a")]
    now: dict[int, set[tuple[str, str]]] = {}
    history: list[set[tuple[str, str]]] = []
    for hour, (number, (inputs, outputs)) in enumerate(recorded):
        read, wrote = (tuple(AssetRef("dataset", f"x://{name}") for name in sorted(each)) for each in (inputs, outputs))
        record_process(database, LineageRecord(process(number), read, wrote), at=START + timedelta(hours=hour))
        now[number] = {(f"x://{name}", f"q/{number}") for name in inputs} | {
            (f"q/{number}", f"x://{name}") for name in outputs
        }
        history.append(set().union(*now.values()))
    for hour, edges in enumerate(history):
        at = START + timedelta(hours=hour, minutes=30)
        graph = lineage(database, SYSTEM, root, depth=20, at=at)
        names = {node.guid: node.qualified_name for node in graph.nodes}
        told = {(names[edge.source], names[edge.target]) for edge in graph.edges}
        up, down = walked("x://a", {(b, a) for a, b in edges}), walked("x://a", edges)
        assert told == {(a, b) for a, b in edges if b in up or a in down}
        found = reached(database, SYSTEM, root, depth=20, at=at)
        levels = [set(level) for level in (*found.up, *found.down)]
        assert set().union(*levels) | {root} == names.keys()
        export = export_lineage(database, SYSTEM, root, at=at)
        assert {(edge.source.qualified_name, edge.target.qualified_name) for edge in export.edges()} == told
    before = lineage(database, SYSTEM, root, at=START - timedelta(hours=1))
    assert not before.edges


def walked(start: str, edges: set[tuple[str, str]]) -> set[str]:
    found, waiting = {start}, [start]
    while waiting:
        here = waiting.pop()
        new = {b for a, b in edges if a == here} - found
        found |= new
        waiting += new
    return found


def test_an_edge_taken_away_by_a_client_was_there_before(database: Database) -> None:
    record_process(database, LineageRecord(process(1), (dataset("a"),), (dataset("b"),)), at=START)
    root = AssetService(database).find(SYSTEM, "dataset", "x://a")
    other = AssetService(database).find(SYSTEM, "dataflow_query", "q/1")
    assert root is not None and other is not None
    with database.begin() as connection:
        numbers = dict(
            connection.execute(tables.assets.select().with_only_columns(tables.assets.c.guid, tables.assets.c.id)).all()
        )
        key = RelationKey.of_edge(tables.FLOW_KINDS["input"], numbers[root.guid], numbers[other.guid])
        remove_relation(begin_writing(connection, now=START + timedelta(days=2)), key)
    assert not reached(database, SYSTEM, root.guid).down
    assert len(reached(database, SYSTEM, root.guid, at=START + timedelta(days=1)).down) == 2
    assert not reached(database, SYSTEM, root.guid, at=START + timedelta(days=3)).down


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_pages_are_the_whole_and_count_it(database: Database, size: int) -> None:
    for number in range(7):
        record_process(database, LineageRecord(process(number), (dataset("a"),), ()))
    root = AssetService(database).find(SYSTEM, "dataset", "x://a")
    assert root is not None
    pages, shown = [], []
    for offset in range(0, 7, size):
        pages.append(neighbours_of(database, SYSTEM, root.guid, "output", offset=offset, limit=size))
        shown += [node.qualified_name for node in pages[-1].nodes]
        assert all((node.depth, node.is_process, node.hidden_inputs) == (1, True, 0) for node in pages[-1].nodes)
    assert sorted(shown) == [f"q/{number}" for number in range(7)]
    assert {page.total for page in pages} == {7}
    assert neighbours_of(database, SYSTEM, root.guid, "input").total == 0


def test_ghosts_say_what_they_are(database: Database) -> None:
    record_process(database, LineageRecord(process(1), (dataset("a"),), (dataset("b"),)))
    root = AssetService(database).find(SYSTEM, "dataset", "x://a")
    assert root is not None
    with database.begin() as connection:
        named = tables.assets.c.qualified_name == "x://b"
        connection.execute(tables.assets.update().where(named).values(status="missing"))
    graph = lineage(database, SYSTEM, root.guid)
    assert {node.qualified_name: node.status for node in graph.nodes}["x://b"] == "missing"
