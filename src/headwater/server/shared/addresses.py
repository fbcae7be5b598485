"""Where shared tables lie, and how what lies there is kept to whoever holds the link."""

from __future__ import annotations

import re
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

__all__ = ["is_shared", "is_shared_odata", "kept_private"]

_SHARED: Final = re.compile(r"/s/hwp_[A-Za-z0-9_-]{43}(?P<rest>/.*)?", re.DOTALL)

#: The address is a secret: it is told to no other site, kept by no cache and listed by no search engine.
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def is_shared(path: str) -> bool:
    """Whether an address has the form of a link to a table, or lies below one.

    >>> is_shared("/s/hwp_" + "a" * 43 + "/csv"), is_shared("/s/1")
    (True, False)
    """
    return _SHARED.fullmatch(path) is not None


def is_shared_odata(path: str) -> bool:
    """Whether an address is of a shared table's OData service."""
    found = _SHARED.fullmatch(path)
    rest = "" if found is None else found["rest"] or ""
    return rest == "/odata" or rest.startswith("/odata/")


def kept_private(send: Send) -> Send:
    """Answers with the headers of what only the holder of a link sees, errors too."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(_HEADERS)
        await send(message)

    return sending
