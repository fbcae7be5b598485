"""Insights, suggestions and label policies over HTTP."""

from __future__ import annotations

import csv
import io

import pytest
from fastapi.testclient import TestClient


@pytest.mark.parametrize(
    "name", ["assets", "assets/over-time", "labels", "terms", "unowned", "models", "scoring", "scans"]
)
def test_an_insight_as_csv_has_what_it_has_as_json(client: TestClient, name: str) -> None:
    listed = client.get(f"/api/insights/{name}").json()["value"]
    answer = client.get(f"/api/insights/{name}", params={"format": "csv"})
    assert answer.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == len(listed)
    assert all(row.keys() == each.keys() for row, each in zip(rows, listed, strict=True))


def test_assets_are_counted_by_type(client: TestClient) -> None:
    counts = {each["type_name"]: each["assets"] for each in client.get("/api/insights/assets").json()["value"]}
    assert counts["dataflow_table"] >= 2 and "column" not in counts
    assert client.get("/api/insights/models", params={"days": 0}).status_code == 422


def test_suggestions_are_listed_and_only_those_there_are_decided(client: TestClient) -> None:
    assert client.get("/api/suggestions").json() == {"total": 0, "value": []}
    assert client.post("/api/suggestions/decide", json={"decisions": []}).status_code == 422
    wanted = {"guid": "00000000-0000-4000-8000-000000000000", "classification": "PII", "accept": True}
    assert client.post("/api/suggestions/decide", json={"decisions": [wanted]}).status_code == 404
    rule = {"classification": "OWN", "value_pattern": "("}
    answer = client.put("/api/suggestions/rules/own", json=rule)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "classification.rule")


def test_what_there_is_no_policy_or_asset_for_is_not_found(client: TestClient) -> None:
    assert client.get("/api/label-policies").json() == {"value": []}
    assert client.delete("/api/label-policies", params={"collection": "root", "kind": "label"}).status_code == 404
    assert client.put("/api/label-policies", json={"collection": "none", "kind": "label"}).status_code == 404
    assert client.put("/api/label-policies", json={"collection": "root", "kind": "colour"}).status_code == 422
    assert client.get("/api/assets/nothing/inherited").status_code == 404
