"""Bodies as other systems' clients send them, whatever their media type says, and the answers to them."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

import orjson
from fastapi import Depends, Request
from starlette.datastructures import QueryParams
from starlette.responses import Response

from headwater.errors import UsageError
from headwater.server.function_calls import json_body

__all__ = ["Body", "OptionalBody", "RawBody", "as_list", "as_object", "flag", "json_answer", "nothing"]

Json: TypeAlias = Any


async def _body(request: Request) -> bytes:
    return await json_body(request)


RawBody = Annotated[bytes, Depends(_body)]
"""The request's body as it came."""


def _optional(raw: RawBody) -> Json:
    # No coroutine, so that a large body is read beside the event loop.
    if not raw.strip():
        return None
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise UsageError("The body is no JSON.", place=f"character {error.pos}", hint="Send JSON.") from error


OptionalBody = Annotated[Json, Depends(_optional)]
"""The request's body as JSON, whatever its media type says; None where there is none."""


def _required(body: OptionalBody) -> Json:
    if body is None:
        raise UsageError("The request has no body.", hint="Send JSON.")
    return body


Body = Annotated[Json, Depends(_required)]
"""The request's body as JSON, whatever its media type says."""


def as_object(value: Json, name: str = "body") -> dict[str, Json]:
    """A JSON object; UsageError where it is none."""
    if not isinstance(value, dict):
        raise UsageError(f"The {name} is no object.", hint="Send a JSON object: {…}.")
    return value


def as_list(value: Json, name: str = "body") -> list[Json]:
    """A JSON array; UsageError where it is none."""
    if not isinstance(value, list):
        raise UsageError(f"The {name} is no array.", hint="Send a JSON array: […].")
    return value


def flag(query: QueryParams, name: str) -> bool:
    """A yes or no of the query, as Python's and Java's clients write them ("True", "true")."""
    return query.get(name, "").lower() == "true"


def json_answer(value: Json) -> Response:
    """An answer with a body."""
    return Response(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS), media_type="application/json")


def nothing() -> Response:
    """The answer to what leaves nothing to say (204)."""
    return Response(status_code=204)
