"""The side of a join that an engine keeps in memory is the smaller one."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from headwater.engines import load_engine
from headwater.engines.sizes import ROWS_BOUND, estimated_rows, row_bound
from headwater.plan.expressions import Literal
from headwater.plan.nodes import ArrowScan, CsvScan, Filter, JoinKind, Slice, Union, join, text_columns
from headwater.plan.types import LOGICAL


def held(rows: int, name: str) -> ArrowScan:
    return ArrowScan(pa.table({name: [str(at) for at in range(rows)]}), text_columns([name]))


def test_a_file_counts_by_its_size(tmp_path: Path) -> None:
    for name, rows in (("short.csv", 10), ("long.csv", 1_000)):
        (tmp_path / name).write_text("1,2\n" * rows)
    short, long = (
        estimated_rows(CsvScan(str(tmp_path / name), text_columns(["a", "b"])), [])
        for name in ("short.csv", "long.csv")
    )
    assert long == pytest.approx(100 * short)
    assert estimated_rows(CsvScan(str(tmp_path / "long.csv"), text_columns(["a"]), max_rows=3), []) == 3


def test_no_file_has_more_rows_than_its_bound(tmp_path: Path) -> None:
    scan = CsvScan(str(tmp_path / "short.csv"), text_columns(["a"]))
    assert row_bound(scan, []) == ROWS_BOUND  # there is no such file: whoever opens it says so
    (tmp_path / "short.csv").write_text("\n" * 100)
    assert 100 < row_bound(scan, []) < 1_000
    assert row_bound(join(held(3, "a"), held(4, "b"), [("a", "b")], "full"), [4, 5]) > 3 * 4 + 3 + 4
    assert row_bound(Slice(scan, 5, 7), [1_000]) == 8
    assert row_bound(Union((scan, scan), scan.columns), [11, 21]) > 30


def test_steps_make_fewer_rows() -> None:
    scan = held(100, "a")
    assert estimated_rows(Filter(scan, Literal(True, LOGICAL)), [100.0]) < 100
    assert estimated_rows(Slice(scan, 0, 7), [100.0]) == 7


@pytest.mark.parametrize("kind", ["inner", "left", "right", "full"])
@pytest.mark.parametrize(("left", "right"), [(5, 50), (50, 5)])
def test_the_smaller_side_comes_second_and_the_rows_are_the_same(kind: JoinKind, left: int, right: int) -> None:
    plan = join(held(left, "a"), held(right, "b"), [("a", "b")], kind)
    engine = load_engine("duckdb", threads=1)
    try:
        (fragment,) = engine.explain(plan)
        first = fragment.sql.index('AS "l"') < fragment.sql.index('AS "r"')
        assert first == (left > right)
        rows = [tuple(row.values()) for row in engine.table(plan).to_pylist()]
    finally:
        engine.close()
    both = [(str(at), str(at)) for at in range(5)]
    more = [(str(at), None) if left > right else (None, str(at)) for at in range(5, 50)]
    keeps = kind == "full" or kind == ("left" if left > right else "right")
    assert rows == (both + more if keeps else both)
