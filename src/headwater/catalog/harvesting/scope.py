"""What of a listing, and of what the catalog has, a scan is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from headwater.catalog.harvesting.stored import Stored, StoredAsset
from headwater.catalog.scans.options import ScanOptions
from headwater.workspaces import ModelInfo, ModelVersionInfo

__all__ = ["Scope"]

_NONE: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of a source that a scan is about.

    ``runs`` are the runs in scope where experiments limit it, else None. ``model_tags`` are those of the models that
    the workspace lists, which count for their versions too.
    """

    options: ScanOptions
    runs: frozenset[str] | None
    model_tags: Mapping[str, Mapping[str, str]]

    @classmethod
    def of(cls, options: ScanOptions, models: Iterable[ModelInfo], runs: Iterable[str] | None) -> Scope:
        """The scope within a listing."""
        tags = {model.name: model.tags for model in models}
        return cls(options, None if runs is None else frozenset(runs), tags)

    def covers(self, version: ModelVersionInfo) -> bool:
        """Whether a listed version, or a model that nobody registered, is in scope."""
        if self.runs is not None and version.run_id not in self.runs:
            return False
        return self.options.covers_model(version.model) and self.options.covers_tags(
            self.model_tags.get(version.model, _NONE), version.tags
        )

    def covers_model(self, model: ModelInfo) -> bool:
        """Whether a listed model is in scope by itself; it also is where a version of it is."""
        if self.runs is not None:
            return False
        return self.options.covers_model(model.name) and self.options.covers_tags(model.tags)

    def stored_models(self, stored: Stored) -> set[str]:
        """The names of the models in scope that the catalog has as present."""
        if self.runs is not None:
            # Which experiments made a model is told by its versions alone.
            return set()
        return {
            name
            for name, asset in stored.models.items()
            if asset.is_active
            and self.options.covers_model(asset.display_name)
            and self.options.covers_tags(asset.attributes.get("tags") or _NONE)
        }

    def stored_versions(self, stored: Stored) -> set[str]:
        """The names of the versions in scope that the catalog has as present."""
        tags = {asset.display_name: asset.attributes.get("tags") or _NONE for asset in stored.models.values()}
        experiments = {job.attributes["run_id"]: job.attributes["experiment"] for job in stored.jobs.values()}
        return {
            name
            for name, asset in stored.versions.items()
            if asset.is_active and self._covers_stored(asset, tags, experiments)
        }

    def stored_jobs(self, stored: Stored, versions: Iterable[str]) -> set[str]:
        """The names of the jobs in scope that the catalog has as present; ``versions`` are those in scope."""
        runs = {stored.versions[name].attributes.get("run_id") for name in versions}
        by_version = bool(self.options.models or self.options.excluded_models or self.options.tags)
        return {
            name
            for name, asset in stored.jobs.items()
            if asset.is_active
            and self.options.covers_experiment(asset.attributes["experiment"] or "")
            and (not by_version or asset.attributes["run_id"] in runs)
        }

    def _covers_stored(
        self, version: StoredAsset, tags: Mapping[str, Mapping[str, str]], experiments: Mapping[str, str]
    ) -> bool:
        told = version.attributes
        if self.runs is not None and not self.options.covers_experiment(experiments.get(told.get("run_id") or "", "")):
            return False
        model = str(told.get("model"))
        return self.options.covers_model(model) and self.options.covers_tags(
            tags.get(model, _NONE), told.get("tags") or _NONE
        )
