"""OpenLineage's own client sends to a started server."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import (
    DatasetEvent,
    InputDataset,
    Job,
    JobEvent,
    OutputDataset,
    Run,
    RunEvent,
    RunState,
)
from openlineage.client.generated.base import StaticDataset
from openlineage.client.generated.column_lineage_dataset import ColumnLineageDatasetFacet, Fields, InputField
from openlineage.client.generated.schema_dataset import SchemaDatasetFacet, SchemaDatasetFacetFields
from tests.atlas.conftest import Served
from tests.catalog.openlineage.support import Catalog, run
from tests.catalog.openlineage.support import dataset as stated
from tests.workspaces.stored.support import scope_of, somebody

from headwater.access import SYSTEM
from headwater.app.openlineage.settings import read_receiver

PLACE = "postgres://db:5432"


@pytest.fixture
def catalog(served: Served) -> Catalog:
    return Catalog(served.app.database)


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    with served.client(root="") as client:
        yield client


def client(served: Served, monkeypatch: pytest.MonkeyPatch, **more: str) -> OpenLineageClient:
    """The client as its environment configures it."""
    monkeypatch.setenv("OPENLINEAGE_URL", served.url)
    monkeypatch.setenv("OPENLINEAGE_API_KEY", served.token)
    for name, value in more.items():
        monkeypatch.setenv(name, value)
    return OpenLineageClient()


def events(job: str) -> list[Any]:
    """A run of a job, as the client has it."""
    fields = [SchemaDatasetFacetFields("price", "NUMERIC(10,2)")]
    came = InputDataset(PLACE, f"shop.{job}.orders", facets={"schema": SchemaDatasetFacet(fields)})
    made_of = {"total": Fields([InputField(PLACE, f"shop.{job}.orders", "price")])}
    went = OutputDataset(PLACE, f"shop.{job}.totals", facets={"columnLineage": ColumnLineageDatasetFacet(made_of)})
    told: Any = {"run": Run(str(uuid4())), "job": Job("client", job), "producer": "https://p", "inputs": [came]}
    return [
        RunEvent(eventTime="2026-05-01T10:00:00Z", eventType=RunState.START, **told),
        RunEvent(eventTime="2026-05-01T10:01:00Z", eventType=RunState.COMPLETE, outputs=[went], **told),
    ]


def check(catalog: Catalog, job: str) -> None:
    found = catalog.job(job, "client")
    assert found is not None and found.attributes["state"] == "COMPLETE"
    assert catalog.edges(found.guid) == {(f"shop.{job}.orders", job), (job, f"shop.{job}.totals")}
    assert catalog.column_links(found.guid) == {("price", "total")}


def test_the_client_sends_by_its_address_alone(
    served: Served, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = client(served, monkeypatch)
    for event in events("plain"):
        sender.emit(event)
    told: Any = {"eventTime": "2026-05-01T10:00:00Z", "producer": "https://p"}
    sender.emit(JobEvent(job=Job("client", "designed"), **told))
    sender.emit(DatasetEvent(dataset=StaticDataset(PLACE, "shop.alone"), **told))
    check(catalog, "plain")
    assert catalog.job("designed", "client") is not None
    assert catalog.dataset("shop.alone") is not None


@pytest.mark.parametrize("kind", ["http", "async_http"])
def test_the_client_sends_compressed_and_beside(
    served: Served, catalog: Catalog, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    config = {"type": kind, "url": served.url, "compression": "gzip"}
    config["auth"] = {"type": "api_key", "apiKey": served.token}  # type: ignore[assignment]
    sender = OpenLineageClient(config={"transport": config})
    for event in events(kind):
        sender.emit(event)
    assert sender.close(timeout=20)
    check(catalog, kind)


def test_events_are_taken_together_each_for_itself(http: httpx.Client, catalog: Catalog) -> None:
    sent = [run("COMPLETE", "10:00:00", [stated("b.a")], job="batch"), {"nonsense": 1}, run("NEVER", "10:00:00")]
    answer = http.post("/api/v1/lineage/batch", json=sent)
    assert answer.status_code == 200
    told = answer.json()
    assert told["status"] == "partial_success"
    assert told["summary"] == {"received": 3, "successful": 1, "failed": 2, "retriable": 0, "non_retriable": 2}
    assert [(each["index"], each["code"]) for each in told["failed_events"]] == [
        (1, "openlineage.event"),
        (2, "openlineage.event"),
    ]
    assert catalog.job("batch") is not None
    runs = http.get(f"/api/openlineage/runs/{catalog.job('batch').guid}").json()["value"]
    assert [each["state"] for each in runs] == ["COMPLETE"]


def test_what_is_too_large_or_wrong_is_refused(http: httpx.Client) -> None:
    def sent(content: bytes, encoding: str = "gzip") -> httpx.Response:
        return http.post("/api/v1/lineage", content=content, headers={"Content-Encoding": encoding})

    bomb = gzip.compress(b" " * (65 << 20))
    assert len(bomb) < 1 << 20
    for content, encoding, code in (
        (bomb, "gzip", "request.too_large"),
        (b"no gzip", "gzip", "usage"),
        (gzip.compress(b"{}")[:-8], "gzip", "usage"),
        (b"{}", "br", "usage"),
        (b"{", "", "usage"),
        (b"[" * 100_000, "", "usage"),
        (json.dumps(run("START", "10:00:00") | {"x": "\0"}).encode(), "", "openlineage.event"),
    ):
        answer = sent(content, encoding)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, code), content[:20]
    assert http.post("/api/v1/lineage/batch", json={}).status_code == 400


def test_rights_are_the_senders(served: Served, http: httpx.Client) -> None:
    served.app.collections.add(SYSTEM, "pipelines")
    with served.app.database.read() as connection:
        scope = scope_of(connection, "pipelines")
    sender = somebody(served.app.database, "pipeline", "Data curator", scope)
    token = served.app.tokens.create(sender, "t").token
    event = run("COMPLETE", "10:00:00", [stated("r.a")], job="rights")
    with served.client(token, root="") as theirs:
        assert theirs.post("/api/v1/lineage", json=event).status_code == 404
        assert theirs.post("/api/v1/lineage?collection=nowhere", json=event).status_code == 404
        assert theirs.post("/api/v1/lineage?collection=pipelines", json=event).status_code == 201
    with httpx.Client(base_url=served.url, trust_env=False) as nobody:
        assert nobody.post("/api/v1/lineage", json=event).status_code == 401


def test_new_assets_go_where_the_configuration_says(served: Served, catalog: Catalog, http: httpx.Client) -> None:
    served.app.collections.add(SYSTEM, "configured")
    home = served.app.home
    stated_in_file = {"openlineage": {"collection": "configured"}}
    receiver = read_receiver(stated_in_file, home.path, home.path / "headwater.toml")
    served.app.home = replace(home, lineage=receiver)
    try:
        answer = http.post("/api/v1/lineage", json=run("COMPLETE", "10:00:00", job="configured"))
    finally:
        served.app.home = home
    assert answer.status_code == 201 and catalog.job("configured").collection == "configured"
