"""The jobs of a workspace, with the data that they read and wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from headwater.errors import NotFoundError, RemoteError
from headwater.workspaces.azureml import jobs
from headwater.workspaces.azureml.client import ResourceManager, segment
from headwater.workspaces.azureml.configuration import AzureMLConfiguration
from headwater.workspaces.azureml.datasets import DatasetResolver
from headwater.workspaces.azureml.extract import is_archived, mapping, properties
from headwater.workspaces.base import DatasetInfo, ExperimentInfo, JobInfo

__all__ = ["EVERYTHING", "Jobs", "is_passing"]

#: Archived items, too.
EVERYTHING = {"listViewType": "All"}


class Jobs:
    """The jobs of one workspace, of every kind; the steps of a pipeline are jobs, named PIPELINE/STEP."""

    def __init__(
        self, manager: ResourceManager, configuration: AzureMLConfiguration, datasets: DatasetResolver
    ) -> None:
        self._manager = manager
        self._home = configuration.path
        self._datasets = datasets

    def job(self, run_id: str) -> JobInfo:
        """A job, or a step of one.

        Raises:
            NotFoundError: there is none.
        """
        name, _, step = run_id.partition("/")
        item = self._manager.one(f"{self._home}/jobs/{segment(name)}", f"job '{run_id}'")
        found = next((job for job in self._read(item, self._datasets.dataset) if job.run_id == run_id), None)
        if found is None:
            raise NotFoundError(
                f"There is no step '{step}' of the job '{name}'.", place=self._home, hint="List the workspace's jobs."
            )
        return found

    def experiments(self) -> Iterator[ExperimentInfo]:
        """What jobs call their experiments, for the workspace lists none; archived where all its jobs are."""
        archived: dict[str, bool] = {}
        for item in self._items():
            name = self._checked(jobs.job, item).experiment
            archived[name] = archived.get(name, True) and is_archived(item)
        return (ExperimentInfo(name, name, archived=of) for name, of in archived.items() if name)

    def listed(self) -> Iterator[JobInfo]:
        """Every job, and after each pipeline its steps.

        One whose data cannot be looked up is there all the same: its datasets are then named by Azure ML's own
        addresses, and its tag ``azureml.unresolved`` says why.
        """
        for item in self._items():
            try:
                found = self._read(item, self._datasets.dataset)
            except RemoteError as error:
                if is_passing(error):
                    raise
                named = self._read(item, self._datasets.unlooked)
                found = [replace(job, tags={**job.tags, "azureml.unresolved": error.message}) for job in named]
            yield from found

    def _items(self) -> Iterator[dict[str, Any]]:
        return self._manager.all(f"{self._home}/jobs", "listing of jobs", EVERYTHING)

    def _read(self, item: Mapping[str, Any], dataset: Callable[[jobs.JobData], DatasetInfo]) -> list[JobInfo]:
        """A job and its steps; ``dataset`` makes datasets of their data."""
        whole = self._checked(jobs.job, item)
        self._datasets.remember_job(whole.run_id, jobs.output_uris(mapping(properties(item).get("outputs"))))
        parts = [jobs.Step(whole, tuple(jobs.inputs(item)), tuple(jobs.outputs(item))), *jobs.steps(item)]

        def datasets(found: Iterable[jobs.JobData]) -> tuple[DatasetInfo, ...]:
            return tuple(dataset(data) for data in found)

        return [replace(part.info, inputs=datasets(part.inputs), outputs=datasets(part.outputs)) for part in parts]

    def _checked(self, reader: Callable[[Mapping[str, Any]], JobInfo], item: Mapping[str, Any]) -> JobInfo:
        try:
            return reader(item)
        except (KeyError, ValueError) as error:
            raise self._manager.unusable() from error


def is_passing(error: RemoteError) -> bool:
    """Whether a failure says nothing of the one item that was asked for: no sign-in, or too many calls."""
    return error.status in {401, 429}
