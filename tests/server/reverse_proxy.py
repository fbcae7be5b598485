"""A small reverse proxy: one site, of which the server behind it is a part."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

#: What concerns one connection, or what httpx has taken off already.
_OWN = {"connection", "keep-alive", "transfer-encoding", "content-encoding", "content-length"}


@dataclass
class ReverseProxy:
    """Hands requests below ``base_path`` to ``upstream``; all else is not found, as on a site with other parts.

    ``strips``: the base path is taken off. ``hops`` are what earlier proxies wrote into X-Forwarded-For.
    """

    port: int
    base_path: str
    strips: bool
    scheme: str
    upstream: str = ""
    hops: str = ""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.base_path}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        request = Request(scope, receive)
        path = scope["raw_path"].decode("ascii")
        if not f"{path}/".startswith(f"{self.base_path}/"):
            answer: Response = PlainTextResponse("another part of the site", 404)
        else:
            answer = await self._handed_on(request, path)
        await answer(scope, receive, send)

    async def _handed_on(self, request: Request, path: str) -> Response:
        assert request.client is not None
        if self.strips:
            path = path.removeprefix(self.base_path) or "/"
        forwarded = ", ".join(filter(None, [self.hops, request.client.host]))
        headers = [(name, value) for name, value in request.headers.items() if not name.startswith("x-forwarded-")]
        headers += [("x-forwarded-for", forwarded), ("x-forwarded-proto", self.scheme)]
        query = f"?{request.url.query}" if request.url.query else ""
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            found = await client.request(
                request.method, f"{self.upstream}{path}{query}", headers=headers, content=await request.body()
            )
        answer = Response(found.content, found.status_code)
        kept = [(name, value) for name, value in found.headers.items() if name not in _OWN]
        answer.raw_headers += [(name.encode(), value.encode()) for name, value in kept]
        return answer


@contextmanager
def reverse_proxy(*, base_path: str = "/headwater", strips: bool, scheme: str = "http") -> Iterator[ReverseProxy]:
    """A proxy under way on a free port; give it its ``upstream``."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        proxy = ReverseProxy(bound.getsockname()[1], base_path, strips, scheme)
        server = uvicorn.Server(uvicorn.Config(proxy, log_config=None, access_log=False, lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        try:
            yield proxy
        finally:
            server.should_exit = True
            thread.join(timeout=30)
            assert not thread.is_alive()
