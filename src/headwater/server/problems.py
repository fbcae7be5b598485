"""Errors over HTTP: one shape for every endpoint, whatever raised."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TypeAlias

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from headwater.errors import ForbiddenError, HeadwaterError, ThrottledError
from headwater.net import redact
from headwater.server.atlas import errors as atlas
from headwater.server.odata import errors as odata
from headwater.server.purview import errors as purview

log = logging.getLogger(__name__)

Handler: TypeAlias = Callable[[Request, Exception], Awaitable[Response]]


def install(app: FastAPI) -> None:
    """Make every error of the app answer in the one shape."""
    app.add_exception_handler(HeadwaterError, _shaped(_headwater))
    app.add_exception_handler(RequestValidationError, _shaped(_invalid))
    app.add_exception_handler(HTTPException, _shaped(_http))
    app.add_exception_handler(Exception, _shaped(_unexpected))


def _shaped(handler: Handler) -> Handler:
    async def handle(request: Request, error: Exception) -> Response:
        return in_shape(request, await handler(request, error))

    return handle


def in_shape(request: Request, answer: Response) -> Response:
    """An answer that tells of an error, as the clients of what was asked for expect it."""
    return purview.in_shape(request, atlas.in_shape(request, odata.in_shape(request, answer)))


def answer(error: HeadwaterError, status: int | None = None) -> JSONResponse:
    """An error as an answer, with its own HTTP status or another one."""
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, ThrottledError) else None
    return JSONResponse({"error": error.to_dict()}, status or error.http_status, headers)


def problem(status: int, code: str, message: str, where: str = "", hint: str = "") -> JSONResponse:
    """An error that only HTTP knows, as an answer."""
    return JSONResponse({"error": {"code": code, "message": message, "where": where, "hint": hint}}, status)


async def _headwater(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HeadwaterError), "registered for these only"
    if isinstance(error, ForbiddenError) and error.action is not None:
        await run_in_threadpool(request.app.state.headwater.audit.denied, request.state.actor, error)
    if error.http_status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("%s: %s", error.code, error.message)
    return answer(error)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError), "registered for these only"
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return problem(
        HTTPStatus.UNPROCESSABLE_ENTITY, "request.invalid", f"{first['msg']}.", f"{request.url.path}: {where}"
    )


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException), "registered for these only"
    codes = {404: "not_found", 405: "request.method"}
    code = codes.get(error.status_code, "request")
    shown = problem(error.status_code, code, f"{error.detail}.", request.url.path, "See /docs for what there is.")
    shown.headers.update(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        # The router names the methods of the first route of this address; there may be another route of it.
        shown.headers["Allow"] = ", ".join(_methods(request))
    return shown


def _methods(request: Request) -> list[str]:
    routes = request.app.router.routes
    tried = ("DELETE", "GET", "PATCH", "POST", "PUT")
    return [m for m in tried if any(r.matches({**request.scope, "method": m})[0] is Match.FULL for r in routes)]


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    # The message may hold a row or a secret, so it goes nowhere; the log has the type and the trace.
    # A link to a shared table is in its address.
    log.error("unexpected error at %s", redact(request.url.path), exc_info=error)
    return problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "internal",
        "Something went wrong here.",
        request.url.path,
        "See the server's log.",
    )
