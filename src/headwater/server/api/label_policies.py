"""Labels that flow down lineage: policies, and what assets inherit."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import ConfigDict, Field

from headwater.catalog.label_flow import policies as label_flow_policies
from headwater.server.answers import WITHOUT_NUL, Answer
from headwater.server.api import RESPONSES, App, Asking

router = APIRouter(prefix="/api", tags=["catalog"], responses=RESPONSES)

LabelKind = Literal["classification", "label", "sensitivity"]
LabelName = Annotated[str, Field(min_length=1, max_length=255, pattern=WITHOUT_NUL)]
AskedName = Annotated[str, Query(min_length=1, max_length=255, pattern=WITHOUT_NUL)]


class NewLabelPolicy(Answer):
    """What a collection's assets inherit from what they are made of; ``name`` "*" is all that no other policy of the
    collection names. ``flows`` false takes back what a collection above says.
    """

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    collection: LabelName
    kind: LabelKind
    name: LabelName = "*"
    flows: bool = True
    through_models: bool = False


class LabelPolicy(NewLabelPolicy):
    changed_at: datetime | None
    changed_by: str


class LabelPolicies(Answer):
    value: list[LabelPolicy]


class InheritedLabel(Answer):
    """A label of an asset, or of its ``column`` (``guid`` is the column's then), because of what that is made of.

    ``from_guid`` and ``from_name`` are null where whoever asks may not see what it comes from.
    """

    guid: str
    column: str | None
    kind: LabelKind
    name: str
    through_model: bool
    from_guid: str | None
    from_name: str | None


class InheritedLabels(Answer):
    value: list[InheritedLabel]


class LabelRejection(Answer):
    """A label that an asset does not inherit."""

    model_config = ConfigDict(extra="forbid")

    kind: LabelKind
    name: LabelName


@router.get("/label-policies")
def list_label_policies(app: App, actor: Asking) -> LabelPolicies:
    """What flows where, by collection."""
    return LabelPolicies(value=[LabelPolicy.model_validate(each) for each in app.label_policies.list(actor)])


@router.put("/label-policies", status_code=HTTPStatus.NO_CONTENT)
def put_label_policy(app: App, actor: Asking, policy: NewLabelPolicy) -> None:
    """Set a policy, in place of the one of its collection, kind and name; what follows is worked out soon after."""
    app.label_policies.put(actor, label_flow_policies.LabelPolicy(**policy.model_dump()))


@router.delete("/label-policies", status_code=HTTPStatus.NO_CONTENT)
def remove_label_policy(app: App, actor: Asking, collection: AskedName, kind: LabelKind, name: AskedName = "*") -> None:
    """Remove a policy."""
    app.label_policies.remove(actor, collection, kind, name)


@router.get("/assets/{guid}/inherited")
def list_inherited_labels(app: App, actor: Asking, guid: str) -> InheritedLabels:
    """What an asset and its columns inherit down lineage."""
    return InheritedLabels(value=[InheritedLabel.model_validate(each) for each in app.label_flow.of(actor, guid)])


@router.post("/assets/{guid}/inherited/reject", status_code=HTTPStatus.NO_CONTENT)
def reject_inherited_label(app: App, actor: Asking, guid: str, label: LabelRejection) -> None:
    """Say that an asset or column does not inherit this; it flows no further from there."""
    app.label_flow.reject(actor, guid, label.kind, label.name)


@router.post("/assets/{guid}/inherited/restore", status_code=HTTPStatus.NO_CONTENT)
def restore_inherited_label(app: App, actor: Asking, guid: str, label: LabelRejection) -> None:
    """Let it inherit this again."""
    app.label_flow.restore(actor, guid, label.kind, label.name)
