"""A PostgreSQL database as a source of data: a real server, reached at a port."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing

import pytest
from tests.engines.postgresql_server import Server
from tests.workspaces.data_source_contract import CANARY, DataSourceContract, ExpectedData
from tests.workspaces.postgresql.relay import relayed

from headwater.engines.postgresql import table_scan
from headwater.errors import HeadwaterError, UnreachableError, UsageError, WorkspaceError
from headwater.workspaces import make_credential
from headwater.workspaces.base import DataAssetInfo
from headwater.workspaces.postgresql import PostgreSQLSource
from headwater.workspaces.postgresql.configuration import PostgreSQLConfiguration
from headwater.workspaces.samples import MOST_BYTES

ANN = make_credential("basic", {"username": "postgres"}, "not asked for")
TABLES = """
CREATE SCHEMA "data shop";
COMMENT ON SCHEMA "data shop" IS 'What is sold.';
CREATE TABLE "data shop"."Orders" (
    id bigint, line integer, customer varchar(40), price numeric(10,2), at timestamptz, "a.b" text[],
    PRIMARY KEY (id, line)
);
COMMENT ON TABLE "data shop"."Orders" IS 'One row a line.';
COMMENT ON COLUMN "data shop"."Orders".price IS 'Without tax.';
INSERT INTO "data shop"."Orders" VALUES
    (1, 1, 'ann', 1.5, '2026-01-01 00:00+00', '{x}'), (1, 2, 'ann', 2, NULL, NULL), (2, 1, 'bo', NULL, NULL, NULL);
CREATE VIEW "data shop".totals AS SELECT id, sum(price) AS total FROM "data shop"."Orders" GROUP BY id;
CREATE TABLE "data shop".by_year (year int, text text) PARTITION BY LIST (year);
CREATE TABLE "data shop".by_year_2026 PARTITION OF "data shop".by_year FOR VALUES IN (2026);
CREATE SCHEMA private;
CREATE TABLE private.secrets (canary text);
CREATE ROLE reader LOGIN;
GRANT USAGE ON SCHEMA "data shop" TO reader;
GRANT SELECT ON "data shop"."Orders" TO reader;
ANALYZE "data shop"."Orders";
"""


@pytest.fixture(scope="module")
def server(postgresql_folder: str) -> Iterator[Server]:
    found = Server(postgresql_folder)
    found.run('CREATE DATABASE "shop"')
    yield found
    found.writer.close()


@pytest.fixture(scope="module")
def port(server: Server) -> Iterator[int]:
    with relayed(server.folder) as port, closing(_connected(port)) as connection:
        with connection.cursor() as cursor:
            for statement in TABLES.split(";\n"):
                if statement.strip():
                    cursor.execute(statement)
        yield port


def _connected(port: int):  # type: ignore[no-untyped-def]  # the driver's own
    from adbc_driver_postgresql import dbapi

    return dbapi.connect(f"postgresql://postgres@127.0.0.1:{port}/shop", autocommit=True)


@pytest.fixture
def source(port: int) -> Iterator[PostgreSQLSource]:
    with closing(PostgreSQLSource(f"postgresql://127.0.0.1:{port}/shop", credential=ANN)) as source:
        yield source


def listed(source: PostgreSQLSource) -> dict[str, DataAssetInfo]:
    home = source.test().qualified_name
    return {found.qualified_name.removeprefix(home): found for found in source.list_data_assets()}


class TestContract(DataSourceContract):
    @pytest.fixture
    def expected_data(self, port: int) -> ExpectedData:
        home = f"postgres://127.0.0.1:{port}/shop"
        names = ("", ".data shop", ".data shop.Orders", ".data shop.totals", ".data shop.by_year")
        return ExpectedData(
            factory=PostgreSQLSource,
            kind="postgresql",
            url=f"postgresql://127.0.0.1:{port}/shop",
            home=home,
            names=frozenset(home + name for name in (*names, ".private", ".private.secrets")),
            table=f"{home}.data shop.Orders",
            columns=(
                ("id", "bigint"),
                ("line", "integer"),
                ("customer", "character varying(40)"),
                ("price", "numeric(10,2)"),
                ("at", "timestamp with time zone"),
                ("a.b", "text[]"),
            ),
            rows=3,
            holder=f"{home}.data shop",
            foreign=(f"{home}.pg_catalog.pg_authid", f"{home}.information_schema.tables"),
            gone=f"postgresql://127.0.0.1:{port}/no such database",
            credential=ANN,
        )


def test_tables_views_comments_keys_and_estimates(source: PostgreSQLSource) -> None:
    found = listed(source)
    orders = found[".data shop.Orders"]
    assert (orders.kind, orders.description, orders.primary_key) == ("table", "One row a line.", ("id", "line"))
    assert orders.column_descriptions == {"price": "Without tax."}
    assert orders.rows == 3 and orders.size and orders.parent == found[".data shop"].qualified_name
    assert found[".data shop"].description == "What is sold." and found[".data shop"].columns is None
    totals = found[".data shop.totals"]
    assert (totals.kind, totals.columns) == ("view", (("id", "bigint"), ("total", "numeric")))
    # Never analysed: nothing is known, and nothing is counted.
    assert found[".private.secrets"].rows is None


def test_a_table_has_the_name_that_m_gives_it(source: PostgreSQLSource, server: Server, port: int) -> None:
    from headwater.engines.postgresql import Login, PostgreSQLDatabase

    database = PostgreSQLDatabase(f"127.0.0.1:{port}", "shop", Login("postgres", ""))
    scan = table_scan(database, "data shop", "Orders")
    assert scan.source is not None and scan.source.uri in {found.qualified_name for found in source.list_data_assets()}


def test_only_what_the_credential_may_read(port: int) -> None:
    reader = make_credential("basic", {"username": "reader"}, "x")
    with closing(PostgreSQLSource(f"postgresql://127.0.0.1:{port}/shop", credential=reader)) as source:
        assert set(listed(source)) == {"", ".data shop", ".data shop.Orders"}


def test_a_sample_of_a_table_and_of_a_view(source: PostgreSQLSource) -> None:
    home = source.test().qualified_name
    rows = source.sample(f"{home}.data shop.Orders", 2).to_pylist()
    assert [(row["id"], row["line"], row["customer"]) for row in rows] == [(1, 1, "ann"), (1, 2, "ann")]
    assert source.sample(f"{home}.data shop.totals", 5).num_rows == 2


def test_a_sample_fits_its_bound(source: PostgreSQLSource, port: int) -> None:
    with closing(_connected(port)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE private.wide AS SELECT repeat('x', 4000000) AS text FROM generate_series(1, 12)")
    try:
        sample = source.sample(f"{source.test().qualified_name}.private.wide", 12)
        assert 0 < sample.num_rows < 12 and sample.nbytes <= MOST_BYTES
    finally:
        with closing(_connected(port)) as connection, connection.cursor() as cursor:
            cursor.execute("DROP TABLE private.wide")


def test_nothing_is_written_and_nothing_waits_for_ever(port: int) -> None:
    with closing(_connected(port)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE SEQUENCE private.counter")
        cursor.execute("CREATE VIEW private.writes AS SELECT nextval('private.counter') AS n")
        cursor.execute("CREATE VIEW private.sleeps AS SELECT pg_sleep(30)::text AS n")
    url = f"postgresql://127.0.0.1:{port}/shop"
    try:
        with closing(PostgreSQLSource(url, credential=ANN, statement_seconds=1)) as source:
            home = source.test().qualified_name
            for name in ("writes", "sleeps"):
                with pytest.raises(WorkspaceError):
                    source.sample(f"{home}.private.{name}", 1)
    finally:
        with closing(_connected(port)) as connection, connection.cursor() as cursor:
            cursor.execute("DROP VIEW private.writes, private.sleeps")
            cursor.execute("DROP SEQUENCE private.counter")


def test_who_does_not_answer_is_unreachable() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"postgresql://127.0.0.1:{held.getsockname()[1]}/shop"
        credential = make_credential("basic", {"username": "ann"}, CANARY)
        with closing(PostgreSQLSource(url, credential=credential)) as source:
            for ask in (source.test, source.list_data_assets, lambda: source.sample("x", 1)):
                with pytest.raises(UnreachableError) as caught:
                    ask()
                assert CANARY not in str(caught.value.to_dict())


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:canary@db/shop",
        "postgresql://ann@db/shop",
        "postgresql://db/shop?host=10.0.0.1",
        "postgresql://db/shop?sslmode=disable",
        "postgresql://db",
        "postgresql:///shop",
        "postgresql://db/a%26b",
        "postgresql://db/a/b",
        "postgresql://db:port/shop",
        "mysql://db/shop",
        "shop",
    ],
)
def test_what_is_no_database(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        PostgreSQLConfiguration.from_url(url)
    assert "canary" not in str(caught.value.to_dict())


def test_its_address_is_an_administrators_to_name() -> None:
    found = PostgreSQLSource.destination("postgres://DB.example.com/shop")
    assert (found.path, found.origin, found.public) == (
        "postgresql://db.example.com:5432/shop",
        "postgresql://db.example.com:5432",
        False,
    )


def test_an_unknown_person_is_told_so(port: int) -> None:
    nobody = make_credential("basic", {"username": "nobody here"}, CANARY)
    with closing(PostgreSQLSource(f"postgresql://127.0.0.1:{port}/shop", credential=nobody)) as source:
        with pytest.raises(HeadwaterError) as caught:
            source.test()
    assert "credential" in caught.value.message and not isinstance(caught.value, UnreachableError)
    assert CANARY not in str(caught.value.to_dict())
