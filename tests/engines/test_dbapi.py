"""Databases through a row driver: for real over SQLite's, and the SQL that each dialect gets."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.engines.support import ref, rows_of

from headwater.engines.dbapi import (
    ODBC,
    Dialect,
    Driver,
    DriverDatabase,
    Login,
    OdbcDatabase,
    mysql,
    others,
    sql_server,
)
from headwater.engines.dbapi.cells import arrow_columns, plan_type
from headwater.engines.duckdb import DuckDBEngine
from headwater.engines.federation import place
from headwater.engines.passes import apply_passes
from headwater.errors import MError
from headwater.plan.databases import DatabaseScan, Fetch, TableName
from headwater.plan.expressions import Literal, call
from headwater.plan.nodes import Column, Filter, Slice, Sort, SortKey, select
from headwater.plan.types import DATE, DATETIME, DATETIMEZONE, DOUBLE, INT64, LOGICAL, TEXT, TIME, DataType, Kind

SQLITE = Dialect(
    "SQLite", "sqlite", Driver("sqlite3", "sqlite3"),
    lambda driver, login: driver.connect(login.server, check_same_thread=False),
    "SELECT '', name, CASE type WHEN 'view' THEN 'View' ELSE 'Table' END FROM sqlite_master"
    " WHERE type IN ('table', 'view') ORDER BY name",
    "SELECT name, type, NULL, NULL FROM pragma_table_info({name}) WHERE {schema} = ''",
)  # fmt: skip


@pytest.fixture
def database(tmp_path: Path) -> DriverDatabase:
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as opened:
        opened.execute('CREATE TABLE orders (id INTEGER, "Odd ""Name" TEXT, price REAL, day DATE)')
        rows = [(n, None if n % 7 == 0 else f"n{n}", n / 2, "2024-02-29") for n in range(12_000)]
        opened.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", rows)
        opened.execute("CREATE VIEW few AS SELECT id FROM orders WHERE id < 3")
        opened.execute("CREATE TABLE mixed (x INTEGER)")
        opened.execute("INSERT INTO mixed VALUES (1), ('many')")
    return DriverDatabase(SQLITE, Login(str(path), "", "", "", 5, 5))


@pytest.fixture
def engine() -> Iterator[DuckDBEngine]:
    started = DuckDBEngine(threads=1)
    yield started
    started.close()


def test_what_there_is(database: DriverDatabase) -> None:
    assert database.relations() == [("", "few", "View"), ("", "mixed", "Table"), ("", "orders", "Table")]
    scan = database.table_scan("", "orders")
    assert [(c.name, c.type.kind) for c in scan.columns] == [
        ("id", Kind.INT64), ('Odd "Name', Kind.TEXT), ("price", Kind.DOUBLE), ("day", Kind.DATE)
    ]  # fmt: skip
    with pytest.raises(MError, match=r"has no table '\.nothing'"):
        database.table_scan("", "nothing")


def test_all_rows_come_in_batches(database: DriverDatabase, engine: DuckDBEngine) -> None:
    found = rows_of(engine, database.table_scan("", "orders"))
    assert found == [(n, None if n % 7 == 0 else f"n{n}", n / 2, date(2024, 2, 29)) for n in range(12_000)]
    sizes = [batch.num_rows for batch in database.reader(database.table_scan("", "orders"), 65_536)]
    assert sizes == [5000, 5000, 2000]


def test_columns_and_first_rows_are_chosen_there_and_the_rest_is_done_here(
    database: DriverDatabase, engine: DuckDBEngine
) -> None:
    scan = database.table_scan("", "orders")
    few = Slice(select(scan, [scan.columns[2], scan.columns[0]]), 0, 3)
    assert rows_of(engine, few) == [(0.0, 0), (0.5, 1), (1.0, 2)]
    (fragment, _) = engine.explain(few)
    assert fragment.sql == 'SELECT "price", "id" FROM "orders" LIMIT 3'
    assert fragment.label.startswith("query of SQLite")
    kept = Filter(scan, call("=", ref(scan, "id"), Literal(5, INT64)))
    assert rows_of(engine, select(kept, [scan.columns[0]])) == [(5,)]
    assert "WHERE" not in engine.explain(kept)[0].sql
    last = Slice(Sort(scan, (SortKey(ref(scan, "id"), descending=True),)), 0, 1)
    assert "LIMIT" not in engine.explain(last)[0].sql
    assert rows_of(engine, last)[0][0] == 11_999
    assert "LIMIT" not in engine.explain(Slice(scan, 5, 1))[0].sql


def test_a_cell_of_another_type(database: DriverDatabase, engine: DuckDBEngine) -> None:
    with pytest.raises(MError, match="holds a value that is no int64") as caught:
        engine.table(database.table_scan("", "mixed"))
    assert caught.value.reason == "DataFormat.Error" and "many" not in str(caught.value)


def test_errors_of_the_driver(tmp_path: Path, database: DriverDatabase) -> None:
    with pytest.raises(MError, match=r"could not run the statement \(OperationalError\)") as caught:
        list(database.chunks("SELECT * FROM no_table"))
    assert caught.value.detail == "no such table: no_table"
    nowhere = DriverDatabase(SQLITE, Login(str(tmp_path / "no" / "canary.db"), "", "", "canary", 5, 5))
    with pytest.raises(MError, match="could not be reached") as caught:
        list(nowhere.chunks("SELECT 1"))
    assert "canary" not in f"{caught.value.detail} {Login('s', 'd', 'u', 'canary', 1, 1)!r}"


def test_a_driver_that_is_not_installed() -> None:
    missing = Dialect("Some", "", Driver("no_such_driver", "some-driver"), lambda *_: None, "", "")
    with pytest.raises(MError) as caught:
        list(DriverDatabase(missing, Login("s", "", "", "", 1, 1)).chunks("SELECT 1"))
    assert caught.value.reason == "DataSource.MissingClientLibrary" and "some-driver" in caught.value.hint


FIRST_ROWS = {
    "MySQL": (mysql(), "SELECT `n` FROM `s`.`t` LIMIT 5"),
    "SQL Server": (sql_server(), "SELECT TOP 5 [n] FROM [s].[t]"),
    "Oracle": (others()["Oracle"], 'SELECT "n" FROM "s"."t" FETCH FIRST 5 ROWS ONLY'),
    "DB2": (others()["DB2"], 'SELECT "n" FROM "s"."t" FETCH FIRST 5 ROWS ONLY'),
    "Teradata": (others()["Teradata"], 'SELECT TOP 5 "n" FROM "s"."t"'),
    "SAP HANA": (others()["SapHana"], 'SELECT "n" FROM "s"."t" LIMIT 5'),
    "Informix": (others()["Informix"], 'SELECT "n" FROM "s"."t"'),
    "Sybase": (others()["Sybase"], "SELECT TOP 5 [n] FROM [s].[t]"),
    "ODBC": (ODBC, 'SELECT "n" FROM "s"."t"'),
}


@pytest.mark.parametrize("name", FIRST_ROWS)
def test_first_rows_in_each_dialect(name: str) -> None:
    dialect, expected = FIRST_ROWS[name]
    login = Login("server", "db", "u", "p", 1, 1)
    database = OdbcDatabase(dialect, login) if dialect is ODBC else DriverDatabase(dialect, login)
    scan = DatabaseScan(database, TableName("s", "t"), (Column("n", "N", INT64),), ("n",), ("int",), None)
    placed = place(apply_passes(Slice(scan, 0, 5)))
    (fetched,) = [node for node in placed.walk() if isinstance(node, Fetch)]
    assert database.sql(fetched.plan) == expected


@pytest.mark.parametrize(
    ("native", "precision", "scale", "expected"),
    [
        ("int", 10, 0, INT64), ("BIGINT", None, None, INT64), ("tinyint", 3, 0, INT64), ("year", None, None, INT64),
        ("bigint unsigned", 20, 0, DataType(Kind.DECIMAL, precision=20, scale=0)), ("double", 22, None, DOUBLE),
        ("decimal", 10, 2, DataType(Kind.DECIMAL, precision=10, scale=2)), ("NUMBER", None, None, DOUBLE),
        ("decimal(19,4)", None, None, DataType(Kind.DECIMAL, precision=19, scale=4)), ("numeric", 60, 2, DOUBLE),
        ("varchar", 5, None, TEXT), ("datetime2", None, None, DATETIME), ("datetimeoffset", None, None, DATETIMEZONE),
        ("date", None, None, DATE), ("time", None, None, TIME), ("bit varying", None, None, TEXT),
        ("boolean", None, None, LOGICAL), ("TIMESTAMP(6) WITH TIME ZONE", None, None, DATETIMEZONE),
        ("varbinary", 8, None, DataType(Kind.BINARY)), ("INTERVAL DAY TO SECOND", None, None, TEXT),
        ("point", None, None, TEXT),
    ],
)  # fmt: skip
def test_types(native: str, precision: int | None, scale: int | None, expected: DataType) -> None:
    assert plan_type(native, precision, scale) == expected


@pytest.mark.parametrize(
    ("of", "cell", "expected"),
    [
        (TIME, timedelta(hours=1, microseconds=5), 36_000_000_050), (TIME, time(1), 36_000_000_000),
        (LOGICAL, b"\x01", True), (LOGICAL, 0, False), (INT64, Decimal(5), 5), (TEXT, b"\xc3\xa9", "é"),
        (DATE, datetime(2024, 1, 1), date(2024, 1, 1)), (DATETIME, date(2024, 1, 1), datetime(2024, 1, 1)),
        (DataType(Kind.DECIMAL, precision=5, scale=2), "1.5", Decimal("1.50")), (DOUBLE, Decimal("0.1"), 0.1),
    ],
)  # fmt: skip
def test_cells(of: DataType, cell: Any, expected: Any) -> None:
    column = Column("x", "X", of)
    assert arrow_columns([(cell,), (None,)], [column])[0].to_pylist() == [expected, None]


@pytest.mark.parametrize(("of", "cell"), [(INT64, 1.5), (TIME, timedelta(days=2)), (DATE, "soon"), (INT64, 2**70)])
def test_cells_that_do_not_fit(of: DataType, cell: Any) -> None:
    with pytest.raises(MError, match="holds a value that is no"):
        arrow_columns([(cell,)], [Column("x", "X", of)])
