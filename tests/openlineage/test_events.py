"""Refreshes as OpenLineage events: valid, complete, silent about rows, and seen by who may see the dataflow."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from tests.cli.command import succeeded
from tests.dataflows.conftest import QUERIES, app, data
from tests.notifications.conftest import CANARY, Hook, World, both, hook, world
from tests.openlineage.client_classes import check

from headwater import moments
from headwater.access import SYSTEM, Actor, Via
from headwater.app.openlineage.service import OpenLineage
from headwater.app.openlineage.settings import Receiver, read_receiver
from headwater.app.runtime import Headwater
from headwater.catalog import AssetRecord, AssetRef, ColumnEdge, ColumnRecord, LineageRecord, names
from headwater.dataflows import EntitySummary
from headwater.dataflows.history import EndedRefresh, StartedRefresh
from headwater.dataflows.openlineage import OpenLineageEvents, run_of
from headwater.errors import HomeError, UnreachableError
from headwater.jobs import Job, NewSchedule, Worker, attempts, queue, schedules
from headwater.jobs.ticking import tick
from headwater.server.application import create_app
from headwater.store import tables

__all__ = ["app", "both", "data", "hook", "world"]  # fixtures

Event = dict[str, Any]


def events(opened: Headwater) -> list[Event]:
    found = [dict(event) for event in opened.openlineage.events(SYSTEM, limit=1_000).events]
    for event in found:
        check(event)
    return found


def of(found: list[Event], job: str, kind: str) -> Event:
    (event,) = [each for each in found if (each["job"]["name"], each["eventType"]) == (job, kind)]
    return event


def test_a_refresh_is_a_run_with_a_run_for_each_entity(app: Headwater, data: Path) -> None:
    result = app.refresh(SYSTEM, "shop")
    found = events(app)
    assert [(each["job"]["name"], each["eventType"]) for each in found] == [
        ("shop", "START"),
        ("shop.orders", "START"),
        ("shop.totals", "START"),
        ("shop.orders", "COMPLETE"),
        ("shop.totals", "COMPLETE"),
        ("shop", "COMPLETE"),
    ]
    orders, totals = of(found, "shop.orders", "COMPLETE"), of(found, "shop.totals", "COMPLETE")
    assert orders["run"]["runId"] == run_of(result.id, "orders")
    assert orders["run"]["facets"]["parent"]["run"]["runId"] == result.id == of(found, "shop", "START")["run"]["runId"]
    (source,) = orders["inputs"]
    assert (source["namespace"], source["name"]) == ("file", f"{data}/orders.csv")
    (table,) = totals["outputs"]
    assert table["namespace"] == f"headwater://{app.installation}"
    assert table["facets"]["version"]["datasetVersion"] == "0"
    assert table["outputFacets"]["outputStatistics"]["rowCount"] == 3
    assert [field["name"] for field in table["facets"]["schema"]["fields"]] == ["customer", "total", "orders"]
    assert [(each["namespace"], each["name"]) for each in totals["inputs"]] == [
        (orders["outputs"][0]["namespace"], orders["outputs"][0]["name"])
    ], "what one run gives, the next one reads under the same name"
    lineage = table["facets"]["columnLineage"]["fields"]
    assert {(f["name"], f["field"]) for f in lineage["total"]["inputFields"]} == {
        (orders["outputs"][0]["name"], "amount")
    }


def test_the_m_text_goes_along_only_where_that_is_asked_for(app: Headwater) -> None:
    app.refresh(SYSTEM, "shop")
    assert not any("sourceCode" in event["job"]["facets"] for event in events(app))
    with app.home.configuration.open("a") as file:
        file.write('\n[openlineage]\nsource_code = true\nfile = "lineage.jsonl"\n')
    with Headwater.open(app.home.path) as again:
        again.refresh(SYSTEM, "shop")
        code = of(events(again)[6:], "shop.totals", "COMPLETE")["job"]["facets"]["sourceCode"]
    assert code["language"] == "M" and code["sourceCode"] == QUERIES["totals"]


def test_a_start_is_there_as_soon_as_it_starts(both: World, hook: Hook) -> None:
    both.configure(f'[openlineage]\nurl = "{hook.origin}/x"')
    both.flow(both.person("ann"), fails=False)
    seen: list[list[tuple[str, str]]] = []

    def look(_moment: str) -> None:
        send(both.app)
        seen.append([(event["job"]["name"], event["eventType"]) for event in events(both.app)])
        seen.append([(call.json["job"]["name"], call.json["eventType"]) for call in hook.calls])

    forget = moments.on("refresh.started", look)
    both.refresh()
    forget()
    assert seen == [[("flow", "START"), ("flow.rows", "START")]] * 2


def test_a_refresh_that_is_begun_again_starts_once(both: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "pause", lambda _failures, _chance: timedelta(0))
    both.flow(both.person("ann"), fails=False)
    left = [2]

    def away(_moment: str) -> None:
        left[0] -= 1
        if left[0] >= 0:
            raise UnreachableError("Nobody answers.")

    forget = moments.on("refresh.started", away)
    both.refresh()
    forget()
    assert left[0] < 0 and both.app.refreshes(SYSTEM)[0].status == "succeeded"
    kinds = [(event["job"]["name"], event["eventType"]) for event in events(both.app)]
    assert kinds == [("flow", "START"), ("flow.rows", "START"), ("flow.rows", "COMPLETE"), ("flow", "COMPLETE")]


def test_an_entity_that_was_not_come_to_is_called_off(app: Headwater) -> None:
    flow, writer = app.dataflows.get(SYSTEM, "shop"), OpenLineageEvents("i")
    failed = ended("failed", [EntitySummary("orders", 0, 0, 0, 0, 0, 0.0, error=FAILURE)], [], flow)
    with app.database.begin() as connection:
        connection.execute(tables.openlineage_events.delete())
        writer.started(connection, StartedRefresh(failed.id, flow, "manual", failed.started_at))
        writer(connection, failed)
        found = [dict(event) for event in connection.scalars(select(tables.openlineage_events.c.event))]
    for event in found:
        check(event)
    assert [(each["job"]["name"], each["eventType"]) for each in found] == [
        ("shop", "START"),
        ("shop.orders", "START"),
        ("shop.totals", "START"),
        ("shop.orders", "FAIL"),
        ("shop.totals", "ABORT"),
        ("shop", "FAIL"),
    ]
    runs = {each["job"]["name"]: each["run"]["runId"] for each in found}
    assert all(runs[each["job"]["name"]] == each["run"]["runId"] for each in found)


def test_a_refresh_that_never_began_starts_when_it_ends(app: Headwater) -> None:
    app.refreshing.cancel(SYSTEM, app.refreshing.request(SYSTEM, "shop"))
    assert [(each["job"]["name"], each["eventType"]) for each in events(app)] == [("shop", "START"), ("shop", "ABORT")]


def test_a_failure_says_no_more_than_people_are_told(both: World) -> None:
    both.flow(both.person("ann"))
    both.refresh()
    found = events(both.app)
    assert Counter(event["eventType"] for event in found)["FAIL"] >= 1
    message = of(found, "flow", "FAIL")["run"]["facets"]["errorMessage"]["message"]
    assert message.startswith("refresh.m.expression") and "step 'Checked'" in message
    with both.app.database.read() as connection:
        kept = json.dumps([dict(e) for e in connection.execute(select(tables.openlineage_events.c.event)).scalars()])
    assert CANARY not in kept


def test_a_scheduled_one_says_when_it_was_due(world: World) -> None:
    world.flow(world.person("ann"), fails=False)
    due = datetime(2026, 1, 2, 6, tzinfo=UTC)
    with world.app.database.begin() as connection:
        flow = connection.execute(select(tables.dataflows.c.id)).scalar_one()
        payload = {"trigger": "schedule"}
        schedules.put(connection, NewSchedule("refresh", f"dataflow:{flow}", payload, "0 6 * * *"))
        connection.execute(tables.schedules.update().values(next_due=due))
    tick(world.app.database)
    with world.app.database.read() as connection:
        (job,) = queue.of_subject(connection, f"dataflow:{flow}")
    Worker(world.app.database, world.app.job_handlers).run_one(job.id)
    nominal = of(events(world.app), "flow", "COMPLETE")["run"]["facets"]["nominalTime"]["nominalStartTime"]
    assert job.key is not None and nominal == job.key.partition("@")[2]
    at = datetime.fromisoformat(nominal)
    assert (at.hour, at.minute, at.second) == (6, 0, 0) and at < job.created_at, "the one of those that were missed"


FAILURE = {"code": "refresh.m.x", "message": CANARY, "where": "w", "hint": "h"}


def ended(status: str, summaries: list[EntitySummary], lineage: list[LineageRecord], flow: Any) -> EndedRefresh:
    now = datetime(2026, 1, 2, tzinfo=UTC)
    error = FAILURE if status == "failed" else None
    return EndedRefresh(
        str(UUID(int=7)), flow, status, "manual", error, now, now + timedelta(seconds=3), summaries, lineage
    )


def test_models_and_other_stores_are_named_as_everybody_names_them(app: Headwater) -> None:
    """The lineage of a scored column goes to the model version and to the columns that went into it."""
    flow = app.dataflows.get(SYSTEM, "shop")
    model = "mlflow://ml:5000/models/delay/versions/3"
    table = AssetRecord(
        "dataflow_table", names.table("i", "shop", "scored"), "scored", columns=(ColumnRecord("p", "number"),)
    )
    source = AssetRecord("dataset", "postgres://db:5432/shop.public.orders", "orders")
    record = LineageRecord(
        AssetRecord("dataflow_query", names.query("i", "shop", "scored"), "scored", {"m": "1"}),
        (source, AssetRecord("ml_model_version", model, "delay v3")),
        (table,),
        (
            ColumnEdge(source.ref, "distance", table.ref, "p", model),
            ColumnEdge(AssetRef("ml_model_version", model), "probability", table.ref, "p"),
            ColumnEdge(source.ref, None, table.ref, "p"),
        ),
    )
    summary = EntitySummary(
        "scored", 10, 4, 6, 0, 100, 1.0, 5, {"lab.delay": model}, reuse={"lab.delay": "immutable"}, engine="duckdb"
    )
    found = list(OpenLineageEvents("i").events(ended("succeeded", [summary], [record], flow)))
    for event in found:
        check(event)
    done = of(found, "shop.scored", "COMPLETE")
    assert {(each["namespace"], each["name"]) for each in done["inputs"]} == {
        ("postgres://db:5432", "shop.public.orders"),
        ("mlflow://ml:5000", "models/delay/versions/3"),
    }
    assert done["inputs"][1]["facets"]["datasetType"]["datasetType"] == "MODEL"
    fields = done["outputs"][0]["facets"]["columnLineage"]["fields"]["p"]["inputFields"]
    assert [(f["name"], f["field"]) for f in fields] == [
        ("shop.public.orders", "distance"),
        ("models/delay/versions/3", "probability"),
    ]
    assert model in fields[0]["transformations"][0]["description"]
    facet = done["run"]["facets"]["headwater_models"]
    assert facet["models"] == [{"function": "lab.delay", "version": model, "reuse": "immutable"}]
    assert (facet["rowsScored"], facet["rowsReused"]) == (4, 6)


@pytest.mark.parametrize(("status", "ends"), [("failed", ["FAIL", "ABORT"]), ("cancelled", ["ABORT", "ABORT"])])
def test_entities_that_were_called_off_are_told_from_those_that_failed(
    app: Headwater, status: str, ends: list[str]
) -> None:
    flow = app.dataflows.get(SYSTEM, "shop")
    error = {"code": "refresh.m.x", "message": CANARY, "where": "", "hint": ""} if status == "failed" else None
    summaries = [EntitySummary(name, 0, 0, 0, 0, 0, 0.0) for name in ("a", "b")]
    summaries[0] = EntitySummary("a", 0, 0, 0, 0, 0, 0.0, error=error)
    found = list(OpenLineageEvents("i").events(ended(status, summaries, [], flow)))
    for event in found:
        check(event)
    assert [each["eventType"] for each in found[3:5]] == ends
    assert CANARY not in json.dumps(found)


# -- sending -----------------------------------------------------------------------------------------------------------


def send(opened: Headwater) -> list[Job]:
    with opened.database.read() as connection:
        jobs = queue.of_subject(connection, "openlineage", active_only=True)
    worker = Worker(opened.database, opened.job_handlers)
    return [worker.run_one(job.id) for job in reversed(jobs)]


def test_they_are_sent_in_order_with_the_key(
    both: World, hook: Hook, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LINEAGE_KEY", "canary-key")
    both.configure(
        f'[openlineage]\nurl = "{hook.origin}/api/v1/lineage"\napi_key = "env:LINEAGE_KEY"\nfile = "l.jsonl"'
    )
    both.flow(both.person("ann"), fails=False)
    both.refresh()
    both.refresh()
    assert [job.status for job in send(both.app)] == ["succeeded"] * 4
    stored = events(both.app)
    assert [call.json for call in hook.calls] == stored and len(stored) == 8
    assert {call.headers["Authorization"] for call in hook.calls} == {"Bearer canary-key"}
    lines = (both.app.home.path / "l.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == stored
    with both.app.database.read() as connection:
        payloads = connection.execute(select(tables.jobs.c.payload)).scalars().all()
    assert "canary-key" not in json.dumps([dict(each) for each in payloads])


def test_a_receiver_that_refuses_fails_the_job_and_nothing_else(world: World, hook: Hook) -> None:
    hook.answers.append((401, {}))
    world.configure(f'[openlineage]\nurl = "{hook.origin}/x?token=canary"')
    world.flow(world.person("ann"), fails=False)
    world.refresh()
    job, last = send(world.app)
    assert job.status == "failed" and job.error is not None and "canary" not in json.dumps(dict(job.error))
    assert last.status == "succeeded"
    assert [call.json for call in hook.calls[1:]] == events(world.app), "what was refused comes with the next"
    assert world.app.refreshes(SYSTEM)[0].status == "succeeded"


def test_a_start_that_was_not_sent_goes_ahead_of_the_end(both: World, hook: Hook) -> None:
    both.configure(f'[openlineage]\nurl = "{hook.origin}/x"')
    both.flow(both.person("ann"), fails=False)
    both.refresh()
    with both.app.database.read() as connection:
        end, start = queue.of_subject(connection, "openlineage", active_only=True)
    assert Worker(both.app.database, both.app.job_handlers).run_one(end.id).status == "succeeded"
    assert [call.json for call in hook.calls] == events(both.app)
    with both.app.database.read() as connection:
        assert (found := queue.get(connection, start.id)) is not None and found.status == "cancelled"


def test_without_a_receiver_nothing_is_sent(world: World) -> None:
    world.flow(world.person("ann"), fails=False)
    world.refresh()
    assert send(world.app) == [] and events(world.app)


# -- reading -----------------------------------------------------------------------------------------------------------


def test_who_may_not_see_the_dataflow_sees_no_event(both: World) -> None:
    ann, eve = both.person("ann"), both.person("eve", role="")
    both.flow(ann, fails=False)
    both.refresh()
    assert len(both.app.openlineage.events(ann).events) == 4
    assert not both.app.openlineage.events(eve).events
    narrow = Actor(ann.user_id, "ann", Via.TOKEN, actions=frozenset({"model.*"}))
    assert not both.app.openlineage.events(narrow).events


def test_pages_and_moments(world: World) -> None:
    ann = world.person("ann")
    world.flow(ann, fails=False)
    world.refresh()
    service: OpenLineage = world.app.openlineage
    first = service.events(ann, limit=3)
    rest = service.events(ann, limit=3, after=first.after)
    assert [*first.events, *rest.events] == list(service.events(ann).events) and rest.after is None
    assert not service.events(ann, since=datetime.now(UTC) + timedelta(days=1)).events
    token = world.app.tokens.create(ann, "test").token
    value = token if isinstance(token, str) else token.reveal()
    headers = {"Authorization": f"Bearer {value}"}
    with TestClient(create_app(world.app), base_url="http://127.0.0.1", headers=headers) as client:
        page = client.get("/api/openlineage/events", params={"limit": 3}).json()
        assert page["value"] == [dict(event) for event in first.events] and page["after"] == first.after
        assert client.get("/api/openlineage/events", params={"since": "2026-01-01T00:00:00"}).status_code == 422
    printed = succeeded("openlineage", "events", "--home", world.app.home.path).out.splitlines()
    assert [json.loads(line) for line in printed] == [dict(event) for event in service.events(ann).events]


@pytest.mark.parametrize(
    "stated",
    [
        {"url": "http://lineage.example.org"},
        {"url": "nonsense"},
        {"api_key": "canary"},
        {"source_code": "yes"},
        {"private_networks": ["x"]},
        {"file": 5},
        {"topic": "x"},
    ],
)
def test_what_the_table_cannot_say(tmp_path: Path, stated: dict[str, Any]) -> None:
    with pytest.raises(HomeError) as caught:
        read_receiver({"openlineage": stated}, tmp_path, tmp_path / "headwater.toml")
    assert "canary" not in str(caught.value) + caught.value.hint
    assert read_receiver({}, tmp_path, tmp_path) == Receiver() and not Receiver().listens
