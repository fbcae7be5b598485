"""Insights: what the catalog and the use of models come to, as JSON or as CSV, of what may be seen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

from fastapi import APIRouter, Query
from fastapi.responses import Response

from headwater.app.insights import counting, models, scans, service, snapshots
from headwater.server.answers import Answer
from headwater.server.api import MAX_NUMBER, RESPONSES, App, Asking, Limit
from headwater.server.api.assets import CSV

router = APIRouter(prefix="/api/insights", tags=["insights"], responses=RESPONSES)

Days = Annotated[int, Query(alias="days", ge=1, le=800, description="how many days to look back")]
Form = Annotated[Literal["json", "csv"], Query(alias="format")]
Shown = TypeVar("Shown", bound=Answer)


class AssetCounts(Answer):
    """How many assets of a type a collection has, and how many have an owner, a classification, a label, a glossary
    term, a description.
    """

    collection: str
    type_name: str
    assets: int
    owned: int
    classified: int
    labelled: int
    termed: int
    described: int


class AssetInsights(Answer):
    value: list[AssetCounts]


class DayCounts(AssetCounts):
    day: str


class AssetsOverTime(Answer):
    value: list[DayCounts]


class LabelCount(Answer):
    """Of how many assets and columns there is a label."""

    kind: Literal["classification", "label", "sensitivity"]
    name: str
    how: Literal["accepted", "suggested", "rejected", "inherited"]
    count: int


class LabelInsights(Answer):
    value: list[LabelCount]


class TermCounts(Answer):
    """The terms of a glossary in a status, and how many of them any asset has."""

    glossary: str
    status: str
    terms: int
    used: int


class TermInsights(Answer):
    value: list[TermCounts]


class UnownedAsset(Answer):
    guid: str
    type_name: str
    display_name: str
    qualified_name: str
    collection: str
    created_at: datetime


class UnownedAssets(Answer):
    total: int
    value: list[UnownedAsset]


class ModelUse(Answer):
    """A model, or a deployed one, with its use of the days that were asked for; ``last_use`` null: none is known."""

    guid: str
    source: str
    model: str
    type_name: str
    versions: int
    newest_at: datetime | None
    tables: int
    rows: int
    reused: int
    calls: int
    cpu_seconds: float
    last_use: datetime | None
    is_stale: bool


class ModelInsights(Answer):
    value: list[ModelUse]


class ScoringDay(Answer):
    """What a day's calls of a model's version came to; ``dataflow`` "": calls that no dataflow made."""

    day: str
    source: str
    model: str
    version: str
    dataflow: str
    rows: int
    reused: int
    failed: int
    calls: int
    seconds: float
    cpu_seconds: float


class ScoringInsights(Answer):
    value: list[ScoringDay]


class ScanHealth(Answer):
    """How the scans of a source go; ``failures``: how many failed in a row, up to now."""

    source: str
    kind: str
    status: str | None
    failures: int
    last_at: datetime | None
    succeeded_at: datetime | None
    warnings: int
    code: str


class ScanInsights(Answer):
    value: list[ScanHealth]


@router.get("/assets", responses=CSV, response_model=AssetInsights)
def count_assets(app: App, actor: Asking, form: Form = "json") -> Any:
    """Assets by collection and type, as they are now."""
    found = app.insights.assets(actor)
    if form == "csv":
        return _csv(counting.AssetCounts, found)
    return AssetInsights(value=_shown(AssetCounts, found))


@router.get("/assets/over-time", responses=CSV, response_model=AssetsOverTime)
def count_assets_over_time(app: App, actor: Asking, for_days: Days = 90, form: Form = "json") -> Any:
    """Assets by day, collection and type; today as it is now."""
    found = app.insights.assets_over_time(actor, for_days=for_days)
    if form == "csv":
        return _csv(snapshots.DayCounts, found)
    return AssetsOverTime(value=_shown(DayCounts, found))


@router.get("/labels", responses=CSV, response_model=LabelInsights)
def count_labels(app: App, actor: Asking, form: Form = "json") -> Any:
    """Classifications, labels and sensitivity labels, and of how many assets and columns they are."""
    found = app.insights.labels(actor)
    if form == "csv":
        return _csv(service.LabelCount, found)
    return LabelInsights(value=_shown(LabelCount, found))


@router.get("/terms", responses=CSV, response_model=TermInsights)
def count_terms(app: App, actor: Asking, form: Form = "json") -> Any:
    """The terms of glossaries by their status, and how many are in use."""
    found = app.insights.terms(actor)
    if form == "csv":
        return _csv(service.TermCounts, found)
    return TermInsights(value=_shown(TermCounts, found))


@router.get("/unowned", responses=CSV, response_model=UnownedAssets)
def list_unowned_assets(
    app: App,
    actor: Asking,
    *,
    limit: Limit = 50,
    offset: Annotated[int, Query(ge=0, le=MAX_NUMBER)] = 0,
    form: Form = "json",
) -> Any:
    """Assets without an owner."""
    total, found = app.insights.unowned(actor, limit=limit, offset=offset)
    if form == "csv":
        return _csv(service.UnownedAsset, found)
    return UnownedAssets(total=total, value=_shown(UnownedAsset, found))


@router.get("/models", responses=CSV, response_model=ModelInsights)
def list_models_by_use(
    app: App,
    actor: Asking,
    *,
    for_days: Days = 90,
    stale_days: Annotated[int, Query(ge=1, le=800, description="so long untouched a model is stale")] = 90,
    form: Form = "json",
) -> Any:
    """Models, the most used first, and those that nobody touches."""
    found = app.insights.models(actor, for_days=for_days, stale_days=stale_days)
    if form == "csv":
        return _csv(models.ModelUse, found)
    return ModelInsights(value=_shown(ModelUse, found))


@router.get("/scoring", responses=CSV, response_model=ScoringInsights)
def count_scoring(app: App, actor: Asking, for_days: Days = 90, form: Form = "json") -> Any:
    """Rows, calls and CPU seconds by day, model, version and dataflow; the newest first."""
    found = app.insights.scoring(actor, for_days=for_days)
    if form == "csv":
        return _csv(models.ScoringDay, found)
    return ScoringInsights(value=_shown(ScoringDay, found))


@router.get("/scans", responses=CSV, response_model=ScanInsights)
def list_scan_health(app: App, actor: Asking, form: Form = "json") -> Any:
    """How the scans of each source go, those that fail first."""
    found = app.insights.scans(actor)
    if form == "csv":
        return _csv(scans.ScanHealth, found)
    return ScanInsights(value=_shown(ScanHealth, found))


def _shown(form: type[Shown], found: Sequence[Any]) -> list[Shown]:
    return [form.model_validate(each) for each in found]


def _csv(kind: type[Any], found: Sequence[Any]) -> Response:
    return Response(service.as_csv(kind, found), media_type="text/csv")
