"""Lineage: what is recorded is what is walked, level by level, against a walk over plain Python sets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from headwater.access import SYSTEM
from headwater.catalog import (
    AssetRecord,
    AssetRef,
    AssetService,
    ColumnEdge,
    ColumnRecord,
    LineageRecord,
    column_tree,
    edges_upstream,
    lineage,
    record_process,
)
from headwater.errors import NotFoundError, UsageError
from headwater.store import Database, tables

Edge = tuple[str, str]


def dataset(name: str, *columns: str) -> AssetRecord:
    return AssetRecord("dataset", f"file:///{name}", name, columns=tuple(ColumnRecord(c, "text") for c in columns))


def query(name: str) -> AssetRecord:
    return AssetRecord("dataflow_query", f"q/{name}", name)


NODES = st.sampled_from("abcdefgh")
PROCESSES = st.lists(st.tuples(st.sets(NODES, max_size=4), st.sets(NODES, max_size=3)), max_size=8)


def walk(edges: set[Edge], root: str, way: str, depth: int) -> tuple[dict[str, int], set[Edge]]:
    """Breadth first over sets: the distance of each node reached, and the edges of the levels opened."""
    distances, crossed, level = {root: 0}, set(), {root}
    for distance in range(1, depth + 1):
        found = {edge for edge in edges if edge[1 if way == "input" else 0] in level}
        crossed |= found
        level = {edge[0 if way == "input" else 1] for edge in found} - distances.keys()
        distances |= dict.fromkeys(level, -distance if way == "input" else distance)
    return distances, crossed


@settings(max_examples=80, deadline=None)
@given(processes=PROCESSES, depth=st.integers(1, 6), way=st.sampled_from(["input", "output", "both"]))
def test_a_graph_is_what_a_plain_walk_finds(
    shared: Database,
    processes: Sequence[tuple[set[str], set[str]]],
    depth: int,
    way: Literal["input", "output", "both"],
) -> None:
    with shared.begin() as connection:
        connection.execute(delete(tables.assets))
    root = AssetService(shared).upsert([dataset("a")])[AssetRef("dataset", "file:///a")]
    edges: set[Edge] = set()
    for number, (inputs, outputs) in enumerate(processes):
        record_process(
            shared,
            LineageRecord(
                query(str(number)), tuple(map(dataset, sorted(inputs))), tuple(map(dataset, sorted(outputs)))
            ),
        )
        edges |= {(f"file:///{name}", f"q/{number}") for name in inputs}
        edges |= {(f"q/{number}", f"file:///{name}") for name in outputs}
    expected, crossed = {"file:///a": 0}, set()
    for one in ("input", "output") if way == "both" else (way,):
        distances, more = walk(edges, "file:///a", one, depth)
        expected = distances | expected if one == "output" else expected | distances
        crossed |= more

    graph = lineage(shared, SYSTEM, root, way, depth=depth)
    names = {node.guid: node.qualified_name for node in graph.nodes}
    assert {node.qualified_name: node.depth for node in graph.nodes} == expected
    assert {(names[edge.source], names[edge.target]) for edge in graph.edges} == crossed
    for node in graph.nodes:
        name = node.qualified_name
        assert node.is_process == name.startswith("q/")
        assert node.hidden_inputs == len({e for e in edges if e[1] == name} - crossed)
        assert node.hidden_outputs == len({e for e in edges if e[0] == name} - crossed)
    upstream = edges_upstream(shared, SYSTEM, "file:///a")
    assert len(upstream) == len(set(upstream))
    assert set(upstream) == walk(edges, "file:///a", "input", 100)[1]


def test_recording_again_replaces(database: Database) -> None:
    first = LineageRecord(
        query("q"),
        (dataset("a", "x"), dataset("b")),
        (dataset("t", "y"),),
        (
            ColumnEdge(dataset("a").ref, "x", dataset("t").ref, "y"),
            ColumnEdge(dataset("b").ref, None, dataset("t").ref, "y"),
        ),
    )
    guid = record_process(database, first)
    counts = [select(func.count()).select_from(t) for t in (tables.flow_edges, tables.column_lineage)]

    def counted() -> list[int | None]:
        with database.read() as connection:
            return [connection.scalar(count) for count in counts]

    assert counted() == [3, 2]
    assert record_process(database, first) == guid
    assert counted() == [3, 2]
    second = LineageRecord(query("q"), (AssetRef("dataset", "file:///b"),), (dataset("t", "y"),))
    assert record_process(database, second) == guid
    assert counted() == [2, 0]
    assert edges_upstream(database, SYSTEM, "file:///t") == [("q/q", "file:///t"), ("file:///b", "q/q")]


def test_what_does_not_exist_is_not_referred_to(database: Database) -> None:
    unknown = AssetRef("dataset", "file:///none")
    with pytest.raises(NotFoundError, match="file:///none"):
        record_process(database, LineageRecord(query("q"), (unknown,), (dataset("t"),)))
    with pytest.raises(UsageError, match="not a process"):
        record_process(database, LineageRecord(dataset("q"), (), ()))
    assert AssetService(database).list(SYSTEM) == (0, [])
    for ask in (lambda: lineage(database, SYSTEM, "none"), lambda: edges_upstream(database, SYSTEM, "none")):
        with pytest.raises(NotFoundError):
            ask()


def test_a_wide_fan_is_cut_by_name_and_counted(database: Database) -> None:
    AssetService(database).upsert([dataset("hub")])
    for number in range(30):
        record_process(database, LineageRecord(query(f"{number:02}"), (dataset("hub"),), (dataset(f"t{number}"),)))
    hub = AssetService(database).find(SYSTEM, "dataset", "file:///hub")
    assert hub is not None
    graph = lineage(database, SYSTEM, hub.guid, "output", depth=2, width=7)
    names = [node.display_name for node in graph.nodes if node.is_process]
    assert names == [f"{number:02}" for number in range(7)]
    by_name = {node.display_name: node for node in graph.nodes}
    assert by_name["hub"].hidden_outputs == 23
    assert by_name["00"].hidden_outputs == 0
    assert len(graph.nodes) == 15
    shallow = lineage(database, SYSTEM, hub.guid, "output", depth=1)
    assert {node.hidden_outputs for node in shallow.nodes if node.is_process} == {1}


@pytest.mark.parametrize(
    ("depth", "width", "way"), [(0, 1, "both"), (21, 1, "both"), (1, 0, "both"), (1, 9999, "both"), (1, 1, "up")]
)
def test_limits_are_stated(database: Database, depth: int, width: int, way: Literal["both"]) -> None:
    guid = AssetService(database).upsert([dataset("a")])[dataset("a").ref]
    with pytest.raises(UsageError):
        lineage(database, SYSTEM, guid, way, depth=depth, width=width)


class TestScoredTable:
    """The whole chain: files in a folder, a training job, a model version, a query, its table, and what reads that."""

    version = AssetRecord(
        "ml_model_version",
        "mlflow://h:1/models/m/versions/1",
        "m v1",
        columns=(
            ColumnRecord("distance", "number", {"role": "input"}),
            ColumnRecord("probability", "number", {"role": "output"}),
        ),
    )
    table = AssetRecord(
        "dataflow_table",
        "headwater://i/dataflows/f/tables/scored",
        "scored",
        columns=(ColumnRecord("carrier", "text"), ColumnRecord("late", "number"), ColumnRecord("constant", "text")),
    )

    @pytest.fixture(autouse=True)
    def recorded(self, database: Database) -> None:
        folder = dataset("flights", "distance", "carrier")
        files = (dataset("flights/01.csv"), dataset("flights/02.csv"))
        record_process(
            database,
            LineageRecord(
                AssetRecord("ml_job", "mlflow://h:1/jobs/r", "train"),
                (folder, dataset("weather.csv", "wind")),
                (self.version,),
                (ColumnEdge(folder.ref, "distance", self.version.ref, "distance"),),
            ),
        )
        record_process(
            database,
            LineageRecord(
                query("scored"),
                (folder, self.version.ref),
                (self.table,),
                (
                    ColumnEdge(folder.ref, "carrier", self.table.ref, "carrier"),
                    ColumnEdge(folder.ref, "distance", self.table.ref, "late", self.version.qualified_name),
                    ColumnEdge(self.version.ref, "probability", self.table.ref, "late"),
                ),
                others=files,
            ),
        )

    def test_the_tree_of_a_scored_column(self, database: Database) -> None:
        tree = column_tree(database, SYSTEM, self.table.qualified_name, "late")
        assert [(depth, node.display_name, node.columns) for depth, node in tree.walk()] == [
            (0, "scored", ("late",)),
            (1, "scored", ()),
            (2, "flights", ("distance",)),
            (3, "flights/01.csv", ()),
            (3, "flights/02.csv", ()),
            (2, "m v1", ("probability",)),
            (3, "train", ()),
            (4, "flights", ()),
            (5, "flights/01.csv", ()),
            (5, "flights/02.csv", ()),
            (4, "weather.csv", ()),
        ]

    def test_a_plain_column_does_not_come_from_the_model(self, database: Database) -> None:
        names = {
            node.type_name for _, node in column_tree(database, SYSTEM, self.table.qualified_name, "carrier").walk()
        }
        assert names == {"dataflow_table", "dataflow_query", "dataset"}

    def test_a_column_nothing_is_recorded_of_comes_from_all_that_was_read(self, database: Database) -> None:
        names = {
            node.display_name for _, node in column_tree(database, SYSTEM, self.table.qualified_name, "constant").walk()
        }
        assert {"m v1", "flights", "weather.csv"} <= names
        with pytest.raises(NotFoundError):
            column_tree(database, SYSTEM, self.table.qualified_name, "nonsense")

    def test_edges_reach_the_files(self, database: Database) -> None:
        edges = edges_upstream(database, SYSTEM, self.table.qualified_name)
        assert edges[0] == ("q/scored", self.table.qualified_name)
        assert set(edges) == {
            ("q/scored", self.table.qualified_name),
            (self.version.qualified_name, "q/scored"),
            ("file:///flights", "q/scored"),
            ("mlflow://h:1/jobs/r", self.version.qualified_name),
            ("file:///flights", "mlflow://h:1/jobs/r"),
            ("file:///weather.csv", "mlflow://h:1/jobs/r"),
            ("file:///flights/01.csv", "file:///flights"),
            ("file:///flights/02.csv", "file:///flights"),
        }

    def test_edges_carry_the_columns_at_both_ends(self, database: Database) -> None:
        asset = AssetService(database).find(SYSTEM, "dataflow_table", self.table.qualified_name)
        assert asset is not None
        graph = lineage(database, SYSTEM, asset.guid)
        names = {node.guid: node.qualified_name for node in graph.nodes}
        columns = {
            (names[edge.source], names[edge.target]): {(link.source, link.target) for link in edge.columns}
            for edge in graph.edges
        }
        assert columns[self.version.qualified_name, "q/scored"] == {("probability", "late")}
        assert columns["file:///flights", "q/scored"] == {("carrier", "carrier"), ("distance", "late")}
        assert columns["q/scored", self.table.qualified_name] == {
            ("carrier", "carrier"),
            ("distance", "late"),
            ("probability", "late"),
        }
        assert columns["file:///weather.csv", "mlflow://h:1/jobs/r"] == set()
        assert next(node for node in graph.nodes if node.depth == 0).columns == ("carrier", "late", "constant")

    def test_a_cycle_ends(self, database: Database) -> None:
        record_process(
            database, LineageRecord(query("back"), (self.table.ref,), (AssetRef("dataset", "file:///weather.csv"),))
        )
        names = [
            node.display_name for _, node in column_tree(database, SYSTEM, self.table.qualified_name, "late").walk()
        ]
        assert names.count("back") == 1
        assert len(edges_upstream(database, SYSTEM, self.table.qualified_name)) == 10
