"""Models as functions: what there is, calling one, saying what its workspace does not.

A model's name may hold dots, spaces, ``@``, ``%`` and ``/``; in an address it is percent-encoded, and it is always
the last part of the path. What is done with a function therefore stands before its name, or is the request's method:
posting rows to a function calls it.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from headwater.app.functions.descriptions import described, details
from headwater.app.functions.schemas import length_of_time, read_schema
from headwater.models.names import ModelName
from headwater.server.answers import WITHOUT_NUL, ErrorAnswer
from headwater.server.api import CALLING, RESPONSES, App, Asking, Name
from headwater.server.function_answers import (
    Function,
    FunctionRun,
    FunctionRuns,
    Functions,
    NewSchema,
    Reuse,
    RowResults,
)
from headwater.server.function_calls import ARROW, REQUEST_BODY, answer_call

router = APIRouter(prefix="/api", tags=["functions"], responses=RESPONSES)

_CALLED: dict[int | str, dict[str, Any]] = CALLING | {
    200: {"model": RowResults, "content": {ARROW: {"schema": {"type": "string", "format": "binary"}}}},
    409: {"model": ErrorAnswer, "description": "The model cannot be called as it is, or a secret cannot be had"},
    502: {"model": ErrorAnswer, "description": "The model failed, was called off, or its workspace does not answer"},
}

ModelPath = Annotated[str, Path(min_length=1, max_length=1_000, pattern=WITHOUT_NUL)]
Select = Annotated[str, Query(max_length=255, pattern=r"^[^\x00@]*$", description="a version or an alias; '': latest")]
FunctionLimit = Annotated[int, Query(ge=1, le=200, description="how many on a page")]
AfterFunction = Annotated[str | None, Query(max_length=2_000, pattern=WITHOUT_NUL, description="see the page before")]
Search = Annotated[str, Query(max_length=255, pattern=WITHOUT_NUL, description="a part of the name or description")]
SourceFilter = Annotated[str | None, Query(max_length=255, pattern=WITHOUT_NUL)]


@router.get("/functions", responses=CALLING)
def list_functions(
    app: App,
    actor: Asking,
    source: SourceFilter = None,
    search: Search = "",
    *,
    limit: FunctionLimit = 50,
    after: AfterFunction = None,
) -> Functions:
    """Functions by name, a page at a time; a model that cannot be called is listed with the reason."""
    page = app.functions.list(actor, source=source, search=search, limit=limit, after=after)
    return Functions.of(page, [described(one) for one in page.functions])


@router.get("/functions/{source}/{model:path}", responses=CALLING)
def get_function(app: App, actor: Asking, source: Name, model: ModelPath, select: Select = "") -> Function:
    """A function in full: what it takes and gives, or why it cannot be called."""
    return Function.in_full(details(app.functions, actor, ModelName(source, model, select).function))


@router.post(
    "/functions/{source}/{model:path}",
    response_model=RowResults,
    responses=_CALLED,
    openapi_extra={"requestBody": REQUEST_BODY},
)
async def invoke_function(
    app: App,
    actor: Asking,
    request: Request,
    source: Name,
    model: ModelPath,
    *,
    select: Select = "",
    options: Annotated[
        str | None, Query(max_length=4_000, description="for rows in Arrow: the options as a JSON object")
    ] = None,
) -> Response:
    """Call a function for rows, as JSON or as an Arrow IPC stream, which is answered by a column for each output and
    one of errors. Whoever goes away calls it off.
    """
    return await answer_call(app, actor, request, ModelName(source, model, select).function, options)


# -- what its workspace does not say -----------------------------------------------------------------------------------


@router.put("/function-schemas/{source}/{model:path}", status_code=HTTPStatus.NO_CONTENT, responses=CALLING)
def supply_schema(app: App, actor: Asking, source: Name, model: ModelPath, schema: NewSchema) -> None:
    """Say what a model takes and gives, in place of what its workspace says, for all its versions."""
    name = ModelName(source, model).function
    app.functions.supply(actor, name, read_schema(app.functions, actor, name, schema.given()))


@router.delete("/function-schemas/{source}/{model:path}", status_code=HTTPStatus.NO_CONTENT, responses=CALLING)
def forget_schema(app: App, actor: Asking, source: Name, model: ModelPath) -> None:
    """Forget a schema that was supplied: what the workspace says counts again."""
    app.functions.forget_schema(actor, ModelName(source, model).function)


@router.put("/function-reuse/{source}/{model:path}", status_code=HTTPStatus.NO_CONTENT, responses=CALLING)
def set_reuse(app: App, actor: Asking, source: Name, model: ModelPath, reuse: Reuse) -> None:
    """Say how long predictions of a service whose revision is not known may be used again."""
    app.functions.set_reuse(actor, ModelName(source, model).function, length_of_time(reuse.seconds))


# -- what is under way -------------------------------------------------------------------------------------------------


@router.get("/function-runs")
def list_function_runs(app: App, actor: Asking) -> FunctionRuns:
    """The calls under way in this server, of whoever asks; of everybody, for who may manage the server."""
    return FunctionRuns(value=[FunctionRun.of(run) for run in app.runs.list(actor)])


@router.delete("/function-runs/{run}", status_code=HTTPStatus.NO_CONTENT)
def cancel_function_run(app: App, actor: Asking, run: Name) -> None:
    """Call a call off, within a second."""
    app.runs.cancel(actor, run)
