"""Classifications that rules suggest, and the rules that an organisation adds."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import ConfigDict, Field

from headwater.app.classification import ClassificationRequest
from headwater.catalog import classifying
from headwater.catalog.annotations.service import MOST_ASSETS
from headwater.server.answers import WITHOUT_NUL, Answer
from headwater.server.api import CONFLICT, MAX_NUMBER, RESPONSES, App, Asking, Limit, Name
from headwater.server.job_answers import Job

router = APIRouter(prefix="/api/suggestions", tags=["catalog"], responses=RESPONSES)

Text = Annotated[str, Field(min_length=1, max_length=255, pattern=WITHOUT_NUL)]
Wanted = Annotated[str | None, Query(max_length=255, pattern=WITHOUT_NUL)]


class SuggestedClassification(Answer):
    """What a column (``guid``) of an asset (``asset_guid``) may hold; ``reason`` says why, and holds no value."""

    guid: str
    column: str
    classification: str
    confidence: float
    reason: str
    suggested_at: datetime
    asset_guid: str
    asset_name: str
    asset_type: str
    asset_qualified_name: str


class SuggestedClassifications(Answer):
    total: int
    value: list[SuggestedClassification]


class SuggestionDecision(Answer):
    """Whether a suggestion is right: of a column, by its guid, and a classification."""

    model_config = ConfigDict(extra="forbid")

    guid: Annotated[str, Field(max_length=36, pattern=WITHOUT_NUL)]
    classification: Text
    accept: bool


class SuggestionDecisions(Answer):
    """Which suggestions are right, and which are wrong and not to be made again: all of it, or nothing."""

    model_config = ConfigDict(extra="forbid")

    decisions: Annotated[list[SuggestionDecision], Field(min_length=1, max_length=MOST_ASSETS)]


class DecidedColumns(Answer):
    """The guids of the columns of which anything changed."""

    changed: list[str]


class ClassificationWanted(Answer):
    """What rules are to look at: these assets, or all; ``again``: what was rejected is suggested anew."""

    model_config = ConfigDict(extra="forbid")

    guids: Annotated[list[str] | None, Field(max_length=MOST_ASSETS)] = None
    changed_only: bool = True
    again: bool = False


class NewClassificationRule(Answer):
    """Patterns are RE2's: one that is found in a column's name, one that a whole value matches; with both, both have
    to. ``least_share``: how many of the values have to match, up to 1.
    """

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    classification: Text
    name_pattern: Annotated[str | None, Field(max_length=500)] = None
    value_pattern: Annotated[str | None, Field(max_length=500)] = None
    least_share: Annotated[float, Field(gt=0, le=1)] = 0.8
    enabled: bool = True


class ClassificationRule(NewClassificationRule):
    name: str


class ClassificationRules(Answer):
    value: list[ClassificationRule]


@router.get("")
def list_suggestions(
    app: App,
    actor: Asking,
    *,
    classification: Wanted = None,
    asset: Annotated[Wanted, Query(description="only of this asset's columns, by its guid")] = None,
    least_confidence: Annotated[float, Query(ge=0, le=1)] = 0,
    limit: Limit = 50,
    offset: Annotated[int, Query(ge=0, le=MAX_NUMBER)] = 0,
) -> SuggestedClassifications:
    """Suggestions that wait for somebody, the surest first."""
    total, found = app.suggestions.list(
        actor,
        classification=classification,
        asset=asset,
        least_confidence=least_confidence,
        limit=limit,
        offset=offset,
    )
    return SuggestedClassifications(total=total, value=[SuggestedClassification.model_validate(each) for each in found])


@router.post("/decide", responses=CONFLICT)
def decide_suggestions(app: App, actor: Asking, said: SuggestionDecisions) -> DecidedColumns:
    """Accept suggestions and reject others; of all, or of none."""
    accept, reject = (
        [classifying.Decision(each.guid, each.classification) for each in said.decisions if each.accept == right]
        for right in (True, False)
    )
    return DecidedColumns(changed=list(app.suggestions.decide(actor, accept=accept, reject=reject)))


@router.post("/run", status_code=HTTPStatus.ACCEPTED)
def run_classification(app: App, actor: Asking, wanted: ClassificationWanted) -> Job:
    """Have rules look at the columns of assets that one may annotate, and whose rows one may read."""
    request = ClassificationRequest(wanted.guids, wanted.changed_only, wanted.again)
    return Job.of(app.classify_later(actor, request))


@router.get("/rules")
def list_classification_rules(app: App, actor: Asking) -> ClassificationRules:
    """The organisation's own rules."""
    found = app.classification_rules.list(actor)
    return ClassificationRules(value=[ClassificationRule.model_validate(each) for each in found])


@router.put("/rules/{name}", status_code=HTTPStatus.NO_CONTENT)
def put_classification_rule(app: App, actor: Asking, name: Name, rule: NewClassificationRule) -> None:
    """Add a rule, or change it."""
    app.classification_rules.put(actor, classifying.ClassificationRule(name, **rule.model_dump()))


@router.delete("/rules/{name}", status_code=HTTPStatus.NO_CONTENT)
def remove_classification_rule(app: App, actor: Asking, name: Name) -> None:
    """Remove a rule."""
    app.classification_rules.remove(actor, name)
