"""The glossaries, and their terms as sheets; everything else about them is Atlas's endpoints'."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from headwater.server.annotation_answers import Glossaries, Glossary, Imported, LineChanges
from headwater.server.api import CONFLICT, RESPONSES, App, Asking
from headwater.server.api.assets import CSV, Sheet

router = APIRouter(prefix="/api/glossaries", tags=["catalog"], responses=RESPONSES)


@router.get("")
def list_glossaries(app: App, actor: Asking) -> Glossaries:
    """The glossaries by name."""
    found = app.glossary.glossaries(actor, with_members=False)
    return Glossaries(value=[Glossary(guid=each["guid"], name=each["name"]) for each in found])


@router.get("/{guid}/export", response_class=Response, responses=CSV)
def export_glossary(
    app: App, actor: Asking, guid: str, term: Annotated[list[str] | None, Query(description="a term's guid")] = None
) -> Response:
    """The terms of a glossary as CSV: all, or those that are asked for."""
    return Response(app.term_sheets.export(actor, guid, term), media_type="text/csv")


@router.post("/{guid}/import", responses=CONFLICT)
def import_glossary(app: App, actor: Asking, guid: str, sheet: Sheet, dry_run: bool = False) -> Imported:
    """Make what a sheet says the terms of a glossary; all of it, or nothing."""
    lines = app.term_sheets.load(actor, guid, sheet, dry_run=dry_run)
    return Imported(dry_run=dry_run, lines=[LineChanges.of(each) for each in lines])
