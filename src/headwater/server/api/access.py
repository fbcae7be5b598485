"""API tokens; roles, who has which where, and who may do what."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Response

from headwater.access import Action
from headwater.server.access_answers import (
    ActionAnswer,
    Actions,
    Allowed,
    Assignment,
    Assignments,
    Explanation,
    NewAssignment,
    NewRole,
    NewToken,
    Role,
    RoleChanges,
    Roles,
    Scope,
    Scopes,
    Token,
    Tokens,
    WantedToken,
)
from headwater.server.api import CONFLICT, MAX_NUMBER, RESPONSES, App, Asking, Limit

router = APIRouter(prefix="/api", tags=["access"], responses=RESPONSES)

_SCOPE = "like server, collection:NAME, source:NAME, model:SOURCE/MODEL, dataflow:NAME, scope:ID or a path"

ScopeText = Annotated[str, Query(max_length=1_000, description=_SCOPE)]
OptionalScope = Annotated[str | None, Query(max_length=1_000, description=_SCOPE)]
ActionText = Annotated[str, Query(max_length=64, description="one action, like model.invoke")]
UserText = Annotated[str | None, Query(max_length=1_000, description="a name or an id; without it, who asks")]
PrincipalText = Annotated[str, Query(max_length=1_000, description="a user's name, group:NAME, or an id")]
OptionalPrincipal = Annotated[str | None, Query(max_length=1_000, description="a user's name, group:NAME, or an id")]
After = Annotated[int | None, Query(ge=0, le=MAX_NUMBER, description="what the page before said")]


# -- tokens ------------------------------------------------------------------------------------------------------------


@router.get("/tokens")
def list_tokens(app: App, actor: Asking, user: UserText = None) -> Tokens:
    """Somebody's API tokens, the newest first, with those that are no longer good."""
    return Tokens(value=[Token.of(token) for token in app.tokens.list(actor, user)])


@router.post("/tokens", status_code=HTTPStatus.CREATED)
def create_token(app: App, actor: Asking, wanted: WantedToken) -> NewToken:
    """Make an API token. The token itself is in this answer and nowhere else."""
    return NewToken.of(app.tokens.create(actor, **wanted.model_dump()))


@router.delete("/tokens/{token_id}", status_code=HTTPStatus.NO_CONTENT)
def revoke_token(app: App, actor: Asking, token_id: str, user: UserText = None) -> None:
    """Make a token worthless from the next request on."""
    app.tokens.revoke(actor, token_id, user)


# -- roles -------------------------------------------------------------------------------------------------------------


@router.get("/actions")
def list_actions(_actor: Asking) -> Actions:
    """Everything that a role can allow."""
    return Actions(value=[ActionAnswer.of(action) for action in Action])


@router.get("/roles")
def list_roles(app: App, _actor: Asking) -> Roles:
    """All roles by name, the built-in ones first."""
    return Roles(value=[Role.of(role) for role in app.access.roles.list()])


@router.post("/roles", status_code=HTTPStatus.CREATED, responses=CONFLICT)
def create_role(app: App, actor: Asking, wanted: NewRole) -> Role:
    """Make a role."""
    return Role.of(app.access.roles.create(actor, **wanted.model_dump()))


@router.get("/roles/{name}")
def get_role(app: App, _actor: Asking, name: str) -> Role:
    """A role."""
    return Role.of(app.access.roles.get(name))


@router.patch("/roles/{name}", responses=CONFLICT)
def change_role(app: App, actor: Asking, name: str, changes: RoleChanges) -> Role:
    """Change a role that is not built in; it holds at once wherever it is assigned."""
    return Role.of(app.access.roles.change(actor, name, **changes.model_dump()))


@router.delete("/roles/{name}", status_code=HTTPStatus.NO_CONTENT, responses=CONFLICT)
def delete_role(app: App, actor: Asking, name: str) -> None:
    """Delete a role that nobody has."""
    app.access.roles.delete(actor, name)


# -- assignments -------------------------------------------------------------------------------------------------------


@router.get("/assignments")
def list_assignments(
    app: App,
    actor: Asking,
    *,
    scope: OptionalScope = None,
    principal: OptionalPrincipal = None,
    after: After = None,
    limit: Limit = 50,
) -> Assignments:
    """Who was given which role: at a scope itself, to a user or group itself, or anywhere; a page at a time."""
    page = app.access.assignments(actor, scope=scope, who=principal, after=after, limit=limit)
    return Assignments(total=page.total, after=page.after, value=[Assignment.of(given) for given in page.given])


@router.post(
    "/assignments",
    status_code=HTTPStatus.CREATED,
    responses={200: {"model": Assignment, "description": "The role had been given before"}},
)
def grant(app: App, actor: Asking, wanted: NewAssignment, response: Response) -> Assignment:
    """Give a user or a group a role at a scope and everything below it."""
    given, new = app.access.grant(actor, wanted.principal, wanted.role, wanted.scope)
    if not new:
        response.status_code = HTTPStatus.OK
    return Assignment.of(given)


@router.delete("/assignments", status_code=HTTPStatus.NO_CONTENT, responses=CONFLICT)
def revoke(
    app: App,
    actor: Asking,
    principal: PrincipalText,
    role: Annotated[str, Query(max_length=1_000)],
    scope: ScopeText,
) -> None:
    """Take a role away where it was given. It holds from the next request."""
    app.access.revoke(actor, principal, role, scope)


# -- questions ---------------------------------------------------------------------------------------------------------


@router.get("/access/check")
def check(app: App, actor: Asking, action: ActionText, scope: ScopeText, user: UserText = None) -> Allowed:
    """Whether somebody may do something at a scope."""
    return Allowed(allowed=app.access.check(actor, action, scope, user))


@router.get("/access/explain")
def explain(app: App, actor: Asking, action: ActionText, scope: ScopeText, user: UserText = None) -> Explanation:
    """Why somebody may do something at a scope or may not, and what would help."""
    return Explanation.of(app.access.explain(actor, action, scope, user))


@router.get("/scopes")
def list_scopes(
    app: App,
    actor: Asking,
    *,
    of: OptionalScope = None,
    matching: Annotated[str, Query(max_length=255, description="a part of the name")] = "",
    after: After = None,
    limit: Limit = 50,
) -> Scopes:
    """The scopes right below one by name, or the topmost that may be seen; a page at a time."""
    page = app.access.scopes(actor, of, matching=matching, after=after, limit=limit)
    return Scopes(total=page.total, after=page.after, value=[Scope.of(scope) for scope in page.scopes])
