"""Models as functions over HTTP, from a real MLflow server and a service, for whoever may, may in part, and may not."""

from __future__ import annotations

import io
import json
from typing import Any

import httpx2 as httpx
import pyarrow as pa
import pytest
from tests.app.scoring_service import DOCUMENT, NAME, ScoringService
from tests.server.functions.support import ARROW, LATE, ROWS, SHOP, good
from tests.server.test_access_api import Site, code

from headwater.access import SYSTEM, ScopeKind, add_scope
from headwater.server import function_calls


class TestListing:
    def test_every_model_is_listed_with_why_it_is_no_function(self, site: Site) -> None:
        found = good(site.administrator.get("/api/functions"))
        by_name = {one["name"]: one for one in found["value"]}
        assert {"demo.late_arrival", "demo.unsigned", "demo.empty", f"shop.{NAME}@latest"} <= by_name.keys()
        assert found["total"] == len(found["value"])
        late, unsigned = by_name["demo.late_arrival"], by_name["demo.unsigned"]
        assert (late["callable"], late["version"], late["problem"]) == (True, "2", None)
        assert late["signature"].startswith("(distance as Double.Type, carrier as text")
        assert (unsigned["callable"], unsigned["signature"]) == (False, None)
        assert unsigned["problem"]["code"] == "model.schema.no_inputs"
        assert unsigned["problem"]["hint"]

    def test_pages_and_searches(self, site: Site) -> None:
        administrator = site.administrator
        first = good(administrator.get("/api/functions?source=demo&limit=1"))
        assert [one["name"] for one in first["value"]] == ["demo.empty"]
        second = good(
            administrator.get("/api/functions", params={"source": "demo", "limit": 1, "after": first["after"]})
        )
        assert [one["name"] for one in second["value"]] == ["demo.late_arrival"]
        assert [one["name"] for one in good(administrator.get("/api/functions?search=LATE_ARR"))["value"]] == [
            "demo.late_arrival"
        ]

    def test_who_may_see_nothing_sees_nothing(self, stranger: Any) -> None:
        assert good(stranger.get("/api/functions")) == {"total": 0, "after": None, "value": [], "problems": []}
        assert code(stranger.get("/api/functions?source=demo")) == (404, "not_found")

    def test_a_workspace_that_does_not_answer_does_not_hide_the_others(self, site: Site) -> None:
        site.headwater.sources.add(SYSTEM, "gone", "", "mlflow", "http://127.0.0.1:9")
        try:
            found = good(site.administrator.get("/api/functions"))
            assert [one["source"] for one in found["problems"]] == ["gone"]
            assert found["total"] >= 4
            assert code(site.administrator.get("/api/functions/gone/late")) == (502, "network.unreachable")
        finally:
            site.headwater.sources.remove(SYSTEM, "gone")


class TestFunction:
    def test_it_is_described_in_full(self, site: Site) -> None:
        found = good(site.administrator.get(LATE, params={"select": "champion"}))
        assert (found["name"], found["version"], found["aliases"]) == ("demo.late_arrival@champion", "1", ["champion"])
        assert [(one["name"], one["type"], one["nullable"]) for one in found["parameters"]] == [
            ("distance", "number", False),
            ("carrier", "text", False),
        ]
        assert found["outputs"] == [{"name": "probability", "type": "number"}, {"name": "label", "type": "logical"}]
        assert found["params"] == [{"name": "threshold", "type": "double", "is_list": False, "default": 0.5}]
        assert found["metrics"] == {"auc": 0.75, "lift": "NaN"}
        assert found["owner"] and "Takes:" in found["documentation"]
        assert found["example"] == (
            'Table.AddColumn(Source, "late_arrival", each #"demo.late_arrival@champion"([distance], [carrier]))'
        )

    @pytest.mark.parametrize("select", ["", "latest"])
    def test_a_name_may_hold_anything(self, select: str, site: Site) -> None:
        found = good(site.administrator.get(SHOP, params={"select": select}))
        assert (found["source"], found["model"], found["kind"]) == ("shop", NAME, "endpoint")
        assert good(site.administrator.post(SHOP, json={"rows": [[4]]}))["value"] == [
            {"result": {"score": 8.0, "amount": 4.0}, "error": None}
        ]

    @pytest.mark.parametrize(
        ("path", "status"),
        [
            ("/api/functions/demo/nothing", 404),
            ("/api/functions/nothing/late_arrival", 404),
            (f"{LATE}?select=7", 404),
            (f"{LATE}?select=a@b", 422),
            ("/api/functions/demo/", 422),
        ],
    )
    def test_what_is_not_there(self, path: str, status: int, site: Site) -> None:
        answer = site.administrator.get(path)
        assert answer.status_code == status, answer.text

    def test_who_may_not_see_it_does_not_learn_of_it(self, stranger: Any, site: Site) -> None:
        for send in (stranger.get, stranger.delete):
            path = LATE if send == stranger.get else LATE.replace("functions", "function-schemas")
            absent = site.administrator.get("/api/functions/gone/late_arrival")
            answer = send(path)
            assert code(answer) == (404, "not_found")
            assert answer.json()["error"]["message"].replace("demo", "gone") == absent.json()["error"]["message"]
        assert code(stranger.post(LATE, json={"rows": ROWS})) == (404, "not_found")


class TestJson:
    def test_rows_are_scored_in_order_and_fail_alone(self, site: Site) -> None:
        assert good(site.administrator.post(LATE, json={"rows": [*ROWS, "no row"]}))["value"] == [
            {"result": {"probability": 0.25, "label": False}, "error": None},
            {"result": {"probability": 0.25, "label": False}, "error": None},
            {"result": None, "error": {"message": "The parameter 'distance' of demo.late_arrival takes numbers."}},
            {
                "result": None,
                "error": {"message": "demo.late_arrival takes a row as an object, or as a list of its arguments."},
            },
        ]
        assert good(site.administrator.post(LATE, json={"rows": []})) == {"value": []}

    def test_options(self, site: Site, service: ScoringService) -> None:
        options: dict[str, Any] = {"include_model": True, "params": {"threshold": 0.9}, "on_error": "null"}
        found = good(site.administrator.post(LATE, json={"rows": ROWS, "options": options}))["value"]
        assert found[0]["result"]["ModelVersion"] == "2"
        assert found[0]["result"]["ScoredAt"].endswith("+00:00")
        assert found[2] == {"result": None, "error": None}
        service.batches.clear()
        good(site.administrator.post(SHOP, json={"rows": [[1], [2], [3]], "options": {"batch_size": 2}}))
        assert sorted(service.batches) in ([1, 2], [1, 1, 1])

    @pytest.mark.parametrize(
        ("options", "status", "problem"),
        [
            ({"on_error": "fail"}, 502, "model.row"),
            ({"params": {"nothing": 1}}, 400, "model.option"),
            ({"batch_size": 0}, 422, "request.invalid"),
            ({"on_eror": "null"}, 422, "request.invalid"),
        ],
    )
    def test_options_that_end_it(self, options: dict[str, Any], status: int, problem: str, site: Site) -> None:
        answer = site.administrator.post(LATE, json={"rows": ROWS, "options": options})
        assert code(answer) == (status, problem)

    @pytest.mark.parametrize(
        "body", [b"", b"{}", b'{"rows": 1}', b'{"rows": [[NaN, "a"]]}', b'{"rows": [[Infinity, "a"]]}', b"[" * 5_000]
    )
    def test_a_body_that_is_none(self, body: bytes, site: Site) -> None:
        answer = site.administrator.post(LATE, content=body, headers={"Content-Type": "application/json"})
        assert code(answer) == (422, "request.invalid")

    def test_too_much_at_once(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        assert code(site.administrator.post(LATE, json={"rows": [[1, "a"]] * 10_001})) == (422, "request.invalid")
        monkeypatch.setattr(function_calls, "MAX_JSON_BYTES", 1_000)
        answer = site.administrator.post(LATE, json={"rows": [[1, "a" * 1_000]]})
        assert code(answer) == (400, "request.too_large")

    def test_a_model_that_is_no_function(self, site: Site) -> None:
        answer = site.administrator.post("/api/functions/demo/unsigned", json={"rows": [[1]]})
        assert code(answer) == (409, "model.schema.no_inputs")


def stream(table: pa.Table) -> bytes:
    made = io.BytesIO()
    with pa.ipc.new_stream(made, table.schema) as writer:
        writer.write_table(table)
    return made.getvalue()


class TestArrow:
    def ask(self, site: Site, table: pa.Table, **options: Any) -> httpx.Response:
        params = {"options": json.dumps(options)} if options else {}
        answer: httpx.Response = site.administrator.post(LATE, content=stream(table), headers=ARROW, params=params)
        return answer

    def test_a_stream_is_answered_by_one(self, site: Site) -> None:
        table = pa.table(
            {"carrier": ["AA", None, "UA"], "distance": pa.array([1, 2, 3], pa.int32()), "more": [1, 2, 3]}
        )
        answer = self.ask(site, table)
        assert (answer.status_code, answer.headers["content-type"]) == (200, function_calls.ARROW)
        found = pa.ipc.open_stream(answer.content).read_all()
        assert found.column_names == ["probability", "label", "error"]
        assert found.column("probability").to_pylist() == [0.25, None, 0.25]
        assert found.column("error").to_pylist() == [
            None, "The parameter 'carrier' of demo.late_arrival takes no null.", None,
        ]  # fmt: skip

    def test_many_rows_come_back_in_order(self, site: Site) -> None:
        amounts = pa.array(range(50_000), pa.float64())
        answer = site.administrator.post(SHOP, content=stream(pa.table({"amount": amounts})), headers=ARROW)
        found = pa.ipc.open_stream(answer.content).read_all()
        assert found.column("score").to_pylist() == [2.0 * amount for amount in range(50_000)]

    def test_options_are_beside_it(self, site: Site) -> None:
        table = pa.table({"carrier": ["AA"], "distance": [1.0]})
        found = pa.ipc.open_stream(self.ask(site, table, include_model=True).content).read_all()
        assert found.column("ModelVersion").to_pylist() == ["2"]
        assert code(self.ask(site, table, batch_size=0)) == (422, "request.invalid")
        assert code(site.administrator.post(f"{LATE}?options={{}}", json={"rows": []})) == (400, "usage")

    def test_what_is_wrong_is_an_answer_of_its_own(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        answer = site.administrator.post(LATE, content=b"no stream", headers=ARROW)
        assert code(answer) == (400, "usage")
        assert code(self.ask(site, pa.table({"carrier": ["AA"]}))) == (400, "usage")
        assert code(self.ask(site, pa.table({"carrier": ["AA"], "distance": ["far"]}))) == (400, "model.argument")
        good_one = stream(pa.table({"carrier": ["AA"] * 9, "distance": [1.0] * 9}))
        monkeypatch.setattr(function_calls, "MAX_ARROW_ROWS", 8)
        assert code(site.administrator.post(LATE, content=good_one, headers=ARROW)) == (400, "usage")
        monkeypatch.setattr(function_calls, "MAX_ARROW_BYTES", 100)
        assert code(site.administrator.post(LATE, content=good_one, headers=ARROW)) == (400, "request.too_large")


class TestRights:
    def test_who_may_read_may_not_call(self, reader: Any, site: Site) -> None:
        assert good(reader.get(LATE))["callable"] is True
        for rows in (ROWS, []):
            answer = reader.post(LATE, json={"rows": rows})
            assert code(answer) == (403, "forbidden")
            assert "model.invoke" in answer.json()["error"]["hint"]
        for what, wanted in (("schemas", {"signature": "(x as text) => text"}), ("reuse", {"seconds": None})):
            answer = reader.put(LATE.replace("functions", f"function-{what}"), json=wanted)
            assert code(answer) == (403, "forbidden")

    def test_one_model_alone(self, site: Site) -> None:
        """Somebody with a role at one model calls that, and does not learn of the others."""
        workspace = site.headwater.sources.get(SYSTEM, "demo").scope_id
        with site.headwater.database.begin() as connection:
            scope = add_scope(connection, ScopeKind.MODEL, "late_arrival", workspace).id
        browser = site.signed_in(site.new_user(("Reader", f"scope:{scope}")))
        assert [one["name"] for one in good(browser.get("/api/functions"))["value"]] == ["demo.late_arrival"]
        assert good(browser.post(LATE, json={"rows": ROWS[:1]}))["value"][0]["error"] is None
        assert code(browser.get("/api/functions/demo/unsigned")) == (404, "not_found")


class TestSchemas:
    PATH = "/api/function-schemas/demo/unsigned"

    def shown(self, site: Site) -> dict[str, Any]:
        found: dict[str, Any] = good(site.administrator.get("/api/functions/demo/unsigned"))
        return found

    @pytest.mark.parametrize(
        "schema",
        [
            {"signature": "(amount as number) => [score = number]"},
            {"sample": {"input": [{"amount": 1.5}], "output": [{"score": 1.5}]}},
            {"openapi": DOCUMENT, "operation": "POST /score"},
            {"like": f"shop.{NAME}@latest"},
        ],
        ids=["text", "sample", "openapi", "like"],
    )
    def test_one_that_is_supplied_counts_until_it_is_forgotten(self, schema: dict[str, Any], site: Site) -> None:
        answer = site.administrator.put(self.PATH, json=schema)
        assert answer.status_code == 204, answer.text
        found = self.shown(site)
        assert (found["callable"], found["schema_from"]) == (True, "supplied")
        assert found["parameters"][0]["name"] == "amount"
        assert found["outputs"][0]["name"] == "score"
        assert site.administrator.delete(self.PATH).status_code == 204
        assert self.shown(site)["callable"] is False

    @pytest.mark.parametrize(
        ("schema", "answered"),
        [
            ({}, (422, "request.invalid")),
            ({"signature": "(x as text) => text", "like": "demo.late_arrival"}, (422, "request.invalid")),
            ({"signature": "(x as"}, (400, "model.schema.text")),
            ({"sample": {"input": [], "output": []}}, (400, "model.schema.sample")),
            ({"openapi": {"openapi": "3.0.3"}}, (400, "workspace")),
            ({"openapi": DOCUMENT, "operation": "POST /nothing"}, (400, "model.schema.no_operation")),
            ({"like": "demo.nothing"}, (404, "not_found")),
            ({"like": "demo.unsigned"}, (409, "model.schema.no_inputs")),
        ],
    )
    def test_one_that_cannot_be_used(self, schema: dict[str, Any], answered: tuple[int, str], site: Site) -> None:
        assert code(site.administrator.put(self.PATH, json=schema)) == answered
        assert self.shown(site)["callable"] is False

    def test_predictions_are_used_again_for_as_long_as_was_said(self, site: Site) -> None:
        path = SHOP.replace("functions", "function-reuse")
        for seconds in (3_600.0, None):
            assert site.administrator.put(path, json={"seconds": seconds}).status_code == 204
            assert good(site.administrator.get(SHOP))["reuse_seconds"] == seconds
        assert code(site.administrator.put(path, json={"seconds": 0})) == (422, "request.invalid")
