"""From lists, and what the catalog has, to what a scan writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from headwater.catalog import names
from headwater.catalog.harvesting.listing import Listing, Progress, read_jobs
from headwater.catalog.harvesting.records import Records, pending
from headwater.catalog.harvesting.scope import Scope
from headwater.catalog.harvesting.stored import FAILED, PENDING, READ, Stored, StoredAsset
from headwater.catalog.records import AssetRecord, AssetRef, LineageRecord
from headwater.catalog.scans.options import ScanOptions
from headwater.errors import HeadwaterError, NotFoundError, ScanError
from headwater.workspaces import Connector, JobInfo, ModelVersionInfo, Source

__all__ = ["Harvest", "harvest"]


@dataclass(slots=True)
class Harvest:
    """Everything that one scan found and is to write.

    Attributes:
        assets: written first, then ``jobs`` with their edges.
        unchanged: what is there and need not be written.
        unread: what is there and could not be read this time.
        models: the names of the models in scope, each of which has a scope of its own.
        gone: the runs that the workspace says there are none of.
        warnings: one error a skipped item, as ``HeadwaterError.to_dict`` gives it, with the item's qualified name as
            ``item``.
    """

    listing: Listing
    scope: Scope
    assets: list[AssetRecord] = field(default_factory=list)
    jobs: list[LineageRecord] = field(default_factory=list)
    unchanged: set[AssetRef] = field(default_factory=set)
    unread: set[AssetRef] = field(default_factory=set)
    models: list[str] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    warnings: list[dict[str, Any]] = field(default_factory=list)

    def warn(self, item: str, error: HeadwaterError) -> None:
        """Note why an item was skipped."""
        self.warnings.append({**error.to_dict(), "item": item})


def harvest(
    connector: Connector,
    source: Source,
    listing: Listing,
    stored: Stored,
    *,
    options: ScanOptions,
    progress: Progress | None = None,
) -> Harvest:
    """What a scan writes of a listing; jobs that no list told are read one by one.

    Raises:
        UnreachableError: the workspace does not answer any more. A single item that cannot be read is a warning.
    """
    return _Comparison(connector, source, listing, stored, options, progress).result()


class _Comparison:
    """A listing beside what the catalog has of the source."""

    def __init__(  # noqa: PLR0917 -- what a scan consists of
        self,
        connector: Connector,
        source: Source,
        listing: Listing,
        stored: Stored,
        options: ScanOptions,
        progress: Progress | None,
    ) -> None:
        self._connector = connector
        self._listing = listing
        self._stored = stored
        self._options = options
        self._progress = progress
        self._records = Records(source, listing.workspace)
        self._jobs: dict[str, JobInfo | HeadwaterError] = dict(listing.jobs or {})
        self._found = Harvest(listing, Scope.of(options, listing.models, self._runs_in_scope()))

    def result(self) -> Harvest:
        """Compare everything."""
        self._found.assets.append(self._records.workspace())
        versions = [version for version in self._listing.versions if self._found.scope.covers(version)]
        self._models({version.model for version in versions})
        records = self._versions(versions)
        if "jobs" in self._connector.capabilities:
            registered = {version.run_id for version in versions}
            self._registered_jobs({run_id: made for run_id, made in records.items() if run_id in registered})
            self._unregistered_jobs(records)
        self._found.jobs.sort(key=lambda record: record.process.attributes["started_at"] or "")
        return self._found

    def _runs_in_scope(self) -> list[str] | None:
        """The runs of the experiments in scope; None where experiments limit nothing."""
        if not self._options.experiments:
            return None
        if self._listing.jobs is None:
            candidates = [version for version in self._listing.versions if self._options.covers_model(version.model)]
            self._read_jobs({version.run_id for version in candidates if version.run_id})
        return [
            run_id
            for run_id, job in self._jobs.items()
            if isinstance(job, JobInfo) and self._options.covers_experiment(job.experiment)
        ]

    def _models(self, of_versions: set[str]) -> None:
        for model in self._listing.models:
            if model.name in of_versions or self._found.scope.covers_model(model):
                self._found.models.append(model.name)
                self._add(self._records.model(model), self._stored.models)

    def _versions(self, versions: Sequence[ModelVersionInfo]) -> dict[str, list[AssetRecord]]:
        """Adds the versions, and models that nobody registered; returns those of each run."""
        aliases: dict[tuple[str, str], list[str]] = {}
        for model in self._listing.models:
            for alias, version in model.aliases.items():
                aliases.setdefault((model.name, version), []).append(alias)
        by_run: dict[str, list[AssetRecord]] = {}
        for listed in (*versions, *self._unregistered()):
            record = self._records.version(listed, aliases.get((listed.model, listed.version), ()))
            record = self._add(self._with_state(record), self._stored.versions)
            if listed.run_id:
                by_run.setdefault(listed.run_id, []).append(record)
        return by_run

    def _unregistered(self) -> list[ModelVersionInfo]:
        registered = {version.model_id for version in self._listing.versions}
        return [
            model
            for model in self._listing.unregistered or ()
            if model.model_id not in registered and self._covers_unregistered(model)
        ]

    def _covers_unregistered(self, model: ModelVersionInfo) -> bool:
        # The list was one of the experiments in scope, whether or not the model's run is kept.
        return self._options.covers_model(model.model) and self._options.covers_tags(model.tags)

    def _with_state(self, record: AssetRecord) -> AssetRecord:
        """A version's record that says whether its signature is still to be read."""
        if "signatures" not in self._connector.capabilities:
            return record
        before = self._stored.versions.get(record.qualified_name)
        if before is None or not _is_same_artifact(before, record):
            return pending(record)
        if before.attributes.get("signature_state") in {READ, FAILED} and not self._options.reread_signatures:
            # What failed is tried again with what is pending, and is called failed until that succeeds.
            return record
        return replace(record, attributes={**record.attributes, "signature_state": PENDING})

    def _with_signature(self, record: AssetRecord) -> AssetRecord:
        """A version's record with the signature that was read before, for the columns that lead into it."""
        before = self._stored.versions.get(record.qualified_name)
        known = {} if before is None else {"signature": before.attributes.get("signature")}
        return replace(record, attributes={**known, **record.attributes})

    def _add(self, record: AssetRecord, stored: Mapping[str, StoredAsset]) -> AssetRecord:
        """Have a record written, unless only what changed is to be and it did not."""
        before = stored.get(record.qualified_name)
        if self._options.kind == "incremental" and before is not None and _says_the_same(before, record):
            self._found.unchanged.add(record.ref)
        else:
            self._found.assets.append(record)
        return record

    def _registered_jobs(self, by_run: Mapping[str, list[AssetRecord]]) -> None:
        wanted = [run_id for run_id, versions in by_run.items() if self._is_wanted(run_id, versions)]
        self._read_jobs(run_id for run_id in wanted if run_id not in self._jobs)
        for run_id in by_run.keys() - set(wanted):
            self._found.unchanged.add(self._job_ref(run_id))
        for run_id in wanted:
            job = self._jobs[run_id]
            if isinstance(job, JobInfo):
                versions = [self._with_signature(version) for version in by_run[run_id]]
                self._found.jobs.append(self._records.job(job, versions, is_registered=True))
                continue
            self._found.warn(self._job_ref(run_id).qualified_name, job)
            if isinstance(job, NotFoundError):
                self._found.gone.add(run_id)
            else:
                self._found.unread.add(self._job_ref(run_id))

    def _is_wanted(self, run_id: str, versions: Iterable[AssetRecord]) -> bool:
        """Whether a run that registered versions is to be written: what is new, was listed, or had not ended."""
        if self._options.kind == "full" or run_id in self._jobs:
            return True
        before = self._stored.jobs.get(self._job_ref(run_id).qualified_name)
        if before is None or not before.is_active or not before.attributes["ended_at"]:
            return True
        return any(self._is_new(version) for version in versions)

    def _is_new(self, version: AssetRecord) -> bool:
        before = self._stored.versions.get(version.qualified_name)
        return before is None or not _is_same_artifact(before, version)

    def _unregistered_jobs(self, by_run: Mapping[str, Sequence[AssetRecord]]) -> None:
        if not self._options.unregistered_runs:
            return
        if self._listing.jobs is None:
            self._found.warn(
                self._records.home,
                ScanError(
                    "Runs that registered nothing were asked for, and this kind of workspace does not list runs.",
                    code="scan.unsupported",
                    hint="Leave the option out.",
                ),
            )
            return
        registered = {version.run_id for version in self._listing.versions}
        for run_id, job in self._listing.jobs.items():
            if run_id not in registered and self._options.covers_tags(job.tags):
                models = [self._with_signature(model) for model in by_run.get(run_id, ())]
                self._found.jobs.append(self._records.job(job, models, is_registered=False))

    def _read_jobs(self, run_ids: Iterable[str]) -> None:
        self._jobs |= read_jobs(self._connector, run_ids, self._progress)

    def _job_ref(self, run_id: str) -> AssetRef:
        return AssetRef("ml_job", names.job(self._records.home, run_id))


def _is_same_artifact(before: StoredAsset, record: AssetRecord) -> bool:
    """Whether a version's files are those that were read before: a deleted model's numbers begin anew."""
    was, is_now = before.attributes, record.attributes
    return bool(was.get("run_id") == is_now["run_id"] and was.get("source") == is_now["source"])


def _says_the_same(before: StoredAsset, record: AssetRecord) -> bool:
    return (
        before.is_active
        and before.display_name == record.display_name
        and all(before.attributes.get(name) == value for name, value in record.attributes.items())
    )
