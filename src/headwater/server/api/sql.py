"""SQL over published tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

import orjson
import pyarrow as pa
from anyio import to_thread
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from headwater.app.functions.results import json_value
from headwater.app.reading.sql import SqlLimits, SqlQuery, SqlResult
from headwater.server.answers import WITHOUT_NUL, Answer, Cell, ErrorAnswer
from headwater.server.api import RESPONSES, App, Asking
from headwater.server.function_calls import ARROW, unless_gone

router = APIRouter(prefix="/api/sql", tags=["tables"], responses=RESPONSES)

MAX_SECONDS: Final = 300.0
MAX_ROWS: Final = 1_000_000
TRUNCATED: Final = "Headwater-Truncated"


class SqlRequest(BaseModel):
    """One SELECT in DuckDB's dialect, over tables named ``dataflow.entity``."""

    model_config = ConfigDict(extra="forbid")

    statement: Annotated[str, Field(min_length=1, max_length=200_000, pattern=WITHOUT_NUL)]
    rows: Annotated[int, Field(ge=1, le=MAX_ROWS, description="how many rows to give, at most")] = 10_000
    seconds: Annotated[float, Field(gt=0, le=MAX_SECONDS, description="how long it may take")] = 60.0


class SqlColumn(Answer):
    """``type`` is Arrow's."""

    name: str
    type: str


class SqlRows(Answer):
    """``truncated``: there were more rows than were asked for. Cells are written as those of a table's rows are."""

    columns: list[SqlColumn]
    rows: list[list[Cell]]
    truncated: bool


_ANSWERED: dict[int | str, dict[str, Any]] = {
    200: {"model": SqlRows, "content": {ARROW: {"schema": {"type": "string", "format": "binary"}}}},
    410: {"model": ErrorAnswer, "description": "A table was replaced meanwhile"},
}


@router.post("", response_model=SqlRows, responses=_ANSWERED)
async def run_sql(app: App, actor: Asking, request: Request, asked: SqlRequest) -> Response:
    """The rows of a query: as JSON, or as an Arrow stream for who accepts one. Whoever goes away cancels it."""
    limits = SqlLimits(rows=asked.rows, seconds=asked.seconds)
    query = await to_thread.run_sync(app.sql.prepare, actor, asked.statement, limits)
    write = _arrow if ARROW in request.headers.get("accept", "") else _json
    return await unless_gone(request, query, lambda: _answered(query, write))


def _answered(query: SqlQuery, write: Callable[[SqlResult], Response]) -> Response:
    result = query.run()
    answer = write(result)
    answer.headers[TRUNCATED] = "true" if result.truncated else "false"
    return answer


def _json(result: SqlResult) -> Response:
    columns = [{"name": field.name, "type": str(field.type)} for field in result.rows.schema]
    cells = [[json_value(cell) for cell in column.to_pylist()] for column in result.rows.columns]
    rows = list(zip(*cells, strict=True))
    body = orjson.dumps({"columns": columns, "rows": rows, "truncated": result.truncated})
    return Response(body, media_type="application/json")


def _arrow(result: SqlResult) -> Response:
    made = pa.BufferOutputStream()
    with pa.ipc.new_stream(made, result.rows.schema) as writer:
        writer.write_table(result.rows)
    return Response(made.getvalue().to_pybytes(), media_type=ARROW)
