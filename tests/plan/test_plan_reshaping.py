"""What the nodes that change a table's shape say of themselves."""

from __future__ import annotations

import pyarrow as pa
import pytest

from headwater.engines.passes import apply_passes
from headwater.plan.expressions import Ref
from headwater.plan.lineage import Origin, column_lineage
from headwater.plan.nodes import ArrowScan, Column, Filter, Node, Reshape, Sort, SortKey, Source, Union, select
from headwater.plan.order import By, Lost, Natural, order_of
from headwater.plan.printing import plan_lines
from headwater.plan.reshaping import (
    Alternate,
    ErrorFilter,
    ExpandList,
    Fill,
    Pivot,
    Rank,
    Reverse,
    SplitText,
    Unpivot,
)
from headwater.plan.types import INT64, TEXT, list_type

SOURCE = Source("file:///data/a.parquet")
SCAN = ArrowScan(
    pa.table({"k": ["x"], "a": ["p"], "v": [1], "w": [2], "l": [[3]]}),
    (
        Column("k", "K", TEXT),
        Column("a", "A", TEXT),
        Column("v", "V", INT64),
        Column("w", "W", INT64),
        Column("l", "L", list_type(INT64)),
    ),
    SOURCE,
)
NUMBERS = select(SCAN, SCAN.columns[:4])
KEY = SortKey(Ref("v", INT64))

NODES: dict[str, Reshape] = {
    "fill": Fill(SCAN, ("v",)),
    "errors": ErrorFilter(SCAN, ("v", "w"), "bad"),
    "expand": ExpandList(SCAN, "l", Column("i", "L", INT64)),
    "unpivot": Unpivot(NUMBERS, (("v", "V"), ("w", "W")), Column("n", "name", TEXT), Column("c", "cell", INT64)),
    "pivot": Pivot(NUMBERS, "a", "v", ((Column("p", "p", INT64, True), "p"),)),
    "rank": Rank(SCAN, (KEY,), Column("r", "R", INT64)),
    "split": SplitText(SCAN, "a", ",", (Column("a1", "A.1", TEXT), Column("a2", "A.2", TEXT))),
    "alternate": Alternate(SCAN, 1, 1, 1),
    "reverse": Reverse(SCAN),
}


def origins(node: Node) -> dict[str, set[str]]:
    found = column_lineage(node)
    return {name: {o.column for o in of if isinstance(o, Origin)} for name, of in found.items()}


def test_lineage_goes_through() -> None:
    assert origins(NODES["fill"])["V"] == {"V"}
    assert origins(NODES["expand"]) == {"K": {"K"}, "A": {"A"}, "V": {"V"}, "W": {"W"}, "L": {"L"}}
    assert origins(NODES["unpivot"]) == {"K": {"K"}, "A": {"A"}, "name": set(), "cell": {"V", "W"}}
    assert origins(NODES["pivot"]) == {"K": {"K"}, "W": {"W"}, "p": {"V"}}
    assert origins(NODES["rank"])["R"] == set()
    assert origins(NODES["split"])["A.2"] == {"A"}
    assert origins(NODES["reverse"])["K"] == {"K"}


@pytest.mark.parametrize("name", NODES)
def test_it_keeps_its_columns_when_unused_ones_are_dropped_beneath(name: str) -> None:
    """Each of its columns, read alone, is still there after all passes, whatever the projection beneath has lost."""
    node = NODES[name]
    for column in node.columns:
        plan = apply_passes(select(node, [column]))
        assert [c.id for c in plan.columns] == [column.id]
        assert column.id in {c.id for c in plan.inputs[0].columns}


@pytest.mark.parametrize("name", NODES)
def test_it_tells_people_what_it_is(name: str) -> None:
    first = next(plan_lines(NODES[name]))
    assert first.split()[0] in (type(NODES[name]).__name__, "Rows")


def test_order() -> None:
    ordered = Sort(SCAN, (KEY,))
    assert order_of(Reverse(ordered)) == Lost()
    assert order_of(Fill(ordered, ("v",))) == By((KEY,))
    assert order_of(Fill(NODES["pivot"], ("p",))) == Natural()
    assert order_of(NODES["pivot"]) == Lost()
    assert order_of(ExpandList(ordered, "l", Column("i", "L", INT64))) == By((KEY,))
    assert order_of(Union((SCAN, NODES["pivot"]), SCAN.columns)) == Lost()
    assert order_of(Filter(Rank(ordered, (KEY,), Column("r", "R", INT64)), Ref("v", INT64))) == By((KEY,))
