"""Purview's policy store: who may do what at which collection."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from headwater.access import Actor
from headwater.app.administration.policies import (
    ROLES,
    CollectionPolicy,
    change_policy,
    list_policies,
    read_policy,
)
from headwater.app.runtime import Headwater
from headwater.errors import NotFoundError
from headwater.server.api import App, Asking
from headwater.server.json_bodies import Body, json_answer
from headwater.server.purview.policy_documents import document, parsed, policy_id, role_documents

router = APIRouter()


@router.get("/metadataRoles")
@router.get("/metadataroles")
def list_roles(app: App, _actor: Asking) -> Response:
    """The roles that policies give."""
    actions = {role: sorted(map(str, app.access.roles.get(role).allows())) for role in ROLES}
    return json_answer({"values": role_documents(actions), "nextLink": None})


@router.get("/metadataPolicies")
@router.get("/metadatapolicies")
def list_all(app: App, actor: Asking, collectionName: str | None = None) -> Response:  # noqa: N803 -- as it is asked
    """The policies of all collections where roles may be seen, or of one."""
    if collectionName is None:
        found = list_policies(app.database, actor)
    else:
        found = [read_policy(app.database, actor, collectionName)]
    return json_answer({"values": [_shown(app, each) for each in found], "nextLink": None})


@router.get("/collections/{name}/metadataPolicy")
@router.get("/collections/{name}/metadatapolicy")
def of_collection(app: App, actor: Asking, name: str) -> Response:
    """A collection's policy."""
    return json_answer(_shown(app, read_policy(app.database, actor, name)))


@router.get("/metadataPolicies/{identifier}")
@router.get("/metadatapolicies/{identifier}")
def get(app: App, actor: Asking, identifier: str) -> Response:
    """A policy by its id."""
    return json_answer(_shown(app, _found(app, actor, identifier)))


@router.put("/metadataPolicies/{identifier}")
@router.put("/metadatapolicies/{identifier}")
def update(app: App, actor: Asking, identifier: str, body: Body) -> Response:
    """Give and take the roles in which a policy differs from the one that was read."""
    wanted = parsed(body, identifier, _found(app, actor, identifier))
    return json_answer(_shown(app, change_policy(app.database, actor, wanted)))


def _found(app: Headwater, actor: Actor, identifier: str) -> CollectionPolicy:
    for policy in list_policies(app.database, actor):
        if policy_id(app.installation, policy.collection) == identifier.lower():
            return policy
    raise NotFoundError("There is no such policy, or none that you may see.", hint="List the policies.")


def _shown(app: Headwater, policy: CollectionPolicy) -> dict[str, Any]:
    return document(policy_id(app.installation, policy.collection), policy)
