"""Scans by lists: what is in scope, what changed, what has another name, what is gone and whether to believe it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update
from tests.catalog.scripted import HOME, INCREMENTAL, ListingWorkspace, ScriptedWorkspace, found, scan, statuses

from headwater.access import SYSTEM, install
from headwater.catalog import ScanOptions, mark_missing, names, purge_missing
from headwater.catalog import scan as scan_lists
from headwater.catalog.harvesting import details
from headwater.errors import NotFoundError, RemoteError, ScanError, UnreachableError
from headwater.store import Database, open_database, tables, utc_now
from headwater.workspaces import DatasetInfo, JobInfo, ModelVersionInfo, Source, SourceService

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
FLIGHTS = DatasetInfo("flights", "d1", "/f", "local", "file:///f", (("x", "double"), ("y", "long")))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A new metadata database with access, on each of both."""
    database = open_database(database_url)
    with database.begin() as connection:
        install(connection, now=utc_now())
    yield database
    database.close()


@pytest.fixture
def source(database: Database) -> Source:
    return SourceService(database).add(SYSTEM, "demo", "Demo", "mlflow", "http://127.0.0.1:5000")


def job(run_id: str, experiment: str = "e", ended: datetime | None = LONG_AGO, **more: str) -> JobInfo:
    return JobInfo(run_id, experiment=experiment, status="FINISHED", started_at=LONG_AGO, ended_at=ended, tags=more)


def many(count: int, model: str = "m") -> dict[str, dict[str, str]]:
    return {f"{model}{number:03}": {"1": f"r{number:03}"} for number in range(count)}


def asked(workspace: ScriptedWorkspace) -> set[str]:
    return set(workspace.asked) - {"test", "models", "versions"}


def names_of(database: Database, type_name: str, status: str = "active") -> set[str]:
    return {name for name, said in statuses(database, type_name).items() if said == status}


class TestRuns:
    def test_a_list_of_runs_is_the_way_to_them(self, database: Database, source: Source) -> None:
        workspace = ListingWorkspace(jobs={run: job(run) for run in ("r1", "r2", "idle")})
        report = scan_lists(database, SYSTEM, source, workspace)
        assert asked(workspace) == {"jobs"}
        assert (report.counts["ml_job"], names_of(database, "ml_job")) == (2, {"r1", "r2"})

    def test_a_run_that_the_list_leaves_out_is_asked_for(self, database: Database, source: Source) -> None:
        workspace = ListingWorkspace(jobs={"r1": job("r1")}, failing={"r2": RemoteError("no", status=403)})
        report = scan_lists(database, SYSTEM, source, workspace)
        assert asked(workspace) == {"jobs", "r2"}
        assert [warning["item"] for warning in report.warnings] == [names.job(HOME, "r2")]

    def test_runs_that_registered_nothing_come_if_asked_for_and_stay(self, database: Database, source: Source) -> None:
        workspace = ListingWorkspace(jobs={run: job(run, team=run) for run in ("r1", "r2", "idle", "other")})
        asking = ScanOptions(unregistered_runs=True, tags={"team": "idle"})
        scan(database, SYSTEM, source, workspace, asking)
        assert names_of(database, "ml_job") == {"idle"}
        scan(database, SYSTEM, source, workspace, ScanOptions(unregistered_runs=True))
        assert names_of(database, "ml_job") == {"r1", "r2", "idle", "other"}
        idle = found(database, "ml_job", names.job(HOME, "idle"))
        assert idle.attributes["registered"] is False
        # Who does not ask for them says nothing of them.
        assert scan(database, SYSTEM, source, workspace).missing == 0
        del workspace.jobs["idle"]
        assert scan(database, SYSTEM, source, workspace, replace(INCREMENTAL, unregistered_runs=True)).missing == 0
        assert scan(database, SYSTEM, source, workspace, ScanOptions(unregistered_runs=True)).missing == 1
        assert names_of(database, "ml_job", "missing") == {"idle"}

    def test_a_workspace_that_lists_no_runs_says_so(self, database: Database, source: Source) -> None:
        report = scan(database, SYSTEM, source, ScriptedWorkspace(), ScanOptions(unregistered_runs=True))
        assert [warning["code"] for warning in report.warnings] == ["scan.unsupported"]

    def test_an_incremental_scan_looks_at_runs_that_ended_since(self, database: Database, source: Source) -> None:
        workspace = ListingWorkspace(jobs={"r1": job("r1"), "r2": job("r2", ended=None)})
        scan(database, SYSTEM, source, workspace)
        workspace.jobs["r1"] = replace(workspace.jobs["r1"], metrics={"auc": 0.5})
        workspace.jobs["r2"] = replace(workspace.jobs["r2"], metrics={"auc": 0.7}, ended_at=utc_now())
        workspace.asked.clear()
        scan(database, SYSTEM, source, workspace, INCREMENTAL)
        assert asked(workspace) == {"jobs since"}
        assert found(database, "ml_job", names.job(HOME, "r2")).attributes["metrics"] == {"auc": 0.7}
        # What was edited long after it ended is found by full scans.
        assert found(database, "ml_job", names.job(HOME, "r1")).attributes["metrics"] == {}
        scan(database, SYSTEM, source, workspace)
        assert found(database, "ml_job", names.job(HOME, "r1")).attributes["metrics"] == {"auc": 0.5}

    def test_a_run_that_had_not_ended_is_read_again_where_none_are_listed(
        self, database: Database, source: Source
    ) -> None:
        workspace = ListingWorkspace(jobs={"r1": job("r1"), "r2": job("r2", ended=None)})
        workspace.capabilities -= {"job_listing"}
        scan(database, SYSTEM, source, workspace)
        workspace.asked.clear()
        workspace.jobs["r2"] = job("r2")
        scan(database, SYSTEM, source, workspace, INCREMENTAL)
        scan(database, SYSTEM, source, workspace, INCREMENTAL)
        assert workspace.asked.count("r2") == 1 and "r1" not in workspace.asked

    @pytest.mark.parametrize(
        ("before", "then", "way"),
        [
            (ScanOptions(), INCREMENTAL, "jobs since"),
            (ScanOptions(models=("m",), unregistered_runs=True), INCREMENTAL, "jobs"),
            (ScanOptions(), replace(INCREMENTAL, unregistered_runs=True), "jobs"),
            (ScanOptions(unregistered_runs=True), replace(INCREMENTAL, unregistered_runs=True), "jobs since"),
        ],
    )
    def test_since_when_is_told_by_a_scan_that_saw_as_much(
        self, database: Database, source: Source, before: ScanOptions, then: ScanOptions, way: str
    ) -> None:
        workspace = ListingWorkspace(jobs={"r1": job("r1"), "r2": job("r2")})
        scan(database, SYSTEM, source, workspace, before)
        workspace.asked.clear()
        scan(database, SYSTEM, source, workspace, then)
        assert way in workspace.asked

    def test_a_failed_scan_tells_nothing_of_since_when(self, database: Database, source: Source) -> None:
        workspace = ListingWorkspace(
            jobs={"r1": job("r1"), "r2": job("r2")}, failing={"jobs": RemoteError("no", status=500)}
        )
        with pytest.raises(ScanError):
            scan(database, SYSTEM, source, workspace)
        assert statuses(database, "ml_model") == {}
        workspace.failing.clear()
        workspace.asked.clear()
        scan(database, SYSTEM, source, workspace, INCREMENTAL)
        assert "jobs" in workspace.asked


class TestScope:
    @pytest.fixture
    def workspace(self) -> ListingWorkspace:
        return ListingWorkspace(
            {"fraud_eu": {"1": "r1"}, "fraud_us": {"1": "r2"}, "churn": {"1": "r3", "2": "r4"}},
            jobs={"r1": job("r1", "risk"), "r2": job("r2", "risk"), "r3": job("r3", "care"), "r4": job("r4", "old")},
            model_tags={"fraud_eu": {"team": "a"}, "churn": {"team": "b"}},
            version_tags={"churn/2": {"team": "a"}},
        )

    @pytest.mark.parametrize(
        ("options", "versions"),
        [
            (ScanOptions(), {"fraud_eu v1", "fraud_us v1", "churn v1", "churn v2"}),
            (ScanOptions(models=("fraud_*",)), {"fraud_eu v1", "fraud_us v1"}),
            (ScanOptions(models=("fraud_?s", "churn")), {"fraud_us v1", "churn v1", "churn v2"}),
            (ScanOptions(excluded_models=("fraud*",)), {"churn v1", "churn v2"}),
            (ScanOptions(experiments=("risk",)), {"fraud_eu v1", "fraud_us v1"}),
            (ScanOptions(experiments=("*",), models=("churn",)), {"churn v1", "churn v2"}),
            (ScanOptions(tags={"team": "a"}), {"fraud_eu v1", "churn v2"}),
            (ScanOptions(tags={"team": "a"}, experiments=("old",)), {"churn v2"}),
        ],
    )
    def test_only_what_is_in_scope_comes_in(
        self, database: Database, source: Source, workspace: ListingWorkspace, options: ScanOptions, versions: set[str]
    ) -> None:
        report = scan(database, SYSTEM, source, workspace, options)
        assert names_of(database, "ml_model_version") == versions
        assert names_of(database, "ml_model") == {version.partition(" ")[0] for version in versions}
        assert report.counts["ml_job"] == len(names_of(database, "ml_job")) == len(versions)
        assert scan(database, SYSTEM, source, workspace, replace(options, kind="incremental")).counts == report.counts

    @pytest.mark.parametrize(
        ("options", "gone"),
        [
            (ScanOptions(models=("fraud_*",)), set()),
            (ScanOptions(models=("churn",)), {"churn v2"}),
            (ScanOptions(experiments=("care", "risk")), set()),
            (ScanOptions(experiments=("old",)), {"churn v2"}),
            (ScanOptions(tags={"team": "b"}), set()),
            (ScanOptions(tags={"team": "a"}), {"churn v2"}),
            (ScanOptions(excluded_models=("churn",)), set()),
        ],
    )
    def test_only_what_was_in_scope_goes_missing(
        self, database: Database, source: Source, workspace: ListingWorkspace, options: ScanOptions, gone: set[str]
    ) -> None:
        scan(database, SYSTEM, source, workspace)
        del workspace.models["churn"]["2"]
        scan(database, SYSTEM, source, workspace, options)
        assert names_of(database, "ml_model_version", "missing") == gone
        assert names_of(database, "ml_job", "missing") == ({"r4"} if gone else set())

    def test_experiments_limit_a_workspace_that_lists_no_runs_too(self, database: Database, source: Source) -> None:
        workspace = ListingWorkspace(
            jobs={"r1": job("r1", "risk"), "r2": job("r2", "care")},
            capabilities=frozenset({"aliases", "signatures", "jobs", "datasets"}),
        )
        scan(database, SYSTEM, source, workspace, ScanOptions(experiments=("risk",)))
        assert names_of(database, "ml_model_version") == {"m v1"}


class TestMissing:
    def test_a_scan_that_would_take_too_much_away_asks_first(self, database: Database, source: Source) -> None:
        scan(database, SYSTEM, source, ScriptedWorkspace(many(40)))
        shrunk = ScriptedWorkspace(many(15))
        report = scan(database, SYSTEM, source, shrunk)
        assert (report.missing, [warning["code"] for warning in report.warnings]) == (0, ["scan.too_many_missing"])
        assert "25 of 40 ml_model are gone" in report.warnings[0]["message"]
        assert names_of(database, "ml_model", "missing") == set()
        assert scan(database, SYSTEM, source, shrunk, ScanOptions(confirm_removals=True)).missing == 75
        assert len(names_of(database, "ml_model_version", "missing")) == 25

    @pytest.mark.parametrize(("left", "share", "missing"), [(19, 0.6, 63), (19, 0.5, 0), (0, 1.0, 0)])
    def test_the_share_is_what_may_go(
        self, database: Database, source: Source, left: int, share: float, missing: int
    ) -> None:
        scan(database, SYSTEM, source, ScriptedWorkspace(many(40)))
        options = ScanOptions(max_removed_share=share)
        assert scan(database, SYSTEM, source, ScriptedWorkspace(many(left)), options).missing == missing

    def test_a_few_may_always_go(self, database: Database, source: Source) -> None:
        scan(database, SYSTEM, source, ScriptedWorkspace(many(20)))
        report = scan(database, SYSTEM, source, ScriptedWorkspace(many(1)), ScanOptions(max_removed_share=0))
        assert report.missing == 57

    @pytest.mark.parametrize("failing", ["models", "versions", "jobs"])
    def test_a_list_that_breaks_off_is_no_list(self, database: Database, source: Source, failing: str) -> None:
        workspace = ListingWorkspace(many(3), jobs={run: job(run) for run in ("r000", "r001", "r002")})
        scan(database, SYSTEM, source, workspace)
        workspace.models = {**many(1), **many(2, "new")}
        # It fails at its end, when items have come already.
        workspace.failing[failing] = RemoteError("no", status=500)
        with pytest.raises(ScanError):
            scan(database, SYSTEM, source, workspace)
        assert names_of(database, "ml_model") == {"m000", "m001", "m002"}

    def test_an_incremental_scan_notices_what_is_gone_and_what_is_back(
        self, database: Database, source: Source
    ) -> None:
        workspace = ListingWorkspace(many(3), jobs={run: job(run) for run in ("r000", "r001", "r002")})
        scan(database, SYSTEM, source, workspace)
        kept = workspace.models.pop("m001")
        assert scan(database, SYSTEM, source, workspace, INCREMENTAL).missing == 3
        assert names_of(database, "ml_job", "missing") == {"r001"}
        workspace.models["m001"] = kept
        assert scan(database, SYSTEM, source, workspace, INCREMENTAL).missing == 0
        assert names_of(database, "ml_model_version", "missing") | names_of(database, "ml_job", "missing") == set()

    def test_what_is_missing_for_long_is_forgotten(self, database: Database, source: Source) -> None:
        scan(database, SYSTEM, source, ScriptedWorkspace(many(2)))
        scan(database, SYSTEM, source, ScriptedWorkspace(many(1)))
        with database.begin() as connection:
            assert purge_missing(connection, utc_now() - timedelta(days=1)) == 0
            assert purge_missing(connection, utc_now() + timedelta(seconds=1)) == 3
        assert set(statuses(database, "ml_model")) == {"m000"}

    def test_marking_twice_marks_once(self, database: Database, source: Source) -> None:
        scan(database, SYSTEM, source, ScriptedWorkspace(many(2)))
        gone = {"ml_model": [names.model(HOME, "m000")]}
        with database.begin() as connection:
            assert [mark_missing(connection, gone, now=utc_now()) for _ in range(2)] == [1, 0]


class TestRenames:
    @pytest.fixture
    def workspace(self, database: Database, source: Source) -> ListingWorkspace:
        workspace = ListingWorkspace(
            {"old": {"1": "r1", "2": "r2"}, "other": {"1": "r3"}},
            datasets={"r1": (FLIGHTS,)},
            created={"old": LONG_AGO, "new": LONG_AGO, "other": LONG_AGO + timedelta(1)},
            capabilities=frozenset({"aliases", "signatures", "jobs", "datasets", "unregistered_models"}),
        )
        scan(database, SYSTEM, source, workspace)
        return workspace

    def rename(self, workspace: ListingWorkspace, new: str = "new") -> None:
        workspace.models = {new if name == "old" else name: of for name, of in workspace.models.items()}

    @pytest.mark.parametrize("options", [ScanOptions(), INCREMENTAL])
    def test_a_renamed_model_is_the_same_asset(
        self, database: Database, source: Source, workspace: ListingWorkspace, options: ScanOptions
    ) -> None:
        before = [
            found(database, "ml_model", names.model(HOME, "old")),
            found(database, "ml_model_version", names.model_version(HOME, "old", "1")),
        ]
        self.rename(workspace)
        workspace.asked.clear()
        report = scan(database, SYSTEM, source, workspace, options)
        assert (report.renamed, report.missing) == (1, 0)
        after = [
            found(database, "ml_model", names.model(HOME, "new")),
            found(database, "ml_model_version", names.model_version(HOME, "new", "1")),
        ]
        assert [asset.guid for asset in after] == [asset.guid for asset in before]
        assert [asset.display_name for asset in after] == ["new", "new v1"]
        assert after[1].columns == before[1].columns and after[1].attributes["model"] == "new"
        assert not [what for what in workspace.asked if what.startswith("signature")]
        assert set(statuses(database, "ml_model")) == {"new", "other"}
        asset = tables.assets.c
        columns = select(asset.qualified_name).where(asset.type_name == "column")
        with database.read() as connection:
            named = set(connection.scalars(columns.where(asset.qualified_name.startswith(HOME))))
        assert {name.partition("/versions/")[0] for name in named} == {f"{HOME}/models/new", f"{HOME}/models/other"}

    def test_roles_at_a_model_go_with_it(self, database: Database, source: Source, workspace: ListingWorkspace) -> None:
        scope = tables.scopes.c
        models = select(scope.name, scope.id).where(scope.parent_id == source.scope_id)
        with database.read() as connection:
            before = {row.name: row.id for row in connection.execute(models)}
        self.rename(workspace)
        scan(database, SYSTEM, source, workspace)
        with database.read() as connection:
            after = {row.name: row.id for row in connection.execute(models)}
        assert after == {"new": before["old"], "other": before["other"]}

    def test_a_model_made_anew_is_another_one(
        self, database: Database, source: Source, workspace: ListingWorkspace
    ) -> None:
        self.rename(workspace)
        workspace.created["new"] = LONG_AGO + timedelta(9)
        report = scan(database, SYSTEM, source, workspace)
        assert (report.renamed, names_of(database, "ml_model", "missing")) == (0, {"old"})

    def test_versions_of_other_runs_make_it_another_one(
        self, database: Database, source: Source, workspace: ListingWorkspace
    ) -> None:
        self.rename(workspace)
        workspace.models["new"] = {"1": "r8", "2": "r9"}
        assert scan(database, SYSTEM, source, workspace).renamed == 0

    def test_where_two_could_be_it_none_is(
        self, database: Database, source: Source, workspace: ListingWorkspace
    ) -> None:
        self.rename(workspace)
        workspace.models["twin"] = dict(workspace.models["new"])
        workspace.created["twin"] = LONG_AGO
        assert scan(database, SYSTEM, source, workspace).renamed == 0

    def test_a_name_that_is_an_assets_already_is_not_taken(
        self, database: Database, source: Source, workspace: ListingWorkspace
    ) -> None:
        with database.begin() as connection:
            other = tables.assets.c.qualified_name == names.model(HOME, "other")
            taken = {"qualified_name": names.model(HOME, "new"), "source_id": None}
            connection.execute(update(tables.assets).where(other).values(taken))
        self.rename(workspace)
        assert scan(database, SYSTEM, source, workspace).renamed == 0

    def test_a_model_that_is_registered_at_last_is_the_same_asset(
        self, database: Database, source: Source, workspace: ListingWorkspace
    ) -> None:
        workspace.logged = [ModelVersionInfo("mine", "", model_id="m-1", run_id="r7", source="mlflow-artifacts:/1/x")]
        options = ScanOptions(unregistered_models=True)
        scan(database, SYSTEM, source, workspace, options)
        logged = found(database, "ml_model_version", f"{HOME}/logged-models/m-1")
        assert (logged.display_name, logged.attributes["signature_state"]) == ("mine", "read")
        assert scan(database, SYSTEM, source, workspace).missing == 0
        workspace.models["mine"] = {"1": "r7"}
        workspace.model_ids["r7"] = "m-1"
        assert scan(database, SYSTEM, source, workspace, options).missing == 0
        registered = found(database, "ml_model_version", names.model_version(HOME, "mine", "1"))
        assert registered.guid == logged.guid

    def test_a_logged_model_that_is_deleted_goes_missing(
        self, database: Database, source: Source, workspace: ListingWorkspace
    ) -> None:
        options = ScanOptions(unregistered_models=True)
        both = [ModelVersionInfo(name, "", model_id=f"m-{name}", source="x") for name in ("a", "b")]
        workspace.logged = both
        scan(database, SYSTEM, source, workspace, options)
        workspace.logged = both[:1]
        assert scan(database, SYSTEM, source, workspace).missing == 0
        assert scan(database, SYSTEM, source, workspace, options).missing == 1
        workspace.logged = []
        assert scan(database, SYSTEM, source, workspace, options).missing == 0


class TestSignatures:
    def test_versions_are_pending_until_they_are_read(self, database: Database, source: Source) -> None:
        workspace = ListingWorkspace(jobs={"r1": job("r1"), "r2": job("r2")})
        report = scan_lists(database, SYSTEM, source, workspace)
        assert (report.pending, report.details) == (2, None)
        version = found(database, "ml_model_version", names.model_version(HOME, "m", "1"))
        assert (version.attributes["signature_state"], version.columns) == ("pending", ())
        read = scan(database, SYSTEM, source, workspace)
        assert read.details is not None
        assert (read.details.read, read.details.failed, read.details.pending) == (2, 0, 0)
        version = found(database, "ml_model_version", names.model_version(HOME, "m", "1"))
        assert (version.attributes["signature_state"], len(version.columns)) == ("read", 1)
        scan_lists(database, SYSTEM, source, workspace)
        assert found(database, "ml_model_version", names.model_version(HOME, "m", "1")) == version

    def test_what_failed_is_tried_again_with_the_next_scan(self, database: Database, source: Source) -> None:
        workspace = ListingWorkspace(failing={"signature m/1": NotFoundError("gone")})
        report = scan(database, SYSTEM, source, workspace)
        assert report.details is not None
        assert (report.details.read, report.details.failed) == (1, 1)
        name = names.model_version(HOME, "m", "1")
        assert [warning["item"] for warning in report.warnings] == [name]
        assert found(database, "ml_model_version", name).attributes["signature_state"] == "failed"
        with database.read() as connection:
            kept = connection.execute(select(tables.scans.c.details, tables.scans.c.warnings)).one()
        assert (kept.details["read"], kept.details["failed"], len(kept.warnings)) == (1, 1, 1)
        workspace.failing.clear()
        workspace.asked.clear()
        scan(database, SYSTEM, source, workspace, INCREMENTAL)
        assert [what for what in workspace.asked if what.startswith("signature")] == ["signature m/1"]
        assert found(database, "ml_model_version", name).attributes["signature_state"] == "read"

    def test_a_workspace_that_dies_leaves_the_rest_pending(
        self, database: Database, source: Source, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(details, "BATCH", 1)
        workspace = ListingWorkspace(failing={"signature m/1": UnreachableError("dead")})
        with pytest.raises(ScanError, match="1 are still pending"):
            scan(database, SYSTEM, source, workspace)
        # The version with the alias came first.
        states = [
            found(database, "ml_model_version", names.model_version(HOME, "m", number)).attributes["signature_state"]
            for number in ("1", "2")
        ]
        assert states == ["pending", "read"]

    def test_another_artifact_under_the_name_is_read_anew(self, database: Database, source: Source) -> None:
        workspace = ListingWorkspace()
        scan(database, SYSTEM, source, workspace)
        workspace.models["m"]["1"] = "r9"
        scan_lists(database, SYSTEM, source, workspace, INCREMENTAL)
        version = found(database, "ml_model_version", names.model_version(HOME, "m", "1"))
        assert (version.attributes["signature_state"], version.attributes["digest"]) == ("pending", None)
        assert version.columns == ()

    def test_signatures_are_read_again_if_asked_for(self, database: Database, source: Source) -> None:
        workspace = ListingWorkspace()
        scan(database, SYSTEM, source, workspace)
        assert scan_lists(database, SYSTEM, source, workspace).pending == 0
        assert scan_lists(database, SYSTEM, source, workspace, ScanOptions(reread_signatures=True)).pending == 2

    def test_columns_lead_into_a_version_once_they_are_known_and_afterwards(
        self, database: Database, source: Source
    ) -> None:
        runs = {run: replace(job(run), inputs=(FLIGHTS,)) for run in ("r1", "r2")}
        workspace = ListingWorkspace(jobs=runs, datasets={"r1": (FLIGHTS,)})

        def links() -> int:
            with database.read() as connection:
                return len(connection.execute(select(tables.column_lineage.c.target_column)).all())

        scan_lists(database, SYSTEM, source, workspace)
        assert links() == 0
        scan(database, SYSTEM, source, workspace)
        assert links() == 2
        scan_lists(database, SYSTEM, source, workspace)
        assert links() == 2
