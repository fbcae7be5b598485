"""What the API takes and answers about tokens, roles, who has which, and the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from headwater.access import Action, RoleDefinition, tokens
from headwater.access.audit import AuditEvent as LoggedEvent
from headwater.app import administration
from headwater.server.answers import Answer
from headwater.server.people_answers import PrincipalKind, Text

AuditResult = Literal["succeeded", "denied", "failed"]
Patterns = Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=200)]

# -- scopes ------------------------------------------------------------------------------------------------------------


class Scope(Answer):
    """A scope; ``path`` shows what may not be seen above it as ``…``. ``scope:ID`` names it in requests."""

    id: int
    kind: str
    name: str
    path: str

    @classmethod
    def of(cls, scope: administration.ShownScope) -> Scope:
        """The answer for a scope."""
        return cls.model_validate(scope)


class Scopes(Answer):
    """``after`` goes into the request for the next page; null: there is none."""

    total: int
    after: int | None
    value: list[Scope]


# -- tokens ------------------------------------------------------------------------------------------------------------


class Token(Answer):
    """An API token by its beginning. ``actions`` null: whatever its owner may; ``scope_id`` null: anywhere.

    ``scope`` is null too where the scope is gone or may not be seen; then the token is good for nothing there.
    """

    id: str
    user_id: str
    name: str
    prefix: str
    actions: list[str] | None
    scope_id: int | None
    scope: Scope | None
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, shown: administration.ShownToken) -> Token:
        """The answer for a token."""
        info = shown.info
        return cls(
            id=info.id,
            user_id=info.user_id,
            name=info.name,
            prefix=info.prefix,
            actions=None if info.actions is None else sorted(info.actions),
            scope_id=info.scope_id,
            scope=None if shown.scope is None else Scope.of(shown.scope),
            created_at=info.created_at,
            expires_at=info.expires_at,
            last_used_at=info.last_used_at,
            revoked_at=info.revoked_at,
        )


class Tokens(Answer):
    value: list[Token]


class WantedToken(Answer):
    """``user``: whose it is to be, by name or id; null: the one's who asks."""

    name: Text
    user: Text | None = None
    actions: Patterns | None = None
    scope: Text | None = None
    days: Annotated[int, Field(ge=1, le=tokens.LONGEST_LIFETIME.days)] = 90


class NewToken(Answer):
    """``token`` is the token itself, which is shown only here."""

    id: str
    token: str
    prefix: str
    expires_at: datetime

    @classmethod
    def of(cls, made: tokens.NewToken) -> NewToken:
        """The answer for a new token."""
        return cls(id=made.info.id, token=made.token, prefix=made.info.prefix, expires_at=made.info.expires_at)


# -- roles -------------------------------------------------------------------------------------------------------------


class ActionAnswer(Answer):
    name: str
    description: str

    @classmethod
    def of(cls, action: Action) -> ActionAnswer:
        """The answer for an action."""
        return cls(name=action.value, description=action.description)


class Actions(Answer):
    value: list[ActionAnswer]


class Role(Answer):
    """``actions`` less ``not_actions``, as written; ``allows`` is what they come to."""

    name: str
    description: str
    built_in: bool
    actions: list[str]
    not_actions: list[str]
    allows: list[str]

    @classmethod
    def of(cls, role: RoleDefinition) -> Role:
        """The answer for a role."""
        return cls(
            name=role.name,
            description=role.description,
            built_in=role.built_in,
            actions=list(role.actions),
            not_actions=list(role.not_actions),
            allows=sorted(action.value for action in role.allows()),
        )


class Roles(Answer):
    value: list[Role]


class NewRole(Answer):
    name: Text
    actions: Patterns
    not_actions: Patterns = Field(default_factory=list)
    description: Annotated[str, Field(max_length=2_000)] = ""


class RoleChanges(Answer):
    """What is left out stays."""

    actions: Patterns | None = None
    not_actions: Patterns | None = None
    description: Annotated[str, Field(max_length=2_000)] | None = None


class Principal(Answer):
    id: str
    kind: PrincipalKind
    name: str
    display_name: str


class Assignment(Answer):
    """``granted_by``: a user's id; null for what Headwater gave by itself or its machine's command line gave."""

    id: int
    principal: Principal
    role: str
    scope: Scope
    granted_by: str | None
    granted_at: datetime

    @classmethod
    def of(cls, given: administration.Given) -> Assignment:
        """The answer for an assignment."""
        return cls.model_validate(given)


class Assignments(Answer):
    """``after`` goes into the request for the next page; null: there is none."""

    total: int
    after: int | None
    value: list[Assignment]


class NewAssignment(Answer):
    """``principal``: a user's name, ``group:NAME``, or an id. ``scope``: like ``server`` or ``source:NAME``."""

    principal: Text
    role: Text
    scope: Text


class Allowed(Answer):
    allowed: bool


class Grant(Answer):
    """An assignment that reaches a scope, or would. ``groups``: how it comes; null for one that may not be named.

    ``given_at`` is null where that scope may not be seen, ``cut_at`` empty where what cuts it may not be seen.
    """

    role: str
    given_at: str | None
    groups: list[str | None]
    cut_at: str | None


class Explanation(Answer):
    """Why somebody may, or why not; ``sentences`` say all of it for people."""

    user: str
    action: str
    scope: str
    allowed: bool
    active: bool
    token_narrows: bool
    grants: list[Grant]
    cut: list[Grant]
    roles_held: list[str]
    roles_wanted: list[str]
    givers: list[str]
    sentences: list[str]

    @classmethod
    def of(cls, answer: administration.Answer) -> Explanation:
        """The answer for an explanation."""
        found = answer.explanation
        return cls(
            user=answer.user,
            action=answer.action.value,
            scope=answer.scope,
            allowed=found.allowed,
            active=found.active,
            token_narrows=found.token_narrows,
            grants=[Grant.model_validate(grant) for grant in found.grants],
            cut=[Grant.model_validate(grant) for grant in found.cut],
            roles_held=list(found.roles_held),
            roles_wanted=list(found.roles_wanted),
            givers=list(found.givers),
            sentences=list(answer.sentences),
        )


# -- audit -------------------------------------------------------------------------------------------------------------


class AuditEvent(Answer):
    id: int
    at: datetime
    event: str
    result: AuditResult
    actor_id: str | None
    actor_name: str
    via: str
    credential_id: str | None
    target: str | None
    scope_id: int | None
    request_id: str | None
    address: str | None
    details: dict[str, str | int | bool]

    @classmethod
    def of(cls, event: LoggedEvent) -> AuditEvent:
        """The answer for an event."""
        return cls.model_validate(event)


class AuditEvents(Answer):
    """``before`` goes into the request for the next, older page; null: there is none."""

    total: int
    before: int | None
    value: list[AuditEvent]


class Retention(Answer):
    """Events older than so many days are removed."""

    days: Annotated[int, Field(ge=30, le=36_500)]


class Removed(Answer):
    """How many events were removed."""

    removed: int
