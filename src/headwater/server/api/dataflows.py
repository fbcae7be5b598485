"""Dataflows: their definitions and versions."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Response

from headwater.server.answers import (
    Dataflow,
    Dataflows,
    ErrorAnswer,
    RefreshSummary,
)
from headwater.server.api import CONFLICT, RESPONSES, App, Asking, Name
from headwater.server.dataflow_answers import (
    ChangedDataflow,
    DataflowVersions,
    Definition,
    Difference,
    ExportedModel,
    Findings,
    FullDataflow,
    ImportedModel,
    ModelFile,
    NewDataflow,
    SavedDataflow,
    TakeOver,
    VersionDefinition,
)

router = APIRouter(prefix="/api/dataflows", tags=["dataflows"], responses=RESPONSES)

_STALE: dict[int | str, dict[str, Any]] = CONFLICT | {
    412: {"model": ErrorAnswer, "description": "Somebody saved another version meanwhile"}
}

IfMatch = Annotated[
    str,
    Header(
        pattern=r'^(\*|"[1-9][0-9]{0,8}")$',
        description="the ETag of the version that the change was made to; *: whichever there is",
    ),
]
Version = Annotated[int, Path(ge=1, le=2**31 - 1)]
VersionNumber = Annotated[int, Query(ge=1, le=2**31 - 1)]


@router.get("")
def list_dataflows(app: App, actor: Asking) -> Dataflows:
    """Every dataflow with its latest refresh."""
    value = []
    for dataflow in app.dataflows.list(actor):
        latest = app.refreshes(actor, dataflow.name, limit=1)
        value.append(
            Dataflow(
                name=dataflow.name,
                queries=list(dataflow.definition.queries),
                last_refresh=RefreshSummary.of(latest[0]) if latest else None,
            )
        )
    return Dataflows(value=value)


@router.post("", status_code=HTTPStatus.CREATED, responses=CONFLICT)
def create_dataflow(app: App, actor: Asking, wanted: NewDataflow, response: Response) -> SavedDataflow:
    """Check a new dataflow for the rights of whoever asks, which it will run with, and save it."""
    definition = wanted.named(wanted.name)
    saved = app.flows.apply(actor, definition, collection=wanted.collection, comment=wanted.comment, expected=0)
    response.headers["ETag"] = _etag(saved.dataflow.version)
    return SavedDataflow.of(saved)


@router.get("/{name}")
def get_dataflow(app: App, actor: Asking, name: Name, response: Response) -> FullDataflow:
    """A dataflow's definition. Its ETag is what a change to it says in If-Match."""
    found = app.flows.get(actor, name)
    response.headers["ETag"] = _etag(found.version)
    return FullDataflow.of(found)


@router.put("/{name}", responses=_STALE)
def change_dataflow(
    app: App, actor: Asking, name: Name, wanted: ChangedDataflow, if_match: IfMatch, *, response: Response
) -> SavedDataflow:
    """Check a dataflow's next version for the rights of whoever asks, and save it."""
    expected = None if if_match == "*" else int(if_match.strip('"'))
    saved = app.flows.change(
        actor, wanted.named(name), comment=wanted.comment, take_over=wanted.take_over, expected=expected
    )
    response.headers["ETag"] = _etag(saved.dataflow.version)
    return SavedDataflow.of(saved)


@router.delete("/{name}", status_code=HTTPStatus.NO_CONTENT, responses=CONFLICT)
def remove_dataflow(
    app: App,
    actor: Asking,
    name: Name,
    force: Annotated[bool, Query(description="although other dataflows link to its tables")] = False,
) -> None:
    """Remove a dataflow with its tables, history and schedule."""
    app.flows.remove(actor, name, force=force)


@router.post("/{name}/validate")
def validate_dataflow(app: App, actor: Asking, name: Name, wanted: Definition | None = None) -> Findings:
    """What stands against saving a definition under this name; without one, against the one that is saved."""
    definition = app.flows.definition(actor, name) if wanted is None else wanted.named(name)
    return Findings.of(app.flows.validate(actor, definition))


@router.post("/{name}/take-over", responses=_STALE)
def take_over_dataflow(app: App, actor: Asking, name: Name, wanted: TakeOver, response: Response) -> SavedDataflow:
    """Have a dataflow run with the rights of whoever asks from now on."""
    saved = app.flows.take_over(actor, name, comment=wanted.comment)
    response.headers["ETag"] = _etag(saved.dataflow.version)
    return SavedDataflow.of(saved)


@router.get("/{name}/versions")
def list_dataflow_versions(app: App, actor: Asking, name: Name) -> DataflowVersions:
    """The versions of a dataflow, the newest first."""
    return DataflowVersions.of(app.flows.versions(actor, name))


@router.get("/{name}/versions/{version}")
def get_dataflow_version(app: App, actor: Asking, name: Name, version: Version) -> VersionDefinition:
    """What a dataflow was at a version."""
    return VersionDefinition.of(version, app.flows.definition(actor, name, version))


@router.get("/{name}/diff")
def get_dataflow_diff(app: App, actor: Asking, name: Name, before: VersionNumber, after: VersionNumber) -> Difference:
    """What changed from one version of a dataflow to another."""
    return Difference(diff=app.flows.diff(actor, name, before, after))


@router.get("/{name}/model.json")
def export_dataflow(app: App, actor: Asking, name: Name) -> ExportedModel:
    """A dataflow as Power BI's model.json, and what that does not carry."""
    exported = app.flows.export_model(actor, name)
    return ExportedModel(model=dict(exported.document), notes=list(exported.notes))


@router.post("/{name}/model.json")
def import_dataflow(app: App, _actor: Asking, name: Name, given: ModelFile) -> ImportedModel:
    """The definition that Power BI's model.json describes, under this name, and what it does not carry.

    It is not saved: look at it, and then create the dataflow.
    """
    return ImportedModel.of(app.flows.import_model(given.model, name))


def _etag(version: int) -> str:
    return f'"{version}"'
