"""Requests to the web: credentials put on, tried again while a service is busy, answers remembered."""

from __future__ import annotations

import base64
import email.utils
import time
import weakref
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from urllib.parse import quote, urlsplit

from headwater.errors import MError, NetworkError, UsageError
from headwater.net import Answer, HttpClient, parse_origin
from headwater.powerquery.connections.model import Connection, Key, OAuth2, UsernamePassword
from headwater.powerquery.values.core import Record

MAX_BYTES = 256 * 1024 * 1024
"""The size an answer may have, and that of all remembered answers together."""

DEFAULT_SECONDS = 100.0
"""How long a request may take, with everything that is tried again, where M does not say."""

_BUSY = frozenset({408, 429, 503, 504, 509})
_TRIES = 4


@dataclass(frozen=True, slots=True)
class Request:
    """One request as M describes it; the credential is not part of it.

    ``handled`` are the failures that M handles itself. ``key_name`` is the query parameter that carries a Key
    credential. ``fresh`` asks for a new answer though one is remembered; ``unkeyed`` are headers in which requests may
    differ and still have the same answer. ``own_credentials`` leaves the connection's out.
    """

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    seconds: float = DEFAULT_SECONDS
    handled: frozenset[int] = frozenset()
    key_name: str | None = None
    fresh: bool = False
    unkeyed: frozenset[str] = frozenset()
    own_credentials: bool = False

    @property
    def place(self) -> str:
        """The address without its query, which may hold somebody's data."""
        return urlsplit(self.url)._replace(query="", fragment="").geturl()


class WebAccess:
    """The requests of one evaluation.

    Args:
        networks: private networks in which an address may lie.
        max_bytes: the size that an answer may have.
    """

    def __init__(self, networks: Sequence[IPv4Network | IPv6Network] = (), *, max_bytes: int = MAX_BYTES) -> None:
        self._networks = networks
        self._max_bytes = max_bytes
        self._clients: dict[str, HttpClient] = {}
        self._answers: OrderedDict[object, Answer] = OrderedDict()
        self._remembered = 0
        weakref.finalize(self, _close, self._clients)

    def fetch(self, request: Request, connection: Connection) -> Answer:
        """The answer to a request: a success, or a failure that M handles itself.

        Raises:
            MError: DataSource.Error where there is no answer, a failure, or one too large.
        """
        key = _key(request, connection)
        known = None if request.fresh else self._answers.get(key)
        if known is not None:
            return known
        answer = self._insisted(request, connection)
        if answer.status >= 300 and answer.status not in request.handled:
            raise _failure(request, connection, answer)
        self._remember(key, answer)
        return answer

    def _insisted(self, request: Request, connection: Connection) -> Answer:
        """The answer, asked for again while the service says that it is busy and there is time."""
        ends = time.monotonic() + request.seconds
        for attempt in range(1, _TRIES + 1):
            answer = self._sent(request, connection, ends)
            if answer.status not in _BUSY or answer.status in request.handled or attempt == _TRIES:
                break
            pause = _pause(answer, attempt)
            if time.monotonic() + pause >= ends:
                break
            time.sleep(pause)
        return answer

    def _sent(self, request: Request, connection: Connection, ends: float) -> Answer:
        url, headers = _with_credential(request, connection)
        try:
            left = max(0.001, ends - time.monotonic())
            return self._client(url).request(
                request.method, url, headers=headers, content=request.content, deadline=left
            )
        except (NetworkError, UsageError) as error:
            raise MError(
                "DataSource.Error",
                f"The request to '{request.place}' failed: {error.message}",
                _detail(request, connection),
                hint=error.hint,
                code="m.data_source",
            ) from error

    def _client(self, url: str) -> HttpClient:
        origin = str(parse_origin(url))
        if origin not in self._clients:
            self._clients[origin] = HttpClient(
                origin, private_networks=self._networks, max_bytes=self._max_bytes, timeout=DEFAULT_SECONDS
            )
        return self._clients[origin]

    def _remember(self, key: object, answer: Answer) -> None:
        before = self._answers.pop(key, None)
        self._remembered += len(answer.body) - (0 if before is None else len(before.body))
        self._answers[key] = answer
        while self._remembered > self._max_bytes:
            _, oldest = self._answers.popitem(last=False)
            self._remembered -= len(oldest.body)


def _close(clients: dict[str, HttpClient]) -> None:
    for client in clients.values():
        client.close()


def _key(request: Request, connection: Connection) -> object:
    """Requests of one key have one answer."""
    headers = {name.lower(): value for name, value in request.headers.items() if name.lower() not in request.unkeyed}
    return request.method, request.url, tuple(sorted(headers.items())), request.content, connection


def _with_credential(request: Request, connection: Connection) -> tuple[str, dict[str, str]]:
    headers = dict(request.headers)
    credential = connection.credential
    if request.own_credentials:
        return request.url, headers
    if isinstance(credential, UsernamePassword):
        pair = f"{credential.username}:{credential.password.reveal()}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    elif isinstance(credential, OAuth2):
        headers["Authorization"] = f"Bearer {credential.token.reveal()}"
    elif isinstance(credential, Key) and request.key_name:
        return with_query(request.url, [(request.key_name, credential.key.reveal())]), headers
    return request.url, headers


def with_query(url: str, parameters: Sequence[tuple[str, str]]) -> str:
    """The address with further query parameters.

    >>> with_query("https://example.com/a?x=1", [("q", "tea & milk")])
    'https://example.com/a?x=1&q=tea%20%26%20milk'
    """
    if not parameters:
        return url
    address, _, fragment = url.partition("#")
    joined = "&".join(f"{quote(name, safe='$')}={quote(value, safe='')}" for name, value in parameters)
    between = "" if address.endswith(("?", "&")) else "&" if "?" in address else "?"
    return f"{address}{between}{joined}" + (f"#{fragment}" if fragment else "")


def _pause(answer: Answer, attempt: int) -> float:
    """Seconds to wait: as the service asks, else longer each time."""
    asked = answer.header("Retry-After").strip()
    if asked.isdigit():
        return float(asked)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(asked).timestamp() - time.time())
    except ValueError:
        return 0.25 * float(2**attempt)


def _failure(request: Request, connection: Connection, answer: Answer) -> MError:
    hint = "See the service's own documentation for what this answer means."
    if answer.status in {401, 403}:
        hint = f"Check the credential of the connection {connection.label}, and what it may do there."
    elif answer.status == 404:
        hint = "Check the address."
    elif answer.status in _BUSY:
        hint = "The service is busy: try again later, or give a longer Timeout."
    return MError(
        "DataSource.Error",
        f"The request to '{request.place}' was answered with {answer.status} {answer.reason}".rstrip() + ".",
        _detail(request, connection),
        hint=hint,
        code="m.data_source",
    )


def _detail(request: Request, connection: Connection) -> Record:
    return Record.of({"DataSourceKind": connection.kind, "DataSourcePath": request.place, "Url": request.url})
