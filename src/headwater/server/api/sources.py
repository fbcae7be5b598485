"""Sources and their credentials, and Azure's workspaces to choose from."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter

from headwater.app.source_schedules import SourceSchedule as When
from headwater.server.api import CALLING, CONFLICT, RESPONSES, AfterName, App, Asking, Limit, Name
from headwater.server.job_answers import Job
from headwater.server.source_answers import (
    AzureQuestion,
    AzureSubscription,
    AzureSubscriptions,
    AzureWorkspace,
    AzureWorkspaces,
    Credential,
    NewCredential,
    NewScan,
    NewSource,
    NewSourceSchedule,
    Source,
    SourceChanges,
    SourceCredential,
    SourceKind,
    SourceKinds,
    Sources,
    SourceSchedule,
    Trust,
    Workspace,
    WorkspaceQuestion,
)
from headwater.workspaces import credential_kinds, list_kinds

router = APIRouter(prefix="/api", tags=["sources"], responses=RESPONSES)


@router.get("/sources")
def list_sources(app: App, actor: Asking, after: AfterName = None, limit: Limit = 50) -> Sources:
    """Sources by name with their latest scan, a page at a time."""
    page = app.sources.list(actor, limit=limit, after=None if after is None else [after])
    scans = app.last_scans(actor)
    return Sources(
        total=app.sources.count(actor),
        after=None if page.after is None else page.after[0],
        value=[Source.of(source, scans) for source in page.sources],
    )


@router.post("/sources", status_code=HTTPStatus.CREATED, responses=CONFLICT)
def add_source(app: App, actor: Asking, wanted: NewSource) -> Source:
    """Register a workspace. It is not called."""
    return Source.of(app.sources.add(actor, **wanted.model_dump()), {})


@router.get("/sources/{name}")
def get_source(app: App, actor: Asking, name: Name) -> Source:
    """A source."""
    return Source.of(app.sources.get(actor, name), app.last_scans(actor))


@router.patch("/sources/{name}")
def change_source(app: App, actor: Asking, name: Name, changes: SourceChanges) -> Source:
    """Change a source. At another origin, its credentials are forgotten."""
    return Source.of(app.sources.change(actor, name, **changes.model_dump()), app.last_scans(actor))


@router.put("/sources/{name}/trust")
def trust_source(app: App, actor: Asking, name: Name, trust: Trust) -> Source:
    """Say whether a source's models may run code on this machine. It is an administrator's to say."""
    return Source.of(app.sources.trust(actor, name, trust.trusted), app.last_scans(actor))


@router.delete("/sources/{name}", status_code=HTTPStatus.NO_CONTENT)
def remove_source(app: App, actor: Asking, name: Name) -> None:
    """Forget a source with its credentials; what its scans found is kept as deleted."""
    app.sources.remove(actor, name)


@router.post("/sources/{name}/test", responses=CALLING)
def test_source(app: App, actor: Asking, name: Name) -> Workspace:
    """Call a source and say what answers."""
    return Workspace.model_validate(app.sources.test(actor, name))


@router.post("/sources/{name}/scan", status_code=HTTPStatus.ACCEPTED)
def scan_source(app: App, actor: Asking, name: Name, wanted: NewScan) -> Job:
    """Have a worker bring what a source holds into the catalog; the job says how far it is."""
    return Job.of(app.scan_later(actor, name, wanted.options()))


@router.get("/sources/{name}/schedule")
def get_source_schedule(app: App, actor: Asking, name: Name) -> SourceSchedule | None:
    """When a source is scanned by itself; null: never, and nobody has arranged anything."""
    found = app.source_schedules.get(actor, name)
    return None if found is None else SourceSchedule.model_validate(found)


@router.put("/sources/{name}/schedule")
def set_source_schedule(app: App, actor: Asking, name: Name, wanted: NewSourceSchedule) -> SourceSchedule:
    """Have a source scanned at other times from now on."""
    when = When.parse(wanted.when)
    return SourceSchedule.model_validate(app.source_schedules.set(actor, name, when, wanted.scan.options()))


# -- credentials -------------------------------------------------------------------------------------------------------


@router.get("/sources/{name}/credential")
def get_service_credential(app: App, actor: Asking, name: Name) -> SourceCredential:
    """What may be shown of the service credential of a source."""
    found = app.sources.describe_credential(actor, name)
    return SourceCredential(credential=None if found is None else Credential.model_validate(found))


@router.put("/sources/{name}/credential", status_code=HTTPStatus.NO_CONTENT, responses=CONFLICT)
def set_service_credential(app: App, actor: Asking, name: Name, credential: NewCredential) -> None:
    """Give a source its service credential, in place of the one before."""
    app.sources.set_credential(actor, name, credential.kind, **credential.given())


@router.delete("/sources/{name}/credential", status_code=HTTPStatus.NO_CONTENT)
def remove_service_credential(app: App, actor: Asking, name: Name) -> None:
    """Forget the service credential of a source."""
    app.sources.remove_credential(actor, name)


@router.get("/sources/{name}/credential/mine")
def get_own_credential(app: App, actor: Asking, name: Name) -> SourceCredential:
    """What may be shown of the credential that whoever asks linked."""
    found = app.sources.describe_credential(actor, name, own=True)
    return SourceCredential(credential=None if found is None else Credential.model_validate(found))


@router.put("/sources/{name}/credential/mine", status_code=HTTPStatus.NO_CONTENT, responses=CONFLICT)
def link_own_credential(app: App, actor: Asking, name: Name, credential: NewCredential) -> None:
    """Link one's own credential, in place of the one before."""
    app.sources.link_credential(actor, name, credential.kind, **credential.given())


@router.delete("/sources/{name}/credential/mine", status_code=HTTPStatus.NO_CONTENT)
def unlink_own_credential(app: App, actor: Asking, name: Name) -> None:
    """Forget one's own credential."""
    app.sources.unlink_credential(actor, name)


# -- what there is to choose from --------------------------------------------------------------------------------------


@router.get("/source-kinds")
def list_source_kinds(_actor: Asking) -> SourceKinds:
    """The kinds of source that can be registered here, with the credentials that each takes."""
    return SourceKinds(value=[SourceKind.of(kind, credential_kinds(kind)) for kind in list_kinds()])


@router.post("/azure/subscriptions", responses=CALLING)
def list_azure_subscriptions(app: App, actor: Asking, asked: AzureQuestion) -> AzureSubscriptions:
    """The Azure subscriptions that a credential's account sees."""
    given = asked.credential
    found = app.azure.subscriptions(actor, given.kind, **given.given(), collection=asked.collection)
    return AzureSubscriptions(value=[AzureSubscription.model_validate(each) for each in found])


@router.post("/azure/workspaces", responses=CALLING)
def list_azure_workspaces(app: App, actor: Asking, asked: WorkspaceQuestion) -> AzureWorkspaces:
    """The Azure Machine Learning workspaces of a subscription, each with the address to register it by."""
    given = asked.credential
    found = app.azure.workspaces(actor, asked.subscription_id, given.kind, **given.given(), collection=asked.collection)
    return AzureWorkspaces(value=[AzureWorkspace.model_validate(each) for each in found])
