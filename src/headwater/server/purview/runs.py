"""Runs of scans as Purview's scanning service tells of them."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from headwater.access import Action, Actor
from headwater.app.named_scans.definitions import source_named
from headwater.app.named_scans.runs import ScanRun, ScanRuns
from headwater.app.runtime import Headwater
from headwater.errors import UsageError
from headwater.jobs import Job
from headwater.server.api import App, Asking
from headwater.server.json_bodies import json_answer
from headwater.server.purview.pages import page, text_of
from headwater.server.purview.scans import level
from headwater.server.purview.sources import kind_of

router = APIRouter()

_RUNS = "/datasources/{source}/scans/{scan}/runs"
_STATES: Final = {
    "queued": "Accepted",
    "running": "InProgress",
    "succeeded": "Succeeded",
    "failed": "Failed",
    "cancelled": "Canceled",
}


@router.get(_RUNS)
def list_scan_history(app: App, actor: Asking, request: Request, source: str, scan: str) -> Response:
    """The runs of a scan, the newest first."""
    kind = _kind(app, actor, source)
    runs = ScanRuns(app)
    found = runs.list(actor, source, scan)
    return page(request, found, lambda each: each.id, lambda each: _shown(runs.told(each), kind))


@router.get(_RUNS + "/{run}")
def get_scan_status(app: App, actor: Asking, source: str, scan: str, run: str) -> Response:
    """A run."""
    return json_answer(_shown(ScanRuns(app).get(actor, source, scan, run), _kind(app, actor, source)))


@router.put(_RUNS + "/{run}")
def run_scan(  # noqa: PLR0917 -- the address says them in this order
    app: App, actor: Asking, request: Request, source: str, scan: str, run: str
) -> Response:
    """Have a scan run, as earlier clients ask for it."""
    return _started(app, actor, request, source, scan, run)


@router.post("/datasources/{source}/scans/{scan}:run")
def run_scan_now(
    app: App, actor: Asking, request: Request, source: str, scan: str, *, run: str | None = Query(None, alias="runId")
) -> Response:
    """Have a scan run, as clients of today ask for it."""
    if run is None:
        raise UsageError("The request names no run.", hint="Give runId=… in the address: a new UUID.")
    return _started(app, actor, request, source, scan, run)


@router.post(_RUNS + "/{run}/:cancel")
@router.post(_RUNS + "/{run}:cancel")
def cancel_scan(  # noqa: PLR0917 -- the address says them in this order
    app: App, actor: Asking, request: Request, source: str, scan: str, run: str
) -> Response:
    """Call a run off."""
    found = ScanRuns(app).cancel(actor, source, scan, run)
    return _accepted(request, source, scan, _operation(found.job) | {"status": "Accepted"})


def _started(  # noqa: PLR0917 -- the address says them in this order
    app: Headwater, actor: Actor, request: Request, source: str, scan: str, run: str
) -> Response:
    wanted = level(request.query_params.get("scanLevel"))
    found = ScanRuns(app).start(actor, source, scan, run, wanted)
    return _accepted(request, source, scan, _shown(found, _kind(app, actor, source)) | _operation(found.job))


def _accepted(request: Request, source: str, scan: str, document: dict[str, Any]) -> Response:
    answer = json_answer(document)
    answer.status_code = HTTPStatus.ACCEPTED
    base = str(request.base_url).rstrip("/")
    run = document["scanResultId"]
    answer.headers["Operation-Location"] = f"{base}/scan/datasources/{source}/scans/{scan}/runs/{run}"
    return answer


def _operation(job: Job) -> dict[str, Any]:
    """A run as something that was asked for."""
    return {
        "scanResultId": job.id,
        "startTime": text_of(job.started_at or job.created_at),
        "endTime": text_of(job.ended_at),
        "status": _state(job),
        "error": _error(job),
    }


def _shown(run: ScanRun, kind: str) -> dict[str, Any]:
    """A run with what it saw. What it skipped is counted by why: the names are for whoever may see the assets."""
    job, seen = run.job, sum(run.counts.values())
    state, error = _state(job), _error(job)
    start, end = text_of(job.started_at), text_of(job.ended_at)
    return {
        "id": job.id,
        "parentId": None,
        "ingestionJobId": job.id,
        "resourceId": None,
        "status": state,
        "runType": "Scheduled" if run.scheduled else "Manual",
        "scanLevelType": run.kind.capitalize(),
        "scanRulesetType": "System",
        "scanRulesetVersion": 1,
        "dataSourceType": kind,
        "queuedTime": text_of(job.created_at),
        "pipelineStartTime": start,
        "startTime": start,
        "endTime": end,
        "assetsDiscovered": seen,
        "assetsClassified": 0,
        "error": error,
        "errorMessage": None if error is None else error["message"],
        "diagnostics": {"notifications": [], "exceptionCountMap": dict(run.warnings)},
        "discoveryExecutionDetails": {
            "discoveryStartTime": start,
            "discoveryEndTime": end,
            "status": state,
            "statistics": {
                "assets": {"discovered": seen, "classified": 0, "failed": sum(run.warnings.values())},
                "types": dict(run.counts),
            },
            "isErrorLogAvailable": False,
        },
        "ingestionExecutionDetails": {
            "ingestionStartTime": start,
            "ingestionEndTime": end,
            "status": state,
            "statistics": {"assets": {"succeeded": seen, "failed": 0, "processing": 0}},
            "isErrorLogAvailable": False,
        },
    }


def _state(job: Job) -> str:
    return "TransientFailure" if job.status == "queued" and job.failed else _STATES[job.status]


def _error(job: Job) -> dict[str, Any] | None:
    if job.error is None:
        return None
    told = " ".join(str(job.error[part]) for part in ("message", "hint") if job.error.get(part))
    return {"code": job.error["code"], "message": told, "target": None, "details": []}


def _kind(app: Headwater, actor: Actor, name: str) -> str:
    with app.database.read() as connection:
        return kind_of(source_named(connection, actor, name, Action.SOURCE_READ))
