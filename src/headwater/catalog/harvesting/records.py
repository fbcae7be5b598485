"""From what a workspace says to the catalog's records. Nothing here calls anybody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from headwater.catalog import names
from headwater.catalog.harvesting.stored import PENDING, READ
from headwater.catalog.records import AssetRecord, AssetRef, ColumnEdge, ColumnRecord, LineageRecord
from headwater.catalog.scans.signatures import dataset_columns, version_columns
from headwater.workspaces import (
    DatasetInfo,
    JobInfo,
    ModelInfo,
    ModelVersionInfo,
    SignatureInfo,
    Source,
    WorkspaceInfo,
)
from headwater.workspaces.naming import segment

__all__ = ["Records", "moment", "pending", "read", "signature_of", "unregistered_name", "version_label"]


class Records:
    """Makes the records of one source's workspace.

    Attributes given here are as JSON has them, so that they compare equal to what is read back.
    """

    def __init__(self, source: Source, workspace: WorkspaceInfo) -> None:
        self._source = source
        self._workspace = workspace
        self._home = workspace.qualified_name

    @property
    def home(self) -> str:
        """What every name in the workspace starts with."""
        return self._home

    def workspace(self) -> AssetRecord:
        """The workspace itself."""
        info = self._workspace
        attributes = {"kind": info.kind, "url": info.url}
        return self._record("ml_workspace", info.qualified_name, self._source.display_name, attributes)

    def model(self, model: ModelInfo) -> AssetRecord:
        """A registered model."""
        attributes = {
            "description": model.description,
            "tags": dict(model.tags),
            "aliases": dict(model.aliases),
            "latest_version": model.latest_version,
            "registered_at": moment(model.created_at),
            "changed_at": moment(model.updated_at),
        }
        return self._record("ml_model", names.model(self._home, model.name), model.name, attributes, self._top)

    def version(self, listed: ModelVersionInfo, aliases: Iterable[str]) -> AssetRecord:
        """A version as the listing has it: what only reading it tells is left as it is."""
        attributes = {
            "model": listed.model,
            "version": listed.version,
            "aliases": sorted({*aliases, *listed.aliases}),
            "tags": dict(listed.tags),
            "description": listed.description,
            "stage": listed.status,
            "model_id": listed.model_id,
            "run_id": listed.run_id,
            "source": listed.source,
            "registered_at": moment(listed.created_at),
        }
        if not listed.version:
            name = unregistered_name(self._home, listed.model_id or listed.model)
            # Nothing contains it: once it is registered, its model does.
            return self._record("ml_model_version", name, listed.model, attributes)
        name = names.model_version(self._home, listed.model, listed.version)
        parent = AssetRef("ml_model", names.model(self._home, listed.model))
        return self._record("ml_model_version", name, version_label(listed.model, listed.version), attributes, parent)

    def job(
        self, info: JobInfo, versions: Sequence[AssetRecord], *, is_registered: bool | None = None
    ) -> LineageRecord:
        """A run with the data it read and wrote and the versions that came of it.

        Columns are followed into those versions whose attribute ``signature`` says what they take. ``is_registered``
        is whether it registered one; None leaves that as it is.
        """
        inputs = [self._dataset(dataset) for dataset in info.inputs]
        outputs = [self._dataset(dataset) for dataset in info.outputs]
        parts = [part for dataset in (*info.inputs, *info.outputs) for part in self._parts(dataset)]
        # A file that lies in no folder the job names is an input by itself.
        loose = [part for part in self._parts_of(info.inputs) if not any(_holds(record, part) for record in inputs)]
        return LineageRecord(
            process=self._job_record(info, is_registered),
            inputs=(*inputs, *loose),
            outputs=(*(version.ref for version in versions), *outputs),
            columns=tuple(edge for version in versions for record in inputs for edge in _column_edges(record, version)),
            others=tuple(part for part in parts if part not in loose),
        )

    @property
    def _top(self) -> AssetRef:
        return AssetRef("ml_workspace", self._home)

    def _job_record(self, info: JobInfo, is_registered: bool | None) -> AssetRecord:
        attributes: dict[str, Any] = {
            "run_id": info.run_id,
            "experiment": info.experiment,
            "kind": info.kind,
            "parent_run_id": info.parent_run_id,
            "state": info.status,
            "started_at": moment(info.started_at),
            "ended_at": moment(info.ended_at),
            "params": dict(info.params),
            "metrics": dict(info.metrics),
            "tags": dict(info.tags),
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
        if is_registered is not None:
            attributes["registered"] = is_registered
        name = names.job(self._home, info.run_id)
        return self._record("ml_job", name, info.name or info.run_id, attributes, self._top)

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

    def _parts_of(self, datasets: Iterable[DatasetInfo]) -> list[AssetRecord]:
        return [part for dataset in datasets for part in self._parts(dataset)]

    def _record(
        self, type_name: str, name: str, label: str, attributes: Mapping[str, Any], parent: AssetRef | None = None
    ) -> AssetRecord:
        return AssetRecord(type_name, name, label, attributes, None, self._source.collection, parent, self._source.id)


def moment(value: datetime | None) -> str | None:
    """A moment as attributes have it."""
    return None if value is None else value.astimezone(UTC).isoformat()


def version_label(model: str, version: str) -> str:
    """What people call a version."""
    return f"{model} v{version}"


def unregistered_name(home: str, model_id: str) -> str:
    """The name of a model that was logged and that nobody registered.

    >>> unregistered_name("mlflow://h:1", "m-1")
    'mlflow://h:1/logged-models/m-1'
    """
    return f"{home}/logged-models/{segment(model_id)}"


def pending(record: AssetRecord) -> AssetRecord:
    """A version whose signature is to be read, and of which what an earlier artifact said is true no more."""
    unknown = {"signature_state": PENDING, "digest": None, "signature": None}
    return replace(record, attributes={**record.attributes, **unknown}, columns=())


def read(record: AssetRecord, signature: SignatureInfo | None, digest: str | None) -> AssetRecord:
    """A version whose signature was read; None: it has none."""
    parts = None
    if signature is not None:
        parts = {"inputs": signature.inputs, "outputs": signature.outputs, "params": signature.params}
    told = {"signature_state": READ, "digest": digest, "signature": parts}
    columns = () if signature is None else version_columns(signature)
    return replace(record, attributes={**record.attributes, **told}, columns=columns)


def signature_of(attributes: Mapping[str, Any]) -> SignatureInfo | None:
    """The signature that a version's attributes tell."""
    parts = attributes.get("signature")
    return SignatureInfo(**parts) if isinstance(parts, Mapping) else None


def _holds(folder: AssetRecord, part: AssetRecord) -> bool:
    return part.qualified_name.startswith(folder.qualified_name + "/")


def _column_edges(dataset: AssetRecord, version: AssetRecord) -> Iterator[ColumnEdge]:
    """From each column of a job's dataset to the model input of that name."""
    signature = signature_of(version.attributes)
    taken = {column.name for column in _inputs(() if signature is None else version_columns(signature))}
    for column in dataset.columns or ():
        if column.name in taken:
            yield ColumnEdge(dataset.ref, column.name, version.ref, column.name)


def _inputs(columns: Iterable[ColumnRecord]) -> Iterator[ColumnRecord]:
    return (column for column in columns if column.attributes.get("role") == "input")
