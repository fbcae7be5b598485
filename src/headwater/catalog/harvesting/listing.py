"""Reading the lists of a workspace: all of them at once, each page by page, and nothing of them written before all end.

It calls the workspace and no database.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from headwater.catalog.scans.options import ScanOptions
from headwater.errors import HeadwaterError, UnreachableError
from headwater.workspaces import (
    Connector,
    JobInfo,
    JobLister,
    ModelInfo,
    ModelVersionInfo,
    UnregisteredModelLister,
    WorkspaceInfo,
)

__all__ = ["READERS", "Listing", "Progress", "read_jobs", "read_listing"]

T = TypeVar("T")
#: Called with how many of how many items have been read; the second grows where more come than were expected.
Progress = Callable[[int, int], None]
#: How many requests for single items are under way at a time.
READERS = 8
#: How often whoever waits for the lists looks whether it still should.
_LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Listing:
    """What a workspace said it holds, in scope or not.

    ``jobs`` are by run id; None where they were not listed. ``unregistered`` are models that nobody registered, None
    where they were not asked for.
    """

    workspace: WorkspaceInfo
    models: Sequence[ModelInfo]
    versions: Sequence[ModelVersionInfo]
    jobs: Mapping[str, JobInfo] | None = None
    unregistered: Sequence[ModelVersionInfo] | None = None


@dataclass(slots=True)
class _Reading:
    """Lists being read in threads: how far they are, and whether they are still wanted."""

    expected: int
    progress: Progress | None
    stopped: threading.Event = field(default_factory=threading.Event)
    counts: dict[str, int] = field(default_factory=dict)

    def all_of(self, name: str, items: Callable[[], Iterable[T]]) -> list[T]:
        """Everything that a listing gives, until nobody wants it any more."""
        found: list[T] = []
        for item in items():
            if self.stopped.is_set():
                break
            found.append(item)
            self.counts[name] = len(found)
        return found

    def tell(self) -> None:
        """Say how far it is; whoever listens may raise, to end it."""
        if self.progress is not None:
            done = sum(self.counts.copy().values())
            self.progress(done, max(done, self.expected))

    def wait_for(self, listings: Iterable[Future[Any]]) -> None:
        """Until all have ended, or one has failed, or whoever is told has had enough."""
        left = set(listings)
        while left:
            ended, left = wait(left, _LOOK_SECONDS)
            for listing in ended:
                listing.result()
            self.tell()


def read_listing(
    connector: Connector,
    options: ScanOptions,
    *,
    since: datetime | None = None,
    expected: int = 0,
    progress: Progress | None = None,
) -> Listing:
    """Everything that the workspace lists, and that a scan with these options looks at.

    Args:
        since: jobs that ended by then are not needed; None: all are.
        expected: about how many items there are.

    Raises:
        HeadwaterError: it does not answer, or a listing failed.
    """
    workspace = connector.test()
    reading = _Reading(expected, progress)
    # As many threads as lists: one that waits for the workspace keeps none of the others from being parsed.
    with ThreadPoolExecutor(4, "scan") as pool:
        try:
            models = pool.submit(reading.all_of, "models", connector.list_models)
            versions = pool.submit(reading.all_of, "versions", connector.list_versions)
            jobs = _submit_jobs(pool, reading, connector, options, since)
            unregistered = _submit_unregistered(pool, reading, connector, options)
            others: list[Future[Any]] = [listing for listing in (jobs, unregistered) if listing is not None]
            reading.wait_for([models, versions, *others])
        except BaseException:
            reading.stopped.set()
            raise
    return Listing(
        workspace,
        # Pages shift while they are read: an item may come twice.
        list({model.name: model for model in models.result()}.values()),
        list({(version.model, version.version): version for version in versions.result()}.values()),
        None if jobs is None else {job.run_id: job for job in jobs.result()},
        None if unregistered is None else list({model.model_id: model for model in unregistered.result()}.values()),
    )


def read_jobs(
    connector: Connector, run_ids: Iterable[str], progress: Progress | None = None
) -> dict[str, JobInfo | HeadwaterError]:
    """Single jobs, or why each could not be read.

    Raises:
        UnreachableError: the workspace does not answer; that is no job's fault.
    """

    def read(run_id: str) -> JobInfo | HeadwaterError:
        try:
            return connector.get_job(run_id)
        except UnreachableError:
            raise
        except HeadwaterError as error:
            return error

    wanted = list(run_ids)
    found: dict[str, JobInfo | HeadwaterError] = {}
    with ThreadPoolExecutor(READERS, "scan") as pool:
        try:
            for run_id, job in zip(wanted, pool.map(read, wanted), strict=True):
                found[run_id] = job
                if progress is not None:
                    progress(len(found), len(wanted))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return found


def _submit_jobs(
    pool: ThreadPoolExecutor, reading: _Reading, connector: Connector, options: ScanOptions, since: datetime | None
) -> Future[list[JobInfo]] | None:
    """The list of jobs, where a list is the way to them: a few models' are asked for one by one instead."""
    if "job_listing" not in connector.capabilities or not isinstance(connector, JobLister):
        return None
    if (options.models or options.tags) and not (options.unregistered_runs or options.experiments):
        return None

    def jobs() -> Iterable[JobInfo]:
        return connector.list_jobs(_experiments(connector, options), ended_after=since)

    return pool.submit(reading.all_of, "jobs", jobs)


def _submit_unregistered(
    pool: ThreadPoolExecutor, reading: _Reading, connector: Connector, options: ScanOptions
) -> Future[list[ModelVersionInfo]] | None:
    if not options.unregistered_models or not isinstance(connector, UnregisteredModelLister):
        return None
    if "unregistered_models" not in connector.capabilities:
        return None

    def models() -> Iterable[ModelVersionInfo]:
        return connector.list_unregistered_models(_experiments(connector, options))

    return pool.submit(reading.all_of, "unregistered", models)


def _experiments(connector: Connector, options: ScanOptions) -> list[str] | None:
    """The names of the experiments in scope; None where all are."""
    if not options.experiments or not isinstance(connector, JobLister):
        return None
    return [each.name for each in connector.list_experiments() if options.covers_experiment(each.name)]
