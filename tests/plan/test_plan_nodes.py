"""Nodes, types, order and error cells of a plan."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.errors import NotFoldableError
from headwater.plan.cells import SEPARATOR, decode_error, encode_error
from headwater.plan.expressions import Literal, Ref, call
from headwater.plan.nodes import (
    Aggregate,
    ArrowScan,
    Column,
    CsvScan,
    Distinct,
    Filter,
    Index,
    Join,
    Node,
    Slice,
    Sort,
    SortKey,
    Union,
    fresh_id,
    join,
    select,
    text_columns,
    topological,
    transform,
    with_inputs,
)
from headwater.plan.order import By, Lost, Natural, Order, order_of
from headwater.plan.types import (
    DATETIME,
    DATETIME_TICKS,
    DURATION,
    INT64,
    LOGICAL,
    TEXT,
    TIME,
    DataType,
    list_type,
    record_type,
)

SCAN = CsvScan("a.csv", text_columns(["A", "a", "Order Date"]))
TRUE = Literal(True, LOGICAL)
KEY = (SortKey(Ref("a", TEXT)),)


def test_ids_differ_whatever_the_case_and_are_never_a_sentinel_s() -> None:
    assert [c.id for c in SCAN.columns] == ["a", "a_2", "order_date"]
    assert fresh_id("A", ["a", "A_2"]) == "a_3"
    assert fresh_id("2024", []) == "c_2024"
    assert fresh_id("日本", []) == "column"
    assert not fresh_id("x__err", []).endswith("__err")


def test_transform_keeps_what_is_shared_shared() -> None:
    shared = Filter(SCAN, TRUE)
    plan = Union((Slice(shared, 0, 1), shared), SCAN.columns)
    seen: list[Node] = []

    def rewrite(node: Node) -> Node:
        seen.append(node)
        return Filter(node.input, Literal(False, LOGICAL)) if isinstance(node, Filter) else node

    new = transform(plan, rewrite)
    assert isinstance(new, Union) and new.members[1] is new.members[0].inputs[0]
    assert len(seen) == 4


def test_topological_order_puts_inputs_first_and_each_once() -> None:
    shared = Filter(SCAN, TRUE)
    plan = join(shared, shared, [("a", "a")], "inner")
    order = topological(plan)
    assert len(order) == len({id(n) for n in order}) == 4
    assert all(order.index(below) < at for at, node in enumerate(order) for below in node.inputs)


def test_with_inputs_gives_the_same_node_for_the_same_inputs() -> None:
    for node in (Filter(SCAN, TRUE), join(SCAN, SCAN, [], "inner"), Union((SCAN,), SCAN.columns), SCAN):
        assert with_inputs(node, node.inputs) is node
    other = CsvScan("b.csv", SCAN.columns)
    assert with_inputs(Distinct(SCAN, ("a",)), [other]) == Distinct(other, ("a",))


def test_depth_is_no_matter() -> None:
    plan: Node = SCAN
    for _ in range(3000):
        plan = Filter(plan, TRUE)
    assert plan.columns == SCAN.columns
    assert len(topological(transform(plan, lambda node: node))) == 3001


def test_a_join_renews_ids_and_keeps_names() -> None:
    node = join(SCAN, SCAN, [("a", "a_2")], "left")
    assert [c.id for c in node.columns] == ["a", "a_2", "order_date", "a_3", "a_4", "order_date_2"]
    assert [c.name for c in node.columns] == ["A", "a", "Order Date"] * 2
    assert node.on == (("a", "a_4"),)
    assert Join(SCAN, SCAN, (), "left_anti").columns == SCAN.columns


def test_a_selection_renames() -> None:
    node = select(SCAN, [SCAN.column("a_2").renamed("B")])
    assert [(c.id, c.name) for c in node.columns] == [("a_2", "B")]


ROWS = ArrowScan(pa.table({"a": ["x"]}), (Column("a", "A", TEXT),))
ORDERS: list[tuple[Node, Order]] = [
    (ROWS, Natural()),
    (Filter(ROWS, TRUE), Natural()),
    (Sort(ROWS, KEY), By(KEY)),
    (Filter(Sort(ROWS, KEY), TRUE), By(KEY)),
    (Distinct(ROWS), Lost()),
    (Aggregate(ROWS, ("a",), ()), Lost()),
    (Join(ROWS, ROWS, ()), Lost()),
    (Slice(Distinct(ROWS), 0, 1), Natural()),
    (Index(Sort(ROWS, KEY), Column("i", "I", INT64)), By(KEY)),
    (Union((ROWS, ROWS), ROWS.columns), Natural()),
    (Union((ROWS, Distinct(ROWS)), ROWS.columns), Lost()),
]


@pytest.mark.parametrize(("node", "order"), ORDERS)
def test_order(node: Node, order: Order) -> None:
    assert order_of(node) == order


@given(st.text(), st.text(), st.none() | st.text())
def test_a_sentinel_reads_back(reason: str, message: str, detail: str | None) -> None:
    expected = tuple(part if part is None else part.replace(SEPARATOR, " ") for part in (reason, message, detail))
    assert decode_error(encode_error(reason, message, detail)) == expected


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (INT64, INT64, True),
        (INT64, DataType(INT64.kind, nullable=False), True),
        (INT64, TIME, False),
        (TIME, DURATION, False),
        (DATETIME, DATETIME_TICKS, False),
        (list_type(INT64), list_type(TIME), False),
        (record_type({"x": INT64}), record_type({"x": INT64}), True),
        (record_type({"x": INT64}), record_type({"y": INT64}), False),
    ],
)
def test_kinds_that_share_only_their_arrow_type_are_not_the_same(left: DataType, right: DataType, same: bool) -> None:
    assert left.same_kind(right) is same
    if not same and left.kind not in (list_type(INT64).kind, record_type({}).kind):
        with pytest.raises(NotFoldableError):
            call("=", Ref("l", left), Ref("r", right))


def test_fields_that_differ_by_case_do_not_fold() -> None:
    record = Ref("r", record_type({"P": INT64, "p": INT64, "q": TEXT}))
    assert call("[]", record, option="q").type == TEXT
    for field in ("P", "p", "Q", "none"):
        with pytest.raises(NotFoldableError):
            call("[]", record, option=field)


def test_who_may_fail() -> None:
    text, risky = Ref("t", TEXT), Ref("x", TEXT, may_fail=True)
    assert call("Number.From", text, option="").may_fail
    assert call("&", text, risky).may_fail and not call("&", text, text).may_fail
    assert not call("otherwise", risky, text).may_fail and call("otherwise", risky, risky).may_fail
    assert call("if", Ref("c", LOGICAL), text, text).may_fail
    assert not call("if", Ref("c", DataType(LOGICAL.kind, nullable=False)), text, text).may_fail
