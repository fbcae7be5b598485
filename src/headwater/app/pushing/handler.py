"""Pushes as jobs: by the schedules that ``headwater.toml`` states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, select

from headwater.access import SYSTEM
from headwater.app.pushing.settings import Target
from headwater.errors import HeadwaterError
from headwater.jobs import Job, JobStatus, Lease, NewSchedule, schedules
from headwater.store import tables

if TYPE_CHECKING:
    from headwater.app.pushing.service import Pushes

__all__ = ["KIND", "PushHandler", "keep_pushing"]

KIND: Final = "push"
_SUBJECT: Final = "push:"


def keep_pushing(connection: Connection, targets: Sequence[Target]) -> None:
    """Have the catalog pushed when the settings say so, and no longer to what they do not name."""
    due = {f"{_SUBJECT}{target.name}": target.cron for target in targets if target.cron}
    schedule = tables.schedules.c
    before = {
        row.subject: row.cron for row in connection.execute(select(tables.schedules).where(schedule.kind == KIND))
    }
    for subject in before.keys() - due.keys():
        schedules.remove(connection, KIND, subject)
    for subject, cron in due.items():
        if before.get(subject) != cron:
            schedules.put(connection, NewSchedule(KIND, subject, {}, cron))


class PushHandler:
    """Pushes the catalog to the one that the job names; begun again, it sends the same once more."""

    def __init__(self, pushes: Pushes) -> None:
        self._pushes = pushes

    def run(self, lease: Lease) -> None:
        """Push what changed, with the machine's rights."""
        self._pushes.push(SYSTEM, lease.job.subject.removeprefix(_SUBJECT), check=lease.check)

    def may_pass(self, _error: Exception) -> bool:
        """Only what passes for every job."""
        return False

    def ended(self, connection: Connection, job: Job, status: JobStatus, error: HeadwaterError | None) -> None:
        """Nothing: what was sent is there, and the next push begins where the last whole one ended."""
