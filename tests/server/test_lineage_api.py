"""Lineage over HTTP: the graph, guids, pages, what a change hits, files; now and as of a refresh."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from headwater.access import SYSTEM
from headwater.app.lineage_formats import FORMS
from headwater.app.runtime import Headwater


@pytest.fixture
def guid(headwater: Headwater) -> str:
    found = headwater.table_guid(SYSTEM, "sales", "orders_scored")
    assert found is not None
    return found


def told(client: TestClient, path: str, **query: Any) -> Any:
    answer = client.get(f"/api/lineage/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_guids_and_pages_are_those_of_the_graph(client: TestClient, guid: str) -> None:
    graph = told(client, guid, depth=20)
    nodes = {node["guid"]: node for node in graph["nodes"]}
    levels = told(client, f"{guid}/guids", depth=20)
    for way, sign in (("up", -1), ("down", 1)):
        for distance, level in enumerate(levels[way], start=1):
            assert set(level) == {each for each, node in nodes.items() if node["depth"] == sign * distance}
    page = told(client, f"{guid}/neighbours", direction="input", limit=1)
    assert page["total"] == 1
    assert [node["guid"] for node in page["nodes"]] == levels["up"][0]
    assert told(client, f"{guid}/neighbours", direction="input", offset=1)["nodes"] == []
    assert {node["status"] for node in nodes.values()} == {"active"}


def test_as_of_a_refresh_is_what_it_used(client: TestClient, guid: str, headwater: Headwater) -> None:
    (refresh,) = headwater.refreshes(SYSTEM, "sales")
    then = told(client, guid, as_of=refresh.id)
    assert {node["guid"] for node in then["nodes"]} == {node["guid"] for node in told(client, guid)["nodes"]}
    assert [node["guid"] for node in told(client, guid, as_of="2001-01-01T00:00:00Z")["nodes"]] == [guid]
    for wrong, status in (("yesterday", 400), ("00000000-0000-4000-8000-000000000000", 404)):
        assert client.get(f"/api/lineage/{guid}", params={"as_of": wrong}).status_code == status


def test_impact(client: TestClient, guid: str) -> None:
    found = told(client, f"{guid}/impact")
    down = told(client, f"{guid}/guids", direction="output", depth=20)["down"]
    assert {each["guid"] for each in found["assets"]} == {each for level in down for each in level}
    assert sum(found["counts"].values()) == len(found["assets"])
    column = told(client, f"{guid}/impact", change="remove_column", column="amount")
    assert {each["guid"] for each in column["assets"]} <= {each["guid"] for each in found["assets"]}
    assert client.get(f"/api/lineage/{guid}/impact", params={"change": "remove_column"}).status_code == 400


@pytest.mark.parametrize("form", FORMS)
def test_files(client: TestClient, guid: str, form: str) -> None:
    answer = client.get(f"/api/lineage/{guid}/export", params={"format": form})
    assert (answer.status_code, answer.headers["content-type"]) == (200, FORMS[form])
    assert "orders" in answer.text
    assert client.get("/api/lineage/none/export").status_code == 404
