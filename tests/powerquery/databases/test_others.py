"""Delta tables, row drivers as M sees them, and functions of services that cannot be had."""

from __future__ import annotations

import datetime as dt
import sqlite3
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from tests.engines.test_dbapi import SQLITE

from headwater.engines.dbapi import DriverDatabase, Login
from headwater.errors import MError
from headwater.powerquery import evaluate, to_text
from headwater.powerquery.api import explain
from headwater.powerquery.connections import Connection, Connections, UsernamePassword
from headwater.powerquery.evaluator.session import Session
from headwater.powerquery.library.data.databases.odbc import connection_text
from headwater.powerquery.library.data.databases.rows import browsed, constant_text, m_value, queried
from headwater.powerquery.library.data.unavailable import UNAVAILABLE
from headwater.powerquery.values.core import Record
from headwater.powerquery.values.times import Date, DateTime
from headwater.secret import Secret


@pytest.fixture
def delta(tmp_path: Path) -> Path:
    rows = pa.table({"a": pa.array([1, 2, 3], pa.int32()), "b": ["x", "y/z q", None], "d": [dt.date(2024, 1, 1)] * 3})
    write_deltalake(str(tmp_path / "parted"), rows, partition_by=["b", "d"])
    write_deltalake(str(tmp_path / "parted"), rows.slice(0, 1), mode="append")
    write_deltalake(str(tmp_path / "plain"), rows)
    (tmp_path / "empty").mkdir()
    return tmp_path


def m(text: str, folder: Path) -> str:
    return to_text(evaluate(text.replace("DIR", str(folder)), folders=[folder]))


DELTA = {
    'List.Sort(DeltaLake.Table(Folder.Contents("DIR/parted"))[a])': "{1, 1, 2, 3}",
    'Table.SelectRows(DeltaLake.Table(Folder.Files("DIR/parted")), each [b] = "y/z q")': (
        "#table(type table [a = nullable Int64.Type, b = nullable text, d = nullable date],"
        ' {{2, "y/z q", #date(2024, 1, 1)}})'),
    'DeltaLake.Table(Folder.Contents("DIR/parted"), [Version = 0])[a]': "{1, 3, 2}",
    'DeltaLake.Table(Folder.Contents("DIR/plain"))[b]': '{"x", "y/z q", null}',
    'DeltaLake.Metadata(DeltaLake.Table(Folder.Contents("DIR/parted")))[Version]': "{1, 0}",
}  # fmt: skip


@pytest.mark.parametrize("text", DELTA)
def test_delta_tables(delta: Path, text: str) -> None:
    found = m(text, delta)
    assert found == DELTA[text] or sorted(found) == sorted(DELTA[text])


def test_steps_over_a_delta_table_fold(delta: Path) -> None:
    session = Session(folders=[delta])
    text = f'Table.SelectRows(DeltaLake.Table(Folder.Contents("{delta}/plain")), each [a] > 1)'
    explained = explain(evaluate(text, session=session), session)
    assert explained.plan is not None and not explained.unfolded


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('DeltaLake.Table(Folder.Contents("DIR/empty"))', "no Delta Lake table"),
        ('DeltaLake.Table(Folder.Contents("DIR"))', "no Delta Lake table"),
        ('DeltaLake.Table(Folder.Contents("DIR/plain"), [Version = 9])', "no version 9"),
        ('DeltaLake.Table(Folder.Contents("DIR/plain"), [Older = 1])', "'Older' is no option of DeltaLake.Table"),
        ('DeltaLake.Table(#table({"Name"}, {}))', "no Delta Lake table"),
        ('DeltaLake.Table(#table({"Name", "Folder Path"}, {{"_delta_log", "/elsewhere/"}}))', "not been granted"),
        ("DeltaLake.Metadata(#table({}, {}))", "not what DeltaLake.Table gave"),
    ],
)
def test_delta_errors(delta: Path, text: str, said: str) -> None:
    with pytest.raises(MError, match=said):
        m(text, delta)


@pytest.mark.parametrize("name", [one.name for one in UNAVAILABLE])
def test_what_cannot_be_had_says_what_to_use_instead(name: str) -> None:
    (one,) = [one for one in UNAVAILABLE if one.name == name]
    function = evaluate(name)
    with pytest.raises(MError) as caught:
        function.origin.implementation()
    assert caught.value.reason == "DataSource.NotFound" and caught.value.hint == one.instead
    assert name in caught.value.message


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("LimitClauseKind.AnsiSql2008", 4), ("SapHanaDistribution.All", 3), ("SapHanaRangeOperator.Between", 6),
        ("SapBusinessWarehouseExecutionMode.DataStream", 66), ("ODataOmitValues.Nulls", "nulls"),
    ],
)  # fmt: skip
def test_enumerations(text: str, value: object) -> None:
    assert evaluate(text) == value


def test_a_row_driver_as_m_sees_it(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as opened:
        opened.execute("CREATE TABLE orders (id INTEGER, name TEXT)")
        opened.execute("INSERT INTO orders VALUES (1, 'a'), (2, NULL)")
    source = DriverDatabase(SQLITE, Login(str(path), "", "", "", 5, 5))
    session = Session()
    session.environment = {"S": browsed(session, source, hierarchical=False)}

    def text(expression: str) -> str:
        return to_text(evaluate(expression, session=session))

    assert text("S[Name]") == '{"orders"}'
    assert text('Table.SelectRows(S{[Item="orders"]}[Data], each [name] = null)[id]') == "{2}"
    assert text('Value.NativeQuery(S, "select id from orders where name = ?", {"a"})[id]') == "{1}"
    assert text('Value.NativeQuery(S, "select @n as n", [n = "it\'s"])[n]') == '{"it\'s"}'
    assert text('Table.ColumnNames(Value.NativeQuery(S, "select 1 as a, 2 as b where 1 = 0"))') == '{"a", "b"}'
    with pytest.raises(MError, match="one name"):
        queried(source, "select 1 as a, 2 as a")


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, "NULL"), (True, "1"), (5, "5"), ("it's", "'it''s'"), (Date.of(2024, 2, 29), "'2024-02-29'"),
     (DateTime.of(2024, 2, 29, 1, 2, 3), "'2024-02-29 01:02:03'")],
)  # fmt: skip
def test_constants(value: object, expected: str) -> None:
    assert constant_text(value) == expected


def test_constants_that_a_dialect_could_read_otherwise() -> None:
    with pytest.raises(MError):
        constant_text("a\\")


def test_values_of_a_driver() -> None:
    zoned = dt.datetime(2024, 1, 1, 2, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    assert m_value(dt.datetime(2024, 2, 29)) == DateTime.of(2024, 2, 29, 0, 0, 0)
    assert m_value(zoned).local == DateTime.of(2024, 1, 1, 2, 0, 0)
    assert to_text(m_value(dt.timedelta(days=1))) == "#duration(1, 0, 0, 0)"
    assert m_value(dt.date(2024, 2, 29)) == Date.of(2024, 2, 29) and m_value(b"x") == b"x"


def test_connection_strings() -> None:
    assert connection_text(Record.of({"DSN": "sales", "Trusted": True})) == "dsn=sales;trusted=true;"
    assert connection_text("driver={X};server=s") == "driver={X};server=s"
    with pytest.raises(MError, match="holds a credential"):
        connection_text("dsn=sales;PWD=x")


MISSING = {
    'Oracle.Database("s")': "oracledb", 'DB2.Database("s", "d")': "ibm-db", 'Informix.Database("s", "d")': "IfxPy",
    'Sybase.Database("s", "d")': "sqlanydb", 'Teradata.Database("s")': "teradatasql", 'SapHana.Database("s")': "hdbcli",
    'Odbc.DataSource("dsn=x")': "pyodbc", 'Odbc.Query("dsn=x", "select 1")': "pyodbc",
    'Odbc.InferOptions([dsn = "x"])': "pyodbc",
}  # fmt: skip


@pytest.mark.parametrize("text", MISSING)
def test_drivers_that_are_not_installed(text: str) -> None:
    from importlib.util import find_spec

    module = {"ibm-db": "ibm_db_dbi", "IfxPy": "IfxPyDbi"}.get(MISSING[text], MISSING[text])
    if find_spec(module) is not None:
        pytest.skip("the driver is installed")
    kind = text[: text.index(".")]
    known = Connections([Connection(kind, "", UsernamePassword("ann", Secret("canary")))])
    with pytest.raises(MError) as caught:
        evaluate(text, session=Session(connections=known))
    assert caught.value.reason == "DataSource.MissingClientLibrary" and MISSING[text] in caught.value.hint


@pytest.mark.parametrize("text", ['MySQL.Database("127.0.0.1:1", "d"){0}'])
def test_a_server_that_is_not_there(text: str) -> None:
    known = Connections([Connection("MySql", "127.0.0.1:1;d", UsernamePassword("ann", Secret("canary")))])
    with pytest.raises(MError, match="could not be reached") as caught:
        evaluate(text, session=Session(connections=known))
    assert "canary" not in f"{caught.value!r} {vars(caught.value)}"
