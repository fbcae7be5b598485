"""Access policies: who alone reads data of one kind."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from headwater.access.policies import Subject
from headwater.app.policies import ShownPolicy
from headwater.server.access_answers import Scope
from headwater.server.answers import Answer
from headwater.server.api import CONFLICT, RESPONSES, App, Asking, Name
from headwater.server.people_answers import PrincipalKind, Text

router = APIRouter(prefix="/api/policies", tags=["access"], responses=RESPONSES)

Readers = Annotated[list[Text], Field(max_length=1_000, description="users' names, group:NAME, or ids")]


class Reader(Answer):
    """A user or a group."""

    id: str
    kind: PrincipalKind
    name: str
    display_name: str


class Policy(Answer):
    """Of data in `collection` that bears `value`, only `readers` read. `people`: how many active people that is."""

    name: str
    description: str
    collection: Scope
    subject: Subject
    value: str
    enabled: bool
    readers: list[Reader]
    people: int
    updated_at: datetime
    updated_by: str

    @classmethod
    def of(cls, policy: ShownPolicy) -> Policy:
        """The answer for a policy."""
        return cls.model_validate(policy)


class PolicyList(Answer):
    value: list[Policy]


class WantedPolicy(Answer):
    """`value`: a classification, a label or a sensitivity; of an asset: like `table:DATAFLOW/ENTITY#COLUMN`, or a guid.

    `lock_out`: it is meant that nobody reads it.
    """

    name: Text
    collection: Text
    subject: Subject
    value: Annotated[str, Field(max_length=4_000)]
    readers: Readers
    description: Text = ""
    lock_out: bool = False


class PolicyChanges(Answer):
    """What is left out stays."""

    readers: Readers | None = None
    enabled: bool | None = None
    description: Text | None = None
    lock_out: bool = False


@router.get("")
def list_policies(app: App, actor: Asking) -> PolicyList:
    """The policies at collections whose roles may be seen, by name."""
    return PolicyList(value=[Policy.of(policy) for policy in app.policies.list(actor)])


@router.post("", status_code=HTTPStatus.CREATED, responses=CONFLICT)
def create_policy(app: App, actor: Asking, wanted: WantedPolicy) -> Policy:
    """Make a policy; it holds from the next request."""
    return Policy.of(app.policies.create(actor, **wanted.model_dump()))


@router.get("/{name}")
def get_policy(app: App, actor: Asking, name: Name) -> Policy:
    """A policy."""
    return Policy.of(app.policies.get(actor, name))


@router.patch("/{name}", responses=CONFLICT)
def change_policy(app: App, actor: Asking, name: Name, changes: PolicyChanges) -> Policy:
    """Change who reads, whether it holds, or its description; it holds from the next request."""
    return Policy.of(app.policies.change(actor, name, **changes.model_dump()))


@router.delete("/{name}", status_code=HTTPStatus.NO_CONTENT)
def delete_policy(app: App, actor: Asking, name: Name) -> None:
    """Delete a policy."""
    app.policies.delete(actor, name)
