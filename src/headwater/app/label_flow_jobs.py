"""Working out which labels flow where, as a job."""

from __future__ import annotations

from sqlalchemy import Connection

from headwater.catalog.label_flow.applying import apply_label_flow
from headwater.errors import HeadwaterError
from headwater.jobs import Job, JobStatus, Lease

__all__ = ["LabelFlowHandler"]


class LabelFlowHandler:
    """Works it out, where anything has changed; see :class:`headwater.jobs.Handler`."""

    def run(self, lease: Lease) -> None:
        """Work it out and write it down; begun again, it does so again.

        Raises:
            LeaseLostError: another worker has the job.
        """
        report = apply_label_flow(lease.database)
        lease.tell({"inherited": report.inherited, "changed": report.changed})

    def may_pass(self, error: Exception) -> bool:
        """Nothing beyond what passes for every job."""
        return False

    def ended(self, connection: Connection, job: Job, status: JobStatus, error: HeadwaterError | None) -> None:
        """Nothing belongs to its end."""
