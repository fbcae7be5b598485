"""Errors in the shape of Purview's account, policy and scanning services."""

from __future__ import annotations

from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from headwater.server.base_path import path_below

__all__ = ["PREFIXES", "in_shape", "is_purview"]

#: What all addresses of these services begin with.
PREFIXES: Final = ("/account", "/collections", "/policyStore", "/policystore", "/scan")


def is_purview(request: Request) -> bool:
    """Whether a request is for one of these services."""
    path = path_below(request.scope)
    return any(path == prefix or path.startswith(f"{prefix}/") for prefix in PREFIXES)


def in_shape(request: Request, answer: Response) -> Response:
    """An answer that tells of an error, as these services' clients read it, where they asked.

    The hint follows the message: the clients show nothing else.
    """
    if not is_purview(request):
        return answer
    error = orjson.loads(bytes(answer.body))["error"]
    shown = {
        "code": error["code"],
        "message": " ".join(part for part in (error["message"], error["hint"]) if part),
        "target": error["where"] or None,
        "details": [],
    }
    headers = {name: value for name, value in answer.headers.items() if name not in ("content-length", "content-type")}
    # azure-core reads the code from here where it shows no body.
    headers["x-ms-error-code"] = error["code"]
    return Response(orjson.dumps({"error": shown}), answer.status_code, headers, "application/json")
