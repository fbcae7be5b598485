"""A workspace in memory, with every kind of failure on request, and scans of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from headwater.access import SYSTEM, Actor
from headwater.catalog import Asset, AssetService, ScanOptions, ScanReport, fetch_details
from headwater.catalog import scan as scan_lists
from headwater.net import HttpClient
from headwater.store import Database, tables
from headwater.workspaces import (
    Connector,
    DatasetInfo,
    ExperimentInfo,
    JobInfo,
    ModelInfo,
    ModelVersionInfo,
    SignatureInfo,
    Source,
    WorkspaceInfo,
)
from headwater.workspaces.base import Capability, EndpointInfo

HOME = "mlflow://127.0.0.1:5000"
INCREMENTAL = ScanOptions(kind="incremental")


def scan(
    database: Database,
    actor: Actor,
    source: Source,
    connector: Connector,
    options: ScanOptions | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> ScanReport:
    """Both parts of a scan; the warnings of both."""
    report = scan_lists(database, actor, source, connector, options, progress=progress)
    details = fetch_details(database, actor, source, connector, scan_id=report.id)
    return replace(report, details=details, warnings=[*report.warnings, *details.warnings])


@dataclass
class ScriptedWorkspace:
    """A workspace in memory, with every kind of failure on request: what no real server would do when asked."""

    models: dict[str, dict[str, str]] = field(default_factory=lambda: {"m": {"1": "r1", "2": "r2"}})
    datasets: dict[str, tuple[DatasetInfo, ...]] = field(default_factory=dict)
    failing: dict[str, Exception] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    kind: str = "mlflow"
    capabilities: frozenset[Capability] = frozenset({"aliases", "signatures", "jobs", "datasets"})
    credential_kinds: frozenset[str] = frozenset({"anonymous"})

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if what in self.failing:
            raise self.failing[what]

    def test(self) -> WorkspaceInfo:
        self._ask("test")
        return WorkspaceInfo("mlflow", "http://127.0.0.1:5000", HOME, "w")

    def list_models(self) -> Iterator[ModelInfo]:
        for model, versions in self.models.items():
            yield ModelInfo(model, aliases={"best": max(versions)} if versions else {})
        self._ask("models")

    def list_versions(self, model: str | None = None) -> Iterator[ModelVersionInfo]:
        for name, versions in self.models.items():
            for version, run_id in versions.items():
                yield ModelVersionInfo(name, version, run_id=run_id, source=f"models:/{run_id}")
        self._ask("versions")

    def get_version(self, model: str, version: str | None = None, alias: str | None = None) -> ModelVersionInfo:
        self._ask(f"{model}/{version}")
        columns = [{"name": "x", "type": "double", "required": True}]
        listed = next(item for item in self.list_versions() if (item.model, item.version) == (model, version))
        return replace(listed, signature=SignatureInfo(columns, [{"type": "tensor"}], None), digest=f"d{version}")

    def get_job(self, run_id: str) -> JobInfo:
        self._ask(run_id)
        began = datetime(2026, 1, 1, tzinfo=UTC)
        return JobInfo(run_id, started_at=began, ended_at=began, inputs=self.datasets.get(run_id, ()))

    def download_version(self, model: str, version: str, to: Path) -> Path:
        raise AssertionError("a scan downloads nothing")

    def model_identity(self, version: ModelVersionInfo) -> str:
        raise AssertionError("a scan needs no identity")

    def list_endpoints(self) -> Iterator[EndpointInfo]:
        return iter(())

    def get_endpoint(self, name: str) -> EndpointInfo:
        raise AssertionError("a scan asks for no endpoint")

    def endpoint_client(self, name: str) -> HttpClient:
        raise AssertionError("a scan calls nothing")

    def endpoint_identity(self, endpoint: EndpointInfo) -> str:
        raise AssertionError("a scan needs no identity")

    def close(self) -> None:
        pass


@dataclass
class ListingWorkspace(ScriptedWorkspace):
    """One that lists jobs as well, and models that nobody registered."""

    jobs: dict[str, JobInfo] = field(default_factory=dict)
    logged: list[ModelVersionInfo] = field(default_factory=list)
    model_tags: dict[str, Mapping[str, str]] = field(default_factory=dict)
    version_tags: dict[str, Mapping[str, str]] = field(default_factory=dict)
    model_ids: dict[str, str] = field(default_factory=dict)
    created: dict[str, datetime] = field(default_factory=dict)
    capabilities: frozenset[Capability] = frozenset(
        {"aliases", "signatures", "jobs", "datasets", "job_listing", "unregistered_models"}
    )

    def list_models(self) -> Iterator[ModelInfo]:
        for model in super().list_models():
            tags = self.model_tags.get(model.name, {})
            yield replace(model, tags=tags, created_at=self.created.get(model.name))

    def list_versions(self, model: str | None = None) -> Iterator[ModelVersionInfo]:
        for version in super().list_versions(model):
            tags = self.version_tags.get(f"{version.model}/{version.version}", {})
            yield replace(version, tags=tags, model_id=self.model_ids.get(version.run_id or ""))

    def list_experiments(self) -> Iterator[ExperimentInfo]:
        for name in {job.experiment for job in self.jobs.values()}:
            yield ExperimentInfo(name, name)

    def list_jobs(
        self, experiments: Collection[str] | None = None, *, ended_after: datetime | None = None
    ) -> Iterator[JobInfo]:
        self._ask("jobs" if ended_after is None else "jobs since")
        for job in self.jobs.values():
            is_late = ended_after is None or job.ended_at is None or job.ended_at > ended_after
            if is_late and (experiments is None or job.experiment in experiments):
                yield job

    def list_unregistered_models(self, experiments: Collection[str] | None = None) -> Iterator[ModelVersionInfo]:
        self._ask("logged")
        yield from self.logged

    def get_job(self, run_id: str) -> JobInfo:
        told = super().get_job(run_id)
        return self.jobs.get(run_id, told)

    def read_signature(self, listed: ModelVersionInfo) -> ModelVersionInfo:
        self._ask(f"signature {listed.model}/{listed.version}")
        columns = [{"name": "x", "type": "double", "required": True}]
        return replace(listed, signature=SignatureInfo(columns, None, None), digest=f"d{listed.version}")


def statuses(database: Database, type_name: str) -> dict[str, str]:
    asset = tables.assets.c
    with database.read() as connection:
        rows = connection.execute(select(asset.display_name, asset.status).where(asset.type_name == type_name))
        return {name: status for name, status in rows}  # noqa: C416 rows are not pairs to a type checker


def found(database: Database, type_name: str, name: str) -> Asset:
    asset = AssetService(database).find(SYSTEM, type_name, name)
    assert asset is not None
    return asset
