"""Errors in Atlas's shape, with its codes."""

from __future__ import annotations

from typing import Final
from uuid import uuid4

import orjson
from starlette.requests import Request
from starlette.responses import Response

from headwater.server.base_path import path_below

__all__ = ["PREFIXES", "in_shape", "is_atlas"]

#: What all addresses of Atlas's and of Purview's data map begin with.
PREFIXES: Final = ("/datamap/api", "/catalog/api", "/api/atlas")

#: Atlas's codes for those errors of ours that its clients tell apart.
_CODES: Final = {
    "catalog.type_unknown": "ATLAS-404-00-001",
    "catalog.type_guid_unknown": "ATLAS-404-00-002",
    "catalog.asset_unknown": "ATLAS-404-00-005",
    "catalog.classification_unknown": "ATLAS-404-00-008",
    "catalog.name_unknown": "ATLAS-404-00-009",
    "catalog.reference": "ATLAS-404-00-00A",
    "catalog.relationship_unknown": "ATLAS-404-00-00C",
    "catalog.type_exists": "ATLAS-409-00-001",
    "catalog.type_used": "ATLAS-409-00-002",
    "catalog.relationship_exists": "ATLAS-409-00-004",
}
_OTHERS: Final = {
    400: "ATLAS-400-00-029",
    401: "ATLAS-401-00-001",
    403: "ATLAS-403-00-001",
    404: "ATLAS-404-00-00B",
    409: "ATLAS-409-00-003",
    422: "ATLAS-400-00-029",
    500: "ATLAS-500-00-001",
}


def is_atlas(request: Request) -> bool:
    """Whether a request is for Atlas's or Purview's endpoints."""
    path = path_below(request.scope)
    return any(path == prefix or path.startswith(f"{prefix}/") for prefix in PREFIXES)


def in_shape(request: Request, answer: Response) -> Response:
    """An answer that tells of an error, in Atlas's shape where Atlas's endpoints were asked.

    The hint follows the message: the clients show nothing else.
    """
    if not is_atlas(request):
        return answer
    error = orjson.loads(bytes(answer.body))["error"]
    status = answer.status_code
    shown = {
        "requestId": getattr(request.state, "request_id", None) or str(uuid4()),
        "errorCode": _code(error["code"], status),
        "errorMessage": " ".join(part for part in (error["message"], error["hint"]) if part),
    }
    headers = {name: value for name, value in answer.headers.items() if name not in ("content-length", "content-type")}
    return Response(orjson.dumps(shown), status, headers, "application/json")


def _code(code: str, status: int) -> str:
    """Atlas's code; its second part is the status, so one of another status's is not said."""
    found = _CODES.get(code, "")
    return found if found.startswith(f"ATLAS-{status}-") else _OTHERS.get(status, f"ATLAS-{status}-00-001")
