"""What a scan brings in: from a connector's answers to records. It calls the workspace and no database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from headwater.catalog import names
from headwater.catalog.records import AssetRecord, AssetRef, ColumnEdge, ColumnRecord, LineageRecord
from headwater.catalog.signatures import dataset_columns, version_columns
from headwater.errors import HeadwaterError, NotFoundError, UnreachableError
from headwater.workspaces import Connector, DatasetInfo, JobInfo, ModelInfo, ModelVersionInfo, Source, WorkspaceInfo

__all__ = ["Harvest", "KnownVersion", "Progress", "harvest"]

#: Called with how many of how many versions have been read.
Progress = Callable[[int, int], None]
_EARLIEST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class KnownVersion:
    """What the catalog has of a version whose details were read before; another artifact would differ in one."""

    run_id: str | None
    source: str


@dataclass(slots=True)
class Harvest:
    """Everything one scan found.

    ``assets`` are written first, then ``jobs`` with their edges. ``unread`` are assets that are there but could not
    or need not be read this time. ``warnings`` has one error a skipped item, as ``HeadwaterError.to_dict`` gives it,
    with the item's qualified name as ``item``.
    """

    workspace: WorkspaceInfo
    models: list[ModelInfo]
    versions: list[ModelVersionInfo]
    assets: list[AssetRecord] = field(default_factory=list)
    jobs: list[LineageRecord] = field(default_factory=list)
    unread: set[AssetRef] = field(default_factory=set)
    warnings: list[dict[str, Any]] = field(default_factory=list)

    def warn(self, item: str, error: HeadwaterError) -> None:
        self.warnings.append({**error.to_dict(), "item": item})


def harvest(
    connector: Connector,
    source: Source,
    known: Mapping[str, KnownVersion],
    progress: Progress | None = None,
) -> Harvest:
    """Read the whole workspace.

    ``known`` (by qualified name) are the versions whose details need not be read again.

    Raises:
        HeadwaterError: it does not answer, or a listing failed. A single item that cannot be read is a warning.
    """
    found = Harvest(connector.test(), list(connector.list_models()), list(connector.list_versions()))
    reader = _Reader(connector, source, found)
    reader.workspace()
    aliases = {
        (model.name, version): [alias for alias, of in model.aliases.items() if of == version]
        for model in found.models
        for version in model.aliases.values()
    }
    for model in found.models:
        reader.model(model)
    by_job: dict[str, list[AssetRecord]] = {}
    unread = reader.unread(found.versions, known)
    for done, version in enumerate(found.versions, start=1):
        is_known = (version.model, version.version) not in unread
        record = reader.version(version, aliases.get((version.model, version.version), ()), is_known=is_known)
        if version.run_id and "jobs" in connector.capabilities:
            by_job.setdefault(version.run_id, []).append(record)
        if progress is not None:
            progress(done, len(found.versions))
    for run_id, records in by_job.items():
        reader.job(run_id, records, is_known=all(record.qualified_name in reader.skipped for record in records))
    # The most recent job last: what it says of a dataset is what stands.
    found.jobs.sort(key=lambda record: record.process.attributes["started_at"] or _EARLIEST)
    return found


class _Reader:
    """Turns one workspace's items into records, reading details where that is needed."""

    def __init__(self, connector: Connector, source: Source, found: Harvest) -> None:
        self._connector = connector
        self._source = source
        self._found = found
        self._home = found.workspace.qualified_name
        self.skipped: set[str] = set()

    def workspace(self) -> None:
        info = self._found.workspace
        attributes = {"kind": info.kind, "url": info.url}
        self._add(self._record("ml_workspace", info.qualified_name, self._source.display_name, attributes, parent=None))

    def model(self, model: ModelInfo) -> None:
        attributes = {
            "description": model.description,
            "tags": model.tags,
            "aliases": model.aliases,
            "latest_version": model.latest_version,
            "registered_at": model.created_at,
            "changed_at": model.updated_at,
        }
        parent = AssetRef("ml_workspace", self._home)
        name = names.model(self._home, model.name)
        self._add(self._record("ml_model", name, model.name, attributes, parent=parent))

    def unread(self, versions: Iterable[ModelVersionInfo], known: Mapping[str, KnownVersion]) -> set[tuple[str, str]]:
        """The (model, version) pairs to be read in detail: the unknown, and all of a run that has an unknown one.

        A run's edges are written anew as a whole, and to the known versions' columns too.
        """
        versions = list(versions)
        fresh = [
            version
            for version in versions
            if known.get(names.model_version(self._home, version.model, version.version))
            != KnownVersion(version.run_id, version.source)
        ]
        runs = {version.run_id for version in fresh if version.run_id}
        return {(version.model, version.version) for version in fresh} | {
            (version.model, version.version) for version in versions if version.run_id in runs
        }

    def version(self, listed: ModelVersionInfo, aliases: Iterable[str], *, is_known: bool) -> AssetRecord:
        """One version; one that is known is recorded as the listing has it."""
        name = names.model_version(self._home, listed.model, listed.version)
        attributes = {
            "model": listed.model,
            "version": listed.version,
            "aliases": sorted({*aliases, *listed.aliases}),
            "tags": listed.tags,
            "description": listed.description,
            "stage": listed.status,
            "model_id": listed.model_id,
            "run_id": listed.run_id,
            "source": listed.source,
            "registered_at": listed.created_at,
        }
        columns = None
        if is_known:
            self.skipped.add(name)
        elif "signatures" in self._connector.capabilities:
            details, columns = self._details(name, listed)
            attributes |= details
        parent = AssetRef("ml_model", names.model(self._home, listed.model))
        label = f"{listed.model} v{listed.version}"
        return self._add(self._record("ml_model_version", name, label, attributes, parent=parent, columns=columns))

    def job(self, run_id: str, versions: list[AssetRecord], *, is_known: bool) -> None:
        """The run that registered ``versions``; one that is known is only noted as still being there."""
        name = names.job(self._home, run_id)
        try:
            info = None if is_known else self._connector.get_job(run_id)
        except UnreachableError:
            raise
        except NotFoundError as error:
            self._found.warn(name, error)
            return
        except HeadwaterError as error:
            self._found.warn(name, error)
            info = None
        if info is None:
            self._found.unread.add(AssetRef("ml_job", name))
        else:
            self._found.jobs.append(self._lineage(name, info, versions))

    def _details(self, name: str, listed: ModelVersionInfo) -> tuple[dict[str, Any], tuple[ColumnRecord, ...] | None]:
        """What only reading the version itself tells. A dead server is not this version's fault and ends the scan."""
        try:
            version = self._connector.get_version(listed.model, listed.version)
        except UnreachableError:
            raise
        except HeadwaterError as error:
            self._found.warn(name, error)
            return {}, None
        if version.signature is None:
            return {"digest": version.digest, "signature": None}, ()
        signature = version.signature
        parts = {"inputs": signature.inputs, "outputs": signature.outputs, "params": signature.params}
        return {"digest": version.digest, "signature": parts}, version_columns(signature)

    def _lineage(self, name: str, info: JobInfo, versions: list[AssetRecord]) -> LineageRecord:
        inputs = [self._dataset(dataset) for dataset in info.inputs]
        parts = [part for dataset in info.inputs for part in self._parts(dataset)]
        # A file that lies in no folder the job names is an input by itself.
        loose = [part for part in parts if not any(_holds(record, part) for record in inputs)]
        return LineageRecord(
            process=self._job_record(name, info),
            inputs=(*inputs, *loose),
            outputs=tuple(version.ref for version in versions),
            columns=tuple(edge for version in versions for record in inputs for edge in _column_edges(record, version)),
            others=tuple(part for part in parts if part not in loose),
        )

    def _job_record(self, name: str, info: JobInfo) -> AssetRecord:
        attributes = {
            "run_id": info.run_id,
            "experiment": info.experiment,
            "state": info.status,
            "started_at": info.started_at,
            "ended_at": info.ended_at,
            "params": info.params,
            "metrics": info.metrics,
            "tags": info.tags,
            "datasets": [
                {
                    "name": dataset.name,
                    "digest": dataset.digest,
                    "context": dataset.context,
                    "qualified_name": dataset.qualified_name,
                }
                for dataset in info.inputs
            ],
        }
        parent = AssetRef("ml_workspace", self._home)
        return self._record("ml_job", name, info.name or info.run_id, attributes, parent=parent)

    def _dataset(self, dataset: DatasetInfo) -> AssetRecord:
        """No source owns a dataset: it is where it is, and other workspaces and dataflows may read it too."""
        return AssetRecord(
            "dataset",
            dataset.qualified_name,
            names.display_name(dataset.qualified_name),
            {
                "source_type": dataset.source_type,
                "digests": [dataset.digest] if dataset.digest else [],
                "profile": dataset.profile,
            },
            dataset_columns(dataset.schema) or None,
            collection=self._source.collection,
        )

    def _parts(self, dataset: DatasetInfo) -> list[AssetRecord]:
        return [
            AssetRecord("dataset", part, names.display_name(part), collection=self._source.collection)
            for part in dataset.parts
        ]

    def _add(self, record: AssetRecord) -> AssetRecord:
        self._found.assets.append(record)
        return record

    def _record(
        self,
        type_name: str,
        name: str,
        label: str,
        attributes: Mapping[str, Any],
        *,
        parent: AssetRef | None,
        columns: tuple[ColumnRecord, ...] | None = None,
    ) -> AssetRecord:
        return AssetRecord(
            type_name, name, label, attributes, columns, self._source.collection, parent, self._source.id
        )


def _holds(folder: AssetRecord, part: AssetRecord) -> bool:
    return part.qualified_name.startswith(folder.qualified_name + "/")


def _column_edges(dataset: AssetRecord, version: AssetRecord) -> Iterator[ColumnEdge]:
    """From each column of a job's dataset to the model input of that name."""
    taken = {column.name for column in version.columns or () if column.attributes.get("role") == "input"}
    for column in dataset.columns or ():
        if column.name in taken:
            yield ColumnEdge(dataset.ref, column.name, version.ref, column.name)
