"""Jobs: what is to be done, is being done and was done, and calling it off."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query

from headwater.server.answers import WITHOUT_NUL
from headwater.server.api import CONFLICT, RESPONSES, App, Asking, Limit
from headwater.server.job_answers import Job, Jobs

router = APIRouter(prefix="/api", tags=["jobs"], responses=RESPONSES)

JobId = Annotated[str, Path(max_length=36, pattern=WITHOUT_NUL)]
Subject = Annotated[str | None, Query(max_length=255, pattern=WITHOUT_NUL, description="such as source:lab")]
AfterJob = Annotated[str | None, Query(max_length=36, pattern=WITHOUT_NUL, description="what the page before said")]


@router.get("/jobs")
def list_jobs(app: App, actor: Asking, subject: Subject = None, after: AfterJob = None, limit: Limit = 50) -> Jobs:
    """Jobs of dataflows and sources that may be seen, and one's own, the newest first, a page at a time."""
    found = app.jobs.list(actor, subject=subject, limit=limit + 1, after=after)
    page = found[:limit]
    return Jobs(
        total=app.jobs.count(actor, subject=subject),
        after=page[-1].id if len(found) > limit else None,
        value=[Job.of(job) for job in page],
    )


@router.get("/jobs/{job}")
def get_job(app: App, actor: Asking, job: JobId) -> Job:
    """A job."""
    return Job.of(app.jobs.get(actor, job))


@router.post("/jobs/{job}/cancel", status_code=HTTPStatus.ACCEPTED, responses=CONFLICT)
def cancel_job(app: App, actor: Asking, job: JobId) -> Job:
    """Call a job off. One that is running ends soon after."""
    return Job.of(app.jobs.cancel(actor, job))
