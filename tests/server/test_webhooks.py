"""Webhooks of an MLflow server, against a started server of ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import httpx
import pytest
from cryptography.fernet import Fernet
from tests.atlas.conftest import Served, served
from tests.workspaces.stored.support import scope_of, somebody
from tests.workspaces.test_mlflow_registry import API, signed

from headwater.access import SYSTEM
from headwater.errors import UsageError
from headwater.net import HttpClient
from headwater.secret import Secret
from headwater.store import utc_now
from headwater.workspaces.mlflow import MLflowConnector
from headwater.workspaces.mlflow.local import LocalServer

__all__ = ["served"]

pytestmark = pytest.mark.xdist_group("mlflow")


@pytest.fixture
def nobody(served: Served) -> Iterator[httpx.Client]:
    """Who posts, and shows nobody who they are."""
    with httpx.Client(base_url=served.url, timeout=30, trust_env=False) as client:
        yield client


def source(served: Served, name: str, url: str = "http://127.0.0.1:9") -> str:
    networks = ("127.0.0.0/8",)
    served.app.sources.add(SYSTEM, name, display_name=name, kind="mlflow", url=url, private_networks=networks)
    return name


def told(model: str) -> bytes:
    data = {"name": model, "version": "1"}
    return json.dumps({"entity": "model_version", "action": "created", "timestamp": "x", "data": data}).encode()


def waiting(served: Served, name: str) -> list[dict[str, Any]]:
    """What the scans that wait are to look at."""
    jobs = served.app.jobs.list(SYSTEM, subject=f"source:{name}")
    return [dict(job.payload) for job in jobs if job.status == "queued"]


def test_many_messages_make_one_scan(served: Served, nobody: httpx.Client) -> None:
    made = served.app.webhooks.arrange(SYSTEM, source(served, "lab"))
    assert made.path == "/api/webhooks/mlflow/lab" and made.secret.reveal() not in repr(made)
    for model in ("churn", "churn", "delay"):
        body = told(model)
        assert nobody.post(made.path, content=body, headers=signed(body, utc_now(), made.secret)).status_code == 204
    assert waiting(served, "lab") == [{"kind": "incremental", "models": ["churn", "delay"]}]
    schedule = served.app.source_schedules.get(SYSTEM, "lab")
    assert schedule is not None and schedule.next_due is not None


def test_what_is_not_signed_or_old_is_refused_and_not_told_why(served: Served, nobody: httpx.Client) -> None:
    made, body, now = served.app.webhooks.arrange(SYSTEM, source(served, "signed")), told("m"), utc_now()
    refused = [
        nobody.post("/api/webhooks/mlflow/nothing", content=body, headers=signed(body, now, made.secret)),
        nobody.post(made.path, content=body),
        nobody.post(made.path, content=body, headers=signed(body, now, Secret("another"))),
        nobody.post(made.path, content=body + b" ", headers=signed(body, now, made.secret)),
        nobody.post(made.path, content=body, headers=signed(body, now - timedelta(minutes=6), made.secret)),
        nobody.post(made.path, content=body, headers=signed(body, now + timedelta(minutes=6), made.secret)),
    ]
    assert {answer.status_code for answer in refused} == {401}
    assert len({answer.text for answer in refused}) == 1
    again = served.app.webhooks.arrange(SYSTEM, "signed")
    stale = nobody.post(made.path, content=body, headers=signed(body, now, made.secret))
    assert stale.status_code == 401 and waiting(served, "signed") == []
    assert nobody.post(made.path, content=body, headers=signed(body, now, again.secret)).status_code == 204
    assert nobody.get(made.path).status_code == 405
    wrong = b"[]"
    assert nobody.post(made.path, content=wrong, headers=signed(wrong, now, again.secret)).status_code == 400


def test_who_may_scan_arranges_it_over_http(served: Served) -> None:
    source(served, "http")
    with served.app.database.read() as connection:
        scope = scope_of(connection, "root")
    reader = served.app.tokens.create(somebody(served.app.database, "hooked", "Data reader", scope), "t").token
    with served.client(reader, root="") as theirs:
        assert theirs.put("/api/sources/http/webhook").status_code in {403, 404}
    with served.client(root="") as admin:
        made = admin.put("/api/sources/http/webhook").json()
        body = told("m")
        answer = admin.post(made["url"], content=body, headers=signed(body, utc_now(), Secret(made["secret"])))
        assert answer.status_code == 204
    assert waiting(served, "http") == [{"kind": "incremental", "models": ["m"]}]


def test_other_kinds_have_none(served: Served) -> None:
    served.app.sources.add(SYSTEM, "service", display_name="Service", kind="openapi", url="https://example.com")
    with pytest.raises(UsageError, match="no webhooks"):
        served.app.webhooks.arrange(SYSTEM, "service")


def test_an_mlflow_server_posts_and_is_scanned(served: Served, tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = {
        "MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http,https",
        "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true",
        "MLFLOW_WEBHOOK_CACHE_TTL": "0",
        "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY": Fernet.generate_key().decode(),
    }
    with LocalServer(tmp_path_factory.mktemp("hooked"), settings=settings) as server:
        made = served.app.webhooks.arrange(SYSTEM, source(served, "mlflow", server.url))
        with closing(MLflowConnector(server.url)) as connector, HttpClient(server.url) as rest:
            hook = connector.create_webhook("headwater", served.url + made.path, made.secret)
            assert connector.test_webhook(hook).succeeded
            rest.post_json(f"{API}/registered-models/create", {"name": "hooked"})
            ends = utc_now() + timedelta(seconds=30)
            while not any("hooked" in each["models"] for each in waiting(served, "mlflow")):
                assert utc_now() < ends, "nothing was posted"
        report = served.app.scan(SYSTEM, "mlflow")
    assert report.counts["ml_model"] == 1
