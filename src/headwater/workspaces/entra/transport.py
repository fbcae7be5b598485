"""What carries azure-identity's requests: ``headwater.net`` instead of a client of its own."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from ipaddress import IPv4Network, IPv6Network
from types import TracebackType
from typing import Any
from urllib.parse import urlencode

from azure.core.pipeline.transport import HttpResponse, HttpTransport
from azure.core.rest import HttpRequest
from azure.core.utils import case_insensitive_dict

from headwater.net import Answer, HttpClient

__all__ = ["GuardedTransport"]

_SECONDS = 30.0
_MAX_BYTES = 1024 * 1024


class _Response(HttpResponse):
    """An answer as azure-core reads it."""

    def __init__(self, request: Any, answer: Answer) -> None:
        super().__init__(request, answer)
        self.status_code = answer.status
        self.reason = answer.reason
        self.headers = case_insensitive_dict(dict(answer.headers))
        self.content_type = self.headers.get("content-type")
        self._body = answer.body

    def body(self) -> bytes:
        return self._body


class GuardedTransport(HttpTransport[HttpRequest, HttpResponse]):
    """Requests to token authorities, under the rules of ``HttpClient``.

    Args:
        origin_for: the origin that a request to a URL may go to. It is the client's, so a URL elsewhere is refused.
        private_networks: networks that may be reached besides public ones.
        tls: what certificates are trusted; by default those of public authorities.
    """

    def __init__(
        self,
        origin_for: Callable[[str], str],
        private_networks: Sequence[IPv4Network | IPv6Network] = (),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._origin_for = origin_for
        self._private_networks = private_networks
        self._tls = tls

    def send(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The authority's answer. A token is fetched once an hour or so: no connection is kept for the next."""
        client = HttpClient(
            self._origin_for(request.url),
            timeout=_SECONDS,
            deadline=_SECONDS,
            max_bytes=_MAX_BYTES,
            private_networks=self._private_networks,
            tls=self._tls,
        )
        with client:
            answer = client.request(
                request.method, request.url, headers=dict(request.headers), content=_content(request)
            )
        return _Response(request, answer)

    def open(self) -> None:
        """Nothing is held open."""

    def close(self) -> None:
        """Nothing is held open."""

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.close()


def _content(request: HttpRequest) -> bytes | None:
    """What is sent along: a form's fields, or text."""
    content = request.content
    if isinstance(content, dict):
        return urlencode(content).encode()
    return content.encode() if isinstance(content, str) else content
