"""The catalog as OpenLineage events, posted to a receiver that listens."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import attr
import pytest
from openlineage.client.generated import base
from openlineage.client.generated.dataset_type_dataset import DatasetTypeDatasetFacet
from openlineage.client.generated.documentation_dataset import DocumentationDatasetFacet
from openlineage.client.generated.documentation_job import DocumentationJobFacet
from openlineage.client.generated.job_type_job import JobTypeJobFacet
from openlineage.client.generated.schema_dataset import SchemaDatasetFacet
from tests.pushing.test_pushing import fill

from headwater.access import SYSTEM
from headwater.app.home import open_home
from headwater.app.pushing import Pushes, Target
from headwater.app.runtime import Headwater
from headwater.catalog import AssetRecord, AssetService
from headwater.errors import RemoteError


class Receiver(BaseHTTPRequestHandler):
    """Keeps what is posted; refuses what its server says."""

    def do_POST(self) -> None:
        server: Any = self.server
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status = server.status if not server.refused or server.refused in json.dumps(event) else 201
        if status == 201:
            server.events.append(event)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def receiving() -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.events, server.status, server.refused = [], 201, ""
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Headwater]:
    with Headwater(open_home(tmp_path / "home", create=True)) as app:
        fill(app, tmp_path / "flows")
        yield app


def target(server: Any) -> Target:
    return Target("lineage", f"http://127.0.0.1:{server.server_port}/api/v1/lineage", form="openlineage")


def test_jobs_and_datasets_are_told_once_and_then_what_changed(app: Headwater) -> None:
    with receiving() as server:
        pushes = Pushes(app.database, [target(server)])
        report = pushes.push(SYSTEM, "lineage")
        jobs = {event["job"]["name"]: event for event in server.events if "job" in event}
        datasets = {_name(event): event for event in server.events if "dataset" in event}
        assert report.entities == len(server.events) == len(jobs) + len(datasets)
        job = jobs["jobs/r"]
        assert (job["job"]["namespace"], job["schemaURL"].rpartition("/")[2]) == ("mlflow://h:1", "JobEvent")
        assert job["inputs"] == [{"namespace": "file", "name": "/flights.csv"}]
        assert job["outputs"] == [{"namespace": "mlflow://h:1", "name": "models/m/versions/1"}]
        flights = datasets["file", "/flights.csv"]["dataset"]["facets"]
        assert [field["name"] for field in flights["schema"]["fields"]] == ["id", "late"]
        assert datasets["mlflow://h:1", "models/m"]["dataset"]["facets"]["datasetType"]["datasetType"] == "MODEL"
        server.events.clear()
        AssetService(app.database).upsert([AssetRecord("dataset", "s3://b/k", "k", {"description": "new"})])
        assert pushes.push(SYSTEM, "lineage").entities == 1
        (event,) = server.events
        assert event["dataset"]["facets"]["documentation"]["description"] == "new"


def _name(event: dict[str, Any]) -> tuple[str, str]:
    return event["dataset"]["namespace"], event["dataset"]["name"]


def test_events_are_those_of_openlineages_own_classes(app: Headwater) -> None:
    with receiving() as server:
        AssetService(app.database).upsert([AssetRecord("ml_job", "mlflow://h:1/jobs/s", "s", {"description": "d"})])
        Pushes(app.database, [target(server)]).push(SYSTEM, "lineage")
    assert {"job", "dataset"} <= {key for event in server.events for key in event}
    for event in server.events:
        kind, part, facets = KINDS["job" if "job" in event else "dataset"]
        assert event["schemaURL"] == kind._get_schema()
        assert event.keys() <= {field.name for field in attr.fields(kind)}
        stated = event[part]
        for name, facet in stated["facets"].items():
            assert facet["_schemaURL"] == facets[name]._get_schema()
            content = {key: value for key, value in facet.items() if not key.startswith("_")}
            assert content.keys() <= {field.name for field in attr.fields(facets[name])}


KINDS: dict[str, tuple[Any, str, dict[str, Any]]] = {
    "job": (base.JobEvent, "job", {"jobType": JobTypeJobFacet, "documentation": DocumentationJobFacet}),
    "dataset": (
        base.DatasetEvent,
        "dataset",
        {
            "schema": SchemaDatasetFacet,
            "datasetType": DatasetTypeDatasetFacet,
            "documentation": DocumentationDatasetFacet,
        },
    ),
}


def test_an_event_that_is_refused_is_a_warning_and_a_refused_credential_the_end(app: Headwater) -> None:
    with receiving() as server:
        server.status, server.refused = 422, "models/m/versions"
        report = Pushes(app.database, [target(server)]).push(SYSTEM, "lineage", full=True)
        assert {warned.status for warned in report.warnings} == {422}
        assert ("ml_model_version", "mlflow://h:1/models/m/versions/1") in {
            (warned.type_name, warned.name) for warned in report.warnings
        }
        assert server.events
        server.status, server.refused = 401, ""
        server.refused = "mlflow"
        with pytest.raises(RemoteError):
            Pushes(app.database, [target(server)]).push(SYSTEM, "lineage", full=True)
