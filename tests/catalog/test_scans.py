"""Scans: of a real MLflow server, and of workspaces in which something fails, goes missing or comes back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from sqlalchemy import select
from tests.catalog.scripted import HOME, INCREMENTAL, ScriptedWorkspace, found, scan, statuses
from tests.conftest import SeededMLflow

from headwater.access import SYSTEM
from headwater.catalog import (
    AssetRecord,
    AssetRef,
    AssetService,
    CollectionService,
    ColumnRecord,
    LineageRecord,
    column_tree,
    edges_upstream,
    last_scans,
    names,
    record_process,
)
from headwater.errors import NotFoundError, RemoteError, ScanError, UnreachableError
from headwater.store import Database, tables
from headwater.workspaces import (
    DatasetInfo,
    Source,
    SourceService,
    dataset_name,
)
from headwater.workspaces.mlflow import MLflowConnector


class TestRealServer:
    """What MLflow really answers, in the catalog."""

    pytestmark = pytest.mark.xdist_group("mlflow")

    @pytest.fixture
    def source(self, database: Database, mlflow_server: SeededMLflow) -> Source:
        CollectionService(database).add(SYSTEM, "ml")
        return SourceService(database).add(SYSTEM, "demo", "Demo workspace", "mlflow", mlflow_server.url, "ml")

    @pytest.fixture
    def connector(self, mlflow_server: SeededMLflow) -> Iterator[MLflowConnector]:
        with closing(MLflowConnector(mlflow_server.url)) as connector:
            yield connector

    def test_a_full_scan_brings_everything_with_its_lineage(
        self, database: Database, source: Source, connector: MLflowConnector, mlflow_server: SeededMLflow
    ) -> None:
        report = scan(database, SYSTEM, source, connector)
        home = connector.test().qualified_name
        assets = AssetService(database)
        assert assets.counts_by_type(SYSTEM) == dict(report.counts)
        assert report.counts["ml_workspace"] == 1
        assert report.counts["ml_job"] == 3
        assert report.missing == 0
        unreadable = names.model_version(home, "odd name (ü)", "1")
        assert [warning["item"] for warning in report.warnings] == [unreadable]
        assert assets.find(SYSTEM, "ml_model_version", unreadable) is not None

        version = assets.find(SYSTEM, "ml_model_version", names.model_version(home, "late_arrival", "1"))
        assert version is not None
        assert version.collection == "ml"
        assert version.attributes["aliases"] == ["champion"]
        assert version.attributes["tags"] == {"reviewed": "yes"}
        assert [(column.name, column.type, column.attributes["role"]) for column in version.columns] == [
            ("distance", "number", "input"),
            ("carrier", "text", "input"),
            ("probability", "number", "output"),
            ("label", "logical", "output"),
        ]
        job = assets.find(SYSTEM, "ml_job", names.job(home, mlflow_server.run_id))
        assert job is not None
        assert job.attributes["metrics"] == {"auc": 0.75, "lift": "nan"}
        folder = dataset_name(str(mlflow_server.data / "flights"))
        assert folder is not None
        flights = assets.find(SYSTEM, "dataset", folder)
        assert flights is not None
        assert [(column.name, column.type) for column in flights.columns] == [
            ("distance", "number"),
            ("carrier", "text"),
            ("late", "int64"),
        ]
        edges = edges_upstream(database, SYSTEM, version.qualified_name)
        assert {(folder, job.qualified_name), (job.qualified_name, version.qualified_name)} <= set(edges)

    def test_a_query_over_the_same_files_meets_the_training_data(
        self, database: Database, source: Source, connector: MLflowConnector, mlflow_server: SeededMLflow
    ) -> None:
        """An asset is its identity, not its sighting, and either may come first."""
        files = tuple(
            AssetRecord("dataset", names.file(file), file.name) for file in (mlflow_server.data / "flights").iterdir()
        )
        home = connector.test().qualified_name
        table = AssetRecord("dataflow_table", names.table("i", "f", "t"), "t", columns=(ColumnRecord("p", "number"),))
        scan(database, SYSTEM, source, connector)
        record_process(
            database,
            LineageRecord(
                AssetRecord("dataflow_query", names.query("i", "f", "t"), "t"),
                (
                    AssetRecord("dataset", names.file(mlflow_server.data / "flights"), "flights"),
                    AssetRef("ml_model_version", names.model_version(home, "late_arrival", "2")),
                ),
                (table,),
                others=files,
            ),
        )
        scan(database, SYSTEM, source, connector)
        chain = [node.type_name for _, node in column_tree(database, SYSTEM, table.qualified_name, "p").walk()]
        for type_name in ("dataflow_query", "ml_model_version", "ml_job"):
            assert type_name in chain
        edges = set(edges_upstream(database, SYSTEM, table.qualified_name))
        folder = names.file(mlflow_server.data / "flights")
        assert {(file.qualified_name, folder) for file in files} <= edges
        assert (folder, names.job(home, mlflow_server.retrained_run_id)) in edges
        assert (folder, names.query("i", "f", "t")) in edges

    def test_scanning_again_changes_nothing(
        self, database: Database, source: Source, connector: MLflowConnector
    ) -> None:
        first = scan(database, SYSTEM, source, connector)
        assets = AssetService(database)
        before = [assets.get(SYSTEM, asset.guid) for asset in assets.list(SYSTEM, limit=1000)[1]]
        second = scan(database, SYSTEM, source, connector)
        assert second.counts == first.counts
        assert [assets.get(SYSTEM, asset.guid) for asset in assets.list(SYSTEM, limit=1000)[1]] == before
        assert last_scans(database, SYSTEM)["demo"].assets == sum(second.counts.values())


@pytest.fixture
def source(database: Database) -> Source:
    return SourceService(database).add(SYSTEM, "demo", "Demo", "mlflow", "http://127.0.0.1:5000")


@pytest.mark.parametrize("item", ["m/1", "r1"])
@pytest.mark.parametrize("error", [RemoteError("no", status=403), NotFoundError("gone")])
def test_one_bad_item_is_a_warning(database: Database, source: Source, item: str, error: Exception) -> None:
    report = scan(database, SYSTEM, source, ScriptedWorkspace(failing={item: error}))
    assert len(report.warnings) == 1
    assert statuses(database, "ml_model_version") == {"m v1": "active", "m v2": "active"}
    assert edges_upstream(database, SYSTEM, names.model_version(HOME, "m", "2")) == [
        (names.job(HOME, "r2"), names.model_version(HOME, "m", "2"))
    ]


def test_an_unnamed_output_is_named(database: Database, source: Source) -> None:
    scan(database, SYSTEM, source, ScriptedWorkspace())
    columns = found(database, "ml_model_version", names.model_version(HOME, "m", "1")).columns
    assert [(column.name, column.type, column.attributes["role"]) for column in columns] == [
        ("x", "number", "input"),
        ("prediction", "list", "output"),
    ]


@pytest.mark.parametrize("when", ["test", "models", "versions", "r2"])
def test_a_scan_that_cannot_be_completed_changes_nothing(database: Database, source: Source, when: str) -> None:
    scan(database, SYSTEM, source, ScriptedWorkspace())
    before = statuses(database, "ml_model_version")
    dying = ScriptedWorkspace({"other": {"1": "r9"}}, failing={when: UnreachableError("dead")})
    if when == "r2":
        dying.models["m"] = {"2": "r2"}
    with pytest.raises(ScanError, match="dead"):
        scan(database, SYSTEM, source, dying)
    assert statuses(database, "ml_model_version") == before
    summary = last_scans(database, SYSTEM)["demo"]
    assert (summary.status, summary.assets) == ("failed", 0)
    assert summary.ended_at is not None


def test_an_interrupted_scan_is_not_left_running(database: Database, source: Source) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan(database, SYSTEM, source, ScriptedWorkspace(), progress=interrupt)
    assert last_scans(database, SYSTEM)["demo"].status == "cancelled"
    assert AssetService(database).list(SYSTEM) == (0, [])


def test_what_is_absent_goes_missing_and_comes_back(database: Database, source: Source) -> None:
    workspace = ScriptedWorkspace({"m": {"1": "r1", "2": "r2"}, "n": {"1": "r3"}})
    full = scan(database, SYSTEM, source, workspace)
    guid = found(database, "ml_model", names.model(HOME, "n")).guid
    lasting = names.model_version(HOME, "m", "1")
    del workspace.models["n"]
    del workspace.models["m"]["2"]
    report = scan(database, SYSTEM, source, workspace)
    # model n, its version, m v2, and the two jobs behind those
    assert report.missing == 5
    assert statuses(database, "ml_model") == {"m": "active", "n": "missing"}
    assert statuses(database, "ml_model_version") == {"m v1": "active", "m v2": "missing", "n v1": "missing"}
    assert AssetService(database).counts_by_type(SYSTEM) == dict(report.counts)
    assert found(database, "ml_model_version", lasting).status == "active"
    workspace.models["n"] = {"1": "r3"}
    workspace.models["m"]["2"] = "r2"
    assert scan(database, SYSTEM, source, workspace).counts == full.counts
    assert found(database, "ml_model", names.model(HOME, "n")).guid == guid
    assert set(statuses(database, "ml_model").values()) == {"active"}


def test_an_item_that_fails_or_a_job_that_may_not_be_read_is_not_missing(database: Database, source: Source) -> None:
    scan(database, SYSTEM, source, ScriptedWorkspace())
    failing: dict[str, Exception] = {"m/1": RemoteError("no", status=500), "r1": RemoteError("no", status=403)}
    assert scan(database, SYSTEM, source, ScriptedWorkspace(failing=failing)).missing == 0
    version = found(database, "ml_model_version", names.model_version(HOME, "m", "1"))
    assert version.status == "active" and version.columns
    gone: dict[str, Exception] = {"r1": NotFoundError("deleted")}
    assert scan(database, SYSTEM, source, ScriptedWorkspace(failing=gone)).missing == 1
    assert set(statuses(database, "ml_job").values()) == {"active", "missing"}


@pytest.mark.parametrize("models", [{}, {"m": {}}])
def test_an_empty_listing_deletes_nothing(
    database: Database, source: Source, models: dict[str, dict[str, str]]
) -> None:
    scan(database, SYSTEM, source, ScriptedWorkspace())
    report = scan(database, SYSTEM, source, ScriptedWorkspace(models))
    assert report.missing == 0
    assert "empty" in report.warnings[-1]["message"]
    assert statuses(database, "ml_model_version") == {"m v1": "active", "m v2": "active"}


def test_a_scan_leaves_other_sources_alone(database: Database, source: Source) -> None:
    other = SourceService(database).add(SYSTEM, "other", "", "mlflow", "http://127.0.0.1:5001")
    scan(database, SYSTEM, source, ScriptedWorkspace())
    AssetService(database).upsert([AssetRecord("ml_model", "mlflow://o/models/x", "x", source_id=other.id)])
    scan(database, SYSTEM, source, ScriptedWorkspace({"m": {"1": "r1"}}))
    assert statuses(database, "ml_model") == {"m": "active", "x": "active"}


def test_an_incremental_scan_reads_only_what_it_has_not_read(database: Database, source: Source) -> None:
    workspace = ScriptedWorkspace(failing={"r2": RemoteError("no", status=403)})
    scan(database, SYSTEM, source, workspace)
    workspace.failing.clear()
    workspace.asked.clear()
    workspace.models["m"]["3"] = "r3"
    report = scan(database, SYSTEM, source, workspace, INCREMENTAL)
    # the job of version 2 once more, because it could not be read before
    assert sorted(set(workspace.asked) - {"test", "models", "versions"}) == ["m/3", "r2", "r3"]
    assert report.missing == 0
    assert report.counts["ml_job"] == 3
    first = found(database, "ml_model_version", names.model_version(HOME, "m", "1"))
    assert first.columns and first.attributes["digest"] == "d1"
    workspace.asked.clear()
    scan(database, SYSTEM, source, workspace, INCREMENTAL)
    assert set(workspace.asked) == {"test", "models", "versions"}
    assert edges_upstream(database, SYSTEM, first.qualified_name)
    # deleted and made anew under the same name and number
    workspace.models["m"]["1"] = "r9"
    workspace.asked.clear()
    scan(database, SYSTEM, source, workspace, INCREMENTAL)
    assert {"m/1", "r9"} <= set(workspace.asked)


def test_a_sighting_by_others_takes_no_asset_from_its_source(database: Database, source: Source) -> None:
    scan(database, SYSTEM, source, ScriptedWorkspace())
    name = names.model_version(HOME, "m", "2")
    AssetService(database).upsert([AssetRecord("ml_model_version", name, "m v2")])
    assert scan(database, SYSTEM, source, ScriptedWorkspace({"m": {"1": "r1"}})).missing == 2
    assert found(database, "ml_model_version", name).status == "missing"


FLIGHTS = DatasetInfo("flights", "d1", "/f", "local", "file:///f", (("x", "double"), ("y", "long")))


def test_what_a_refresh_saw_of_a_dataset_outlasts_what_a_job_logged(database: Database, source: Source) -> None:
    workspace = ScriptedWorkspace(datasets={"r1": (FLIGHTS,), "r2": (replace(FLIGHTS, digest="d2"),)})
    scan(database, SYSTEM, source, workspace)
    dataset = found(database, "dataset", "file:///f")
    assert [(column.name, column.type) for column in dataset.columns] == [("x", "number"), ("y", "int64")]
    assert sorted(dataset.attributes["digests"]) == ["d1", "d2"]
    workspace.datasets["r2"] = (replace(FLIGHTS, schema=(("z", "string"),)),)
    workspace.datasets["r1"] = ()
    scan(database, SYSTEM, source, workspace)
    assert [column.name for column in found(database, "dataset", "file:///f").columns] == ["z"]
    seen = (ColumnRecord("raw", "text"),)
    AssetService(database).upsert([AssetRecord("dataset", "file:///f", "f", columns=seen)])
    scan(database, SYSTEM, source, workspace)
    assert found(database, "dataset", "file:///f").columns == seen


def test_a_list_of_files_is_a_folder_and_its_files_or_each_by_itself(database: Database, source: Source) -> None:
    together = replace(FLIGHTS, parts=("file:///f/1", "file:///f/2"))
    apart = replace(FLIGHTS, qualified_name=f"{HOME}/datasets/s", parts=("file:///a/1", "file:///b/2"))
    scan(database, SYSTEM, source, ScriptedWorkspace(datasets={"r1": (together,), "r2": (apart,)}))
    job1, job2 = names.job(HOME, "r1"), names.job(HOME, "r2")
    assert set(edges_upstream(database, SYSTEM, names.model_version(HOME, "m", "1"))) == {
        (job1, names.model_version(HOME, "m", "1")),
        ("file:///f", job1),
        ("file:///f/1", "file:///f"),
        ("file:///f/2", "file:///f"),
    }
    assert {("file:///a/1", job2), ("file:///b/2", job2)} <= set(
        edges_upstream(database, SYSTEM, names.model_version(HOME, "m", "2"))
    )


def test_the_source_of_a_dataset_column_is_followed_into_the_models_input(database: Database, source: Source) -> None:
    scan(database, SYSTEM, source, ScriptedWorkspace(datasets={"r1": (FLIGHTS,)}))
    link = tables.column_lineage.c
    with database.read() as connection:
        rows = connection.execute(select(link.source_column, link.target_column)).all()
    assert [tuple(row) for row in rows] == [("x", "x")]


def test_a_run_that_registers_another_version_keeps_its_edges_to_the_first(database: Database, source: Source) -> None:
    workspace = ScriptedWorkspace({"m": {"1": "r1"}}, datasets={"r1": (FLIGHTS,)})
    scan(database, SYSTEM, source, workspace)
    workspace.models["m"]["2"] = "r1"
    scan(database, SYSTEM, source, workspace, INCREMENTAL)
    link, asset = tables.column_lineage.c, tables.assets.c
    query = select(asset.display_name).join(tables.column_lineage, asset.id == link.target_id)
    with database.read() as connection:
        assert sorted(connection.scalars(query)) == ["m v1", "m v2"]
