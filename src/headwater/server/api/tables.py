"""Published tables and their rows."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from headwater.app.reading.cells import json_rows
from headwater.app.reading.downloads import MEDIA_TYPES, Download, DownloadFormat, download
from headwater.server.answers import WITHOUT_NUL, ErrorAnswer, Rows, Table, Tables, TableSummary
from headwater.server.api import MAX_NUMBER, RESPONSES, App, Asking
from headwater.server.settings import ServerSettings

router = APIRouter(prefix="/api/tables", tags=["tables"], responses=RESPONSES)

MAX_ROWS = 1_000

_GONE: dict[int | str, dict[str, Any]] = {410: {"model": ErrorAnswer, "description": "That version is no longer kept"}}
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file. `Link` leads to the rest where rows are left",
        "content": {"text/csv": {"schema": {"type": "string"}}}
        | {media.partition(";")[0]: _BINARY for form, media in MEDIA_TYPES.items() if form != "csv"},
    },
    **_GONE,
}


RefreshId = Annotated[
    str | None, Query(max_length=64, pattern=WITHOUT_NUL, description="the version that this refresh published")
]


@router.get("")
def list_tables(app: App, actor: Asking) -> Tables:
    """Every published table."""
    found = app.tables.list(actor)
    return Tables(
        value=[TableSummary.of(table, app.table_guid(actor, table.dataflow, table.entity)) for table in found]
    )


@router.get("/{dataflow}/{entity}")
def get_table(app: App, actor: Asking, dataflow: str, entity: str) -> Table:
    """A published table with its columns."""
    return Table.in_full(app.tables.get(actor, dataflow, entity), app.table_guid(actor, dataflow, entity))


@router.get("/{dataflow}/{entity}/rows", responses=_GONE)
def get_rows(
    app: App,
    actor: Asking,
    dataflow: str,
    entity: str,
    *,
    offset: Annotated[int, Query(ge=0, le=MAX_NUMBER)] = 0,
    limit: Annotated[int, Query(ge=0, le=MAX_ROWS)] = 200,
    version: Annotated[
        int | None, Query(ge=0, le=MAX_NUMBER, description="a Delta version; without it the published one")
    ] = None,
    refresh: RefreshId = None,
) -> Rows:
    """A page of a table's rows, in their stored order."""
    if refresh is None:
        table, wanted = app.tables.get(actor, dataflow, entity), version
    else:
        table, wanted = app.tables.as_of(actor, dataflow, entity, refresh)
    page = app.tables.rows(actor, table, offset, limit, wanted)
    return Rows(
        offset=offset,
        limit=limit,
        total=page.total,
        version=page.version,
        columns=list(page.rows.column_names),
        rows=json_rows(page.rows, [column.type for column in page.columns]),
    )


@router.get("/{dataflow}/{entity}/download", response_class=Response, responses=_FILE)
def download_table(
    app: App,
    actor: Asking,
    request: Request,
    dataflow: str,
    entity: str,
    *,
    form: Annotated[DownloadFormat, Query(alias="format", description="what kind of file")] = "parquet",
    offset: Annotated[int, Query(ge=0, le=MAX_NUMBER // 2)] = 0,
    limit: Annotated[int | None, Query(ge=1, le=MAX_NUMBER // 2, description="without it, all rows")] = None,
    version: Annotated[
        int | None, Query(ge=0, le=MAX_NUMBER, description="a Delta version; without it the published one")
    ] = None,
    refresh: RefreshId = None,
) -> StreamingResponse:
    """A table's rows as a file, in their stored order. Where `limit`, or the server's own, leaves rows over, the header
    `Link` has the address of the rest of the same version.
    """
    settings: ServerSettings = request.app.state.settings
    opened = app.reading.open(actor, dataflow, entity, version, refresh=refresh)
    limits = [most for most in (limit, settings.download_rows) if most is not None]
    found = download(app.reading, opened, form, offset=offset, limit=min(limits, default=None))
    name = quote(f"{dataflow}-{entity}.{form}", safe="")
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        "Headwater-Version": str(found.version),
        "Headwater-Total-Rows": str(found.total),
    }
    if found.following is not None:
        headers["Link"] = f'<{_rest(request, form, limit, found)}>; rel="next"'
    return StreamingResponse(found.pieces, headers=headers, media_type=MEDIA_TYPES[form])


def _rest(request: Request, form: str, limit: int | None, found: Download) -> str:
    """The address of what a download left over."""
    query: dict[str, str | int | None] = {"format": form, "version": found.version, "offset": found.following}
    if limit is not None:
        query["limit"] = limit
    return f"{request.url.replace(query='')}?{urlencode(query)}"
