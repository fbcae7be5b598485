"""The Azure ML connector against a management plane on loopback that answers in Azure Resource Manager's shapes."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.workspaces.authority import CLIENT, TENANT, running_authority
from tests.workspaces.azureml.holdings import AUTOML_JOB, HOME, JOB, PLAIN_MODELS, QUALIFIED, STORED, SUBSCRIPTION
from tests.workspaces.azureml.management import TOKEN, Management, running_management
from tests.workspaces.azureml.scoring import deploy_all, running_scoring
from tests.workspaces.contract import ConnectorContract, Expected
from tests.workspaces.liar import lying

from headwater.errors import NotFoundError, OriginDeniedError, RemoteError, UsageError, WorkspaceError
from headwater.workspaces import Credential, make_credential
from headwater.workspaces.azureml import AzureMLConnector, extract, jobs, list_subscriptions, list_workspaces

READER = make_credential("token", {}, TOKEN)
IN_USE = {*PLAIN_MODELS, "late-arrival", "premium", "empty"}


@pytest.fixture
def management() -> Iterator[Management]:
    with running_management() as management:
        yield management


def connect(management: Management, credential: Credential = READER) -> AzureMLConnector:
    return AzureMLConnector(management.url + HOME, credential=credential)


@pytest.fixture
def connector(management: Management) -> Iterator[AzureMLConnector]:
    with closing(connect(management)) as connector:
        yield connector


class TestContract(ConnectorContract):
    @pytest.fixture
    def expected(self, management: Management) -> Iterator[Expected]:
        with running_scoring() as scoring:
            deploy_all(scoring, management)
            yield self.claims(management)

    def claims(self, management: Management) -> Expected:
        return Expected(
            factory=AzureMLConnector,
            kind="azureml",
            url=management.url + HOME,
            models=frozenset(IN_USE),
            model="late-arrival",
            version="1",
            latest="10",
            run_id=JOB,
            inputs=("distance", "carrier"),
            outputs=("probability",),
            datasets=frozenset({"wasbs://landing@claims.blob.core.windows.net/raw/flights.csv"}),
            endpoints=frozenset(
                {
                    *("hail-cost", "late-arrival", "premium", "broker", "undescribed"),
                    *("being-made", "broken", "shared", "triton"),
                }
            ),
            endpoint="hail-cost",
            credential=READER,
            shapes=({}, {"value": None}, {"value": 3}, {"value": [3]}, {"value": [{}]}, {"value": [{"name": 3}]}),
        )


def test_listings_are_complete_over_many_pages(connector: AzureMLConnector, management: Management) -> None:
    assert [model.name for model in connector.list_models()] == [
        *PLAIN_MODELS,
        "late-arrival",
        "premium",
        "empty",
    ]
    assert len([target for target in management.seen if "$skip" in target]) == len(IN_USE) // 7
    versions = [(version.model, version.version) for version in connector.list_versions()]
    assert len(versions) == len(PLAIN_MODELS) + 3 + 2


def test_what_is_archived_is_not_listed_and_is_still_found(connector: AzureMLConnector, management: Management) -> None:
    assert "3" not in {version.version for version in connector.list_versions("late-arrival")}
    assert all("listViewType=ActiveOnly" in target for target in management.seen)
    assert connector.get_version("late-arrival", "3").status == "ARCHIVED"
    # A plane that does not know the filter, or lists what was archived a moment ago.
    management.items["models/recent"] = {"name": "recent", "properties": {"isArchived": "no"}}
    management.find = lambda path, query: Management.find(management, path, {**query, "listViewType": "All"})  # type: ignore[method-assign]  # a lie, told once
    names = {model.name for model in connector.list_models()}
    assert names == IN_USE | {"recent"}
    assert "3" not in {version.version for version in connector.list_versions("late-arrival")}


def test_the_parts_of_a_model_and_a_version(connector: AzureMLConnector) -> None:
    model = next(model for model in connector.list_models() if model.name == "late-arrival")
    assert (model.description, model.tags) == ("Will the adjuster be late?", {"team": "claims"})
    assert model.created_at == datetime(2026, 3, 2, 8, 15, 30, 123456, tzinfo=UTC)
    version = connector.get_version("late-arrival", "2")
    assert (version.run_id, version.status, version.signature) == (JOB, "READY", None)
    assert version.tags == {"reviewed": "yes", "azureml.modelType": "mlflow_model"}
    assert version.source == f"{STORED}/datastores/workspaceblobstore/paths/models/late-arrival/2"
    assert connector.get_version("late-arrival").tags["azureml.stage"] == "Production"


def test_the_latest_is_the_highest_number_or_the_newest_name(connector: AzureMLConnector) -> None:
    assert connector.get_version("late-arrival").version == "10"
    assert connector.get_version("premium").version == "autumn"
    with pytest.raises(NotFoundError):
        connector.get_version("empty")


def test_unknown_words_are_passed_on(connector: AzureMLConnector) -> None:
    version = connector.get_version("premium", "autumn")
    assert (version.status, version.tags) == ("Hibernating", {"azureml.modelType": "Quantum"})
    assert connector.get_job(AUTOML_JOB).status == "Scheduled"


def test_a_job_with_its_settings_and_datasets(connector: AzureMLConnector) -> None:
    job = connector.get_job(JOB)
    assert (job.name, job.experiment, job.status) == ("train late-arrival", "delays", "FINISHED")
    assert job.params == {
        "depth": "3",
        "token": "?sig=***",
        "threshold": "0.4",
        "start_from": "azureml:late-arrival:1",
    }
    assert job.tags == {"commit": "4f2a9b", "azureml.jobType": "Command"}
    assert [(data.context, data.name, data.digest, data.source_type) for data in job.inputs] == [
        ("training_data", "flights", "3", "uri_file"),
        ("weather", "weather", "", "uri_folder"),
        ("holidays", "holidays", "", "uri_file"),
        ("stream", "stream", "", "uri_stream"),
    ]
    assert [data.qualified_name for data in job.inputs] == [
        "wasbs://landing@claims.blob.core.windows.net/raw/flights.csv",
        "abfss://curated@lakehouse.dfs.core.windows.net/weather/2026",
        "https://open.example.com/holidays.csv",
        "https://claims.file.core.windows.net/exchange/live",
    ]
    assert "canary-sas" not in repr(job)


def test_a_job_for_a_task_with_a_table_and_an_asset_that_is_gone(connector: AzureMLConnector) -> None:
    job = connector.get_job(AUTOML_JOB)
    assert job.params == {"taskType": "Classification", "targetColumnName": "late"}
    table, gone = job.inputs
    assert (table.name, table.digest, table.context) == ("sales-table", "1", "training")
    assert table.qualified_name == "abfss://curated@lakehouse.dfs.core.windows.net/sales"
    assert table.parts == tuple(f"{table.qualified_name}/{name}.parquet" for name in "ab")
    assert (gone.name, gone.digest, gone.context) == ("gone", "9", "validation")
    assert gone.qualified_name == f"{QUALIFIED}/data/gone"


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("azureml://datastores/odd/paths/a/b", f"{QUALIFIED}/datastores/odd/paths/a/b"),
        ("azureml://datastores/nowhere/paths/a", f"{QUALIFIED}/datastores/nowhere/paths/a"),
        (
            "azureml://subscriptions/S/resourceGroups/G/workspaces/Other/datastores/blobs/paths/a/B.csv",
            "azureml://subscriptions/s/resourcegroups/g/workspaces/other/datastores/blobs/paths/a/B.csv",
        ),
        ("azureml://locations/westeurope/workspaces/1f0e/data/flights/versions/3", None),
        ("azureml://jobs/some_job/outputs/artifacts/paths/x", f"{QUALIFIED}/jobs/some_job/outputs/artifacts/x"),
        ("abfss://curated@lakehouse.dfs.core.windows.net/x", "abfss://curated@lakehouse.dfs.core.windows.net/x"),
        ("wasbs://user:canary@claims.blob.core.windows.net/x", "wasbs://claims.blob.core.windows.net/x"),
        ("runs/x", f"{QUALIFIED}/runs/x"),
    ],
)
def test_the_name_of_a_dataset(connector: AzureMLConnector, management: Management, uri: str, name: str | None) -> None:
    job = management.items[f"jobs/{JOB}"]
    job["properties"]["inputs"] = {"data": {"jobInputType": "uri_file", "uri": uri}}
    (found,) = connector.get_job(JOB).inputs
    assert found.qualified_name == (name or "wasbs://landing@claims.blob.core.windows.net/raw/flights.csv")
    assert "canary" not in repr(found)


def test_data_that_may_not_be_looked_up_is_still_named(connector: AzureMLConnector, management: Management) -> None:
    management.forbidden = "/data/"
    assert connector.get_job(JOB).inputs[0].qualified_name == f"{QUALIFIED}/data/flights"
    management.forbidden, management.broken = "nothing", "/datastores/blobs"
    with pytest.raises(RemoteError):
        connector.get_job(JOB)


def test_a_busy_plane_is_asked_again(connector: AzureMLConnector, management: Management) -> None:
    management.busy = 3
    assert connector.test().display_name == "Claims"
    assert len(management.seen) == 5


@pytest.mark.parametrize("forbidden", [HOME, "/models"])
def test_missing_rights_name_the_role(connector: AzureMLConnector, management: Management, forbidden: str) -> None:
    management.forbidden = forbidden
    with pytest.raises(RemoteError) as caught:
        connector.test()
    assert (caught.value.status, caught.value.error_code) == (403, "AuthorizationFailed")
    assert "Reader" in caught.value.hint and "canary" not in str(caught.value.to_dict())


def test_a_listing_that_breaks_off_says_so(connector: AzureMLConnector, management: Management) -> None:
    management.broken = "token-14"
    names: list[str] = []
    with pytest.raises(RemoteError):
        names.extend(model.name for model in connector.list_models())
    assert len(names) == 14


def test_an_item_without_a_name_is_not_left_out_in_silence(connector: AzureMLConnector, management: Management) -> None:
    management.items["models/lapse"]["name"] = None
    with pytest.raises(WorkspaceError):
        list(connector.list_models())


def test_the_next_page_is_not_fetched_elsewhere(connector: AzureMLConnector, management: Management) -> None:
    with lying() as elsewhere:
        for link in (elsewhere.url + "/next", "https://example.com", "file:///etc/passwd"):
            management.next_link = lambda path, link=link: link
            with pytest.raises(OriginDeniedError):
                list(connector.list_models())
        assert elsewhere.seen == []


@pytest.mark.parametrize("link", [3, ["x"], {"href": "/"}, True])
def test_a_next_page_that_is_no_address(connector: AzureMLConnector, management: Management, link: object) -> None:
    management.next_link = lambda path: link
    with pytest.raises(WorkspaceError):
        list(connector.list_models())


def test_pages_in_a_circle_end(connector: AzureMLConnector, management: Management) -> None:
    management.next_link = lambda path: f"{management.url}{path}?api-version=1&$skip=token-7"
    with pytest.raises(WorkspaceError):
        list(connector.list_models())
    assert len(management.seen) == 2


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        (f"https://management.azure.com{HOME}/", "https://management.azure.com"),
        (f"https://management.azure.com{HOME.lower()}", "https://management.azure.com"),
        (f"https://ml.azure.com/?wsid={HOME}&tid=1", "https://management.azure.com"),
        (
            f"https://ml.azure.com/model/x:1/details?tid=1&wsid={HOME.replace('/', '%2F')}",
            "https://management.azure.com",
        ),
        (f"https://ml.azure.us/?wsid={HOME}", "https://management.usgovcloudapi.net"),
        (f"https://studio.ml.azure.cn/?wsid={HOME}", "https://management.chinacloudapi.cn"),
    ],
)
def test_the_ways_to_write_its_address(url: str, origin: str) -> None:
    with closing(AzureMLConnector(url)) as connector:
        configuration = connector._configuration
        assert configuration.origin == origin
        assert configuration.url.lower() == (origin + HOME).lower()
        assert configuration.qualified_name == QUALIFIED


@pytest.mark.parametrize(
    "url",
    [
        "https://management.azure.com",
        "https://ml.azure.com/",
        f"https://ml.azure.com{HOME}",
        f"https://management.azure.com{HOME}/models",
        f"https://management.azure.com{HOME[:-9]}",
        "https://management.azure.com/subscriptions/s/resourceGroups/../workspaces/w",
        "https://management.azure.com/subscriptions/s/resourceGroups/a%2Fb/workspaces/w",
        "not an address",
    ],
)
def test_what_is_no_workspace(url: str) -> None:
    with pytest.raises(UsageError):
        AzureMLConnector(url)


def test_subscriptions_and_workspaces_to_choose_from(management: Management) -> None:
    choices = list_subscriptions(READER, origin=management.url)
    assert [(choice.subscription_id, choice.name, choice.state) for choice in choices] == [
        ("0000aaaa", "an older one", "Drowsy"),
        (SUBSCRIPTION, "Insurance", "Enabled"),
    ]
    claims, playground = list_workspaces(READER, SUBSCRIPTION, origin=management.url)
    assert (claims.name, claims.display_name, claims.resource_group) == ("claims-ml", "Claims", "Data-Science.West")
    assert (claims.location, claims.kind, playground.kind) == ("westeurope", "Default", "Hub")
    assert (claims.url, claims.studio_url) == (management.url + HOME, "")
    with closing(AzureMLConnector(claims.url, credential=READER)) as connector:
        assert connector.test().display_name == "Claims"
    with pytest.raises(NotFoundError):
        list_workspaces(READER, "0000aaaa", origin=management.url)
    with pytest.raises(UsageError):
        list_workspaces(READER, "../../tenants", origin=management.url)


def test_a_service_principals_token_is_for_the_plane_that_is_called(management: Management, tmp_path: Path) -> None:
    with running_authority(tmp_path, "canary-secret") as authority:
        fields = {"tenant_id": TENANT, "client_id": CLIENT, "authority": authority.url}
        credential = make_credential("entra_client_secret", fields, "canary-secret", tls=authority.tls)
        management.accepts = lambda token: token == f"Bearer {authority.token(1)}"
        with closing(connect(management, credential)) as connector:
            assert len(list(connector.list_models())) == len(IN_USE)
        assert [scope.split()[0] for scope in authority.scopes] == [f"{management.url}/.default"]


def test_no_token_is_found_anywhere(management: Management, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with running_authority(tmp_path, "canary-secret") as authority:
        fields = {"tenant_id": TENANT, "client_id": CLIENT, "authority": authority.url}
        credential = make_credential("entra_client_secret", fields, "canary-secret", tls=authority.tls)
        with closing(connect(management, credential)) as connector, pytest.raises(RemoteError) as caught:
            connector.test()
        told = repr(connector) + str(vars(connector)) + "".join(traceback.format_exception(caught.value))
    assert caught.value.status == 401 and "401" in caplog.text
    assert "canary" not in caplog.text + told.replace('canary-row.")', "") + str(caught.value.to_dict())


FIELDS = st.sampled_from(["inputs", "tags", "properties", "flavors", "taskDetails", "trainingData", "x"]) | (
    st.sampled_from(
        ["signature", "model_json", "python_function", "data", "jobInputType", "uri", "createdAt", "status"]
    )
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=4),
    max_leaves=12,
)


@given(properties=JSON, dates=JSON)
def test_nothing_but_the_name_has_to_be_of_any_form(properties: Any, dates: Any) -> None:
    item = {"name": "x", "properties": properties, "systemData": dates}
    assert extract.model(item).name == "x"
    assert extract.model_version(item, "m", with_signature=True).version == "x"
    assert jobs.job(item).run_id == "x"
    assert all(isinstance(given.uri, str) and given.uri for given in jobs.inputs(item))
