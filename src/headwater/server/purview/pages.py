"""Lists as Purview gives them: a page, and the address of the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from fastapi import Request
from starlette.responses import Response

from headwater.server.json_bodies import json_answer

__all__ = ["page", "text_of"]

PAGE_SIZE: Final = 100
_SKIP: Final = "$skipToken"

Item = TypeVar("Item")


def page(
    request: Request,
    found: Sequence[Item],
    key: Callable[[Item], str],
    shown: Callable[[Item], Any],
    name: str = "value",
) -> Response:
    """The items behind the one that the request's token names, as many as go on a page.

    ``found`` has all of them in a lasting order; ``key`` tells one from all others.
    """
    after = request.query_params.get(_SKIP) or request.query_params.get("skipToken")
    keys = [key(item) for item in found]
    start = keys.index(after) + 1 if after in keys else 0
    rest = found[start : start + PAGE_SIZE]
    answer = {name: [shown(item) for item in rest], "count": len(found), "nextLink": None}
    if start + PAGE_SIZE < len(found):
        answer["nextLink"] = str(request.url.include_query_params(**{_SKIP: key(rest[-1])}))
    return json_answer(answer)


def text_of(moment: datetime | None) -> str | None:
    """A moment as Purview writes it.

    >>> from datetime import UTC
    >>> text_of(datetime(2026, 3, 1, 12, tzinfo=UTC))
    '2026-03-01T12:00:00.000000Z'
    """
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z"
