"""Users with their sessions and links, and groups."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query

from headwater.server.answers import ErrorAnswer
from headwater.server.api import CONFLICT, RESPONSES, App, Asking, Limit
from headwater.server.people_answers import (
    Ended,
    Group,
    Groups,
    Link,
    Member,
    Members,
    NewGroup,
    NewMember,
    NewUser,
    PasswordChange,
    Session,
    Sessions,
    User,
    UserChanges,
    Users,
)

router = APIRouter(prefix="/api", tags=["people"], responses=RESPONSES)

After = Annotated[str | None, Query(max_length=255, description="what the page before said")]


# -- users -------------------------------------------------------------------------------------------------------------


@router.get("/users")
def list_users(
    app: App,
    actor: Asking,
    matching: Annotated[str, Query(max_length=255, description="a part of the name or address")] = "",
    after: After = None,
    limit: Limit = 50,
) -> Users:
    """Users by name, a page at a time."""
    page = app.people.list(actor, matching=matching, after=after, limit=limit)
    return Users(total=page.total, after=page.after, value=[User.of(user) for user in page.users])


@router.post("/users", status_code=HTTPStatus.CREATED, responses=CONFLICT)
def create_user(app: App, actor: Asking, wanted: NewUser) -> User:
    """Make a user, who comes in by a link."""
    return User.of(app.people.create(actor, wanted.name, display_name=wanted.display_name, email=wanted.email or None))


@router.get("/users/{user_id}")
def get_user(app: App, actor: Asking, user_id: str) -> User:
    """A user."""
    return User.of(app.people.get(actor, user_id))


@router.patch("/users/{user_id}", responses=CONFLICT)
def change_user(app: App, actor: Asking, user_id: str, changes: UserChanges) -> User:
    """Change a user; their own display name and address everybody may change."""
    return User.of(app.people.change(actor, user_id, **changes.model_dump()))


@router.post("/users/{user_id}/disable", responses=CONFLICT)
def disable_user(app: App, actor: Asking, user_id: str) -> User:
    """Keep somebody out from the next request on."""
    return User.of(app.people.disable(actor, user_id))


@router.post("/users/{user_id}/enable")
def enable_user(app: App, actor: Asking, user_id: str) -> User:
    """Let somebody in again, who signs in anew."""
    return User.of(app.people.enable(actor, user_id))


@router.post("/users/{user_id}/link", status_code=HTTPStatus.CREATED)
def make_link(app: App, actor: Asking, user_id: str) -> Link:
    """Make the one-time link by which somebody sets their password; the one before it is worth nothing then."""
    return Link.of(app.people.link(actor, user_id))


@router.put(
    "/users/{user_id}/password",
    status_code=HTTPStatus.NO_CONTENT,
    responses={429: {"model": ErrorAnswer, "description": "Too many attempts failed of late"}},
)
def change_password(app: App, actor: Asking, user_id: str, change: PasswordChange) -> None:
    """Change one's own password; one's other sessions end."""
    app.people.change_password(actor, user_id, current=change.current, new=change.new)


@router.get("/users/{user_id}/sessions")
def list_sessions(app: App, actor: Asking, user_id: str) -> Sessions:
    """Somebody's sessions, the last used first."""
    return Sessions(value=[Session.of(session) for session in app.people.sessions(actor, user_id)])


@router.delete("/users/{user_id}/sessions")
def end_sessions(app: App, actor: Asking, user_id: str) -> Ended:
    """End all of somebody's sessions."""
    return Ended(ended=app.people.end_sessions(actor, user_id))


@router.delete("/users/{user_id}/sessions/{session_id}", status_code=HTTPStatus.NO_CONTENT)
def end_session(app: App, actor: Asking, user_id: str, session_id: str) -> None:
    """End one of somebody's sessions."""
    app.people.end_session(actor, user_id, session_id)


# -- groups ------------------------------------------------------------------------------------------------------------


@router.get("/groups")
def list_groups(app: App, actor: Asking, after: After = None, limit: Limit = 50) -> Groups:
    """Groups by name, a page at a time."""
    page = app.groups.list(actor, after=after, limit=limit)
    return Groups(total=page.total, after=page.after, value=[Group.of(group) for group in page.groups])


@router.post("/groups", status_code=HTTPStatus.CREATED, responses=CONFLICT)
def create_group(app: App, actor: Asking, wanted: NewGroup) -> Group:
    """Make a group without members."""
    return Group.of(app.groups.create(actor, wanted.name))


@router.get("/groups/{group_id}")
def get_group(app: App, actor: Asking, group_id: str) -> Group:
    """A group."""
    return Group.of(app.groups.get(actor, group_id))


@router.delete("/groups/{group_id}", status_code=HTTPStatus.NO_CONTENT, responses=CONFLICT)
def delete_group(app: App, actor: Asking, group_id: str) -> None:
    """Delete a group; its members lose what it may do."""
    app.groups.delete(actor, group_id)


@router.get("/groups/{group_id}/members")
def list_members(app: App, actor: Asking, group_id: str) -> Members:
    """The direct members of a group."""
    return Members(value=[Member.model_validate(member) for member in app.groups.members(actor, group_id)])


@router.post("/groups/{group_id}/members", status_code=HTTPStatus.NO_CONTENT)
def add_member(app: App, actor: Asking, group_id: str, member: NewMember) -> None:
    """Put a user or a group into a group; nothing happens when it is in there already."""
    app.groups.add_member(actor, group_id, member.principal)


@router.delete("/groups/{group_id}/members/{member_id}", status_code=HTTPStatus.NO_CONTENT, responses=CONFLICT)
def remove_member(app: App, actor: Asking, group_id: str, member_id: str) -> None:
    """Take a user or a group out of a group."""
    app.groups.remove_member(actor, group_id, member_id)
