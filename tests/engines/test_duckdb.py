"""The DuckDB engine against the contract, and what only it has."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pytest
from tests.engines import contract
from tests.engines.support import inline, only, ref, rows_of

from headwater.engines import Engine
from headwater.engines.duckdb import DuckDBEngine
from headwater.errors import EngineError
from headwater.plan.conversions import INT64_MAX
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
    JoinKind,
    Project,
    Slice,
    Sort,
    SortKey,
    Union,
    join,
    text_columns,
)
from headwater.plan.types import DOUBLE, INT64, TEXT


@pytest.fixture(scope="module")
def duck() -> Iterator[DuckDBEngine]:
    engine = DuckDBEngine(threads=4)
    yield engine
    engine.close()


class _OnDuckDB:
    @pytest.fixture
    def engine(self, duck: DuckDBEngine) -> Engine:
        return duck


class TestExpressions(_OnDuckDB, contract.ExpressionContract):
    pass


class TestOrder(_OnDuckDB, contract.OrderContract):
    pass


class TestJoins(_OnDuckDB, contract.JoinContract):
    pass


class TestAggregates(_OnDuckDB, contract.AggregateContract):
    pass


class TestFilters(_OnDuckDB, contract.FilterContract):
    pass


class TestCalls(_OnDuckDB, contract.CallContract):
    pass


class TestCsv(_OnDuckDB, contract.CsvContract):
    pass


class TestParquet(_OnDuckDB, contract.ParquetContract):
    pass


class TestNames(_OnDuckDB, contract.NamesContract):
    pass


class TestRuns(_OnDuckDB, contract.RunContract):
    pass


def test_every_contract_is_run() -> None:
    run = {base for kind in _OnDuckDB.__subclasses__() for base in kind.__mro__}
    assert {getattr(contract, name) for name in contract.__all__} - {contract.EngineContract} <= run


def _sql(engine: DuckDBEngine, plan: object, **options: bool) -> str:
    return engine.explain(plan, **options)[-1].sql  # type: ignore[arg-type]  # any node will do


def test_steps_that_only_rename_and_filter_make_one_select(duck: DuckDBEngine) -> None:
    table = contract.people(5)
    plan = Filter(table, call(">", ref(table, "n"), Literal(1, INT64)))
    for step in range(10):
        renamed = Project(plan, tuple((c.renamed(f"{c.name}{step}"), c.ref) for c in plan.columns))
        plan = Filter(renamed, call("<", ref(renamed, "n"), Literal(step + 9, INT64)))
    assert _sql(duck, plan).count("SELECT") == 1


def test_row_numbers_only_where_lost_order_is_seen(duck: DuckDBEngine) -> None:
    table = contract.people(5)
    joined = join(table, table, [("n", "k")], "inner")
    assert "ROW_NUMBER" not in _sql(duck, Filter(table, call(">", ref(table, "n"), Literal(1, INT64))))
    assert "ROW_NUMBER" not in _sql(duck, Slice(table, 0, 3))
    assert "ROW_NUMBER" not in _sql(duck, joined, ordered=False)
    assert "ROW_NUMBER" not in _sql(duck, Sort(table, (SortKey(ref(table, "k")),)), ordered=False)
    assert "ROW_NUMBER" in _sql(duck, joined)
    assert "ROW_NUMBER" in _sql(duck, Index(joined, Column("i", "I", INT64)), ordered=False)


def test_ranks_of_nested_unions_stay_whole_numbers_of_64_bits(duck: DuckDBEngine) -> None:
    plan = more = Sort(contract.people(3), (SortKey(Ref("k", INT64)),))
    for _ in range(60):
        plan = Union((plan, more), more.columns)  # type: ignore[assignment]  # a node, whatever its kind
    numbers = [int(number) for number in re.findall(r"\b\d{10,}\b", _sql(duck, plan))]
    assert numbers and max(numbers) <= INT64_MAX


def test_first_partners_of_many_rows_on_several_threads(tmp_path: Path) -> None:
    rows, keys, partners = 400_000, 500, 3
    (tmp_path / "left.csv").write_text("".join(f"{at},{(at * 7) % keys}\n" for at in range(rows)))
    scan = CsvScan(str(tmp_path / "left.csv"), text_columns(["at", "k"]))
    right = inline({"rk": TEXT, "v": INT64}, [(str(n % keys), n) for n in range(keys * partners)])
    joined = join(scan, right, [("k", "rk")], "inner")
    engine = DuckDBEngine(threads=4)
    try:
        firsts = [(str((at * 7) % keys), (at * 7) % keys) for at in range(keys)]
        distinct = only(Distinct(joined, ("k",)), k=ref(joined, "k"), v=ref(joined, "v"))
        assert rows_of(engine, distinct) == firsts
        grouped = Aggregate(joined, ("v",), ())
        # Of rows with several partners, the first partners of all come before the others only in their own row.
        assert rows_of(engine, grouped) == [(first + keys * n,) for _, first in firsts for n in range(partners)]
    finally:
        engine.close()


def test_a_check_above_a_join_needs_no_row_number(duck: DuckDBEngine) -> None:
    """Two rows of one key, of which the second is an error that the join drops: nothing may end the query."""
    left = inline({"k": INT64, "t": TEXT}, [(1, "1"), (2, "x")])
    right = inline({"rk": INT64, "w": TEXT}, [(1, "2"), (3, "y")])
    joined = join(left, right, [("k", "rk")], "inner")
    total = call("+", *(call("Number.From", ref(joined, name), option="") for name in ("t", "w")))
    plan = Filter(joined, call(">", total, Literal(1.0, DOUBLE)))
    assert rows_of(duck, plan) == [(1, "1", 1, "2")]
    assert _sql(duck, plan).count("ROW_NUMBER") == 2  # one a side, for the order


@pytest.mark.parametrize("kind", ["inner", "left", "full", "left_anti", "left_semi"])
def test_joins_are_hash_joins(duck: DuckDBEngine, kind: JoinKind) -> None:
    table, other = contract.people(5000), inline({"d": DOUBLE}, [(float(i),) for i in range(5000)])
    for plan in (Join(table, other, (("n", "d"),), kind), join(table, table, [("n", "n"), ("g", "g")], kind)):
        cursor = duck.cursor()
        assert isinstance(table, ArrowScan)
        cursor.register("rows_1", table.table)
        cursor.register("rows_2", other.table if plan.on[0][1] == "d" else table.table)
        explained = str(cursor.execute("EXPLAIN " + _sql(duck, plan)).fetchall())
        assert "Hash Join" in explained or "HASH_JOIN" in explained
        assert "Nested Loop" not in explained and "NESTED_LOOP" not in explained
        cursor.close()


def test_closing_ends_it(tmp_path: Path) -> None:
    spill = tmp_path / "spill"
    engine = DuckDBEngine(threads=1, temp_directory=spill)
    engine.close()
    engine.close()
    with pytest.raises(EngineError, match="closed"):
        engine.table(contract.people(3))


def test_its_own_temporary_folder_goes_with_it() -> None:
    engine = DuckDBEngine(threads=1)
    folder = Path(engine.cursor().execute("SELECT current_setting('temp_directory')").fetchall()[0][0])
    assert folder.is_dir()
    engine.close()
    assert not folder.exists()


def test_a_bad_setting_is_one_clear_error() -> None:
    with pytest.raises(EngineError, match="DuckDB did not start"):
        DuckDBEngine(memory_limit="a lot")


def test_it_serves_several_threads(duck: DuckDBEngine) -> None:
    table = contract.people(20_000)
    plan = Sort(table, (SortKey(Ref("k", INT64)),))
    expected = duck.table(plan)
    results: list[pa.Table] = []
    threads = [threading.Thread(target=lambda: results.append(duck.table(plan))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(results) == 6 and all(result.equals(expected) for result in results)


def test_too_little_memory_says_so() -> None:
    engine = DuckDBEngine(memory_limit="1MB", threads=1)
    table = ArrowScan(pa.table({"n": pa.array(np.arange(2_000_000))}), (Column("n", "N", INT64),))
    with pytest.raises(EngineError) as caught:
        engine.table(Sort(table, (SortKey(ref(table, "n"), descending=True),)))
    engine.close()
    assert caught.value.code == "engine.memory"


@pytest.mark.long
def test_a_sort_larger_than_its_memory(tmp_path: Path) -> None:
    count = 5_000_000
    keys = np.random.default_rng(1).permutation(count)
    rows = pa.table({"n": pa.array(np.arange(count)), "k": pa.array(keys), "t": pa.array(keys.astype("U7"))})
    columns = (Column("n", "N", INT64), Column("k", "K", INT64), Column("t", "T", TEXT))
    engine = DuckDBEngine(memory_limit="256MB", threads=2, temp_directory=tmp_path)
    before, most, at = psutil.Process().memory_info().rss, 0, 0
    for batch in engine.reader(Sort(ArrowScan(rows, columns), (SortKey(Ref("k", INT64)),))):
        most = max(most, psutil.Process().memory_info().rss)
        assert batch.column("k").to_pylist()[:1] == [at]
        at += batch.num_rows
    engine.close()
    assert at == count
    assert most - before < 800 * 2**20
