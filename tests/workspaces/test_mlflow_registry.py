"""What a real MLflow server lists and posts when its registry changes; tests here change a server of their own."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from tests.conftest import SeededMLflow

from headwater.access import SYSTEM
from headwater.catalog import AssetService, ScanOptions, events_to_scan, names, scan
from headwater.errors import NotFoundError, RemoteError, UnauthenticatedError
from headwater.net import HttpClient
from headwater.secret import Secret
from headwater.store import Database
from headwater.workspaces import SourceService
from headwater.workspaces.mlflow import MLflowConnector, client, webhooks
from headwater.workspaces.mlflow.local import LocalServer

pytestmark = pytest.mark.xdist_group("mlflow")
SECRET = Secret("a secret of the tests' own")
API = "/api/2.0/mlflow"


@dataclass
class Receiver:
    """An address that keeps what is posted to it."""

    url: str = ""
    messages: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def wait(self, count: int) -> list[tuple[dict[str, str], bytes]]:
        """The messages, once so many have come."""
        ends = time.monotonic() + 30
        while len(self.messages) < count and time.monotonic() < ends:
            time.sleep(0.02)
        assert len(self.messages) >= count
        return self.messages


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            receiver.messages.append((dict(self.headers.items()), body))
            self.send_response(204)
            self.end_headers()

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, args=(0.02,))
    thread.start()
    receiver.url = f"http://127.0.0.1:{httpd.server_address[1]}/hook"
    try:
        yield receiver
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    """A server that may post to this machine."""
    settings = {
        "MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http,https",
        "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true",
        "MLFLOW_WEBHOOK_CACHE_TTL": "0",
        "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY": Fernet.generate_key().decode(),
    }
    with LocalServer(tmp_path_factory.mktemp("registry"), settings=settings) as server:
        yield server


@pytest.fixture
def connector(server: LocalServer) -> Iterator[MLflowConnector]:
    with closing(MLflowConnector(server.url)) as connector:
        yield connector


@pytest.fixture
def rest(server: LocalServer) -> Iterator[HttpClient]:
    with HttpClient(server.url) as rest:
        yield rest


def run(rest: HttpClient, name: str, *, ended: datetime | None) -> str:
    """A run with a parameter, that ended when it is said to."""
    started = int(datetime.now(UTC).timestamp() * 1000)
    made = rest.post_json(f"{API}/runs/create", {"experiment_id": "0", "run_name": name, "start_time": started})
    run_id = str(made["run"]["info"]["run_id"])
    rest.post_json(f"{API}/runs/log-parameter", {"run_id": run_id, "key": "depth", "value": "3"})
    if ended is not None:
        end = {"run_id": run_id, "status": "FINISHED", "end_time": int(ended.timestamp() * 1000)}
        rest.post_json(f"{API}/runs/update", end)
    return run_id


def register(rest: HttpClient, name: str, run_id: str | None = None) -> None:
    """A model with a version."""
    rest.post_json(f"{API}/registered-models/create", {"name": name})
    version = {"name": name, "source": f"s3://bucket/{name}", "run_id": run_id}
    rest.post_json(f"{API}/model-versions/create", {key: value for key, value in version.items() if value})


class TestSeeded:
    """Over the server that all tests share."""

    def test_listed_jobs_are_those_that_are_asked_for_one_by_one(
        self, mlflow_server: SeededMLflow, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(client, "RUNS_A_PAGE", 2)
        with closing(MLflowConnector(mlflow_server.url)) as connector:
            listed = {job.run_id: job for job in connector.list_jobs()}
            assert {mlflow_server.run_id, mlflow_server.retrained_run_id} <= listed.keys()
            for run_id, job in listed.items():
                assert repr(job) == repr(connector.get_job(run_id))
            assert {job.experiment for job in connector.list_jobs(["delays"])} == {"delays"}
            assert list(connector.list_jobs(["there is none"])) == []
            assert {"delays", "Default"} <= {each.name for each in connector.list_experiments()}

    def test_a_logged_model_has_the_signature_of_the_version_made_of_it(self, mlflow_server: SeededMLflow) -> None:
        with closing(MLflowConnector(mlflow_server.url)) as connector:
            version = connector.get_version("late_arrival", "1")
            logged = {model.model_id: model for model in connector.list_unregistered_models()}
            assert version.model_id in logged
            found = connector.read_signature(logged[version.model_id])
            assert (found.signature, found.digest) == (version.signature, version.digest)
            assert (found.model, found.version, found.run_id) == ("model", "", version.run_id)

    def test_a_listed_version_gets_its_signature(self, mlflow_server: SeededMLflow) -> None:
        with closing(MLflowConnector(mlflow_server.url)) as connector:
            listed = next(iter(connector.list_versions("unsigned")))
            assert connector.read_signature(listed).digest == connector.get_version("unsigned").digest


def test_runs_that_ended_since_and_those_that_run(rest: HttpClient, connector: MLflowConnector) -> None:
    now = datetime.now(UTC)
    old = run(rest, "old", ended=now - timedelta(days=2))
    late = run(rest, "late", ended=now)
    running = run(rest, "running", ended=None)
    deleted = run(rest, "deleted", ended=now)
    rest.post_json(f"{API}/runs/delete", {"run_id": deleted})
    since = {job.run_id for job in connector.list_jobs(ended_after=now - timedelta(days=1))}
    assert {late, running} <= since and not {old, deleted} & since
    assert {old, late, running} <= {job.run_id for job in connector.list_jobs()}


def test_a_model_renamed_at_the_server_is_the_same_asset(
    database: Database, rest: HttpClient, connector: MLflowConnector, server: LocalServer
) -> None:
    source = SourceService(database).add(SYSTEM, "lab", "", "mlflow", server.url)
    register(rest, "before", run(rest, "train", ended=datetime.now(UTC)))
    rest.post_json(f"{API}/registered-models/create", {"name": "empty before"})
    scan(database, SYSTEM, source, connector)
    home = connector.test().qualified_name
    assets = AssetService(database)
    guids = [
        asset.guid
        for type_name, name in (
            ("ml_model", names.model(home, "before")),
            ("ml_model_version", names.model_version(home, "before", "1")),
            ("ml_model", names.model(home, "empty before")),
        )
        if (asset := assets.find(SYSTEM, type_name, name))
    ]
    for old in ("before", "empty before"):
        rest.post_json(f"{API}/registered-models/rename", {"name": old, "new_name": old.replace("before", "after")})
    report = scan(database, SYSTEM, source, connector, ScanOptions(kind="incremental"))
    assert (report.renamed, report.missing) == (2, 0)
    found = [
        assets.find(SYSTEM, "ml_model", names.model(home, "after")),
        assets.find(SYSTEM, "ml_model_version", names.model_version(home, "after", "1")),
        assets.find(SYSTEM, "ml_model", names.model(home, "empty after")),
    ]
    assert [asset.guid for asset in found if asset] == guids


class TestWebhooks:
    @pytest.fixture
    def hook(self, connector: MLflowConnector, receiver: Receiver) -> Iterator[str]:
        made = connector.create_webhook("headwater", receiver.url, SECRET)
        yield made
        connector.delete_webhook(made)

    def test_what_the_server_posts_is_read(self, hook: str, rest: HttpClient, receiver: Receiver) -> None:
        register(rest, "hooked")
        alias = {"name": "hooked", "alias": "best", "version": "1"}
        rest.post_json(f"{API}/registered-models/alias", alias)
        events = [webhooks.read_event(*message, SECRET, now=datetime.now(UTC)) for message in receiver.wait(3)]
        assert {(event.entity, event.action, event.model, event.version) for event in events} == {
            ("registered_model", "created", "hooked", ""),
            ("model_version", "created", "hooked", "1"),
            ("model_version_alias", "created", "hooked", "1"),
        }
        assert len({event.delivery_id for event in events}) == 3
        wanted = ScanOptions(kind="incremental", models=("hooked",))
        assert [events_to_scan(event) for event in events] == [wanted] * 3

    def test_a_test_says_what_came_of_it(self, hook: str, connector: MLflowConnector, receiver: Receiver) -> None:
        assert connector.test_webhook(hook) == webhooks.WebhookTest(succeeded=True, status=204)
        event = webhooks.read_event(*receiver.wait(1)[0], SECRET, now=datetime.now(UTC))
        assert event.model == "example_model"

    def test_there_may_be_none(self, connector: MLflowConnector) -> None:
        for ask in (connector.test_webhook, connector.delete_webhook):
            with pytest.raises(NotFoundError):
                ask("no such webhook")

    def test_an_address_that_the_server_refuses_says_so(self, mlflow_server: SeededMLflow) -> None:
        with closing(MLflowConnector(mlflow_server.url)) as shared, pytest.raises(RemoteError) as caught:
            shared.create_webhook("headwater", "http://127.0.0.1:9/hook", SECRET)
        assert caught.value.status == 400
        assert SECRET.reveal() not in str(caught.value.to_dict())


NOW = datetime(2026, 5, 1, tzinfo=UTC)
BODY = json.dumps(
    {"entity": "model_version", "action": "created", "timestamp": "x", "data": {"name": "m", "version": "2"}}
).encode()


def signed(body: bytes = BODY, at: datetime = NOW, secret: Secret = SECRET) -> dict[str, str]:
    """The headers of a message; the signature is computed by MLflow's recipe, not by ours."""
    import base64
    import hashlib
    import hmac

    stamp = str(int(at.timestamp()))
    content = f"id-1.{stamp}.".encode() + body
    digest = hmac.new(secret.reveal().encode(), content, hashlib.sha256).digest()
    return {
        "X-MLflow-Delivery-Id": "id-1",
        "x-mlflow-timestamp": stamp,
        "X-MLFLOW-SIGNATURE": f"v1,{base64.b64encode(digest).decode()}",
    }


class TestMessages:
    def test_a_message_of_the_servers_is_read(self) -> None:
        event = webhooks.read_event(signed(), BODY, SECRET, now=NOW)
        assert event == webhooks.RegistryEvent("id-1", "model_version", "created", "m", "2")

    @pytest.mark.parametrize(
        ("headers", "body"),
        [
            ({}, BODY),
            (signed(secret=Secret("another")), BODY),
            (signed(), BODY + b" "),
            ({**signed(), "X-MLflow-Delivery-Id": "id-2"}, BODY),
            ({**signed(), "x-mlflow-timestamp": str(int(NOW.timestamp()) + 1)}, BODY),
            ({**signed(), "X-MLFLOW-SIGNATURE": ""}, BODY),
            ({**signed(), "X-MLFLOW-SIGNATURE": "v1,ü\udcff"}, BODY),
        ],
    )
    def test_what_is_not_signed_so_is_refused(self, headers: dict[str, str], body: bytes) -> None:
        with pytest.raises(UnauthenticatedError) as caught:
            webhooks.read_event(headers, body, SECRET, now=NOW)
        assert caught.value.code == "webhook.signature"

    @pytest.mark.parametrize("seconds", [-301, 301])
    def test_what_was_kept_is_refused(self, seconds: int) -> None:
        at = NOW + timedelta(seconds=seconds)
        with pytest.raises(UnauthenticatedError) as caught:
            webhooks.read_event(signed(at=at), BODY, SECRET, now=NOW)
        assert caught.value.code == "webhook.expired"
        webhooks.read_event(signed(at=at), BODY, SECRET, now=at)

    @pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"entity": "x"}', b'{"entity": 1, "action": 2, "data": 3}'])
    def test_what_is_signed_and_says_nothing_is_no_event(self, body: bytes) -> None:
        with pytest.raises(Exception, match="no event") as caught:
            webhooks.read_event(signed(body), body, SECRET, now=NOW)
        assert getattr(caught.value, "code", "") == "webhook.event"

    def test_a_prompt_is_no_model(self) -> None:
        body = json.dumps({"entity": "prompt", "action": "created", "data": {"name": "hello"}}).encode()
        event = webhooks.read_event(signed(body), body, SECRET, now=NOW)
        assert (event.model, events_to_scan(event)) == ("", None)


def test_a_path_is_kept(tmp_path: Path) -> None:
    """A server of one's own may have several processes, and settings."""
    server = LocalServer(tmp_path, workers=3, settings={"A": "b"})
    assert server._command()[server._command().index("--workers") + 1] == "3"
