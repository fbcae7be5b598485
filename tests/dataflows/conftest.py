"""A home with a dataflow over files: no model, no server, real tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.models.conftest import saved_models

from headwater.access import SYSTEM
from headwater.app.runtime import Headwater

__all__ = ["ORDERS", "QUERIES", "rows", "saved_models", "write_dataflow"]

ORDERS = "id,customer,amount\n1,Ada,12.5\n2,Grace,\n3,Ada,30\n4,Linus,oops\n"

QUERIES = {
    "orders": """let
    Source = Table.PromoteHeaders(Csv.Document(File.Contents(Folder & "/orders.csv"))),
    Typed = Table.TransformColumnTypes(Source, {{"id", Int64.Type}, {"amount", type number}})
in
    Typed""",
    "totals": """let
    Known = Table.AddColumn(orders, "known", each try [amount] otherwise null, type number)
in
    Table.Group(Known, {"customer"}, {
        {"total", each List.Sum([known]), type number}, {"orders", each Table.RowCount(_), Int64.Type}
    })""",
}


def write_dataflow(folder: Path, data: Path, queries: dict[str, str], settings: str) -> Path:
    """A dataflow folder whose parameter ``Folder`` names ``data``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dataflow.toml").write_text(f"[dataflow]\n{settings}\n")
    for name, text in queries.items():
        (folder / f"{name}.pq").write_text(text)
    (folder / "Folder.pq").write_text(f'"{data}" meta [IsParameterQuery = true]')
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "orders.csv").write_text(ORDERS)
    return folder


@pytest.fixture
def app(tmp_path: Path, data: Path) -> Iterator[Headwater]:
    """An application whose dataflow ``shop`` loads orders and totals."""
    with Headwater.open(tmp_path / "home", create=True, folders=(str(data),)) as app:
        folder = write_dataflow(tmp_path / "shop", data, QUERIES, 'name = "shop"\nload = ["totals", "orders"]')
        app.apply(SYSTEM, folder)
        yield app


def rows(app: Headwater, entity: str, dataflow: str = "shop") -> list[dict[str, object]]:
    """All rows of a published table, as Headwater's readers see it."""
    table = app.tables.get(SYSTEM, dataflow, entity)
    found: list[dict[str, object]] = app.tables.rows(SYSTEM, table, 0, 1_000_000).rows.to_pylist()
    return found
