"""Plan to plan: less is read and called, and nothing else changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engines.support import Adder, added, inline, only, ref, rows_of

from headwater.engines.duckdb import DuckDBEngine
from headwater.engines.duckdb.engine import _Program, _Run
from headwater.engines.passes import (
    apply_passes,
    drop_unused_columns,
    filter_early,
    push_filters_below_calls,
    push_slices,
)
from headwater.plan.expressions import Call as Expression
from headwater.plan.expressions import Literal, call
from headwater.plan.nodes import (
    Call,
    Column,
    CsvScan,
    Distinct,
    Filter,
    Index,
    Join,
    Node,
    Project,
    Slice,
    Sort,
    SortKey,
    Union,
    join,
    text_columns,
    topological,
)
from headwater.plan.reshaping import ErrorFilter
from headwater.plan.types import DOUBLE, INT64, TEXT

TABLE = inline({"a": DOUBLE, "b": DOUBLE, "g": INT64}, [(float(i * 7 % 30), 0.5, i % 4) for i in range(60)])
SCAN = CsvScan("x.csv", text_columns(["a", "b"]), skip_rows=1)


def scored(node: Node, name: str = "s") -> Call:
    return Call(node, Adder(), ("a", "b"), Column(name, name.upper(), DOUBLE, may_fail=True))


def first(node: Node, kind: type[Node]) -> Any:
    return next(n for n in node.walk() if isinstance(n, kind))


def test_a_slice_goes_into_the_file() -> None:
    plan = push_slices(Slice(only(Slice(SCAN, 5, 100), t=ref(SCAN, "a")), 10, 20))
    assert isinstance(plan, Project)
    assert (plan.input.skip_rows, plan.input.max_rows) == (16, 20)  # type: ignore[attr-defined]  # it is the scan


@pytest.mark.parametrize(
    ("inner", "outer", "merged"),
    [((5, 10), (3, 4), (8, 4)), ((5, 10), (3, None), (8, 7)), ((5, 2), (3, 4), (8, 0)), ((5, None), (1, 3), (6, 3))],
)
def test_slices_merge(inner: tuple[int, Any], outer: tuple[int, Any], merged: tuple[int, Any]) -> None:
    sort = Sort(TABLE, (SortKey(ref(TABLE, "a")),))
    plan = push_slices(Slice(Slice(sort, *inner), *outer))
    assert (plan.offset, plan.count) == merged and plan.input is sort  # type: ignore[attr-defined]  # a slice


def test_a_slice_goes_below_the_numbers_that_it_starts_later() -> None:
    plan = push_slices(Slice(Index(TABLE, Column("i", "I", INT64), 10, 5), 4, 3))
    assert isinstance(plan, Index) and (plan.start, plan.step) == (30, 5)
    assert isinstance(plan.input, Slice) and (plan.input.offset, plan.input.count) == (4, 3)


def converted(node: Node) -> Project:
    """Two columns converted, the third passed on under another id."""
    return only(
        node,
        a=call("Number.From", ref(node, "a"), option=""),
        b=call("Number.From", ref(node, "b"), option=""),
        kept=ref(node, "g"),
    )


def test_a_filter_comes_before_what_it_does_not_look_at() -> None:
    table = inline({"a": TEXT, "b": TEXT, "g": INT64}, [("1", "2", 3)])
    node = converted(table)
    plan = filter_early(Filter(ErrorFilter(node, ("a",), "good"), call(">", ref(node, "kept"), Literal(1, INT64))))
    late, filtered, checked, early, scan = plan.walk()
    assert isinstance(late, Project) and isinstance(early, Project) and scan is table
    assert isinstance(filtered, Filter) and isinstance(checked, ErrorFilter)
    assert [c.id for c, e in late.items if isinstance(e, Expression)] == ["b"]
    assert [c.id for c, e in early.items if isinstance(e, Expression)] == ["a"]
    assert [(c.id, c.name, c.may_fail) for c in late.columns] == [
        ("a", "A", False),
        ("b", "B", True),
        ("kept", "KEPT", False),
    ]


def test_what_somebody_else_reads_is_not_computed_twice() -> None:
    node = converted(inline({"a": TEXT, "b": TEXT, "g": INT64}, [("1", "2", 3)]))
    plan = Union((Filter(node, call(">", ref(node, "kept"), Literal(1, INT64))), node), node.columns)
    assert filter_early(plan) is plan


def test_a_slice_of_everything_is_none() -> None:
    assert push_slices(Slice(TABLE)) is TABLE


def test_a_slice_limits_the_members_of_a_union() -> None:
    plan = push_slices(Slice(Union((SCAN, Slice(SCAN, 0, 3)), SCAN.columns), 2, 5))
    assert isinstance(plan, Slice) and (plan.offset, plan.count) == (2, 5)
    assert [n.max_rows for n in plan.walk() if isinstance(n, CsvScan)] == [7, 3]


def test_slices_and_filters_go_below_calls_but_not_into_shared_ones() -> None:
    node = scored(TABLE)
    on_input = Filter(node, call(">", ref(node, "a"), Literal(1.0, DOUBLE)))
    assert isinstance(push_filters_below_calls(on_input), Call)
    on_result = Filter(node, call(">", ref(node, "s"), Literal(1.0, DOUBLE)))
    assert push_filters_below_calls(on_result) is on_result
    assert isinstance(push_slices(Slice(node, 0, 3)), Call)
    for part in (on_input, Slice(node, 0, 3)):
        plan = apply_passes(Union((part, node), node.columns))
        assert len({id(n) for n in plan.walk() if isinstance(n, Call)}) == 1


def test_unused_columns_and_calls_are_dropped() -> None:
    wide = added(TABLE, "w", Literal("w", TEXT))
    plan = drop_unused_columns(only(scored(wide), r=ref(scored(wide), "s")))
    assert [c.id for c in first(plan, Call).input.columns] == ["a", "b"]
    unused = drop_unused_columns(only(scored(wide), r=ref(wide, "g")))
    assert not [n for n in unused.walk() if isinstance(n, Call)]
    joined = join(scored(wide), TABLE, [("g", "g")], "inner")
    assert [c.id for c in first(drop_unused_columns(only(joined, r=ref(joined, "s"))), Call).input.columns] == [
        "a",
        "b",
        "g",
    ]


def test_a_deep_plan_needs_no_deep_stack() -> None:
    plan: Node = TABLE
    for _ in range(2000):
        plan = Filter(plan, Literal(True, call("=", ref(TABLE, "a"), ref(TABLE, "a")).type))
    assert len(topological(apply_passes(Slice(plan, 0, 1)))) == 2002


STEPS = st.lists(
    st.sampled_from(
        [
            "filter",
            "filter s",
            "slice",
            "tail",
            "project",
            "narrow",
            "sort",
            "score",
            "index",
            "distinct",
            "self",
            "twice",
            "risk",
            "rename",
            "errors",
        ]
    ),
    max_size=7,
)


def stepped(node: Node, step: str, number: int) -> Node:
    match step:
        case "filter":
            return Filter(node, call(">", ref(node, "a"), Literal(4.0, DOUBLE)))
        case "filter s" if any(c.id.startswith("s") for c in node.columns):
            last = next(c for c in node.columns if c.id.startswith("s"))
            return Filter(node, call("<", last.ref, Literal(20.0, DOUBLE)))
        case "slice":
            return Slice(node, 1, 25)
        case "tail":
            return Slice(node, 3, None)
        case "project":
            return added(node, f"p{number}", call("+", ref(node, "a"), ref(node, "b")))
        case "narrow":
            return Project(node, tuple((c, c.ref) for c in node.columns if c.id in "abg" or c.id.startswith("s")))
        case "sort":
            return Sort(node, (SortKey(ref(node, "g"), descending=True),))
        case "score":
            return scored(node, f"s{number}")
        case "index":
            return Index(node, Column(f"i{number}", f"I{number}", INT64), number)
        case "distinct":
            return Distinct(node, ("a",))
        case "self":
            keys = only(Slice(node, 0, 6), **{f"k{number}": ref(node, "a")})
            return Join(node, keys, (("a", f"k{number}"),), "inner")
        case "twice":
            return Union((node, Filter(node, call("<", ref(node, "a"), Literal(9.0, DOUBLE)))), node.columns)
        case "risk":  # an error in some rows, null in none
            written = call(
                "if", call(">", ref(node, "a"), Literal(9.0, DOUBLE)), Literal("7", TEXT), Literal("x", TEXT)
            )
            return added(node, f"r{number}", call("Number.From", written, option=""))
        case "rename":
            return Project(
                node, tuple((replace(c, id=f"{c.id}x") if c.id[0] in "pr" else c, c.ref) for c in node.columns)
            )
        case "errors" if any(c.may_fail for c in node.columns):
            return ErrorFilter(node, tuple(c.id for c in node.columns if c.may_fail)[-1:], "good")
        case _:
            return node


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_passes_keep_rows_and_order(engine: DuckDBEngine, steps: list[str]) -> None:
    plan: Node = TABLE
    for number, step in enumerate(steps):
        plan = stepped(plan, step, number)
    plain = _Run(engine, _Program(plan, in_order=True), 1000).reader().read_all()
    assert engine.table(plan).equals(plain)
    assert sorted(rows_of(engine, plan, ordered=False), key=repr) == sorted(rows_of(engine, plan), key=repr)
