"""What each endpoint answers about a small home."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.server.small_home import BIG, REGIONS, ROWS

from headwater import __version__
from headwater.app.runtime import Headwater

SUMMARY = {"id", "dataflow", "status", "started_at", "ended_at", "rows_written", "rows_scored"}
TABLE = {"dataflow", "entity", "rows", "columns", "delta_version", "published_at", "guid"}
ASSET = {"guid", "type_name", "qualified_name", "display_name", "collection"}

TYPES = {
    "id": "int64",
    "region": "text",
    "amount": "number",
    "ordered": "date",
    "seen": "datetime",
    "express": "logical",
    "account": "int64",
    "score": "number",
    "opened": "time",
    "taken": "duration",
}


def get(client: TestClient, address: str, **query: Any) -> Any:
    answer = client.get(address, params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


def rows(client: TestClient, **query: Any) -> Any:
    return get(client, "/api/tables/sales/orders_scored/rows", **query)


def guid_of(client: TestClient, entity: str) -> str:
    guid = get(client, f"/api/tables/sales/{entity}")["guid"]
    assert isinstance(guid, str)
    return guid


def test_health_and_readiness(client: TestClient) -> None:
    assert get(client, "/healthz") == {"status": "ok"}
    assert get(client, "/readyz") == {"status": "ready"}


def test_the_overview_counts_what_is_there(client: TestClient) -> None:
    found = get(client, "/api/overview")
    latest = found.pop("latest_refresh")
    # A dataflow, its two tables and two queries, and the file.
    assert found == {"version": __version__, "tables": 2, "sources": 1, "assets": 6}
    assert latest.keys() == SUMMARY
    assert (latest["dataflow"], latest["status"]) == ("broken", "failed")


def test_tables_are_listed_by_dataflow_and_name(client: TestClient) -> None:
    found = get(client, "/api/tables")["value"]
    assert all(table.keys() == TABLE for table in found)
    assert [(table["dataflow"], table["entity"], table["rows"], table["columns"]) for table in found] == [
        ("sales", "orders_scored", ROWS, 10),
        ("sales", "totals", len(REGIONS), 3),
    ]
    assert all(datetime.fromisoformat(table["published_at"]).utcoffset() is not None for table in found)


def test_a_table_has_its_columns_in_order_with_their_m_types(client: TestClient, headwater: Headwater) -> None:
    found = get(client, "/api/tables/sales/orders_scored")
    assert found.keys() == TABLE | {"path", "schema"}
    assert found["path"] == str(headwater.home.tables / "sales" / "orders_scored")
    assert {column["name"]: column["type"] for column in found["schema"]} == TYPES
    assert list(TYPES) == [column["name"] for column in found["schema"]]
    assert all(column.keys() == {"name", "type", "nullable", "description"} for column in found["schema"])


def test_the_first_row_has_every_type_as_json_without_loss(client: TestClient) -> None:
    page = rows(client, limit=1)
    assert page["columns"] == list(TYPES)
    assert page["rows"] == [
        [
            0,
            "north",
            0.5,
            "2024-01-01",
            "2024-01-01T10:30:00",
            False,
            str(BIG),
            0.0005,
            "09:30:00",
            "P1DT2H0M0S",
        ]
    ]


@pytest.mark.parametrize(
    ("query", "first", "count"),
    [
        ({}, 0, 200),
        ({"offset": 2_900}, 2_900, 100),
        ({"offset": 2_999, "limit": 1_000}, 2_999, 1),
        ({"offset": 1_234, "limit": 2}, 1_234, 2),
        ({"offset": ROWS}, None, 0),
        ({"offset": 10**9}, None, 0),
        ({"limit": 0}, None, 0),
    ],
)
def test_any_page_of_rows_can_be_had(client: TestClient, query: dict[str, int], first: int | None, count: int) -> None:
    page = rows(client, **query)
    assert (page["offset"], page["limit"]) == (query.get("offset", 0), query.get("limit", 200))
    assert (page["total"], page["version"]) == (ROWS, 0)
    assert [row[0] for row in page["rows"]] == ([] if first is None else list(range(first, first + count)))


def test_an_empty_cell_is_null(client: TestClient) -> None:
    (last,) = rows(client, offset=ROWS - 1)["rows"]
    cells = dict(zip(TYPES, last, strict=True))
    assert (cells["amount"], cells["score"], cells["region"]) == (None, None, REGIONS[(ROWS - 1) % 4])


def test_a_version_can_be_asked_for(client: TestClient) -> None:
    assert rows(client, version=0, limit=1)["version"] == 0


def test_sources_are_listed_with_their_last_scan(client: TestClient) -> None:
    listed = get(client, "/api/sources")
    assert (listed["total"], listed["after"]) == (1, None)
    (lab,) = listed["value"]
    assert lab.pop("created_at") and lab.pop("scope_id")
    assert lab == {
        "name": "lab",
        "display_name": "The lab's workspace",
        "kind": "mlflow",
        "url": "http://127.0.0.1:9",
        "collection": "root",
        "settings": {},
        "credential_mode": "service",
        "private_networks": [],
        "trusted": False,
        "last_scan": None,
    }


def test_assets_come_a_page_at_a_time_and_by_type(client: TestClient) -> None:
    everything = get(client, "/api/assets")
    assert everything["total"] == len(everything["value"]) == 6
    assert all(asset.keys() == ASSET for asset in everything["value"])
    pages = [get(client, "/api/assets", limit=4, offset=offset) for offset in (0, 4, 8)]
    assert [page["total"] for page in pages] == [6, 6, 6]
    assert [asset for page in pages for asset in page["value"]] == everything["value"]
    tables = get(client, "/api/assets", type="dataflow_table")
    assert [asset["display_name"] for asset in tables["value"]] == ["orders_scored", "totals"]
    assert get(client, "/api/assets", collection="nowhere") == {"total": 0, "value": []}


def test_an_asset_has_its_columns(client: TestClient) -> None:
    found = get(client, f"/api/assets/{guid_of(client, 'totals')}")
    assert found.keys() == ASSET | {"attributes", "columns", "created_at", "updated_at", "status"}
    assert (found["type_name"], found["status"]) == ("dataflow_table", "active")
    assert [(column["name"], column["type"]) for column in found["columns"]] == [
        ("region", "text"),
        ("orders", "int64"),
        ("mean_score", "number"),
    ]


def test_lineage_goes_from_the_file_through_both_queries(client: TestClient) -> None:
    graph = get(client, f"/api/lineage/{guid_of(client, 'totals')}")
    names = {node["guid"]: (node["type_name"], node["display_name"]) for node in graph["nodes"]}
    depths = {names[node["guid"]]: node["depth"] for node in graph["nodes"]}
    assert depths == {
        ("dataflow_table", "totals"): 0,
        ("dataflow_query", "totals"): -1,
        ("dataflow_table", "orders_scored"): -2,
        ("dataflow_query", "orders_scored"): -3,
        ("dataset", "orders.csv"): -4,
    }
    assert all(node["is_process"] == (node["type_name"] == "dataflow_query") for node in graph["nodes"])
    links = {
        (names[edge["source"]][1], names[edge["target"]][1]): [(c["source"], c["target"]) for c in edge["columns"]]
        for edge in graph["edges"]
    }
    assert ("score", "mean_score") in links["orders_scored", "totals"]
    assert ("amount", "score") in links["orders.csv", "orders_scored"]


@pytest.mark.parametrize(("direction", "nodes"), [("input", 3), ("output", 3), ("both", 5)])
def test_lineage_goes_the_way_and_as_far_as_asked(client: TestClient, direction: str, nodes: int) -> None:
    guid = guid_of(client, "orders_scored")
    assert len(get(client, f"/api/lineage/{guid}", direction=direction)["nodes"]) == nodes
    near = get(client, f"/api/lineage/{guid}", direction="input", depth=1)
    assert [(node["depth"], node["hidden_inputs"]) for node in near["nodes"]] == [(0, 0), (-1, 1)]


def test_dataflows_are_listed_with_their_last_refresh(client: TestClient) -> None:
    broken, sales = get(client, "/api/dataflows")["value"]
    assert sales["queries"] == ["Orders", "Warehouse", "orders_scored", "totals"]
    assert sales["last_refresh"].keys() == SUMMARY
    assert (sales["name"], sales["last_refresh"]["status"]) == ("sales", "succeeded")
    assert sales["last_refresh"]["rows_written"] == ROWS + len(REGIONS)
    assert (broken["name"], broken["last_refresh"]["status"]) == ("broken", "failed")


def test_a_refresh_tells_what_it_did_to_each_entity(client: TestClient) -> None:
    (refresh,) = get(client, "/api/dataflows/sales/refreshes")["value"]
    assert refresh.keys() == SUMMARY | {"trigger", "requested_by", "full", "error", "entities"}
    assert (refresh["trigger"], refresh["error"]) == ("manual", None)
    assert [(e["entity"], e["rows_written"], e["errors"], e["delta_version"]) for e in refresh["entities"]] == [
        ("orders_scored", ROWS, 0, 0),
        ("totals", len(REGIONS), 0, 0),
    ]


def test_a_refresh_that_failed_says_why_and_where(client: TestClient) -> None:
    (refresh,) = get(client, "/api/dataflows/broken/refreshes")["value"]
    (lost,) = refresh["entities"]
    assert (refresh["status"], lost["entity"], lost["delta_version"]) == ("failed", "lost", None)
    assert lost["error"]["code"] == "refresh.m.data_source"
    assert refresh["error"]["code"] == "refresh.m.data_source"
    assert refresh["error"]["where"].startswith("broken, query lost, lost.pq, line 1")
    assert "lost.csv" in refresh["error"]["message"]
    assert refresh["error"]["hint"]
