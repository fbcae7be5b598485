"""Calls of functions over HTTP: bodies within their limits, a run that ends when whoever asked is gone, the answers."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import IO, Any, Final, Protocol, TypeVar

import orjson
import pyarrow as pa
from anyio import to_thread
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect
from starlette.responses import Response, StreamingResponse

from headwater.access import Actor
from headwater.app.functions.results import ResultTable
from headwater.app.functions.rows import arrow_rows, json_rows
from headwater.app.functions.runs import Run
from headwater.app.functions.scoring import ScoredRows, open_function, scored
from headwater.app.reading.cells import json_cell
from headwater.app.runtime import Headwater
from headwater.errors import UsageError
from headwater.server.function_answers import CallOptions, Invocation

__all__ = ["ARROW", "REQUEST_BODY", "answer_call", "json_body", "unless_gone"]

ARROW: Final = "application/vnd.apache.arrow.stream"

MAX_JSON_BYTES: Final = 16 << 20
MAX_ARROW_BYTES: Final = 256 << 20
MAX_ARROW_ROWS: Final = 1_000_000
#: What is larger lies on disk while it is read and written.
_IN_MEMORY: Final = 4 << 20
_PIECE: Final = 1 << 18

T = TypeVar("T")
Model = TypeVar("Model", bound=BaseModel)


def _request_body() -> dict[str, Any]:
    """The description of both kinds of body; the options are described where they stand."""
    schema = Invocation.model_json_schema()
    schema["properties"]["options"] = schema.pop("$defs")["CallOptions"]
    binary = {"type": "string", "format": "binary"}
    return {"required": True, "content": {"application/json": {"schema": schema}, ARROW: {"schema": binary}}}


REQUEST_BODY: Final = _request_body()


async def answer_call(app: Headwater, actor: Actor, request: Request, name: str, options: str | None) -> Response:
    """Score the rows of a request: JSON for JSON, an Arrow stream for one.

    The answer is complete, or an error. Whoever goes away calls the run off.

    Raises:
        HeadwaterError: as opening the function and scoring say.
        RequestValidationError: the body or ``options`` (as JSON, for rows in Arrow) are not as they have to be.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != ARROW:
        if options is not None:
            raise UsageError("Rows as JSON have their options beside them.", hint="Move them into the body.")
        asked = await to_thread.run_sync(_read, Invocation, await json_body(request), "body")
        with app.runs.start(actor, name) as run:
            return await unless_gone(request, run, lambda: _json_answer(app, actor, run, name, asked))
    chosen = CallOptions() if options is None else _read(CallOptions, options.encode(), "query")
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as body:
        await _spool(request, body)
        with app.runs.start(actor, name) as run:
            return await unless_gone(request, run, lambda: _arrow_answer(app, actor, run, name, (body, chosen)))


# -- what is asked -----------------------------------------------------------------------------------------------------


async def json_body(request: Request) -> bytes:
    """The body of a request that is JSON; UsageError where it is too large."""
    parts: list[bytes] = []
    async for part in _parts(request, MAX_JSON_BYTES):
        parts.append(part)
    return b"".join(parts)


async def _spool(request: Request, to: IO[bytes]) -> None:
    async for part in _parts(request, MAX_ARROW_BYTES):
        await to_thread.run_sync(to.write, part)
    to.seek(0)


async def _parts(request: Request, most: int) -> Any:
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > most:
                raise UsageError(
                    f"The body is larger than {most >> 20} MB.",
                    code="request.too_large",
                    hint="Send fewer rows at a time, or more of them as an Arrow stream.",
                )
            yield part
    except ClientDisconnect as error:
        raise UsageError("The request ended before its body did.", code="request.incomplete") from error


def _read(kind: type[Model], text: bytes, place: str) -> Model:
    """The body by its model. Python's own reader of JSON would let NaN and Infinity pass."""
    try:
        return kind.model_validate(orjson.loads(text))
    except orjson.JSONDecodeError as error:
        message = "the text is no JSON (NaN and Infinity are none)"
        raise RequestValidationError([{"loc": (place,), "msg": message, "type": "json_invalid"}]) from error
    except ValidationError as error:
        raise RequestValidationError([{**found, "loc": (place, *found["loc"])} for found in error.errors()]) from error


# -- who asks ----------------------------------------------------------------------------------------------------------


class Cancellable(Protocol):
    """What can be called off from another thread."""

    def cancel(self) -> None: ...


async def unless_gone(request: Request, run: Cancellable, work: Callable[[], T]) -> T:
    """What ``work`` gives, which runs in a thread; called off when the client goes away, or the server is ended."""
    watcher = asyncio.create_task(_cancel_when_gone(request, run))
    try:
        return await to_thread.run_sync(work, abandon_on_cancel=True)
    except asyncio.CancelledError:
        run.cancel()
        raise
    finally:
        watcher.cancel()
        with suppress(asyncio.CancelledError):
            await watcher


async def _cancel_when_gone(request: Request, run: Cancellable) -> None:
    """The body has been read, so that what comes next is that the connection is closed."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    run.cancel()


# -- answers -----------------------------------------------------------------------------------------------------------


def _json_answer(app: Headwater, actor: Actor, run: Run, name: str, asked: Invocation) -> Response:
    options = asked.options
    with open_function(app.functions, actor, name, options.model_dump(), run=run) as opened:
        kind = opened.function.result
        rows = json_rows(opened.function, asked.rows, len(asked.rows))
        value = [
            {"result": json_cell(result, kind), "error": None if error is None else {"message": error}}
            for part in scored(opened, rows, options.on_error)
            for result, error in zip(part.results.to_pylist(), part.errors.to_pylist(), strict=True)
        ]
    return Response(orjson.dumps({"value": value}), media_type="application/json")


def _arrow_answer(app: Headwater, actor: Actor, run: Run, name: str, asked: tuple[Any, CallOptions]) -> Response:
    body, options = asked
    with ExitStack() as opened_files:
        made = opened_files.enter_context(tempfile.SpooledTemporaryFile(_IN_MEMORY))
        with open_function(app.functions, actor, name, options.model_dump(), run=run) as opened:
            rows = arrow_rows(opened.function, body, most=MAX_ARROW_ROWS)
            table = ResultTable.of(pa.schema([]), opened.function)
            with pa.ipc.new_stream(made, table.schema) as writer:
                for part in scored(opened, rows, options.on_error):
                    writer.write_batch(table.batch(ScoredRows(_NOTHING, part.results, part.errors)))
        made.seek(0)
        sent = opened_files.pop_all()
    return StreamingResponse(_pieces(made), media_type=ARROW, background=BackgroundTask(sent.close))


_NOTHING: Final = pa.RecordBatch.from_arrays([], names=[])


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece
