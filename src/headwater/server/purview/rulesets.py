"""What Purview's scans go by: rulesets, classification rules, and key vaults, of which there are none."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from headwater.app.named_scans.documents import DocumentKind, ScanDocument, ScanDocuments
from headwater.app.runtime import Headwater
from headwater.errors import NotFoundError, UsageError
from headwater.server.api import App, Asking
from headwater.server.json_bodies import Body, as_object, json_answer, nothing
from headwater.server.purview.pages import page, text_of
from headwater.server.purview.sources import known_kinds

router = APIRouter()

#: What one way of scanning there is for each kind of source is called, and its only version.
_SYSTEM_VERSION = 1


# -- system rulesets ---------------------------------------------------------------------------------------------------


@router.get("/systemScanRulesets")
def list_system(_actor: Asking, request: Request) -> Response:
    """How the sources of each kind are scanned."""
    return page(request, known_kinds(), str, _system)


@router.get("/systemScanRulesets/datasources/{kind}")
def get_system(_actor: Asking, kind: str) -> Response:
    """How the sources of a kind are scanned."""
    return json_answer(_system(_known(kind)))


@router.get("/systemScanRulesets/versions")
def list_system_versions(_actor: Asking, request: Request) -> Response:
    """The one version of what is asked for, or of all."""
    stated = request.query_params.get("dataSourceType")
    return page(request, known_kinds() if stated is None else [_known(stated)], str, _system)


@router.get("/systemScanRulesets/versions/{version}")
def get_system_version(_actor: Asking, request: Request, version: str) -> Response:
    """The version of a number, or the latest, for a kind of source."""
    if version not in {"latest", str(_SYSTEM_VERSION)}:
        raise NotFoundError("There is no such version.", hint=f"Ask for {_SYSTEM_VERSION} or latest.")
    stated = request.query_params.get("dataSourceType")
    if stated is None:
        raise UsageError("The request names no kind of source.", hint="Give dataSourceType=… in the address.")
    return json_answer(_system(_known(stated)))


# -- rulesets and rules of somebody's own ------------------------------------------------------------------------------


@router.get("/scanrulesets")
def list_rulesets(app: App, actor: Asking, request: Request) -> Response:
    """The scan rulesets that somebody made."""
    return _listed(app, actor, request, "scan_ruleset")


@router.get("/scanrulesets/{name}")
def get_ruleset(app: App, actor: Asking, name: str) -> Response:
    """A scan ruleset."""
    return json_answer(_ruleset(_documents(app, "scan_ruleset").versions(actor, name)[0]))


@router.put("/scanrulesets/{name}")
def put_ruleset(app: App, actor: Asking, name: str, body: Body) -> Response:
    """Keep a scan ruleset."""
    found, is_new = _documents(app, "scan_ruleset").put(actor, name, as_object(body))
    return _put(_ruleset(found), is_new)


@router.delete("/scanrulesets/{name}")
def delete_ruleset(app: App, actor: Asking, name: str) -> Response:
    """Forget a scan ruleset."""
    _documents(app, "scan_ruleset").remove(actor, name)
    return nothing()


@router.get("/classificationrules")
def list_rules(app: App, actor: Asking, request: Request) -> Response:
    """The classification rules that somebody made."""
    return _listed(app, actor, request, "classification_rule")


@router.get("/classificationrules/{name}")
def get_rule(app: App, actor: Asking, name: str) -> Response:
    """A classification rule."""
    return json_answer(_rule(_documents(app, "classification_rule").versions(actor, name)[0]))


@router.put("/classificationrules/{name}")
def put_rule(app: App, actor: Asking, name: str, body: Body) -> Response:
    """Keep a classification rule."""
    found, is_new = _documents(app, "classification_rule").put(actor, name, as_object(body))
    return _put(_rule(found), is_new)


@router.delete("/classificationrules/{name}")
def delete_rule(app: App, actor: Asking, name: str) -> Response:
    """Forget a classification rule."""
    _documents(app, "classification_rule").remove(actor, name)
    return nothing()


@router.get("/classificationrules/{name}/versions")
def list_rule_versions(app: App, actor: Asking, request: Request, name: str) -> Response:
    """The versions of a classification rule that are kept, the latest first."""
    found = _documents(app, "classification_rule").versions(actor, name)
    return page(request, found, lambda each: str(each.version), _rule)


@router.post("/classificationrules/{name}/versions/{version}/:tag")
@router.post("/classificationrules/{name}/versions/{version}:tag")
def tag_rule_version(_actor: Asking, name: str, version: str) -> Response:
    """Refused: what a rule found is kept or deleted with each classification."""
    raise UsageError(
        f"What version {version} of '{name}' found is not kept or deleted as a whole: the rule was not applied here.",
        hint="Accept or reject classifications at the assets.",
        code="scan.rule_not_applied",
    )


# -- key vaults --------------------------------------------------------------------------------------------------------


@router.get("/azureKeyVaults")
def list_key_vaults(_actor: Asking) -> Response:
    """There are none."""
    return json_answer({"value": [], "count": 0, "nextLink": None})


@router.api_route("/azureKeyVaults/{name}", methods=["GET", "PUT", "DELETE"])
def key_vault(_actor: Asking, request: Request, name: str) -> Response:
    """There is none, and none can be connected this way."""
    hint = "Give a source's credential by a reference: env:NAME, file:PATH or plugin:NAME:… of a vault's plugin."
    if request.method == "PUT":
        raise UsageError("Key vaults are not connected through this address.", hint=hint, code="scan.key_vault")
    raise NotFoundError(f"There is no key vault connection '{name[:255]}'.", hint=hint, code="scan.key_vault")


def _documents(app: Headwater, kind: DocumentKind) -> ScanDocuments:
    return ScanDocuments(app.database, kind)


def _listed(app: Headwater, actor: Asking, request: Request, kind: DocumentKind) -> Response:
    shown = _ruleset if kind == "scan_ruleset" else _rule
    return page(request, _documents(app, kind).list(actor), lambda each: each.name, shown)


def _put(document: dict[str, Any], is_new: bool) -> Response:
    answer = json_answer(document)
    answer.status_code = HTTPStatus.CREATED if is_new else HTTPStatus.OK
    return answer


def _ruleset(found: ScanDocument) -> dict[str, Any]:
    own = {"id": f"scanrulesets/{found.name}", "name": found.name, "version": found.version}
    return {"status": "Enabled", **found.document, **own, "scanRulesetType": "Custom"}


def _rule(found: ScanDocument) -> dict[str, Any]:
    stated = as_object(found.document.get("properties") or {}, "properties")
    properties = {**stated, "version": found.version, "lastModifiedAt": text_of(found.changed_at)}
    own = {"id": f"classificationrules/{found.name}", "name": found.name, "properties": properties}
    return {"kind": "Custom", **found.document, **own}


def _known(kind: str) -> str:
    for each in known_kinds():
        if each.lower() == kind.lower():
            return each
    raise NotFoundError(
        f"Sources of kind '{kind[:64]}' are not scanned here.", hint=f"There are: {', '.join(known_kinds())}."
    )


def _system(kind: str) -> dict[str, Any]:
    return {
        "id": f"systemscanrulesets/{kind}",
        "name": kind,
        "kind": kind,
        "scanRulesetType": "System",
        "status": "Enabled",
        "version": _SYSTEM_VERSION,
    }
