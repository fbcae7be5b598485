"""SQL over published tables: what it gives; what it refuses, by the statement and by the engine; limits, cancelling."""

from __future__ import annotations

import threading
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from fastapi.testclient import TestClient
from tests.odata.conftest import publish
from tests.reading.conftest import ROWS
from typer.testing import CliRunner

from headwater.access import SYSTEM, Actor, Via
from headwater.app.reading.sql import SqlLimits
from headwater.app.reading.sql.locked import add_view, locked, query_error
from headwater.app.runtime import Headwater
from headwater.cli.main import app as cli
from headwater.errors import EngineError, HeadwaterError, NotFoundError, UsageError
from headwater.tables import schema

ANSWERS = {
    "select id from shop.orders where id < 3 order by id": [{"id": -10}, {"id": 1}, {"id": 2}],
    "select count(*) n from many": [{"n": ROWS}],
    'select * from "other shop".orders': [{"id": 77}],
    'select "a ""b""" as v from "Odd Name"': [{"v": "x"}],
    "select shop.orders.customer c from shop.orders where shop.orders.id = 4": [{"c": "@x"}],
    "select o.id from SHOP.Orders o where customer = '' ": [{"id": 8}],
    "with a as (select id from shop.orders where id > 8), b as (select id + 1 x from a) select x from b": [{"x": 10}],
    "with recursive r(n) as (select 1 union all select n + 1 from r where n < 3) select max(n) m from r": [{"m": 3}],
    "from shop.orders select id where id = 1": [{"id": 1}],
    "select id from shop.orders where id = 1 union all select id from \"other shop\".orders": [{"id": 1}, {"id": 77}],
    "select paid::varchar p from shop.orders where paid is not null": [{"p": "2024-01-01 09:00:00"}],
    "select typeof(datetime) d, typeof(zoned) z, typeof(time) t from types limit 1":
        [{"d": "TIMESTAMP", "z": "TIMESTAMP WITH TIME ZONE", "t": "BIGINT"}],
    'select "zoned.offset" m from types where "no" = 1': [{"m": -330}],
    "select count(*) n from nothing": [{"n": 0}],
    "select kind, count(*) n from many group by all having n > 28571 order by 1": [
        {"kind": str(kind), "n": 28572} for kind in range(3)],
}  # fmt: skip


@pytest.mark.parametrize("statement", ANSWERS)
def test_a_query_gives(shop: Headwater, statement: str) -> None:
    assert shop.sql.run(SYSTEM, statement).rows.to_pylist() == ANSWERS[statement]


REFUSED = {
    "": "sql.statement",
    "selec 1": "sql.statement",
    "select 1; select 2": "sql.statement",
    "drop table shop.orders": "sql.statement",
    "create table x as select 1": "sql.statement",
    "copy shop.orders to 'x.csv'": "sql.statement",
    "copy (select 1) to 'x.csv'": "sql.statement",
    "attach 'x.db'": "sql.statement",
    "set memory_limit = '1GB'": "sql.statement",
    "pragma version": "sql.statement",
    "install httpfs": "sql.statement",
    "load httpfs": "sql.statement",
    "export database 'x'": "sql.statement",
    "call pragma_version()": "sql.statement",
    "explain select 1": "sql.statement",
    "with x as (delete from shop.orders returning *) select * from x": "sql.refused",
    "select * into y from shop.orders": "sql.refused",
    "select ? ": "sql.refused",
    "select * from read_csv('/etc/passwd')": "sql.refused",
    "select * from read_parquet('x')": "sql.refused",
    "select * from read_text('/etc/passwd')": "sql.refused",
    "select * from glob('/*')": "sql.refused",
    "select * from sniff_csv('x')": "sql.refused",
    "select * from duckdb_settings()": "sql.refused",
    "select * from query('select 1')": "sql.refused",
    "select * from query_table('x')": "sql.refused",
    "select * from shop.orders, lateral read_csv('/etc/passwd')": "sql.refused",
    "select (select count(*) from read_csv('/etc/passwd'))": "sql.refused",
    "select read_text('/etc/passwd')": "sql.refused",
    "select current_setting('allowed_paths')": "sql.refused",
    "select system.main.current_setting('allowed_paths')": "sql.refused",
    "select 'allowed_paths'.current_setting()": "sql.refused",
    "select getvariable('x')": "sql.refused",
    "select getenv('HOME')": "sql.refused",
    "select pg_get_viewdef(1)": "sql.refused",
    "select sleep_ms(10000)": "sql.refused",
    'select * from memory.main."table 1", shop.orders': "sql.refused",
    "select * from '/etc/passwd'": "not_found",
    "select * from duckdb_settings": "not_found",
    "select * from sqlite_master": "not_found",
    "select * from information_schema.tables": "not_found",
    "select * from shop.nope": "not_found",
    "select * from main.orders": "not_found",
    "select * from orders": "not_found",
    "with duckdb_views as (select * from duckdb_views) select * from duckdb_views": "sql.query",
    "select zz from shop.orders": "sql.query",
    "select customer::int from shop.orders": "sql.value",
    "select error(customer) from shop.orders": "sql.value",
}


@pytest.mark.parametrize("statement", REFUSED)
def test_what_is_no_query_of_tables_is_refused(shop: Headwater, statement: str) -> None:
    with pytest.raises(HeadwaterError) as caught:
        shop.sql.run(SYSTEM, statement)
    assert caught.value.code == REFUSED[statement]
    # No path, and nothing that stands in a cell.
    assert str(shop.home.path) not in str(caught.value) and "=1+1" not in str(caught.value)


def test_a_table_that_may_not_be_read_is_not_there(shop: Headwater) -> None:
    nobody = Actor("00000000-0000-4000-8000-00000000beef", "nobody", Via.TOKEN)
    for statement in ("select * from shop.orders", "select 1 where exists (select * from shop.many)"):
        with pytest.raises(NotFoundError):
            shop.sql.run(nobody, statement)


def test_tables_of_one_dataflow_are_of_one_refresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = '[dataflow]\nname = "f"\nload = ["t", "u"]\n'

    def published(app: Headwater, number: int) -> None:
        queries = dict.fromkeys(("t", "u"), f"#table(type table [n = Int64.Type], {{{{{number}}}}})")
        publish(app, tmp_path / "f", settings, queries)

    with Headwater.open(tmp_path / "home", create=True) as app:
        published(app, 1)
        listing, opening, opened = app.tables.list, app.reading.open, list[str]()

        def open_with_a_refresh_between(*arguments: object, **named: object) -> object:
            opened.append("one")
            if len(opened) == 2:
                published(app, 2)
            return opening(*arguments, **named)  # type: ignore[arg-type]

        monkeypatch.setattr(app.reading, "open", open_with_a_refresh_between)
        rows = app.sql.run(SYSTEM, "select t.n, u.n as m from f.t cross join f.u").rows.to_pylist()
        assert rows == [{"n": 1, "m": 1}]
        assert listing(SYSTEM)[0].delta_version == 1


class TestTheEngineItself:
    """Were a statement to get by, the engine would still give nothing."""

    @pytest.fixture
    def connection(self, shop: Headwater, tmp_path: Path) -> duckdb.DuckDBPyConnection:
        opened = shop.reading.open(SYSTEM, "shop", "orders")
        connection = locked(opened.scan.paths, "500MB", tmp_path, "1GB")
        add_view(connection, "table 1", opened.scan.paths, schema(opened.table.path, opened.version))
        return connection

    def test_it_reads_the_files_it_was_given(self, connection: duckdb.DuckDBPyConnection) -> None:
        assert connection.sql('select count(*) from "table 1"').fetchall() == [(10,)]

    @pytest.mark.parametrize(
        "statement",
        [
            "select * from read_text('/etc/hostname')",
            "select * from read_csv('/etc/passwd')",
            "select * from glob('/etc/*')",
            "copy (select 1) to '/tmp/headwater-sql-escape.csv'",
            "attach '/tmp/headwater-sql-escape.db' as x",
            "install httpfs",
            "load httpfs",
            "set enable_external_access = true",
            "set memory_limit = '100GB'",
            "set allowed_paths = ['/etc/passwd']",
            "select * from statement",
        ],
    )
    def test_and_nothing_else(self, connection: duckdb.DuckDBPyConnection, statement: str) -> None:
        with pytest.raises(duckdb.Error):
            connection.execute(statement).fetchall()

    def test_an_error_tells_no_path_and_no_value(self, tmp_path: Path) -> None:
        for kind in (duckdb.IOException, duckdb.PermissionException, duckdb.ConversionException):
            assert "secret" not in str(query_error(kind("/secret/path")))


class TestLimits:
    ENDLESS = "select count(*) from many a, many b where md5(a.kind || b.id) = 'x'"

    def test_rows(self, shop: Headwater) -> None:
        result = shop.sql.run(SYSTEM, "select id from many order by id", SqlLimits(rows=100))
        assert (result.rows["id"].to_pylist(), result.truncated) == (list(range(100)), True)
        assert not shop.sql.run(SYSTEM, "select id from many limit 100", SqlLimits(rows=100)).truncated
        assert shop.sql.run(SYSTEM, "select id from many", SqlLimits(rows=None)).rows.num_rows == ROWS

    def test_seconds(self, shop: Headwater) -> None:
        with pytest.raises(EngineError) as caught:
            shop.sql.run(SYSTEM, self.ENDLESS, SqlLimits(seconds=0.3))
        assert caught.value.code == "sql.seconds"

    def test_memory(self, shop: Headwater) -> None:
        limits = SqlLimits(memory="40MB", disk="1MB")
        with pytest.raises(EngineError) as caught:
            shop.sql.run(SYSTEM, "select list(a.id || b.kind) from many a, (select kind from many limit 99) b", limits)
        assert caught.value.code == "engine.memory"

    @pytest.mark.parametrize("before", [True, False])
    def test_cancelling(self, shop: Headwater, before: bool) -> None:
        query = shop.sql.prepare(SYSTEM, self.ENDLESS)
        timer = threading.Timer(0.0 if before else 0.5, query.cancel)
        timer.start()
        if before:
            timer.join()
        with pytest.raises(EngineError) as caught:
            query.run()
        assert caught.value.code == "sql.cancelled"


class TestOverHttp:
    def test_rows_as_json(self, client: TestClient) -> None:
        statement = "select id, customer, 9007199254740993 as big from shop.orders where id > 7 order by id"
        answer = client.post("/api/sql", json={"statement": statement, "rows": 1})
        assert answer.json() == {
            "columns": [
                {"name": "id", "type": "int64"},
                {"name": "customer", "type": "string"},
                {"name": "big", "type": "int64"},
            ],
            "rows": [[8, "", "9007199254740993"]],
            "truncated": True,
        }
        assert answer.headers["headwater-truncated"] == "true"

    def test_rows_as_arrow(self, client: TestClient) -> None:
        headers = {"Accept": "application/vnd.apache.arrow.stream"}
        answer = client.post("/api/sql", json={"statement": "select id from many", "rows": 1_000_000}, headers=headers)
        assert pa.ipc.open_stream(answer.content).read_all()["id"].to_pylist() == list(range(ROWS))

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({"statement": "drop table x"}, 400, "sql.statement"),
            ({"statement": "select * from nope"}, 404, "not_found"),
            ({"statement": ""}, 422, "request.invalid"),
            ({"statement": "select 1", "rows": 0}, 422, "request.invalid"),
            ({}, 422, "request.invalid"),
        ],
    )
    def test_errors(self, client: TestClient, body: dict[str, object], status: int, code: str) -> None:
        answer = client.post("/api/sql", json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)

    def test_what_is_read_is_on_record(self, client: TestClient, shop: Headwater) -> None:
        client.post("/api/sql", json={"statement": 'select * from shop.orders, "other shop".orders'})
        newest = [event for event in shop.audit.events(SYSTEM).events if event.event == "table.read"][:2]
        assert {event.target for event in newest} == {"table:shop/orders", "table:other shop/orders"}
        assert {event.details["format"] for event in newest} == {"sql"}


class TestCommand:
    def run(self, shop: Headwater, *words: str) -> tuple[int, str]:
        result = CliRunner().invoke(cli, ["sql", *words, "--home", str(shop.home.path)])
        return result.exit_code, result.stdout

    def test_formats(self, shop: Headwater, tmp_path: Path) -> None:
        statement = "select id, customer from shop.orders where id in (1, 9) order by id"
        assert self.run(shop, statement, "--format", "csv") == (0, "id,customer\n1,'=1+1\n9,\n")
        assert self.run(shop, statement, "--format", "json")[1].splitlines()[0] == '{"id":1,"customer":"=1+1"}'
        assert "=1+1" in self.run(shop, statement)[1]
        target = tmp_path / "out.arrow"
        assert self.run(shop, statement, "--format", "arrow", "--out", str(target))[0] == 0
        assert pa.ipc.open_file(target.read_bytes()).read_all()["id"].to_pylist() == [1, 9]

    def test_tables(self, shop: Headwater) -> None:
        assert '"other shop"."orders"\tid int64' in self.run(shop, "--tables")[1]

    @pytest.mark.parametrize("words", [(), ("select 1", "--format", "xml"), ("select 1", "--format", "arrow")])
    def test_what_is_wrong_is_said(self, shop: Headwater, words: tuple[str, ...]) -> None:
        result = CliRunner().invoke(cli, ["sql", *words, "--home", str(shop.home.path)])
        assert isinstance(result.exception, UsageError)
