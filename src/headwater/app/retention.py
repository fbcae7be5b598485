"""The table ``[retention]`` of ``headwater.toml``, and the job that carries it out every night.

::

    [retention]
    keep_days = 7            # versions of published tables stay readable for so long,
    keep_refreshes = 10      # and those of so many refreshes however old they are
    error_days = 7           # keys and values of error cells
    history_days = 90        # refreshes, what was told of them, and their lineage events
    missing_days = 90        # assets that scans no longer find, with what people said of them
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from headwater.access import SYSTEM
from headwater.app.configuration import Section
from headwater.catalog import purge_missing
from headwater.dataflows.abandoned import remove_abandoned
from headwater.dataflows.compaction import compact_all
from headwater.dataflows.forgetting import forget
from headwater.dataflows.refresh_jobs import dataflow_of, subject_of
from headwater.dataflows.retention import Retention, clean
from headwater.dataflows.service import find_dataflow
from headwater.errors import HeadwaterError
from headwater.jobs import Job, JobStatus, Lease, NewJob, NewSchedule, queue, schedules
from headwater.store import tables, utc_now

__all__ = ["CLEAN", "KIND", "CleanHandler", "RetentionHandler", "RetentionSettings", "keep_tidying", "read_retention"]

#: The kind of the job that forgets, and what it works on.
KIND = "retention"
#: The kind of the jobs that clean a dataflow's tables. Like its refreshes they work on the dataflow: one at a time.
CLEAN = "clean"
_SUBJECT = "retention"
_EVERY_NIGHT = "17 3 * * *"
_LONGEST_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """How long things are kept; see the table above."""

    keep_days: int = 7
    keep_refreshes: int = 10
    error_days: int = 7
    history_days: int = 90
    missing_days: int = 90


def read_retention(document: Mapping[str, Any], file: Path) -> RetentionSettings:
    """What the table says; HomeError where an entry is not known or of another kind."""
    usual = RetentionSettings()
    section = Section.of(document, "retention", file, RetentionSettings.__slots__)
    return RetentionSettings(
        keep_days=section.number("keep_days", usual.keep_days, least=0, most=_LONGEST_DAYS),
        keep_refreshes=section.number("keep_refreshes", usual.keep_refreshes, least=1, most=1_000_000),
        error_days=section.number("error_days", usual.error_days, least=0, most=_LONGEST_DAYS),
        history_days=section.number("history_days", usual.history_days, least=1, most=_LONGEST_DAYS),
        missing_days=section.number("missing_days", usual.missing_days, least=1, most=_LONGEST_DAYS),
    )


def keep_tidying(connection: Connection) -> None:
    """Have it done every night, by whichever worker is there, unless that is arranged already."""
    if schedules.get(connection, KIND, _SUBJECT) is None:
        schedules.put(connection, NewSchedule(KIND, _SUBJECT, {}, _EVERY_NIGHT))


class RetentionHandler:
    """Forgets what is too old, and has every dataflow's tables cleaned; see :class:`headwater.jobs.Handler`."""

    def __init__(self, settings: RetentionSettings) -> None:
        self._settings = settings

    def run(self, lease: Lease) -> None:
        """Forget, and ask for the cleaning.

        Raises:
            LeaseLostError, CancelRequestedError: it is to end.
        """
        now, settings = utc_now(), self._settings
        with lease.begin() as connection:
            forget(connection, now, error_days=settings.error_days, history_days=settings.history_days)
            purge_missing(connection, now - timedelta(days=settings.missing_days))
            for dataflow in connection.execute(select(tables.dataflows.c.id)).scalars().all():
                key = f"{CLEAN}:{dataflow}@{lease.job.id}"
                queue.add(connection, SYSTEM, NewJob(CLEAN, subject_of(dataflow), key=key))

    def may_pass(self, error: Exception) -> bool:
        """Nothing beyond what passes for every job: there is a next night."""
        return False

    def ended(self, connection: Connection, job: Job, status: JobStatus, error: HeadwaterError | None) -> None:
        """Nothing belongs to its end."""


class CleanHandler:
    """Puts small files of a dataflow's tables together, and deletes those of versions that are no longer kept, and
    the tables of entities that have not been loaded for as long.

    Its jobs are on the dataflow, so that no refresh of it runs meanwhile.

    Args:
        settings: what is kept.
        folder: of published tables.
    """

    def __init__(self, settings: RetentionSettings, folder: Path) -> None:
        self._retention = Retention(settings.keep_days, settings.keep_refreshes)
        self._folder = folder

    def run(self, lease: Lease) -> None:
        """Compact the tables, and clean them.

        Raises:
            TableError: one cannot be read, written or cleaned.
            LeaseLostError: another worker has the job.
        """
        dataflow = dataflow_of(lease.job.subject)
        with lease.database.read() as connection:
            found = find_dataflow(connection, dataflow)
        if found is None:
            return
        compact_all(lease.database, dataflow, begin=lease.begin)
        lease.check()
        clean(lease.database, dataflow, self._retention)
        remove_abandoned(self._folder / found.name, dataflow, self._retention, lease.begin)

    def may_pass(self, error: Exception) -> bool:
        """Nothing beyond what passes for every job: there is a next night."""
        return False

    def ended(self, connection: Connection, job: Job, status: JobStatus, error: HeadwaterError | None) -> None:
        """Nothing belongs to its end."""
