"""Scanning, as azure-purview-scanning documents it, against a started server, a worker and a real MLflow."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.purview.scanning import PurviewScanningClient
from sqlalchemy import update
from tests.atlas.conftest import Served
from tests.conftest import SeededMLflow

from headwater.access import SYSTEM
from headwater.app.jobs import worker_at_work
from headwater.app.source_schedules import SourceSchedule
from headwater.jobs import tick
from headwater.server.purview import pages
from headwater.store import tables

LOOPBACK = ["127.0.0.0/8"]


@pytest.fixture
def client(connected: Callable[..., Any]) -> Any:
    return connected(PurviewScanningClient, "/scan")


@pytest.fixture
def scan(served: Served) -> Iterator[httpx.Client]:
    """The service as it is asked without a client."""
    with served.client(root="/scan") as http:
        yield http


@pytest.fixture
def source(client: Any, mlflow_server: SeededMLflow) -> Iterator[str]:
    """A registered MLflow, gone afterwards."""
    name = f"lab_{uuid4().hex[:8]}"
    client.data_sources.create_or_update(name, body=mlflow(mlflow_server.url))
    yield name
    client.data_sources.delete(name)


def mlflow(url: str, collection: str = "root", **more: Any) -> dict[str, Any]:
    place = {"referenceName": collection, "type": "CollectionReference"}
    return {
        "kind": "MLflow",
        "properties": {"endpoint": url, "collection": place, "privateNetworks": LOOPBACK, **more},
    }


def defined(client: Any, source: str, name: str = "nightly", **properties: Any) -> str:
    client.scans.create_or_update(source, name, body={"kind": "MLflowMsi", "properties": properties})
    return name


def ended(client: Any, source: str, name: str, run: str) -> dict[str, Any]:
    """A run once it has ended."""
    end = time.monotonic() + 90
    while True:
        (found,) = (each for each in client.scan_result.list_scan_history(source, name) if each["id"] == run)
        if found["endTime"] is not None:
            return dict(found)
        assert time.monotonic() < end, found
        time.sleep(0.1)


def test_sources(client: Any, served: Served, mlflow_server: SeededMLflow) -> None:
    served.app.collections.add(SYSTEM, f"ml{id(client)}")
    made = client.data_sources.create_or_update("lab", body=mlflow(mlflow_server.url, displayName="The lab"))
    assert (made["name"], made["kind"], made["properties"]["endpoint"]) == ("lab", "MLflow", mlflow_server.url)
    assert served.app.sources.get(SYSTEM, "lab").display_name == "The lab"
    assert client.data_sources.get("lab") == made
    assert [each["name"] for each in client.data_sources.list_all() if each["name"] == "lab"] == ["lab"]
    moved = client.data_sources.create_or_update("lab", body=mlflow(mlflow_server.url, f"ml{id(client)}"))
    assert moved["properties"]["collection"]["referenceName"] == f"ml{id(client)}"
    assert served.app.sources.get(SYSTEM, "lab").display_name == "The lab"
    with pytest.raises(ResourceExistsError, match="kind MLflow"):
        client.data_sources.create_or_update("lab", body={"kind": "Folder", "properties": {"endpoint": "/tmp"}})
    client.data_sources.delete("lab")
    with pytest.raises(ResourceNotFoundError):
        client.data_sources.get("lab")
    with pytest.raises(HttpResponseError, match="no address"):
        client.data_sources.create_or_update("lab", body={"kind": "mlflow", "properties": {}})


def test_a_source_that_was_registered_elsewhere_is_there(
    client: Any, served: Served, mlflow_server: SeededMLflow
) -> None:
    served.app.sources.add(SYSTEM, "ours", "Ours", "mlflow", mlflow_server.url, private_networks=LOOPBACK)
    assert client.data_sources.get("ours")["properties"]["displayName"] == "Ours"
    served.app.sources.remove(SYSTEM, "ours")
    assert "ours" not in {each["name"] for each in client.data_sources.list_all()}


def test_a_credential_comes_by_reference_alone(
    client: Any, served: Served, scan: httpx.Client, mlflow_server: SeededMLflow
) -> None:
    secret = "s3cret-" + uuid4().hex
    for credential in ({"kind": "bearer", "secret": secret}, {"kind": "bearer", "reference": "env:X", "token": secret}):
        answer = scan.put("/datasources/keyed", json=mlflow(mlflow_server.url, credential=credential))
        assert answer.status_code == 400 and "by reference alone" in answer.text and secret not in answer.text
        assert scan.get("/datasources/keyed").status_code == 404
    body = {"kind": "AzureStorage", "properties": {"endpoint": "https://x", "nested": [{"accountKey": secret}]}}
    answer = scan.put("/datasources/keyed", json=body)
    assert answer.status_code == 400 and "accountKey" in answer.text and secret not in answer.text


def test_a_kind_that_is_not_scanned_here_is_kept(client: Any, served: Served) -> None:
    properties = {"endpoint": "https://lake.dfs.core.windows.net/", "resourceGroup": "rg", "location": "westus2"}
    made = client.data_sources.create_or_update("Lake-cpm", body={"kind": "AdlsGen2", "properties": properties})
    assert (made["kind"], made["properties"]["isScannable"]) == ("AdlsGen2", False)
    assert properties.items() <= client.data_sources.get("Lake-cpm")["properties"].items()
    name = defined(client, "Lake-cpm", scanRulesetName="AdlsGen2")
    recurrence = {"properties": {"recurrence": {"frequency": "Day"}}}
    with pytest.raises(HttpResponseError, match="mlflow"):
        client.scan_result.run_scan("Lake-cpm", name, str(uuid4()))
    with pytest.raises(HttpResponseError, match="mlflow"):
        client.triggers.create_trigger("Lake-cpm", name, body=recurrence)
    assert "Lake-cpm" in {each["name"] for each in client.data_sources.list_all()}
    client.data_sources.delete("Lake-cpm")
    with pytest.raises(ResourceNotFoundError):
        client.scans.get("Lake-cpm", name)


def test_names_are_one_space(client: Any, served: Served, mlflow_server: SeededMLflow) -> None:
    client.data_sources.create_or_update("shared_name", body={"kind": "Teradata", "properties": {}})
    with pytest.raises(ResourceExistsError, match="taken"):
        client.data_sources.create_or_update("shared_name", body=mlflow(mlflow_server.url))
    client.data_sources.delete("shared_name")
    client.data_sources.create_or_update("shared_name", body=mlflow(mlflow_server.url))
    with pytest.raises(ResourceExistsError, match="taken"):
        client.data_sources.create_or_update("shared_name", body={"kind": "Teradata", "properties": {}})
    client.data_sources.delete("shared_name")


def test_scans_are_defined(client: Any, source: str) -> None:
    properties = {"scanRulesetName": "MLflow", "credential": {"referenceName": "lab", "credentialType": "Bearer"}}
    made = client.scans.create_or_update(source, "weekly", body={"kind": "MLflowMsi", "properties": properties})
    assert properties.items() <= made["properties"].items() and made["dataSourceName"] == source
    assert client.scans.get(source, "weekly") == made
    assert [each["name"] for each in client.scans.list_by_data_source(source)] == ["weekly"]
    client.scans.delete(source, "weekly")
    with pytest.raises(ResourceNotFoundError):
        client.scans.get(source, "weekly")
    with pytest.raises(HttpResponseError, match="no option 'speed'"):
        client.scans.create_or_update(source, "x", body={"kind": "x", "properties": {"options": {"speed": 1}}})


def test_scans_go_with_their_source(client: Any, served: Served, mlflow_server: SeededMLflow) -> None:
    for _ in range(2):
        client.data_sources.create_or_update("again", body=mlflow(mlflow_server.url))
        assert list(client.scans.list_by_data_source("again")) == []
        defined(client, "again")
        served.app.sources.remove(SYSTEM, "again")


def test_a_run_brings_models_in(client: Any, served: Served, source: str) -> None:
    name, run = defined(client, source), str(uuid4())
    accepted = client.scan_result.run_scan(source, name, run, scan_level="Full")
    assert (accepted["scanResultId"], accepted["status"]) == (run, "Accepted")
    assert client.scan_result.run_scan(source, name, run)["scanResultId"] == run
    with worker_at_work(served.app):
        found = ended(client, source, name, run)
    assert (found["status"], found["scanLevelType"], found["runType"]) == ("Succeeded", "Full", "Manual"), found
    assert found["assetsDiscovered"] > 0 and found["dataSourceType"] == "MLflow"
    statistics = found["discoveryExecutionDetails"]["statistics"]
    assert statistics["assets"]["discovered"] == sum(statistics["types"].values()) == found["assetsDiscovered"]
    assert served.app.last_scans(SYSTEM)[source].assets == found["assetsDiscovered"]
    assert len(list(client.scan_result.list_scan_history(source, name))) == 1
    with pytest.raises(ResourceExistsError, match="ended"):
        client.scan_result.cancel_scan(source, name, run)


def test_a_run_that_fails_says_why(client: Any, served: Served) -> None:
    client.data_sources.create_or_update("dead_end", body=mlflow("http://127.0.0.1:9"))
    name, run = defined(client, "dead_end"), str(uuid4())
    client.scan_result.run_scan("dead_end", name, run)
    end = time.monotonic() + 30
    with worker_at_work(served.app):
        while (found := next(client.scan_result.list_scan_history("dead_end", name)))["error"] is None:
            assert time.monotonic() < end
            time.sleep(0.1)
    assert found["status"] in {"TransientFailure", "Failed"} and "could not be completed" in found["errorMessage"]
    assert sum(found["diagnostics"]["exceptionCountMap"].values()) == 1
    client.data_sources.delete("dead_end")


def test_a_run_is_called_off(client: Any, served: Served, source: str) -> None:
    name, run = defined(client, source), str(uuid4())
    client.scan_result.run_scan(source, name, run)
    assert client.scan_result.cancel_scan(source, name, run)["scanResultId"] == run
    (found,) = client.scan_result.list_scan_history(source, name)
    assert found["status"] == "Canceled" and served.app.jobs.get(SYSTEM, run).status == "cancelled"


def test_clients_of_today_ask_elsewhere(scan: httpx.Client, client: Any, source: str) -> None:
    name, run = defined(client, source), str(uuid4())
    of = f"/datasources/{source}/scans/{name}"
    answer = scan.post(f"{of}:run", params={"runId": run, "scanLevel": "Full", "api-version": "2023-09-01"})
    assert answer.status_code == 202 and answer.headers["Operation-Location"].endswith(f"{of}/runs/{run}")
    assert httpx.get(answer.headers["Operation-Location"], headers=scan.headers, trust_env=False).json()["id"] == run
    assert scan.post(f"{of}/runs/{run}:cancel").status_code == 202
    assert scan.get(f"{of}/runs/{run}").json()["status"] == "Canceled"
    assert scan.post(f"{of}:run").json()["error"]["code"] == "usage"
    assert scan.put(f"{of}/runs/no-uuid").status_code == 400
    assert scan.get(f"{of}/runs/{uuid4()}").status_code == 404


def test_a_runs_id_is_its_own(client: Any, served: Served, source: str) -> None:
    name, run = defined(client, source), served.app.scan_later(SYSTEM, source).id
    with pytest.raises(ResourceExistsError, match="taken"):
        client.scan_result.run_scan(source, name, run)
    with pytest.raises(ResourceNotFoundError):
        client.scan_result.cancel_scan(source, name, run)
    assert list(client.scan_result.list_scan_history(source, name)) == []


def test_a_filter_narrows_what_is_scanned(
    client: Any, served: Served, source: str, mlflow_server: SeededMLflow
) -> None:
    name = defined(client, source)
    with pytest.raises(ResourceNotFoundError, match="no filter"):
        client.filters.get(source, name)
    host = mlflow_server.url.removeprefix("http://")
    wanted = {"includeUriPrefixes": [f"mlflow://{host}/models/late"], "excludeUriPrefixes": ["https://elsewhere/x"]}
    made = client.filters.create_or_update(source, name, body={"properties": wanted})
    assert wanted.items() <= made["properties"].items()
    assert made["properties"]["unmappedUriPrefixes"] == ["https://elsewhere/x"]
    assert client.filters.get(source, name) == made
    run = str(uuid4())
    client.scan_result.run_scan(source, name, run, scan_level="Full")
    assert served.app.jobs.get(SYSTEM, run).payload["models"] == ["late*"]
    with worker_at_work(served.app):
        narrowed = ended(client, source, name, run)["discoveryExecutionDetails"]["statistics"]["types"]
        client.filters.create_or_update(source, name, body={"properties": {}})
        client.scan_result.run_scan(source, name, run := str(uuid4()), scan_level="Full")
        everything = ended(client, source, name, run)["discoveryExecutionDetails"]["statistics"]["types"]
    assert 0 < narrowed["ml_model"] < everything["ml_model"]


def test_what_a_prefix_cannot_say_narrows_nothing(client: Any, served: Served, source: str) -> None:
    name = defined(client, source, options={"models": ["a*"]})
    wanted = {"includeUriPrefixes": ["https://elsewhere/models/a", "mlflow://elsewhere:1/models/b"]}
    made = client.filters.create_or_update(source, name, body={"properties": wanted})
    assert made["properties"]["unmappedUriPrefixes"] == wanted["includeUriPrefixes"]
    client.scan_result.run_scan(source, name, run := str(uuid4()))
    assert served.app.jobs.get(SYSTEM, run).payload["models"] == ["a*"]


def test_a_trigger_is_the_sources_schedule(client: Any, served: Served, source: str) -> None:
    name = defined(client, source)
    with pytest.raises(ResourceNotFoundError):
        client.triggers.get_trigger(source, name)
    recurrence = {
        "frequency": "Week",
        "interval": 1,
        "startTime": "2026-03-04T07:30:00",
        "timeZone": "W. Europe Standard Time",
        "schedule": {"hours": [6], "minutes": [15], "weekDays": ["Monday", "Thursday"]},
    }
    body = {"properties": {"recurrence": recurrence, "scanLevel": "Full"}}
    made = client.triggers.create_trigger(source, name, body=body)
    assert made["properties"]["recurrence"] == recurrence
    assert client.triggers.get_trigger(source, name) == made
    found = served.app.source_schedules.get(SYSTEM, source)
    assert found is not None and (found.cron, found.time_zone) == ("15 6 * * 1,4", "Europe/Berlin")
    assert found.payload["kind"] == "full" and not found.paused
    other = defined(client, source, "other")
    with pytest.raises(ResourceExistsError, match="'nightly'"):
        client.triggers.create_trigger(source, other, body=body)
    client.triggers.delete_trigger(source, name)
    found = served.app.source_schedules.get(SYSTEM, source)
    assert found is not None and found.paused
    client.triggers.create_trigger(source, other, body=body)
    client.scans.delete(source, other)
    found = served.app.source_schedules.get(SYSTEM, source)
    assert found is not None and found.paused


def test_a_trigger_follows_its_scan(client: Any, served: Served, source: str) -> None:
    name = defined(client, source)
    recurrence = {"frequency": "Day", "startTime": "2026-03-04T07:30:00Z"}
    client.triggers.create_trigger(source, name, body={"properties": {"recurrence": recurrence, "scanLevel": "Full"}})
    url = served.app.sources.get(SYSTEM, source).url
    narrowed = {"includeUriPrefixes": [f"{url}/models/late"]}
    client.filters.create_or_update(source, name, body={"properties": narrowed})
    defined(client, source, name, options={"tags": {"team": "risk"}})
    found = served.app.source_schedules.get(SYSTEM, source)
    assert found is not None and found.cron == "30 7 * * *"
    assert found.payload.items() >= {"models": ["late*"], "tags": {"team": "risk"}, "kind": "full"}.items()


def test_what_was_scanned_without_a_name_is_a_scan_too(client: Any, served: Served, source: str) -> None:
    assert list(client.scans.list_by_data_source(source)) == []
    run = served.app.scan_later(SYSTEM, source).id
    assert [each["name"] for each in client.scans.list_by_data_source(source)] == ["headwater"]
    assert client.scans.get(source, "headwater")["kind"] == "mlflow"
    defined(client, source)
    assert [each["name"] for each in client.scans.list_by_data_source(source)] == ["headwater", "nightly"]
    (found,) = client.scan_result.list_scan_history(source, "headwater")
    assert (found["id"], found["runType"]) == (run, "Manual")
    client.scan_result.cancel_scan(source, "headwater", run)
    another = client.scan_result.run_scan(source, "headwater", str(uuid4()))["scanResultId"]
    assert {each["id"] for each in client.scan_result.list_scan_history(source, "headwater")} == {run, another}
    for change in (client.scans.delete, client.triggers.delete_trigger):
        with pytest.raises(ResourceNotFoundError, match="no scan 'headwater'"):
            change(source, "headwater")


def test_a_schedule_given_elsewhere_goes_before_a_trigger(client: Any, served: Served, source: str) -> None:
    name = defined(client, source)
    client.triggers.create_trigger(source, name, body={"properties": {"recurrence": {"frequency": "Day"}}})
    served.app.source_schedules.set(SYSTEM, source, SourceSchedule.parse("every 15 minutes"))
    with pytest.raises(ResourceNotFoundError, match="another schedule"):
        client.triggers.get_trigger(source, name)


@pytest.mark.parametrize(("start", "scans"), [("2020-01-01T00:00:00Z", 1), ("2199-01-01T00:00:00Z", 0)])
def test_what_a_trigger_asks_for_is_a_run(client: Any, served: Served, source: str, start: str, scans: int) -> None:
    name = defined(client, source)
    body = {"properties": {"recurrence": {"frequency": "Day", "startTime": start}, "scanLevel": "Full"}}
    client.triggers.create_trigger(source, name, body=body)
    with served.app.database.begin() as connection:
        due = datetime.now(UTC) - timedelta(seconds=1)
        of = tables.schedules.c.subject == f"source:{source}"
        connection.execute(update(tables.schedules).where(of).values(next_due=due))
    with worker_at_work(served.app):
        tick(served.app.database)
        end = time.monotonic() + 60
        while not all(job.has_ended for job in served.app.jobs.list(SYSTEM, subject=f"source:{source}")):
            assert time.monotonic() < end
            time.sleep(0.1)
    runs = list(client.scan_result.list_scan_history(source, name))
    assert [each["runType"] for each in runs] == ["Scheduled"] * scans
    assert (source in served.app.last_scans(SYSTEM)) == bool(scans)


def test_rulesets(client: Any) -> None:
    body = {"kind": "MLflow", "scanRulesetType": "Custom", "properties": {"description": "ours"}}
    made = client.scan_rulesets.create_or_update("ours", body=body)
    assert (made["name"], made["version"], made["status"]) == ("ours", 1, "Enabled")
    assert client.scan_rulesets.create_or_update("ours", body=body)["version"] == 2
    assert client.scan_rulesets.get("ours")["properties"] == {"description": "ours"}
    assert [each["name"] for each in client.scan_rulesets.list_all()] == ["ours"]
    client.scan_rulesets.delete("ours")
    with pytest.raises(ResourceNotFoundError):
        client.scan_rulesets.get("ours")
    kinds = {each["name"] for each in client.system_scan_rulesets.list_all()}
    assert {"MLflow", "AzureMachineLearning", "Folder"} <= kinds
    system = client.system_scan_rulesets.get("MLflow")
    assert system["scanRulesetType"] == "System"
    assert client.system_scan_rulesets.get_by_version(1, data_source_type="MLflow") == system
    assert client.system_scan_rulesets.get_latest(data_source_type="MLflow") == system
    assert list(client.system_scan_rulesets.list_versions_by_data_source(data_source_type="MLflow")) == [system]
    with pytest.raises(ResourceNotFoundError, match="MLflow"):
        client.system_scan_rulesets.get("Teradata")
    with pytest.raises(ResourceNotFoundError):
        client.system_scan_rulesets.get_by_version(2, data_source_type="MLflow")


def test_classification_rules(client: Any) -> None:
    pattern = {"kind": "Regex", "pattern": "^INV-[0-9]+$"}
    properties = {"classificationName": "invoice", "dataPatterns": [pattern], "ruleStatus": "Enabled"}
    rule = {"kind": "Custom", "properties": properties}
    made = client.classification_rules.create_or_update("invoice", body=rule)
    assert properties.items() <= made["properties"].items() and made["properties"]["version"] == 1
    client.classification_rules.create_or_update("invoice", body=rule)
    assert client.classification_rules.get("invoice")["properties"]["version"] == 2
    versions = client.classification_rules.list_versions_by_classification_rule_name("invoice")
    assert [each["properties"]["version"] for each in versions] == [2, 1]
    assert [each["name"] for each in client.classification_rules.list_all()] == ["invoice"]
    with pytest.raises(HttpResponseError, match="not applied"):
        client.classification_rules.tag_classification_version("invoice", 1, action="Keep")
    client.classification_rules.delete("invoice")
    with pytest.raises(ResourceNotFoundError):
        client.classification_rules.get("invoice")


def test_key_vaults_are_refused(client: Any) -> None:
    assert list(client.key_vault_connections.list_all()) == []
    with pytest.raises(HttpResponseError, match="reference"):
        client.key_vault_connections.create("vault", {"properties": {"baseUrl": "https://vault.example.com"}})
    for asked in (client.key_vault_connections.get, client.key_vault_connections.delete):
        with pytest.raises(ResourceNotFoundError, match="reference"):
            asked("vault")


def test_sources_are_listed_in_pages(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"Paged-{number}" for number in range(5)]
    for name in names:
        client.data_sources.create_or_update(name, body={"kind": "Teradata", "properties": {}})
    monkeypatch.setattr(pages, "PAGE_SIZE", 2)
    assert [each["name"] for each in client.data_sources.list_all() if each["name"] in names] == names
    for name in names:
        client.data_sources.delete(name)
