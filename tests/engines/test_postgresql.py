"""Plans over PostgreSQL's tables against the contract: what it is said to fold runs there, the rest beside it."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import psutil
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engines import contract
from tests.engines.contract import OPERATORS, assert_cells
from tests.engines.postgresql_server import ROW, Server, running
from tests.engines.support import Error, added, inline, only, ref, rows_of

from headwater.engines import Engine, Fragment
from headwater.engines.duckdb import DuckDBEngine
from headwater.engines.federation import place
from headwater.engines.passes import apply_passes
from headwater.engines.postgresql import (
    FOLDED_AGGREGATES,
    FOLDED_OPERATORS,
    Login,
    PostgreSQLDatabase,
    query_scan,
    table_scan,
)
from headwater.errors import MError
from headwater.plan import conversions
from headwater.plan.databases import DatabaseScan, Fetch, TableName
from headwater.plan.expressions import Literal, Ref, call, operators_of
from headwater.plan.nodes import (
    Aggregate,
    AggregateCall,
    ArrowScan,
    Column,
    Distinct,
    Filter,
    JoinKind,
    Node,
    Project,
    Slice,
    Sort,
    SortKey,
    join,
    select,
    topological,
    transform,
)
from headwater.plan.types import DATE, DOUBLE, INT64, LOGICAL, TEXT, DataType, Kind

_STORED = {
    Kind.LOGICAL, Kind.INT64, Kind.DOUBLE, Kind.TEXT, Kind.DATE, Kind.DATETIME, Kind.TIME, Kind.BINARY, Kind.DECIMAL
}  # fmt: skip

_NATIVE = {Kind.INT64: "int8", Kind.DOUBLE: "float8", Kind.TEXT: "text"}


class OverPostgreSQL:
    """An engine whose tables in memory lie in PostgreSQL, where it can hold them."""

    name = "postgresql"
    folds = FOLDED_OPERATORS
    aggregates = FOLDED_AGGREGATES

    def __init__(self, server: Server, inner: DuckDBEngine) -> None:
        self._server, self._inner = server, inner
        self._database = server.database()
        self._scans: dict[int, tuple[pa.Table, Node]] = {}

    def reader(self, plan: Node, *, batch_rows: int = 65_536, ordered: bool = True) -> pa.RecordBatchReader:
        return self._inner.reader(self.moved(plan), batch_rows=batch_rows, ordered=ordered)

    def table(self, plan: Node, *, ordered: bool = True) -> pa.Table:
        return self._inner.table(self.moved(plan), ordered=ordered)

    def explain(self, plan: Node, *, ordered: bool = True) -> tuple[Fragment, ...]:
        found = self._inner.explain(self.moved(plan), ordered=ordered)
        return tuple(fragment for fragment in found if not fragment.label.startswith("query of"))

    def fetched_rows(self) -> int:
        return self._inner.fetched_rows()

    def close(self) -> None:
        """The fixture closes the engine within."""

    def moved(self, plan: Node) -> Node:
        """The plan over the database's tables."""
        return transform(plan, lambda node: self._moved(node) if isinstance(node, ArrowScan) else node)

    def _moved(self, node: ArrowScan) -> Node:
        if any(c.may_fail or c.type.kind not in _STORED or _ticks(c) for c in node.columns) or _beyond(node):
            return node
        if id(node.table) not in self._scans:
            self._scans[id(node.table)] = node.table, self._uploaded(node)
        return self._scans[id(node.table)][1]

    def _uploaded(self, node: ArrowScan) -> Node:
        name = self._server.upload(node.table, node.columns)
        number = Column("row_number_of_test", ROW, INT64)
        native = (*(_NATIVE.get(c.type.kind, "") for c in node.columns), "int8")
        scan = DatabaseScan(
            self._database, TableName("public", name), (*node.columns, number), (*(c.id for c in node.columns), ROW),
            native, None, frozenset({number.id}),
        )  # fmt: skip
        return select(Sort(scan, (SortKey(number.ref),)), node.columns)


def _ticks(column: Column) -> bool:
    return column.type.kind is Kind.DATETIME and column.type.unit == "tick"


def _beyond(node: ArrowScan) -> bool:
    """Whether a cell is one that PostgreSQL or its reader has no room for: a zero character, a time after midnight."""
    cells = ((c.type.kind, cell) for c in node.columns for cell in node.table.column(c.id).to_pylist())
    return any(
        (kind is Kind.TEXT and cell is not None and "\x00" in cell)
        or (kind is Kind.TIME and cell is not None and not 0 <= cell < conversions.TICKS_PER_DAY)
        for kind, cell in cells
    )


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    yield from running()


@pytest.fixture(scope="module")
def over(server: Server) -> Iterator[OverPostgreSQL]:
    inner = DuckDBEngine(threads=2)
    yield OverPostgreSQL(server, inner)
    inner.close()


class _OnPostgreSQL:
    @pytest.fixture
    def engine(self, over: OverPostgreSQL) -> Engine:
        return over


class TestExpressions(_OnPostgreSQL, contract.ExpressionContract):
    def test_every_folded_operator_has_a_case(self, engine: Engine) -> None:
        """And each of them runs in PostgreSQL for some types, which the plan shows."""
        assert isinstance(engine, OverPostgreSQL)
        run = {name for plan in _operator_plans(engine) for name in _fetched_operators(plan)}
        assert run >= engine.folds


class TestOrder(_OnPostgreSQL, contract.OrderContract):
    pass


class TestJoins(_OnPostgreSQL, contract.JoinContract):
    pass


class TestAggregates(_OnPostgreSQL, contract.AggregateContract):
    def test_every_folded_aggregate_has_a_case(self, engine: Engine) -> None:
        assert engine.aggregates <= {function for function, *_ in contract.AGGREGATES}


class TestFilters(_OnPostgreSQL, contract.FilterContract):
    pass


class TestCalls(_OnPostgreSQL, contract.CallContract):
    pass


class TestNames(_OnPostgreSQL, contract.NamesContract):
    pass


class TestRuns(_OnPostgreSQL, contract.RunContract):
    pass


def _operator_plans(engine: OverPostgreSQL) -> Iterator[Node]:
    for operator, option, types, cases in OPERATORS:
        if operator not in engine.folds:
            continue
        good = [case for case in cases if not any(isinstance(cell, Error) for cell in case[:-1])]
        table = inline({f"a{i}": t for i, t in enumerate(types)}, [case[:-1] for case in good])
        yield engine.moved(only(table, r=call(operator, *(c.ref for c in table.columns), option=option)))
    for operator, of, cell in (("Int64.From", INT64, 1), ("Date.Day", DATE, date(2024, 2, 29))):
        table = inline({"a": of}, [(cell,)])
        yield engine.moved(only(table, r=call(operator, ref(table, "a"), option="" if of is INT64 else None)))
    texts = inline({"t": TEXT}, [("abc",)])
    for operator in ("Text.Contains", "Text.StartsWith", "Text.EndsWith"):
        yield engine.moved(only(texts, r=call(operator, ref(texts, "t"), Literal("b", TEXT))))


def _fetched_operators(plan: Node) -> Iterator[str]:
    for node in topological(place(apply_passes(plan))):
        for inner in topological(node.plan) if isinstance(node, Fetch) else ():
            for _, expression in inner.items if isinstance(inner, Project) else ():
                yield from operators_of(expression)


WHOLES = st.none() | st.integers(-5, 5) | st.sampled_from([2**53, 2**53 + 1, 2**63 - 1, -(2**63)])
DOUBLES = st.none() | st.sampled_from([0.0, -0.0, 1.5, -2.0, math.nan, math.inf, -math.inf, 5e-324]) | st.floats(-9, 9)
TEXTS = st.none() | st.text("aAbB é😀%_\\'\uffff", max_size=4)
LOGICALS = st.none() | st.booleans()
ROWS = st.lists(st.tuples(WHOLES, WHOLES, DOUBLES, DOUBLES, TEXTS, TEXTS, LOGICALS, LOGICALS), min_size=20, max_size=60)
CELLS = {"i": INT64, "j": INT64, "d": DOUBLE, "e": DOUBLE, "t": TEXT, "u": TEXT, "b": LOGICAL, "c": LOGICAL}
PAIRS = [("i", "j"), ("d", "e"), ("t", "u"), ("b", "c")]
COMPARISONS = ["=", "<>", "<", "<=", ">", ">="]


class TestAgreement(_OnPostgreSQL):
    """PostgreSQL and DuckDB say the same of the same rows."""

    @settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(rows=ROWS)
    def test_expressions(self, engine: Engine, duck: DuckDBEngine, rows: list[tuple[Any, ...]]) -> None:
        table = inline(CELLS, rows)
        made = [call(o, ref(table, a), ref(table, b)) for o in COMPARISONS for a, b in PAIRS]
        made += [call(o, ref(table, a), ref(table, b)) for o in "+-*/" for a, b in (("i", "j"), ("d", "i"), ("i", "d"))]
        made += [call(o, ref(table, "d"), Literal(v, DOUBLE)) for o in COMPARISONS for v in (1.5, 0.0, math.nan)]
        made += [call(o, ref(table, "i"), Literal(v, DOUBLE)) for o in COMPARISONS for v in (2.0, 2.0**53)]
        made += [call(o, ref(table, "t"), Literal(v, TEXT)) for o in COMPARISONS for v in ("a", None, "'\\")]
        made += [call(o, ref(table, "b"), ref(table, "c")) for o in ("and", "or", "??")]
        made += [
            call("if", ref(table, "b"), ref(table, "t"), ref(table, "u")),
            call("??", ref(table, "t"), ref(table, "u")),
        ]
        made += [
            call(f"Text.{o}", ref(table, "t"), Literal(v, TEXT))
            for o in ("Contains", "StartsWith", "EndsWith")
            for v in ("", "a", "😀", "%_")
        ]
        made.append(call("&", ref(table, "t"), ref(table, "u")))
        made += [
            call("Text.Length", ref(table, "t")),
            call("negate", ref(table, "d")),
            call("Number.Abs", ref(table, "d")),
        ]
        plan = only(table, **{f"r{n}": one for n, one in enumerate(made)})
        assert isinstance(engine, OverPostgreSQL) and isinstance(place(engine.moved(plan)), Fetch)
        for found, expected in zip(rows_of(engine, plan), rows_of(duck, plan), strict=True):
            assert_cells(list(found), list(expected))

    @settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(rows=ROWS, other=ROWS)
    def test_filters_joins_groups_and_sorts(
        self, engine: Engine, duck: DuckDBEngine, rows: list[tuple[Any, ...]], other: list[tuple[Any, ...]]
    ) -> None:
        left, right = inline(CELLS, rows), inline(CELLS, other)
        plans: list[Node] = [Filter(left, call(o, ref(left, a), ref(left, b))) for o in COMPARISONS for a, b in PAIRS]
        either = call(
            "or", call("<", ref(left, "d"), Literal(1.0, DOUBLE)), call("=", ref(left, "t"), Literal("a", TEXT))
        )
        plans += [Filter(left, either), Filter(left, call("not", either))]
        plans += [join(left, right, [(key, key)], kind) for kind in contract.JOIN_KINDS for key in ("i", "t", "b")]
        plans += [Sort(left, (SortKey(ref(left, key), descending=down),)) for key in "idtb" for down in (False, True)]
        plans += [Distinct(left, (key,)) for key in "itb"]
        counted = (Column("n", "N", INT64), AggregateCall("Table.RowCount"))
        least = (Column("m", "M", TEXT), AggregateCall("List.Min", ref(left, "u")))
        plans += [Aggregate(left, (key,), (counted, least)) for key in "itb"]
        assert isinstance(engine, OverPostgreSQL)
        for plan in plans:
            assert isinstance(place(engine.moved(plan)), Fetch)
            found, expected = rows_of(engine, plan), rows_of(duck, plan)
            assert_cells([cell for row in found for cell in row], [cell for row in expected for cell in row])


@pytest.fixture(scope="module")
def duck() -> Iterator[DuckDBEngine]:
    engine = DuckDBEngine(threads=1)
    yield engine
    engine.close()


def test_rows_are_sorted_by_values_and_not_by_what_the_result_calls_them(over: OverPostgreSQL) -> None:
    table = inline(
        {"p": DataType(Kind.DECIMAL, precision=10, scale=2), "q": INT64}, [(Decimal(9), 1), (Decimal(10), 2)]
    )
    down = Sort(table, (SortKey(ref(table, "p"), descending=True),))
    swapped = Project(down, ((Column("p", "P", INT64), ref(down, "q")), (Column("q", "Q", INT64), ref(down, "q"))))
    for plan, expected in (
        (down, [(Decimal("10.00"), 2), (Decimal("9.00"), 1)]),
        (swapped, [(2, 2), (1, 1)]),
        (Slice(swapped, 0, 1), [(2, 2)]),
        (Distinct(swapped, ("p",)), [(2, 2), (1, 1)]),
    ):
        assert isinstance(place(over.moved(plan)), Fetch)
        assert rows_of(over, plan) == expected


def test_a_number_out_of_range_is_computed_beside_the_database(over: OverPostgreSQL) -> None:
    table = inline({"d": DOUBLE}, [(1e300,), (-1e300,), (5e-324,), (2.0,)])
    product = call("*", ref(table, "d"), ref(table, "d"))
    assert rows_of(over, only(table, r=product)) == [(math.inf,), (math.inf,), (0.0,), (4.0,)]
    total = (Column("s", "S", DOUBLE), AggregateCall("List.Sum", product))
    assert rows_of(over, Aggregate(table, (), (total,))) == [(math.inf,)]


def test_a_filter_passes_a_column_that_the_database_does_not_compute(over: OverPostgreSQL) -> None:
    table = inline({"n": INT64, "t": TEXT}, [(n, str(n)) for n in range(100)])
    typed = added(table, "v", call("Number.From", ref(table, "t"), option=""))
    plan = Filter(typed, call("<", ref(typed, "n"), Literal(3, INT64)))
    assert rows_of(over, plan) == [(n, str(n), float(n)) for n in range(3)]
    fetched = [node for node in topological(place(over.moved(plan))) if isinstance(node, Fetch)]
    assert "<" in fetched[0].database.sql(fetched[0].plan)


def test_only_the_columns_that_are_read_are_fetched(over: OverPostgreSQL) -> None:
    table = inline({"n": INT64, "t": TEXT, "u": TEXT}, [(1, "2", "x")])
    plan = only(table, v=call("Number.From", ref(table, "t"), option=""))
    fetched = [node for node in topological(place(apply_passes(over.moved(plan)))) if isinstance(node, Fetch)]
    assert [column.id for column in fetched[0].columns] == ["t"]


def test_names_longer_than_postgresql_s(over: OverPostgreSQL) -> None:
    table = inline({"n": INT64}, [(1,)])
    names = ["x" * 70 + end for end in "ab"]
    plan = only(only(table, **{name: ref(table, "n") for name in names}), **{n: Ref(n, INT64) for n in names})
    doubled = Sort(plan, (SortKey(call("negate", Ref(names[1], INT64))),))
    assert rows_of(over, doubled) == [(1, 1)]


@pytest.mark.parametrize("kind", ["inner", "left", "full", "left_anti", "left_semi"])
def test_joins_by_keys_that_may_be_null_are_no_nested_loops(
    server: Server, over: OverPostgreSQL, kind: JoinKind
) -> None:
    left = inline({"k": INT64, "t": TEXT}, [(n, str(n)) for n in range(3000)])
    right = inline({"k": INT64, "t": TEXT}, [(n, str(n)) for n in range(3000)])
    node = place(over.moved(join(left, right, [("k", "k"), ("t", "t")], kind)))
    assert isinstance(node, Fetch)
    plan = server.explained(node.database.sql(node.plan))
    assert ("Hash" in plan or "Merge" in plan) and "Nested Loop" not in plan


def test_an_index_serves_a_filter_by_a_constant(server: Server) -> None:
    server.run(
        "CREATE TABLE indexed (id integer PRIMARY KEY, name text)",
        "INSERT INTO indexed SELECT g, g::text FROM generate_series(1, 20000) g",
        "CREATE INDEX ON indexed (name)", "ANALYZE indexed",
    )  # fmt: skip
    database = server.database()
    scan = table_scan(database, "public", "indexed")
    for name, constant in (("id", Literal(7, INT64)), ("name", Literal("7", TEXT))):
        sql = database.sql(Filter(scan, call("=", ref(scan, name), constant)))
        assert "Index Scan" in server.explained(sql)


def test_a_table_s_types(server: Server) -> None:
    server.run(
        """CREATE DOMAIN small AS smallint""",
        """CREATE TABLE kinds (b bool, i2 smallint, dom small, i8 bigint NOT NULL, f4 real, f8 double precision,
           n numeric(10, 2), free numeric, huge numeric(60, 2), t text, v varchar(9), bp char(3), u uuid, j jsonb,
           d date, ts timestamp, tz timestamptz, tm time, iv interval, by bytea, ar int[], ci text COLLATE "C")""",
        """INSERT INTO kinds VALUES (true, 1, 2, 3, 0.5, 0.1, 1.5, 1.25, 7, 't', 'v', 'bp',
           '00000000-0000-0000-0000-000000000001', '{"a": 1}', '0001-01-01', '2024-01-01 01:02:03.000004',
           '2024-01-01 00:00+02', '23:59:59.999999', '1 month', '\\x00ff', '{1,2}', 'c')""",
    )
    scan = table_scan(server.database(), "public", "kinds")
    engine = DuckDBEngine(threads=1)
    (row,) = rows_of(engine, scan)
    engine.close()
    moment = conversions.EPOCH_TICKS + 1_704_060_000 * 10_000_000
    assert row == (
        True, 1, 2, 3, 0.5, 0.1, Decimal("1.50"), 1.25, 7.0, "t", "v", "bp", "00000000-0000-0000-0000-000000000001",
        '{"a": 1}', date(1, 1, 1), datetime(2024, 1, 1, 1, 2, 3, 4), {"instant": moment, "offset": 0},
        863_999_999_990, "1 mon", b"\x00\xff", "{1,2}", "c",
    )  # fmt: skip
    assert scan.required == frozenset({"i8"})


@pytest.mark.parametrize(
    ("of", "value"), [("date", "infinity"), ("timestamp", "-infinity"), ("numeric(5,2)", "NaN"), ("time", "24:00")]
)
def test_what_m_has_no_value_for_ends_the_query(server: Server, of: str, value: str) -> None:
    server.run("DROP TABLE IF EXISTS odd", f"CREATE TABLE odd (x {of})", f"INSERT INTO odd VALUES ('{value}')")
    engine = DuckDBEngine(threads=1)
    with pytest.raises(MError, match="no value for") as caught:
        engine.table(table_scan(server.database(), "public", "odd"))
    engine.close()
    assert caught.value.reason == "DataFormat.Error" and caught.value.detail is None


def test_a_text_that_ignores_case_in_its_database_does_not_in_m(server: Server) -> None:
    from adbc_driver_manager import NotSupportedError

    try:
        server.run(
            "CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
            "CREATE TABLE loose (t text COLLATE nocase)",
            "INSERT INTO loose VALUES ('a'), ('A')",
        )
    except NotSupportedError:
        pytest.skip("this PostgreSQL is built without ICU, which has such collations")
    scan = table_scan(server.database(), "public", "loose")
    engine = DuckDBEngine(threads=1)
    for plan, count in (
        (Filter(scan, call("=", ref(scan, "t"), Literal("a", TEXT))), 1), (Distinct(scan), 2),
        (join(scan, scan, [("t", "t")], "inner"), 2),
    ):  # fmt: skip
        assert isinstance(place(plan), Fetch)
        assert len(rows_of(engine, plan)) == count
    engine.close()


def test_statements_only_read_and_end_in_time(server: Server) -> None:
    server.run("CREATE SEQUENCE counted")
    engine = DuckDBEngine(threads=1)
    for query, options, said in (
        ("SELECT nextval('counted')", {}, "only read here"),
        ("SELECT pg_sleep(20)::text", {"command_seconds": 0.2}, "within the time allowed"),
    ):
        with pytest.raises(MError, match=said):
            engine.table(query_scan(server.database(**options), query, foldable=True))
    engine.close()


def test_rows_are_streamed(server: Server) -> None:
    wide = "SELECT repeat('x', 1000) AS t FROM generate_series(1, 600000)"
    engine = DuckDBEngine(threads=1)
    before, most, count = psutil.Process().memory_info().rss, 0, 0
    for batch in engine.reader(query_scan(server.database(), wide, foldable=True)):
        count += batch.num_rows
        most = max(most, psutil.Process().memory_info().rss)
    engine.close()
    assert count == 600_000 and most - before < 400 * 2**20, "600 MB of rows"


def test_a_reader_that_is_dropped_lets_the_server_go(server: Server) -> None:
    engine = DuckDBEngine(threads=1)
    reader = engine.reader(query_scan(server.database(), "SELECT generate_series(1, 9000000) AS n", foldable=True))
    reader.read_next_batch()
    del reader
    engine.close()
    gc.collect()
    running_still = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'headwater' AND state = 'active'"
    for _ in range(100):
        if server.database().rows(running_still).column(0)[0].as_py() <= 1:
            break
        time.sleep(0.1)
    else:
        pytest.fail("the query goes on")


def test_no_password_is_shown() -> None:
    database = PostgreSQLDatabase("127.0.0.1:1", "db", Login("ann", "canary"), connect_seconds=1)
    with pytest.raises(MError) as caught:
        database.rows("SELECT 1")
    assert "canary" not in f"{database!r} {caught.value!r} {vars(caught.value)} {database.name}"


def test_operators_on_values_that_they_do_not_take_there_run_beside_it(over: OverPostgreSQL) -> None:
    table = inline({"a": DATE, "b": DATE}, [(date(2024, 3, 1), date(2024, 2, 29))])
    plan = only(table, r=call("-", ref(table, "a"), ref(table, "b")))
    assert rows_of(over, plan) == [(864_000_000_000,)]
