"""The account, as which a Purview client takes this server."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from headwater.catalog.collections import Collection
from headwater.errors import ForbiddenError, NotFoundError, UsageError
from headwater.server.api import App, Asking
from headwater.server.json_bodies import Body, as_object, json_answer
from headwater.server.purview.pages import text_of
from headwater.store import tables


class _ForPrograms(APIRoute):
    """A route beside a page of the browser app: who wants a page is not meant."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] == "http":
            asked = Request(scope)
            if "text/html" in asked.headers.get("accept", "") and "api-version" not in asked.query_params:
                return Match.NONE, {}
        return super().matches(scope)


router = APIRouter(route_class=_ForPrograms)


@router.get("/account")
def get_account_properties(app: App, actor: Asking, request: Request) -> Response:
    """This server, which is called what its root collection is called."""
    return json_answer(_shown(request, app.collections.get(actor, tables.ROOT_COLLECTION), app.installation))


@router.patch("/account")
def update_account_properties(app: App, actor: Asking, request: Request, body: Body) -> Response:
    """Change the name for people, which is the root collection's."""
    name = as_object(body).get("friendlyName")
    if not isinstance(name, str) or not name.strip():
        raise UsageError("The request has no friendlyName.", hint='Send {"friendlyName": "…"}.')
    root = app.collections.change(actor, tables.ROOT_COLLECTION, display_name=name)
    return json_answer(_shown(request, root, app.installation))


@router.post("/account/listkeys")
@router.post("/account/regeneratekeys")
def keys(_actor: Asking) -> Response:
    """There are none: this server has no Kafka endpoint beside it."""
    raise ForbiddenError(
        "This server has no access keys.",
        hint="Send an API token with each request; changes are read at /api/search or from OpenLineage events.",
        code="account.no_keys",
    )


@router.get("/account/resourceSetRuleConfigs")
def list_resource_set_rules(_actor: Asking) -> Response:
    """None: which files are one dataset is found without rules of an account."""
    return json_answer({"value": [], "count": 0, "nextLink": None})


@router.api_route("/account/resourceSetRuleConfigs/defaultResourceSetRuleConfig", methods=["GET", "PUT", "DELETE"])
def resource_set_rule(_actor: Asking) -> Response:
    """There is none, and none can be made."""
    raise NotFoundError(
        "This server has no resource set rules.",
        hint="A folder of files of one kind is one dataset when its source is scanned.",
        code="account.no_resource_set_rules",
    )


def _shown(request: Request, root: Collection, installation: str) -> dict[str, Any]:
    base = str(request.base_url).rstrip("/")
    return {
        "id": installation,
        "name": root.name,
        "type": "Headwater",
        "location": "",
        "properties": {
            "friendlyName": root.display_name,
            "createdAt": text_of(root.created_at),
            "createdBy": root.created_by,
            "endpoints": {"catalog": f"{base}/catalog", "scan": f"{base}/scan"},
            "provisioningState": "Succeeded",
        },
        "tags": {},
    }
