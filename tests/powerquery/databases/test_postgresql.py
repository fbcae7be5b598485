"""PostgreSQL.Database and Value.NativeQuery over a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.engines.postgresql_server import Server, running

from headwater.errors import HeadwaterError, MError
from headwater.powerquery import evaluate, to_text
from headwater.powerquery.api import explain
from headwater.powerquery.connections import Connection, Connections, Key, UsernamePassword
from headwater.powerquery.evaluator.session import Session
from headwater.secret import Secret


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    for started in running():
        started.run(
            "CREATE TABLE orders (id int PRIMARY KEY, customer text, price numeric(10, 2), value double precision)",
            "INSERT INTO orders SELECT g, CASE WHEN g < 9 THEN 'c' || g % 3 END, g * 1.5, g * 0.5"
            " FROM generate_series(1, 9) g",
            "CREATE TABLE customers (name text, city text)",
            "INSERT INTO customers VALUES ('c0', 'Oslo'), ('c1', 'Bergen'), (NULL, 'Nowhere')",
            "CREATE VIEW cheap AS SELECT id FROM orders WHERE price < 3",
            "CREATE SCHEMA other",
            'CREATE TABLE other."Odd ""Name" (a int)',
        )
        yield started


class M:
    """M text over the server's database, which it calls ``S``, with its tables ``O`` and ``C``."""

    def __init__(self, server: Server, folders: list[Path] | None = None) -> None:
        login = UsernamePassword("postgres", Secret("canary"))
        known = Connections([Connection("PostgreSQL", server.folder, login)])
        self.session = Session(connections=known, folders=folders or [])
        self.database = f'PostgreSQL.Database("{server.folder}", "postgres"'

    def value(self, text: str) -> object:
        names = 'O = S{[Schema="public",Item="orders"]}[Data], C = S{[Schema="public",Item="customers"]}[Data]'
        return evaluate(f"let S = {self.database}), {names} in {text}", session=self.session)

    def text(self, text: str) -> str:
        return to_text(self.value(text))

    def sql(self, text: str) -> list[str]:
        """The statements that the database gets for a table."""
        fragments = explain(self.value(text), self.session).fragments
        return [fragment.sql for fragment in fragments if fragment.label.startswith("query of PostgreSQL")]


@pytest.fixture
def m(server: Server) -> M:
    return M(server)


def test_navigation(m: M) -> None:
    listed = (
        '{{"other.Odd ""Name", "other", "Odd ""Name", "Table"}, {"public.cheap", "public", "cheap", "View"},'
        ' {"public.customers", "public", "customers", "Table"}, {"public.orders", "public", "orders", "Table"}}'
    )
    assert m.text('Table.ToRows(Table.RemoveColumns(S, {"Data"}))') == listed
    assert m.text('S{[Name="public.cheap"]}[Data][id]') == "{1}"
    assert m.text("Table.ColumnNames(S{0}[Data])") == '{"a"}'


def test_navigation_by_schema(m: M) -> None:
    nested = f"{m.database}, [HierarchicalNavigation = true])"
    assert m.text(f"{nested}[[Name], [Kind]]") == m.text(
        '#table(type table [Name = text, Kind = text], {{"other", "Schema"}, {"public", "Schema"}})'
    )
    assert m.text(f'{nested}{{[Schema="public"]}}[Data]{{[Name="cheap"]}}[Data][id]') == "{1}"


STEPS = {
    "Table.SelectRows(O, each [value] > 1 and [customer] = \"c1\")[id]": ("{4, 7}", ["WHERE"]),
    "Table.SelectColumns(O, {\"id\"})[id]": ("{1, 2, 3, 4, 5, 6, 7, 8, 9}", ['"id"']),
    'Table.Sort(O, {"price", Order.Descending})[id]': ("{9, 8, 7, 6, 5, 4, 3, 2, 1}", ["ORDER BY", "DESC"]),
    'Table.FirstN(Table.Sort(O, {"price", Order.Descending}), 2)[id]': ("{9, 8}", ["LIMIT 2"]),
    'Table.Skip(Table.Sort(O, {"id"}), 7)[id]': ("{8, 9}", ["OFFSET 7"]),
    'List.Sort(Table.Distinct(O, {"customer"})[customer])': ('{null, "c0", "c1", "c2"}', ["DISTINCT"]),
    'Table.Sort(Table.Join(O, "customer", C, "name"), "id")[city]': (
        '{"Bergen", "Oslo", "Bergen", "Oslo", "Bergen", "Nowhere"}', ["JOIN"]),
    'Table.Sort(Table.Group(O, "customer", {{"n", Table.RowCount}, {"s", each List.Sum([value])}}), "customer")'
    "[[n], [s]]": ("", ["GROUP BY", "SUM", "COUNT"]),
    'Table.SelectRows(Table.AddColumn(O, "big", each if [value] > 3 then "yes" else "no"), each [id] > 6)[big]': (
        '{"yes", "yes", "yes"}', ["CASE"]),
}  # fmt: skip


@pytest.mark.parametrize("text", STEPS)
def test_steps_run_in_the_database(m: M, text: str) -> None:
    expected, parts = STEPS[text]
    if expected:
        assert m.text(text) == expected
    table = text.removeprefix("List.Sort(").removesuffix("[customer])")
    table = table if table.endswith(")") else table[: table.rindex(")") + 1]
    (sql,) = m.sql(table)
    assert all(part in sql for part in parts)


def test_groups_have_the_values_of_the_evaluator(m: M) -> None:
    aggregated = '{{"n", Table.RowCount}, {"s", each List.Sum([value])}}'
    found, expected = (
        m.text(f'Table.ToRows(Table.Sort(Table.Group({table}, "customer", {aggregated}), "customer"))')
        for table in ("O", "Table.Buffer(O)")
    )
    assert found == expected


def test_a_table_joins_a_file(server: Server, tmp_path: Path) -> None:
    (tmp_path / "cities.csv").write_text("name,people\nc0,7\nc1,8\n")
    m = M(server, [tmp_path])
    file = f'Table.PromoteHeaders(Csv.Document(File.Contents("{tmp_path}/cities.csv")))'
    joined = f'Table.Join(Table.SelectRows(O, each [id] < 4), "customer", {file}, "name")'
    assert m.text(f'Table.Sort({joined}, "id")[people]') == '{"8", "7"}'
    (sql,) = m.sql(joined)
    assert "WHERE" in sql and "JOIN" not in sql


NATIVE = {
    'Value.NativeQuery(S, "select id from orders where id < 3 order by id")[id]': "{1, 2}",
    'Value.NativeQuery(S, "select id from orders where customer = @c and id > @i;", [c = "c1", i = 4])[id]': "{7}",
    'Value.NativeQuery(S, "select $2 || $1 as x", {"a", "it\'s \\"})[x]': '{"it\'s \\a"}',
    'Value.NativeQuery(S, "select \'@c\' as x -- @c", [c = 1])[x]': '{"@c"}',
    'Table.SelectRows(Value.NativeQuery(S, "select id from orders", null, [EnableFolding = true]), each [id] = 2)[id]':
        "{2}",
}  # fmt: skip


@pytest.mark.parametrize("text", NATIVE)
def test_native_queries(m: M, text: str) -> None:
    assert m.text(text) == NATIVE[text]


def test_steps_become_part_of_a_native_query_only_if_asked(m: M) -> None:
    for option, folded in (("[EnableFolding = true]", True), ("[EnableFolding = false]", False), ("null", False)):
        native = f'Value.NativeQuery(S, "select id from orders", null, {option})'
        (sql,) = m.sql(f"Table.SelectRows({native}, each [id] = 2)")
        assert ("WHERE" in sql) == folded


def test_the_query_option(m: M) -> None:
    assert m.text(f'{m.database}, [Query = "select 1 as a, 2.5 as b"])') == m.text(
        "#table(type table [a = nullable Int64.Type, b = nullable number], {{1, 2.5}})"
    )


ERRORS = {
    'Value.NativeQuery(S, "delete from orders returning id")': "refused the statement",
    'Value.NativeQuery(S, "select 1 as x) as y; drop table orders; --")': "refused the statement",
    'Value.NativeQuery(S, "select 1 as x", [], [Fold = 1])': "'Fold' is no option of Value.NativeQuery",
    'Value.NativeQuery(S, "select @x", [y = 1])': "parameter 'x'",
    'Value.NativeQuery(S, "select 1 as a, 2 as a")': "one name",
    'Value.NativeQuery(1, "select 1")': "aren't supported",
    "DATABASE, [Timeout = 1])": "'Timeout' is no option of PostgreSQL.Database",
    "DATABASE, [CommandTimeout = 1])": "Duration",
    "DATABASE, [CommandTimeout = #duration(0, 0, 0, 0)])": "longer than nothing",
    'DATABASE, [CommandTimeout = #duration(0, 0, 0, 0.2), Query = "select pg_sleep(9) as x"])': "time allowed",
    'PostgreSQL.Database("elsewhere", "db")': "no connection for the data source PostgreSQL 'elsewhere;db'",
}


@pytest.mark.parametrize("text", ERRORS)
def test_errors(m: M, text: str) -> None:
    with pytest.raises(HeadwaterError) as caught:
        m.text(text.replace("DATABASE", m.database))
    assert ERRORS[text] in str(caught.value)
    assert "canary" not in f"{caught.value!r} {vars(caught.value)}"
    assert m.text("Table.RowCount(O)") == "9"


def test_nothing_is_asked_before_a_row_is(server: Server) -> None:
    login = UsernamePassword("ann", Secret("canary"))
    session = Session(connections=Connections([Connection("PostgreSQL", "127.0.0.1:1", login)]))
    text = 'PostgreSQL.Database("127.0.0.1:1", "db")'
    assert to_text(evaluate(f"Table.ColumnNames({text})", session=session)).startswith('{"Name", "Data"')
    with pytest.raises(MError, match="cannot be reached") as caught:
        to_text(evaluate(f"{text}{{0}}", session=session))
    assert "canary" not in f"{caught.value!r} {vars(caught.value)}"


def test_a_credential_of_another_kind(server: Server) -> None:
    session = Session(connections=Connections([Connection("PostgreSQL", "h", Key(Secret("canary")))]))
    with pytest.raises(MError, match="does not take"):
        evaluate('PostgreSQL.Database("h", "db")', session=session)


def test_the_credential_is_nowhere_to_be_seen(m: M) -> None:
    shown = explain(m.value("Table.SelectRows(O, each [id] = 1)"), m.session).to_text()
    assert "canary" not in shown and "public" in shown
