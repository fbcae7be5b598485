"""Joins that are looked up give the rows that the engine's join gives, in their order."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engines.support import BAD, Error, added, inline, only, ref, rows_of

from headwater.engines import lookups
from headwater.engines.duckdb import DuckDBEngine
from headwater.engines.duckdb.engine import _Program
from headwater.engines.passes import apply_passes
from headwater.errors import MError
from headwater.plan.expressions import Literal, call
from headwater.plan.nodes import (
    Aggregate,
    ArrowScan,
    Column,
    Filter,
    Index,
    Join,
    Node,
    Project,
    Slice,
    Sort,
    SortKey,
    join,
)
from headwater.plan.types import DOUBLE, INT64, TEXT


@pytest.fixture(autouse=True)
def of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookups, "_WORTHWHILE_ROWS", 0)
    monkeypatch.setattr(lookups, "_PIECE_ROWS", 7)


def is_looked_up(plan: Node) -> bool:
    program = _Program(apply_passes(plan), in_order=True)
    statements = [program.main, *(one for several in program.inputs.values() for one in several)]
    return any(isinstance(node, lookups.Lookup) for one in statements for node in one.streams.values())


def people(rows: list[tuple[Any, ...]]) -> Node:
    return inline({"k": INT64, "t": TEXT, "x": DOUBLE}, rows)


def partners(rows: list[tuple[Any, ...]]) -> Node:
    return inline({"rk": INT64, "rt": TEXT, "y": TEXT}, rows)


KEYS = st.one_of(st.none(), st.integers(0, 4))
TEXTS = st.one_of(st.none(), st.sampled_from(["", "a", "A", "é", "b"]))
LEFT = st.lists(st.tuples(KEYS, TEXTS, st.one_of(st.none(), st.floats(-2, 2))), max_size=30)
RIGHT = st.lists(st.tuples(KEYS, TEXTS, TEXTS), max_size=8)


def expected(left: list[Any], right: list[Any], on: tuple[int, int], kind: str) -> list[Any]:
    found = []
    for row in left:
        matches = [other for other in right if other[on[1]] == row[on[0]]]
        found += [row + other for other in matches or ([(None, None, None)] if kind == "left" else [])]
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(left=LEFT, right=RIGHT, on=st.sampled_from([("k", "rk"), ("t", "rt")]), kind=st.sampled_from(["inner", "left"]))
def test_each_row_with_its_partners(engine: DuckDBEngine, left: Any, right: Any, on: Any, kind: Any) -> None:
    plan = join(people(left), partners(right), [on], kind)
    assert is_looked_up(plan)
    places = (["k", "t"].index(on[0]), ["rk", "rt"].index(on[1]))
    assert rows_of(engine, plan) == expected(left, right, places, kind)


STEPS = ["left only", "both", "right null", "filter", "sort", "index", "slice", "join", "group", "drop key", "swap"]


def stepped(node: Node, step: str, at: int) -> Node:
    names = [column.id for column in node.columns]
    match step:
        case "left only" if "x" in names:
            return added(node, f"a{at}", call("+", ref(node, "x"), Literal(1.0, DOUBLE)))
        case "both" if {"t", "y"} <= set(names):
            return added(node, f"b{at}", call("&", ref(node, "t"), ref(node, "y")))
        case "right null" if "y" in names:
            return added(node, f"n{at}", call("=", ref(node, "y"), Literal(None, TEXT)))
        case "filter" if "y" in names:
            return Filter(node, call("<>", ref(node, "y"), Literal("a", TEXT)))
        case "sort":
            return Sort(node, (SortKey(node.columns[0].ref, descending=True),))
        case "index":
            return Index(node, Column(f"i{at}", f"I{at}", INT64))
        case "slice":
            return Slice(node, 1, 20)
        case "join":
            more = inline({f"j{at}": node.columns[0].type, f"z{at}": TEXT}, [(None, "none")])
            return join(node, more, [(node.columns[0].id, f"j{at}")], "left")
        case "group":
            return Aggregate(node, (node.columns[-1].id,), ())
        case "drop key":
            kept = [column for column in node.columns if column.id not in ("k", "rk")] or list(node.columns)
            return Project(node, tuple((column, column.ref) for column in kept))
        case "swap" if {"t", "y"} <= set(names):
            return only(node, rk=ref(node, "t"), k=ref(node, "y"), x=ref(node, "x"))
    return node


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    left=LEFT, right=RIGHT, kind=st.sampled_from(["inner", "left"]), steps=st.lists(st.sampled_from(STEPS), max_size=5)
)
def test_what_comes_after_sees_the_same(
    engine: DuckDBEngine, left: Any, right: Any, kind: Any, steps: list[str]
) -> None:
    plan: Node = join(people(left), partners(right), [("k", "rk")], kind)
    for at, step in enumerate(steps):
        plan = stepped(plan, step, at)
    found = rows_of(engine, plan)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lookups, "_WORTHWHILE_ROWS", 10**9)
        assert not is_looked_up(plan)
        assert rows_of(engine, plan) == found


@pytest.mark.parametrize("side", ["left", "right"])
def test_an_error_in_a_key_ends_the_query(engine: DuckDBEngine, side: str) -> None:
    good, bad = [(1, "a", "b")], [(1, "a", "b"), (BAD, "a", "b")]
    left = inline({"k": INT64, "t": TEXT, "x": TEXT}, bad if side == "left" else good)
    plan = join(left, partners(bad if side == "right" else good), [("k", "rk")], "left")
    assert is_looked_up(plan)
    with pytest.raises(MError) as caught:
        engine.table(plan)
    assert (caught.value.reason, caught.value.message) == ("Test.Error", "bad cell")


def test_errors_in_other_cells_pass(engine: DuckDBEngine) -> None:
    plan = join(people([(1, "a", BAD), (2, BAD, 1.0)]), partners([(2, BAD, "y")]), [("k", "rk")], "left")
    assert is_looked_up(plan)
    found = rows_of(engine, plan)
    assert isinstance(found[0][2], Error) and isinstance(found[1][1], Error) and isinstance(found[1][4], Error)


def test_batches_are_no_larger_than_asked_for(engine: DuckDBEngine) -> None:
    many = partners([(1, "a", str(at)) for at in range(50)])
    plan = join(people([(1, "a", 0.5)] * 40), many, [("k", "rk")], "inner")
    assert is_looked_up(plan)
    sizes = [batch.num_rows for batch in engine.reader(plan, batch_rows=100)]
    assert sum(sizes) == 2000 and max(sizes) <= 100


def test_it_is_explained(engine: DuckDBEngine) -> None:
    plan = join(people([(1, "a", 0.5)]), partners([(1, "a", "b")]), [("k", "rk")], "left")
    labels = [fragment.label for fragment in engine.explain(Slice(plan, 0, 3))]
    assert [label.split(",")[0] for label in labels] == ["left side of a join", "right side of a join", "result"]


def test_many_partners_are_made_piece_by_piece() -> None:
    left, right = people([(1, "a", 0.5)] * 100), partners([(1, "a", str(at)) for at in range(20)])
    node = lookups.Lookup(left, right, ("k", "rk"), "inner", (*left.columns, *right.columns))
    assert isinstance(left, ArrowScan) and isinstance(right, ArrowScan)
    batches = list(lookups.looked_up(node, left.table.to_reader(), right.table))
    assert sum(batch.num_rows for batch in batches) == 2000
    assert max(batch.num_rows for batch in batches) <= 7 + 20


def test_not_where_it_would_not_do(engine: DuckDBEngine) -> None:
    left, right = people([(1, "a", 0.5)]), partners([(1, "a", "b")])
    numbers = only(right, n=call("Number.From", ref(right, "rk"), option=""))
    for plan in (
        join(left, right, [("k", "rk")], "full"),
        join(left, right, [("k", "rk"), ("t", "rt")], "inner"),
        join(left, numbers, [("k", "n")], "inner"),
        join(left, left, [("k", "k")], "inner"),
    ):
        assert isinstance(plan, Join) and not is_looked_up(plan)
