"""Listing the jobs and data of a grown workspace, which is busy, odd, and sometimes fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.workspaces.azureml.estate import (
    ARCHIVED,
    AUTOML,
    BLOBS,
    COMMANDS,
    DATA,
    LAKE,
    MODELS,
    PIPELINE,
    PRODUCERS,
    SPARK,
    SWEEP,
    TRIAL,
    UNKNOWN,
    estate,
)
from tests.workspaces.azureml.holdings import HOME, QUALIFIED, resource
from tests.workspaces.azureml.management import Management, running_management
from tests.workspaces.azureml.test_azureml import JSON, READER
from tests.workspaces.liar import lying

from headwater.errors import NotFoundError, OriginDeniedError, RemoteError, WorkspaceError
from headwater.workspaces import DatasetInfo, JobInfo
from headwater.workspaces.azureml import AzureMLConnector, jobs
from headwater.workspaces.base import DataAssetInfo


@pytest.fixture
def management() -> Iterator[Management]:
    with running_management() as management:
        management.items = estate()
        yield management


@pytest.fixture
def connector(management: Management) -> Iterator[AzureMLConnector]:
    with closing(AzureMLConnector(management.url + HOME, credential=READER)) as connector:
        yield connector


def by_id(connector: AzureMLConnector) -> dict[str, JobInfo]:
    listed = list(connector.list_jobs())
    found = {job.run_id: job for job in listed}
    assert len(found) == len(listed)
    return found


def by_name(connector: AzureMLConnector) -> dict[str, DataAssetInfo]:
    return {found.display_name: found for found in connector.list_data_assets()}


def places(found: tuple[DatasetInfo, ...]) -> list[tuple[str, str]]:
    return [(data.context, data.qualified_name) for data in found]


def test_every_job_of_every_kind_is_listed_over_many_pages(connector: AzureMLConnector, management: Management) -> None:
    found = by_id(connector)
    assert len([run_id for run_id in found if run_id.startswith("command_")]) == COMMANDS
    kinds = {PIPELINE: "Pipeline", SWEEP: "Sweep", AUTOML: "AutoML", SPARK: "Spark", UNKNOWN: "QuantumAnnealing"}
    assert {run_id: found[run_id].kind for run_id in kinds} == kinds
    assert found[UNKNOWN].status == "Superposed"
    pages = [target for target in management.seen if "/jobs?" in target]
    assert len(pages) == -(-(COMMANDS + 7) // 7) and all("listViewType=All" in target for target in pages)
    # What several jobs read is looked up once.
    assert len(management.seen) == len(set(management.seen))
    assert not [target for target in management.seen if "/jobs/" in target]


def test_experiments_are_those_of_the_jobs(connector: AzureMLConnector) -> None:
    found = {experiment.name: experiment.archived for experiment in connector.list_experiments()}
    assert found == {
        "pricing": False,
        "forecasts": False,
        "left behind": True,
        **{f"experiment-{number}": False for number in range(5)},
    }
    assert by_id(connector)[ARCHIVED].tags["azureml.isArchived"] == "true"
    assert {job.run_id for job in connector.list_jobs(["forecasts"])} == {AUTOML}


def test_what_jobs_read_and_wrote(connector: AzureMLConnector) -> None:
    found = by_id(connector)
    assert places(found["command_007"].inputs) == [("data", f"{LAKE}/claims/007")]
    assert places(found["command_007"].outputs) == [("made", f"{LAKE}/made/7.csv")]
    assert places(found[AUTOML].inputs) == [
        ("training", f"{BLOBS}/claims/002"),
        ("validation", f"{LAKE}/claims/003"),
        ("test", f"{LAKE}/test"),
    ]
    assert found[AUTOML].inputs[0].parts == tuple(f"{BLOBS}/claims/002/{name}.parquet" for name in "ab")
    assert found[AUTOML].outputs == ()
    assert found[SWEEP].params == {"primaryMetric": "auc", "goal": "Maximize"}
    assert found[SWEEP].inputs[0].qualified_name == f"{LAKE}/claims/001"
    assert found[TRIAL].parent_run_id == SWEEP and found[SWEEP].parent_run_id is None


def test_what_one_job_wrote_and_another_read_is_one_dataset(connector: AzureMLConnector) -> None:
    found = by_id(connector)
    # With an address of its own, and without.
    assert places(found[SPARK].inputs) == [("in", f"{LAKE}/scores/2026")]
    assert places(found[SPARK].outputs) == [("out", f"{QUALIFIED}/jobs/{SPARK}/outputs/out")]
    assert places(found[UNKNOWN].inputs) == [("x", f"{QUALIFIED}/jobs/{SPARK}/outputs/out/a.csv")]
    assert places(found[UNKNOWN].outputs) == [("y", "abfss://q@lakehouse.dfs.core.windows.net/y")]


def test_the_same_is_told_when_the_reader_is_listed_before_the_writer(
    connector: AzureMLConnector, management: Management
) -> None:
    before = by_id(connector)
    management.items = dict(reversed(management.items.items()))
    with closing(AzureMLConnector(management.url + HOME, credential=READER)) as another:
        assert by_id(another) == before
    for run_id in (PIPELINE, SPARK, UNKNOWN, f"{PIPELINE}/score", "command_000"):
        assert connector.get_job(run_id) == before[run_id]


def test_a_pipeline_has_its_steps(connector: AzureMLConnector) -> None:
    found = by_id(connector)
    whole, clean, train, score = (found[f"{PIPELINE}{step}"] for step in ("", "/clean", "/train", "/score"))
    assert {step.parent_run_id for step in (clean, train, score)} == {PIPELINE}
    assert (clean.kind, train.name, score.kind) == ("command", "Train it", "ParallelHereafter")
    assert (whole.params, clean.params) == ({"rate": "0.1"}, {"rate": "0.1"})
    assert places(clean.inputs) == [("source", f"{BLOBS}/claims/000")]
    between = f"{QUALIFIED}/jobs/{PIPELINE}/clean/outputs/cleaned"
    assert places(clean.outputs) == [("cleaned", between)]
    assert places(train.inputs) == [("table", between)] and train.outputs == ()
    assert ("table", between) in places(score.inputs)
    assert places(score.outputs) == [("scored", f"{LAKE}/scores")] == [("scored", places(whole.outputs)[0][1])]
    assert f"{PIPELINE}/odd" in found
    with pytest.raises(NotFoundError):
        connector.get_job(f"{PIPELINE}/hollow")


def test_a_model_knows_its_job_by_name_or_by_where_its_files_are(connector: AzureMLConnector) -> None:
    found = {version.model: version.run_id for version in connector.list_versions()}
    assert len(found) == MODELS
    assert tuple(found[f"price-{number:02}"] for number in range(len(PRODUCERS))) == PRODUCERS
    for number, producer in enumerate(PRODUCERS):
        assert connector.get_version(f"price-{number:02}").run_id == producer
        if producer is not None:
            assert connector.get_job(producer).run_id == producer


def test_data_assets_are_named_by_where_their_data_is(connector: AzureMLConnector) -> None:
    found = by_name(connector)
    first, table = found["claims-000"], found["claims-005"]
    assert (first.qualified_name, first.kind, first.version, first.digest) == (f"{BLOBS}/claims/000", "file", "1", "1")
    (read,) = connector.get_job("command_000").inputs
    assert (read.qualified_name, read.source_type, read.digest) == (
        first.qualified_name,
        first.source_type,
        first.digest,
    )
    assert first.parent == BLOBS and first.description == "Claims 0."
    assert first.aliases == (
        f"{QUALIFIED}/data/claims-000",
        f"{QUALIFIED}/datastores/blobs/paths/claims/000",
        "https://claims.blob.core.windows.net/landing/claims/000",
    )
    assert table.kind == "table" and table.parts == tuple(f"{LAKE}/claims/005/{name}.parquet" for name in "ab")
    assert {name for name, asset in found.items() if asset.archived} == {"claims-059"}
    assert len([name for name in found if name.startswith("claims-")]) == DATA
    assert found["same-place"].qualified_name == found["claims-001"].qualified_name


def test_the_latest_version_is_found_whatever_is_told_of_it(connector: AzureMLConnector) -> None:
    found = by_name(connector)
    assert (found["untold"].version, found["untold"].qualified_name) == ("10", f"{LAKE}/u10")
    assert (found["mistold"].version, found["mistold"].kind) == ("6", "folder")
    assert found["mistold"].qualified_name == "https://open.example.com/m/"
    assert found["hollow"].qualified_name == f"{QUALIFIED}/data/hollow" and found["hollow"].problem
    assert "canary" not in repr(found)


def test_datastores_are_the_storage_that_they_stand_for(connector: AzureMLConnector) -> None:
    found = by_name(connector)
    assert {
        name: found[name].qualified_name for name in ("blobs", "lake", "share", "first", "fabric", "odd", "half")
    } == {
        "blobs": BLOBS,
        "lake": LAKE,
        "share": "https://claims.file.core.windows.net/x",
        "first": "adl://oldlake.azuredatalakestore.net",
        "fabric": "abfss://Sales@onelake.dfs.fabric.microsoft.com/Gold.Lakehouse",
        "odd": f"{QUALIFIED}/datastores/odd",
        "half": f"{QUALIFIED}/datastores/half",
    }
    assert f"{QUALIFIED}/datastores/lake" in found["lake"].aliases
    assert len([name for name in found if name.startswith("more-")]) == 20


def test_one_job_whose_data_cannot_be_looked_up_loses_no_other(
    connector: AzureMLConnector, management: Management
) -> None:
    management.broken = "/data/claims-004/"
    found = by_id(connector)
    assert len(found) == COMMANDS + 7 + 4
    unresolved = {run_id for run_id, job in found.items() if "azureml.unresolved" in job.tags}
    assert unresolved == {"command_004", "command_064"}
    assert places(found["command_004"].inputs) == [("data", f"{QUALIFIED}/data/claims-004")]
    with pytest.raises(RemoteError):
        connector.get_job("command_004")


def test_one_data_asset_that_cannot_be_read_loses_no_other(connector: AzureMLConnector, management: Management) -> None:
    management.broken = "/data/claims-004/"
    found = by_name(connector)
    assert len([name for name in found if name.startswith("claims-")]) == DATA
    assert {name for name, asset in found.items() if asset.problem} == {"claims-004", "hollow"}
    assert found["claims-004"].qualified_name == f"{QUALIFIED}/data/claims-004"
    assert "canary" not in found["claims-004"].problem


def test_a_busy_plane_is_asked_again_in_the_midst_of_a_listing(
    connector: AzureMLConnector, management: Management
) -> None:
    complete = by_id(connector)
    management.seen.clear()
    management.patience, management.busy = 9, 3
    assert by_id(connector) == complete and management.busy == 0


def test_a_plane_that_stays_busy_or_forgets_us_ends_a_listing(
    connector: AzureMLConnector, management: Management
) -> None:
    # While it lists, and while it is asked for one item of many: no word about that item.
    for throttled in ("/jobs?", "/data?", "/data/claims-004/"):
        management.throttled = throttled
        for ask, listed in ((connector.list_jobs, "/jobs?"), (connector.list_data_assets, "/data?")):
            if throttled in {listed, "/data/claims-004/"}:
                with pytest.raises(RemoteError) as caught:
                    list(ask())
                assert caught.value.status == 429


def test_the_next_page_is_opaque_and_never_elsewhere(connector: AzureMLConnector, management: Management) -> None:
    with lying() as elsewhere:
        management.next_link = lambda path: elsewhere.url + "/next"
        for ask in (connector.list_jobs, connector.list_experiments, connector.list_data_assets):
            with pytest.raises(OriginDeniedError):
                list(ask())
        assert elsewhere.seen == []
    management.next_link = lambda path: f"{management.url}{path}?api-version=1&$skip=token-7"
    for ask in (connector.list_jobs, connector.list_experiments, connector.list_data_assets):
        with pytest.raises(WorkspaceError):
            list(ask())


def test_jobs_that_name_each_others_outputs_end(connector: AzureMLConnector, management: Management) -> None:
    for name, other in (("a", "b"), ("b", "a")):
        told = {
            "jobType": "Command",
            "inputs": {"in": {"jobInputType": "uri_file", "uri": f"azureml://jobs/{other}/outputs/o/paths/p"}},
            "outputs": {"o": {"jobOutputType": "uri_file", "uri": f"azureml://jobs/{other}/outputs/o"}},
        }
        management.items[f"jobs/{name}"] = resource(f"jobs/{name}", told)
    assert places(connector.get_job("a").inputs) == [("in", f"{QUALIFIED}/jobs/b/outputs/o/p")]


@given(told=JSON, steps=st.dictionaries(st.text(max_size=4), JSON, max_size=3))
def test_a_pipeline_of_any_form_is_read(told: Any, steps: dict[str, Any]) -> None:
    item = {"name": "p", "properties": {"inputs": told, "outputs": told, "jobs": steps, "properties": told}}
    assert jobs.job(item).run_id == "p"
    assert all(data.uri for step in jobs.steps(item) for data in (*step.inputs, *step.outputs))
    assert all(data.uri for data in jobs.outputs(item))
