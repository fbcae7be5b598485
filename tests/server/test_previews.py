"""Previews over HTTP: rows, counts, profiles, and who may have them."""

from __future__ import annotations

from typing import Any

from fastapi.testclient import TestClient

TABLE = '#table(type table [n = number, t = text], List.Transform({1..500}, each {_, "x" & Number.ToText(_)}))'


def opened(client: TestClient, text: str, **more: Any) -> Any:
    return client.post("/api/previews", json={"window": "w", "queries": {"q": text}, "query": "q", **more})


def test_a_step_with_its_rows_and_columns(client: TestClient) -> None:
    found = opened(client, f"let a = {TABLE}, b = Table.FirstN(a, 450) in b", rows=2).json()
    assert found["rows"] == [[1, "x1"], [2, "x2"]]
    assert (found["kind"], found["total"]) == ("table", None)
    assert found["columns"] == [
        {"name": "n", "type": "number", "kind": "number"},
        {"name": "t", "type": "text", "kind": "text"},
    ]
    assert [step["step"] for step in found["steps"]] == ["a", "b"]
    address = f"/api/previews/{found['id']}"
    assert client.get(f"{address}/rows", params={"offset": 449}).json() == {"rows": [[450, "x450"]], "total": 450}
    assert client.get(f"{address}/count").json() == {"total": 450}
    (profile,) = client.post(f"{address}/profile", json={"columns": ["n"]}).json()["value"]
    assert (profile["column"], profile["valid"], profile["smallest"], profile["largest"]) == ("n", 450, 1, 450)
    assert opened(client, f"let a = {TABLE}, b = 1 in b", step="a").json()["kind"] == "table"


def test_settings_are_the_dataflows(client: TestClient) -> None:
    settings = {"dataflow": {"name": "x", "culture": "de-DE", "load": ["q"]}}
    assert opened(client, 'Number.FromText("1,5")', settings=settings).json()["rows"] == [[1.5]]


def test_what_fails_says_why(client: TestClient) -> None:
    error = opened(client, 'let a = error "no" in a').json()["error"]
    assert (error["message"], error["code"]) == ("no", "m.expression")
    assert opened(client, "let in").status_code == 400
    assert opened(client, "1", dataflow="nothing").status_code == 404
    assert client.get(f"/api/previews/w.{'0' * 32}/rows").json()["error"]["code"] == "preview.closed"
    assert client.delete("/api/previews/windows/w").status_code == 204
    assert client.delete("/api/previews/windows/nothing").status_code == 404
