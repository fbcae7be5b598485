"""Scans as Purview's scanning service has them, with their filters, triggers and runs."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from headwater.access import Action, Actor
from headwater.app.named_scans.definitions import NamedScan, NamedScans, options_of, source_named
from headwater.app.runtime import Headwater
from headwater.catalog.scans.options import ScanKind
from headwater.errors import NotFoundError, UsageError
from headwater.jobs import Schedule
from headwater.server.api import App, Asking
from headwater.server.json_bodies import Body, as_object, json_answer, nothing
from headwater.server.purview.pages import page, text_of

__all__ = ["level", "router"]

router = APIRouter()

_SCAN = "/datasources/{source}/scans/{scan}"
_FILTER = f"{_SCAN}/filters/custom"
_TRIGGER = f"{_SCAN}/triggers/default"


@router.get("/datasources/{source}/scans")
def list_by_data_source(app: App, actor: Asking, request: Request, source: str) -> Response:
    """The scans of a source."""
    return page(request, NamedScans(app.database).list(actor, source), lambda each: each.name, _shown)


@router.get(_SCAN)
def get(app: App, actor: Asking, source: str, scan: str) -> Response:
    """A scan."""
    return json_answer(_shown(NamedScans(app.database).get(actor, source, scan)))


@router.put(_SCAN)
def create_or_update(app: App, actor: Asking, source: str, scan: str, body: Body) -> Response:
    """Define a scan; it runs when it is asked to, or by its trigger."""
    stated, scans = as_object(body), NamedScans(app.database)
    kind = stated.get("kind")
    if not isinstance(kind, str) or not 1 <= len(kind) <= 64:
        raise UsageError("The scan has no kind.", hint="Send any, such as the source's own.")
    is_new = scans.put(actor, source, scan, kind, as_object(stated.get("properties") or {}, "properties"))
    return _put(_shown(scans.get(actor, source, scan)), is_new)


@router.delete(_SCAN)
def delete(app: App, actor: Asking, source: str, scan: str) -> Response:
    """Forget a scan; what it found stays."""
    NamedScans(app.database).remove(actor, source, scan)
    return nothing()


# -- filters -----------------------------------------------------------------------------------------------------------


@router.get(_FILTER)
def get_filter(app: App, actor: Asking, source: str, scan: str) -> Response:
    """What a scan includes and excludes."""
    found = NamedScans(app.database).get(actor, source, scan)
    if found.filter is None:
        raise NotFoundError(f"The scan '{found.name}' has no filter: it brings in everything.", hint="Give it one.")
    return json_answer(_filter_shown(app, actor, found))


@router.put(_FILTER)
def create_or_update_filter(app: App, actor: Asking, source: str, scan: str, body: Body) -> Response:
    """Say what a scan includes and excludes, by the beginnings of qualified names."""
    scans = NamedScans(app.database)
    stated = as_object(as_object(body).get("properties") or {}, "properties")
    _, is_new = scans.put_filter(actor, source, scan, stated)
    return _put(_filter_shown(app, actor, scans.get(actor, source, scan)), is_new)


# -- triggers ----------------------------------------------------------------------------------------------------------


@router.get(_TRIGGER)
def get_trigger(app: App, actor: Asking, source: str, scan: str) -> Response:
    """When a scan runs by itself."""
    return json_answer(_trigger_shown(*NamedScans(app.database).trigger(actor, source, scan)))


@router.put(_TRIGGER)
def create_trigger(app: App, actor: Asking, source: str, scan: str, body: Body) -> Response:
    """Have a scan run by itself."""
    scans = NamedScans(app.database)
    stated = as_object(as_object(body).get("properties") or {}, "properties")
    schedule, is_new = scans.put_trigger(actor, source, scan, stated, level(stated.get("scanLevel")))
    return _put(_trigger_shown(scans.get(actor, source, scan), schedule), is_new)


@router.delete(_TRIGGER)
def delete_trigger(app: App, actor: Asking, source: str, scan: str) -> Response:
    """Have a scan run when it is asked to alone."""
    NamedScans(app.database).remove_trigger(actor, source, scan)
    return nothing()


def level(stated: Any) -> ScanKind:
    """What Purview calls the kind of a scan; incremental where nothing is said.

    Raises:
        UsageError: it is none.
    """
    match str(stated or "Incremental").lower():
        case "full":
            return "full"
        case "incremental":
            return "incremental"
    raise UsageError("The scan level is none.", hint="Take Full or Incremental.")


def _put(document: dict[str, Any], is_new: bool) -> Response:
    answer = json_answer(document)
    answer.status_code = HTTPStatus.CREATED if is_new else HTTPStatus.OK
    return answer


def _shown(scan: NamedScan) -> dict[str, Any]:
    times = {"createdAt": text_of(scan.created_at), "lastModifiedAt": text_of(scan.changed_at)}
    return {
        "id": f"datasources/{scan.source_name}/scans/{scan.name}",
        "name": scan.name,
        "dataSourceName": scan.source_name,
        "kind": scan.kind,
        "creationType": "Manual",
        "properties": {"scanRulesetType": "System", **scan.properties, **times},
    }


def _filter_shown(app: Headwater, actor: Actor, scan: NamedScan) -> dict[str, Any]:
    """A filter, with those of its prefixes that narrow nothing here."""
    with app.database.read() as connection:
        found = options_of(source_named(connection, actor, scan.source_name, Action.SOURCE_READ), scan, "full")
    properties = {"includeUriPrefixes": [], "excludeUriPrefixes": [], **(scan.filter or {})}
    if found.unmapped:
        properties["unmappedUriPrefixes"] = list(found.unmapped)
    identifier = f"datasources/{scan.source_name}/scans/{scan.name}/filters/custom"
    return {"id": identifier, "name": "custom", "properties": properties}


def _trigger_shown(scan: NamedScan, schedule: Schedule) -> dict[str, Any]:
    """A trigger, with what it came to."""
    found = {
        "recurrenceInterval": f"{schedule.cron} {schedule.time_zone}",
        "scanLevel": str(schedule.payload["kind"]).capitalize(),
        "lastModifiedAt": text_of(schedule.changed_at),
        "nextScheduled": text_of(schedule.next_due),
    }
    identifier = f"datasources/{scan.source_name}/scans/{scan.name}/triggers/default"
    return {"id": identifier, "name": "default", "kind": "Trigger", "properties": {**(scan.trigger or {}), **found}}
