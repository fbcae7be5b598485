"""Tables as files: complete, in order, as they are stored; the rest by a link; CSV that is no formula."""

from __future__ import annotations

import csv
import io
import tracemalloc
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from tests.odata.conftest import BEARER, TOKEN, publish
from tests.reading.conftest import ROWS
from typer.testing import CliRunner

from headwater.access import SYSTEM
from headwater.access.administrator import AdministratorToken
from headwater.app.identity import Identity
from headwater.app.reading.downloads import FORMATS, download
from headwater.app.runtime import Headwater
from headwater.cli.main import app as cli
from headwater.server.application import create_app
from headwater.server.settings import ServerSettings
from headwater.store import tables


def file_of(client: TestClient, table: str, form: str, **query: object) -> bytes:
    more = "".join(f"&{name}={value}" for name, value in query.items())
    answer = client.get(f"/api/tables/shop/{table}/download?format={form}{more}")
    assert answer.status_code == 200, answer.text
    return bytes(answer.content)


def arrow(data: bytes) -> pa.Table:
    return pa.ipc.open_stream(data).read_all()


def stored(shop: Headwater, entity: str) -> pa.Table:
    """What a Delta reader that is not ours finds."""
    from deltalake import DeltaTable

    table = shop.tables.get(SYSTEM, "shop", entity)
    return DeltaTable(str(table.path)).to_pyarrow_table()


@pytest.mark.parametrize("table", ["many", "types", "nothing", "Odd Name"])
def test_arrow_and_parquet_are_what_is_stored(client: TestClient, shop: Headwater, table: str) -> None:
    there = stored(shop, table)
    found = arrow(file_of(client, table, "arrow"))
    assert found.schema.names == there.schema.names
    assert found.cast(there.schema).equals(there.combine_chunks()) or found.to_pylist() == there.to_pylist()
    parquet = pq.read_table(io.BytesIO(file_of(client, table, "parquet")))
    assert parquet.to_pylist() == found.to_pylist()


def test_other_tools_read_the_files(client: TestClient, tmp_path: Path) -> None:
    (tmp_path / "many.parquet").write_bytes(file_of(client, "many", "parquet"))
    (tmp_path / "many.csv").write_bytes(file_of(client, "many", "csv"))
    assert pl.read_parquet(tmp_path / "many.parquet")["id"].to_list() == list(range(ROWS))
    assert pd.read_csv(tmp_path / "many.csv")["id"].sum() == ROWS * (ROWS - 1) // 2
    assert duckdb.read_csv(str(tmp_path / "many.csv")).shape == (ROWS, 2)


def test_a_spreadsheet_finds_no_formula(client: TestClient) -> None:
    text = file_of(client, "orders", "csv").decode()
    assert text.startswith("id,customer,paid\r\n1,'=1+1,2024-01-01T09:00:00.000000\r\n")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    cells = [row[1] for row in rows[1:]]
    assert cells[:6] == ["'=1+1", "'+x", "'-x", "'@x", "'\tx", "'\rx"]
    assert cells[6:] == ['plain "quoted", text', "", "", "two\nlines"]
    # A number below zero is a number; an empty text is told from null.
    assert rows[-1][0] == "-10"
    assert '8,"",\r\n9,,\r\n' in text


def test_what_a_limit_leaves_over_is_led_to(client: TestClient) -> None:
    answer = client.get("/api/tables/shop/many/download?format=arrow&limit=150000")
    tables = [arrow(answer.content)]
    assert answer.headers["headwater-total-rows"] == str(ROWS)
    link = answer.headers["link"]
    assert link.endswith('rel="next"') and "version=0" in link and "offset=150000" in link
    answer = client.get(link[1 : link.index(">")])
    tables.append(arrow(answer.content))
    assert "link" not in answer.headers
    assert pa.concat_tables(tables)["id"].to_pylist() == list(range(ROWS))


def test_the_server_has_a_limit_of_its_own(shop: Headwater, client: TestClient) -> None:
    limited = TestClient(create_app(shop, ServerSettings(download_rows=1_000)), base_url="http://127.0.0.1")
    limited.headers = client.headers
    for query in ("", "&limit=5000"):
        answer = limited.get(f"/api/tables/shop/many/download?format=csv{query}")
        assert answer.content.count(b"\r\n") == 1_001
        assert "offset=1000" in answer.headers["link"]


@pytest.mark.parametrize(
    ("query", "status"),
    [("", 200), ("format=xml", 422), ("format=csv&offset=-1", 422), ("format=csv&limit=0", 422),
     ("format=csv&version=99", 404), (f"format=csv&offset={2**61}", 200)],
)  # fmt: skip
def test_what_cannot_be_is_refused(client: TestClient, query: str, status: int) -> None:
    assert client.get(f"/api/tables/shop/orders/download?{query}").status_code == status


@pytest.mark.parametrize("form", FORMATS)
def test_a_download_takes_no_more_memory_than_a_part(shop: Headwater, form: Any) -> None:
    opened = shop.reading.open(SYSTEM, "shop", "many")
    found = download(shop.reading, opened, form)
    before = pa.total_allocated_bytes()
    tracemalloc.start()
    size = most = 0
    for piece in found.pieces:
        size += len(piece)
        most = max(most, pa.total_allocated_bytes() - before)
    python_most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 0
    # The table is read in two parts; both at once would be more than one of them and its text.
    assert most < 24 << 20 and python_most < 12 << 20


def test_an_older_version_is_found_by_its_refresh(tmp_path: Path) -> None:
    settings = '[dataflow]\nname = "f"\nload = ["t"]\n'
    with Headwater.open(tmp_path / "home", create=True) as app:
        for number in (1, 2):
            publish(app, tmp_path / "f", settings, {"t": f"#table(type table [n = Int64.Type], {{{{{number}}}}})"})
        app.identity = Identity(app.database, AdministratorToken(TOKEN))
        client = TestClient(create_app(app), base_url="http://127.0.0.1", headers=BEARER)
        newest, oldest = (refresh.id for refresh in app.refreshes(SYSTEM, "f"))
        address = "/api/tables/f/t/"
        for refresh, expected in ((oldest, 1), (newest, 2)):
            text = client.get(f"{address}download?format=csv&refresh={refresh}").text
            assert text.split() == ["n", str(expected)]
            assert client.get(f"{address}rows?refresh={refresh}").json()["rows"] == [[expected]]
        for wrong in ("x", "00000000-0000-4000-8000-000000000000"):
            assert client.get(f"{address}rows?refresh={wrong}").status_code == 404
            assert client.get(f"{address}download?format=csv&refresh={wrong}").status_code == 404
        for file in app.tables.get(SYSTEM, "f", "t").path.glob("*.parquet"):
            file.unlink()
        for way in ("rows?", "download?format=csv&"):
            assert client.get(f"{address}{way}version=0").json()["error"]["code"] == "table.version_gone"


def pins(shop: Headwater) -> int:
    with shop.database.read() as connection:
        return len(connection.execute(select(tables.table_pins.c.id)).all())


def test_a_version_is_pinned_while_it_is_read_and_no_longer(shop: Headwater) -> None:
    found = download(shop.reading, shop.reading.open(SYSTEM, "shop", "many"), "csv")
    next(found.pieces)
    assert pins(shop) == 1
    for _ in found.pieces:
        pass
    assert pins(shop) == 0
    # A reader that goes away lets go of it too.
    found = download(shop.reading, shop.reading.open(SYSTEM, "shop", "many"), "arrow")
    next(found.pieces)
    found.pieces.close()
    assert pins(shop) == 0


def test_every_download_is_on_record(client: TestClient, shop: Headwater) -> None:
    file_of(client, "orders", "csv", limit=3)
    newest = next(event for event in shop.audit.events(SYSTEM).events if event.event == "table.read")
    assert (newest.target, newest.details["format"], newest.details["rows"]) == ("table:shop/orders", "csv", 3)


class TestCommands:
    def run(self, shop: Headwater, *words: str) -> str:
        result = CliRunner().invoke(cli, [*words, "--home", str(shop.home.path)])
        assert result.exit_code == 0, result.output
        return result.stdout

    def test_tables_are_listed_and_shown(self, shop: Headwater) -> None:
        assert f"shop/many\t{ROWS} rows\tversion 0\t" in self.run(shop, "table", "list")
        assert '"entity":"many"' in self.run(shop, "table", "list", "--json")
        assert self.run(shop, "table", "show", "shop/orders").splitlines()[0].startswith("id\tint64")
        assert '"rows":10' in self.run(shop, "table", "show", "shop/orders", "--json")

    def test_rows_are_printed(self, shop: Headwater) -> None:
        printed = self.run(shop, "table", "rows", "shop/many", "--offset", "5", "--limit", "2")
        assert printed.split() == ["id,kind", "5,5", "6,6"]

    @pytest.mark.parametrize("form", FORMATS)
    def test_a_table_is_written(self, shop: Headwater, tmp_path: Path, form: str) -> None:
        target = tmp_path / f"many.{form}"
        self.run(shop, "table", "download", "shop/many", "-o", str(target), "--limit", "10")
        read = {"csv": lambda: pd.read_csv(target), "parquet": lambda: pd.read_parquet(target)}
        count = len(read[form]()) if form in read else arrow(target.read_bytes()).num_rows
        assert count == 10
        assert [path.name for path in tmp_path.iterdir()] == [target.name]

    @pytest.mark.parametrize(
        "words", [("rows", "shop"), ("rows", "shop/nope"), ("download", "shop/many", "-o", "x.doc")]
    )
    def test_what_is_wrong_is_said(self, shop: Headwater, words: tuple[str, ...]) -> None:
        assert CliRunner().invoke(cli, ["table", *words, "--home", str(shop.home.path)]).exit_code != 0
