"""Previews of dataflows that are being edited: rows of a step, and what its columns hold."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from headwater.server.answers import WITHOUT_NUL, ErrorAnswer
from headwater.server.api import RESPONSES, App, Asking
from headwater.server.preview_answers import (
    ColumnProfile,
    ColumnProfiles,
    Preview,
    PreviewCount,
    PreviewQuery,
    PreviewRows,
    ProfiledColumns,
)

_ENDED: dict[int | str, dict[str, Any]] = {
    409: {"model": ErrorAnswer, "description": "The preview was called off, or a secret cannot be had"},
    502: {"model": ErrorAnswer, "description": "What the query calls does not answer, or not as it should"},
}

router = APIRouter(prefix="/api/previews", tags=["previews"], responses=RESPONSES | _ENDED)

PreviewId = Annotated[str, Path(max_length=200, pattern=WITHOUT_NUL)]
Window = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


@router.post("")
def open_preview(app: App, actor: Asking, wanted: PreviewQuery) -> Preview:
    """Evaluate a query up to a step, with the rights of whoever asks. Only rows that are asked for are scored."""
    return Preview.of(app.previews.open(actor, wanted.wanted()))


@router.get("/{preview}/rows")
def get_preview_rows(
    app: App,
    actor: Asking,
    preview: PreviewId,
    offset: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: Annotated[int, Query(ge=0, le=1_000)] = 200,
) -> PreviewRows:
    """More rows of a preview."""
    return PreviewRows.model_validate(app.previews.rows(actor, preview, offset, limit))


@router.get("/{preview}/count")
def count_preview_rows(app: App, actor: Asking, preview: PreviewId) -> PreviewCount:
    """How many rows a preview has; this may take as long as the whole query."""
    return PreviewCount(total=app.previews.count(actor, preview))


@router.post("/{preview}/profile")
def profile_preview(app: App, actor: Asking, preview: PreviewId, wanted: ProfiledColumns) -> ColumnProfiles:
    """What columns of a preview hold."""
    found = app.previews.profile(actor, preview, wanted.columns, whole=wanted.whole)
    return ColumnProfiles(value=[ColumnProfile.of(name, each) for name, each in found.items()])


@router.delete("/windows/{window}", status_code=HTTPStatus.NO_CONTENT)
def call_off_previews(app: App, actor: Asking, window: Window) -> None:
    """End what is under way for a window."""
    app.previews.call_off(actor, window)
