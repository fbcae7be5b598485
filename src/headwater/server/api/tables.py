"""Published tables and their rows."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from headwater.server.answers import Rows, Table, Tables, TableSummary
from headwater.server.api import MAX_NUMBER, RESPONSES, App, Asking
from headwater.server.cells import json_rows
from headwater.tables import schema

router = APIRouter(prefix="/api/tables", tags=["tables"], responses=RESPONSES)

MAX_ROWS = 1_000


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


@router.get("/{dataflow}/{entity}/rows")
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
) -> Rows:
    """A page of a table's rows, in their stored order."""
    table = app.tables.get(actor, dataflow, entity)
    page = app.tables.rows(actor, table, offset, limit, version)
    return Rows(
        offset=offset,
        limit=limit,
        total=page.total,
        version=page.version,
        columns=list(page.rows.column_names),
        rows=json_rows(page.rows, [column.type for column in schema(table.path, page.version)]),
    )
