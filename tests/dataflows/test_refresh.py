from __future__ import annotations

from pathlib import Path

import pytest
from deltalake import DeltaTable
from tests.dataflows.conftest import QUERIES, rows, write_dataflow

from headwater.access import SYSTEM
from headwater.app.runtime import Headwater
from headwater.dataflows import RefreshEvent
from headwater.errors import ConflictError, RefreshError


def test_loaded_queries_become_tables(app: Headwater) -> None:
    result = app.refresh(SYSTEM, "shop")
    assert rows(app, "orders") == [
        {"id": 1, "customer": "Ada", "amount": 12.5},
        {"id": 2, "customer": "Grace", "amount": None},
        {"id": 3, "customer": "Ada", "amount": 30.0},
        {"id": 4, "customer": "Linus", "amount": None},
    ]
    assert rows(app, "totals") == [
        {"customer": "Ada", "total": 42.5, "orders": 2},
        {"customer": "Grace", "total": None, "orders": 1},
        {"customer": "Linus", "total": None, "orders": 1},
    ]
    errors = {entity.summary.entity: entity.summary.errors for entity in result.entities}
    assert errors["orders"] == 1, "the cell 'oops' is null in the table, and counted"


def test_other_tools_read_the_delta_tables(app: Headwater) -> None:
    app.refresh(SYSTEM, "shop")
    table = app.tables.get(SYSTEM, "shop", "totals")
    assert DeltaTable(str(table.path)).to_pyarrow_table().num_rows == 3


def test_a_computed_entity_reads_what_this_refresh_stored(app: Headwater, data: Path) -> None:
    """``orders`` reads the file; ``totals`` reads the stored ``orders``, where the broken cell has become null."""
    app.refresh(SYSTEM, "shop")
    edges = app.edges_upstream(SYSTEM, "shop", "totals")
    table = app.table_name("shop", "orders")
    assert (table, app.table_name("shop", "totals").replace("/tables/", "/queries/")) in edges
    assert any(source == (data / "orders.csv").as_uri() for source, _ in edges)


def test_lineage_goes_by_column(app: Headwater) -> None:
    app.refresh(SYSTEM, "shop")
    tree = app.column_tree(SYSTEM, "shop", "totals", "total")
    leaves = [node for _, node in tree.walk() if node.type_name == "dataset"]
    assert [(leaf.display_name, leaf.columns) for leaf in leaves] == [("orders.csv", ("amount",))]


def test_a_second_refresh_replaces_rows_and_keeps_versions(app: Headwater, data: Path) -> None:
    app.refresh(SYSTEM, "shop")
    before = app.tables.get(SYSTEM, "shop", "orders")
    (data / "orders.csv").write_text("id,customer,amount\n9,Alan,1\n")
    app.refresh(SYSTEM, "shop")
    after = app.tables.get(SYSTEM, "shop", "orders")
    assert after.delta_version == before.delta_version + 1
    assert rows(app, "orders") == [{"id": 9, "customer": "Alan", "amount": 1.0}]
    assert app.tables.rows(SYSTEM, after, 0, 10, before.delta_version).total == 4


def test_error_cells_can_fail_the_entity(app: Headwater, tmp_path: Path, data: Path) -> None:
    settings = 'name = "strict"\nload = ["orders"]\nerrors = "fail"'
    app.apply(SYSTEM, write_dataflow(tmp_path / "strict", data, QUERIES, settings))
    with pytest.raises(RefreshError, match="amount"):
        app.refresh(SYSTEM, "strict")
    assert not [table for table in app.tables.list(SYSTEM) if table.dataflow == "strict"]


@pytest.mark.parametrize("broken", ["file", "expression"])
def test_a_failed_refresh_changes_nothing(app: Headwater, tmp_path: Path, data: Path, broken: str) -> None:
    app.refresh(SYSTEM, "shop")
    before = {entity: rows(app, entity) for entity in ("orders", "totals")}
    files = sorted(file.name for file in (app.home.tables / "shop" / "orders").glob("*.parquet"))
    if broken == "file":
        (data / "orders.csv").unlink()
    else:
        queries = {**QUERIES, "totals": 'error "no totals today"'}
        settings = 'name = "shop"\nload = ["totals", "orders"]'
        app.apply(SYSTEM, write_dataflow(tmp_path / "shop", data, queries, settings))
    with pytest.raises(RefreshError) as caught:
        app.refresh(SYSTEM, "shop")
    assert ("query orders" if broken == "file" else "query totals, totals.pq, line 1") in caught.value.place
    assert {entity: rows(app, entity) for entity in ("orders", "totals")} == before
    assert sorted(file.name for file in (app.home.tables / "shop" / "orders").glob("*.parquet")) == files
    latest = app.refreshes(SYSTEM, "shop")[0]
    assert latest.status == "failed"
    assert latest.error is not None and latest.error["code"] == caught.value.code


def test_an_interrupted_refresh_is_cancelled(app: Headwater) -> None:
    app.refresh(SYSTEM, "shop")

    def interrupt(event: RefreshEvent) -> None:
        if event.entity == "totals":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        app.refresh(SYSTEM, "shop", on_event=interrupt)
    assert app.refreshes(SYSTEM, "shop")[0].status == "cancelled"
    assert len(rows(app, "orders")) == 4


def test_one_refresh_of_a_dataflow_at_a_time(app: Headwater) -> None:
    asked = app.refreshing.request(SYSTEM, "shop")
    with pytest.raises(ConflictError, match="being refreshed already") as caught:
        app.refresh(SYSTEM, "shop")
    assert (caught.value.code, caught.value.place) == ("refresh.active", asked)
    app.refreshing.carry_out(SYSTEM, asked)
    app.refresh(SYSTEM, "shop")
    assert [refresh.status for refresh in app.refreshes(SYSTEM, "shop")] == ["succeeded", "succeeded"]


def test_an_entity_that_is_no_longer_loaded_is_no_longer_published(app: Headwater, tmp_path: Path, data: Path) -> None:
    app.refresh(SYSTEM, "shop")
    app.apply(SYSTEM, write_dataflow(tmp_path / "shop", data, QUERIES, 'name = "shop"\nload = ["orders"]'))
    app.refresh(SYSTEM, "shop")
    assert [table.entity for table in app.tables.list(SYSTEM)] == ["orders"]


def test_history_tells_what_was_done(app: Headwater) -> None:
    app.refresh(SYSTEM, "shop")
    (latest,) = app.refreshes(SYSTEM, "shop")
    assert (latest.status, latest.rows_written, latest.trigger) == ("succeeded", 7, "manual")
    written = {entity.entity: entity.rows_written for entity in app.refresh_entities(SYSTEM, latest.id)}
    assert written == {"orders": 4, "totals": 3}
