"""Errors in the shape that OData's readers show to people."""

from __future__ import annotations

from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from headwater.server.base_path import path_below
from headwater.server.shared.addresses import is_shared_odata

__all__ = ["VERSION_HEADER", "in_shape", "is_odata"]

VERSION_HEADER: Final = {"OData-Version": "4.0"}


def is_odata(request: Request) -> bool:
    """Whether a request is for an OData service."""
    path = path_below(request.scope)
    return path == "/odata" or path.startswith("/odata/")


def in_shape(request: Request, answer: Response) -> Response:
    """An answer that tells of an error, in OData's shape where OData was asked.

    The hint follows the message: Power BI and Excel show nothing else.
    """
    if not is_odata(request) and not is_shared_odata(path_below(request.scope)):
        return answer
    error = orjson.loads(bytes(answer.body))["error"]
    shown = {"code": error["code"], "message": " ".join(part for part in (error["message"], error["hint"]) if part)}
    if error["where"]:
        shown["target"] = error["where"]
    headers = {name: value for name, value in answer.headers.items() if name not in ("content-length", "content-type")}
    media_type = "application/json;odata.metadata=minimal"
    return Response(orjson.dumps({"error": shown}), answer.status_code, {**headers, **VERSION_HEADER}, media_type)
