"""A synchronous HTTP client that talks to one origin and nothing else."""

from __future__ import annotations

import logging
import re
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import httpx
import orjson

from headwater._version import __version__
from headwater.errors import OriginDeniedError, RemoteError, UnreachableError, UsageError
from headwater.net.failures import bare_path, error_code_of, pause_asked_for, status_hint
from headwater.net.jsons import parse_json
from headwater.net.origins import Network, Origin, check_peer, check_scheme, parse_origin
from headwater.net.sockets import OpenSockets

__all__ = ["Answer", "HttpClient"]

MAX_REDIRECTS = 5
MAX_ERROR_BYTES = 64 * 1024
#: What says "not now": a GET so answered can be asked again.
_BUSY = frozenset({429, 503})
#: There is a socket now; TLS puts one of its own in the place of the first.
_CONNECTED = frozenset({"connection.connect_tcp.complete", "connection.start_tls.complete"})
_NOT_IN_A_HEADER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]|\A\s|\s\Z")


class _WithoutQuery(logging.Filter):
    """httpx logs every address it calls, with the query, which may hold a key."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep the record, without queries."""
        if isinstance(record.args, tuple):
            record.args = tuple(a.copy_with(query=None) if isinstance(a, httpx.URL) else a for a in record.args)
        return True


logging.getLogger("httpx").addFilter(_WithoutQuery())
# What httpcore tells a debugger is every header of an answer, cookies and redirects with their queries among them.
logging.getLogger("httpcore").setLevel(logging.INFO)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered with, whatever the status; ``headers`` are (name, value) as they came."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """The first header of a name, in any case; "" where there is none."""
        return next((value for known, value in self.headers if known.lower() == name.lower()), "")


class HttpClient:
    """Calls to one origin, with its credential, within limits.

    What it refuses: another origin (also by redirect), plain http beyond this machine, a name that leads into a
    network nobody allowed (the connected peer's address is checked before anything is sent), answers larger than
    the cap. Proxy settings in the environment are ignored.

    Args:
        origin: ``scheme://host:port``; a path in it is ignored.
        headers: sent with every request.
        credential: asked before every request for the headers that carry it, so that a token may be renewed between
            two of them. They go to this origin alone, and to nobody before the peer's address is checked.
        timeout: seconds to wait for a connection and for each piece of an answer.
        deadline: seconds a whole call may take.
        max_bytes: size an answer may have once decompressed.
        private_networks: networks that are not public and that may be reached all the same.
        max_redirects: how many redirects a call follows, within the origin.
        busy_tries: how often a GET is sent at most while it is answered with "too many requests" or "unavailable";
            the pause is the one that the answer asks for, where the deadline leaves time for it.
        tls: what certificates are trusted; by default those of public authorities.

    Every call may raise:
        UnreachableError: nobody answered, or (code ``network.timeout``) somebody was connected and did not in time.
        RemoteError: it answered with a failure, or with something unusable; ``status`` and ``error_code`` say which.
        OriginDeniedError: the call would have left the origin or reached a network that is not allowed.
    """

    def __init__(
        self,
        origin: str,
        *,
        headers: Mapping[str, str] | None = None,
        credential: Callable[[], Mapping[str, str]] | None = None,
        timeout: float = 30.0,
        deadline: float = 600.0,
        max_bytes: int = 64 * 1024 * 1024,
        private_networks: Sequence[Network] = (),
        max_redirects: int = MAX_REDIRECTS,
        busy_tries: int = 1,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.origin: Origin = parse_origin(origin)
        check_scheme(self.origin, private_networks)
        self._private_networks = tuple(private_networks)
        self._timeout = timeout
        self._deadline = deadline
        self._max_bytes = max_bytes
        self._max_redirects = max_redirects
        self._credential = credential
        self._busy_tries = busy_tries
        self._sockets = OpenSockets()
        self._client = httpx.Client(
            headers={"User-Agent": f"headwater/{__version__}", **(headers or {})},
            timeout=timeout,
            follow_redirects=False,
            trust_env=False,
            verify=tls or True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"HttpClient({str(self.origin)!r})"

    def close(self) -> None:
        """Close every connection; calls under way in other threads end at once, with UnreachableError."""
        self._sockets.shut()
        self._client.close()

    def get_json(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """The JSON answer to a GET; None values in ``params`` are left out."""
        return self._json("GET", path, params, None)

    def post_json(self, path: str, payload: Any, params: Mapping[str, Any] | None = None) -> Any:
        """The JSON answer to a POST of ``payload`` as JSON; None where the answer is empty."""
        return self._json("POST", path, params, orjson.dumps(payload))

    def get_bytes(self, path: str, params: Mapping[str, Any] | None = None, *, max_bytes: int | None = None) -> bytes:
        """The bytes that a GET is answered with."""
        with self._call("GET", path, params, None) as (response, ends):
            return b"".join(self._chunks(response, max_bytes or self._max_bytes, ends))

    def download(
        self, path: str, file: Path, params: Mapping[str, Any] | None = None, *, max_bytes: int = 8 * 1024**3
    ) -> int:
        """Write what a GET is answered with to ``file``, whose folder exists; returns the number of bytes.

        ``file`` appears whole or not at all.
        """
        partial = file.with_name(file.name + ".partial")
        size = 0
        try:
            with self._call("GET", path, params, None) as (response, ends), partial.open("wb") as sink:
                for chunk in self._chunks(response, max_bytes, ends):
                    size += sink.write(chunk)
            partial.replace(file)
        finally:
            partial.unlink(missing_ok=True)
        return size

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        deadline: float | None = None,
    ) -> Answer:
        """The answer to a request, also where it is a failure; ``deadline`` replaces the client's for this call."""
        ends = time.monotonic() + (self._deadline if deadline is None else deadline)
        with self._sent(method, self._url(path), headers or {}, content, ends) as response:
            body = b"".join(self._chunks(response, self._max_bytes, ends))
            named = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw)
            return Answer(response.status_code, response.reason_phrase, named, body)

    def _json(self, method: str, path: str, params: Mapping[str, Any] | None, content: bytes | None) -> Any:
        with self._call(method, path, params, content) as (response, ends):
            body = b"".join(self._chunks(response, self._max_bytes, ends))
            status = response.status_code
        if not body:
            return None
        try:
            return parse_json(body)
        except ValueError as error:
            raise RemoteError(
                f"{method} {bare_path(path)} was answered with something that is not JSON.",
                status=status,
                place=str(self.origin),
                hint="Check that the address is the service's own and not a sign-in page or proxy.",
            ) from error

    @contextmanager
    def _call(
        self, method: str, path: str, params: Mapping[str, Any] | None, content: bytes | None
    ) -> Iterator[tuple[httpx.Response, float]]:
        """A successful response, its body not yet read, and the moment (monotonic) by which it has to be."""
        ends = time.monotonic() + self._deadline
        given = {name: value for name, value in (params or {}).items() if value is not None}
        url = self._url(path).copy_merge_params(given) if given else self._url(path)
        headers = {"Content-Type": "application/json"} if content is not None else {}
        with self._sent(method, url, headers, content, ends) as response:
            self._check_status(response, method, path, ends)
            yield response, ends

    @contextmanager
    def _sent(
        self, method: str, url: httpx.URL, headers: Mapping[str, str], content: bytes | None, ends: float
    ) -> Iterator[httpx.Response]:
        """The response after redirects, its body not yet read."""
        path = str(url)
        with self._failures(method, path):
            for _ in range(self._max_redirects + 1):
                response = self._answered(method, url, headers, content, ends)
                try:
                    if not response.has_redirect_location:
                        yield response
                        return
                    url = self._url(response.headers["location"], str(url))
                    if response.status_code == 303:
                        method, content, headers = "GET", None, {}
                finally:
                    response.close()
            raise RemoteError(
                f"{method} {bare_path(path)} was redirected more than {self._max_redirects} times.",
                status=response.status_code,
                place=str(self.origin),
                hint="Check the service's address.",
            )

    def _answered(
        self, method: str, url: httpx.URL, headers: Mapping[str, str], content: bytes | None, ends: float
    ) -> httpx.Response:
        """The response to one request, which may be a redirect; sent again while a GET's answer is "not now"."""
        for tries_left in range(self._busy_tries - 1, -1, -1):
            response = self._client.send(self._request(method, url, headers, content, ends), stream=True)
            if method != "GET" or response.status_code not in _BUSY:
                break
            pause = pause_asked_for(response.headers.get("retry-after", ""), self._busy_tries - tries_left)
            if not tries_left or time.monotonic() + pause >= ends:
                break
            response.close()
            time.sleep(pause)
        return response

    def _request(
        self, method: str, url: httpx.URL, headers: Mapping[str, str], content: bytes | None, ends: float
    ) -> httpx.Request:
        carried = self._credential() if self._credential is not None else {}
        replaced = {name.lower() for name in carried}
        kept = [(name, value) for name, value in headers.items() if name.lower() not in replaced]
        for name, value in [*kept, *carried.items()]:
            self._check_header(name, value)
        return self._client.build_request(
            method,
            url,
            headers=[(name.encode(), value.encode()) for name, value in [*kept, *carried.items()]],
            content=content,
            timeout=min(self._timeout, max(0.001, ends - time.monotonic())),
            extensions={"trace": self._trace},
        )

    def _check_header(self, name: str, value: str) -> None:
        """Refuse what no header can hold here: the transport would, but its words and its log quote the value."""
        if _NOT_IN_A_HEADER.search(value):
            raise UsageError(
                f"The header '{name}' holds what no header can.",
                place=str(self.origin),
                hint="Check the credential for a line break, a space at its ends and other invisible characters.",
            )

    def _url(self, path: str, base: str = "") -> httpx.URL:
        """The address of ``path``, seen from ``base``, if it stays on the origin; UsageError where it is none."""
        try:
            return httpx.URL(self._within(urljoin(base, path) if base else path))
        except (ValueError, httpx.InvalidURL) as error:
            raise UsageError(
                "The address cannot be read as a URL.", place=str(self.origin), hint="Correct the address."
            ) from error

    def _within(self, path: str) -> str:
        """The full URL of ``path``, which may be one already, if it stays on the origin."""
        url = path if urlsplit(path).scheme else f"{self.origin}/{path.lstrip('/')}"
        try:
            target = str(parse_origin(url))
        except UsageError:
            target = "an address that is not allowed"
        if target != str(self.origin):
            raise OriginDeniedError(
                f"A call to {self.origin} would have gone on to {target}.",
                place=str(self.origin),
                hint="Register that address as a source of its own if it is to be called.",
            )
        return url

    def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Called by the transport; the connection exists, nothing has been sent on it yet."""
        if event not in _CONNECTED:
            return
        stream = info["return_value"]
        try:
            peer = stream.get_extra_info("server_addr")
        except OSError as error:  # cut already
            raise httpx.ConnectError(str(error)) from error
        try:
            check_peer(self.origin, str(peer[0]).partition("%")[0], self._private_networks)
        except OriginDeniedError:
            stream.close()
            raise
        self._sockets.add(stream.get_extra_info("socket"))

    def _chunks(self, response: httpx.Response, max_bytes: int, ends: float) -> Iterator[bytes]:
        size = 0
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > max_bytes:
                raise RemoteError(
                    f"The answer is larger than the {max_bytes:,} bytes allowed.",
                    status=response.status_code,
                    place=str(self.origin),
                    hint="Ask for less at a time, or have the limit raised.",
                )
            if time.monotonic() > ends:
                raise self._too_slow(self._deadline)
            yield chunk

    def _check_status(self, response: httpx.Response, method: str, path: str, ends: float) -> None:
        if response.is_success:
            return
        error_code = error_code_of(b"".join(self._chunks(response, MAX_ERROR_BYTES, ends)))
        status = response.status_code
        said = f"{status} {response.reason_phrase}".strip() + (f", {error_code}" if error_code else "")
        raise RemoteError(
            f"{method} {bare_path(path)} was answered with {said}.",
            status=status,
            error_code=error_code,
            place=str(self.origin),
            hint=status_hint(status),
        )

    @contextmanager
    def _failures(self, method: str, path: str) -> Iterator[None]:
        try:
            yield
        except httpx.TimeoutException as error:
            code = None if isinstance(error, httpx.ConnectTimeout) else "network.timeout"
            raise self._too_slow(self._timeout, code) from error
        except httpx.DecodingError as error:
            raise RemoteError(
                f"{method} {bare_path(path)} was answered with something that cannot be decompressed.",
                status=200,
                place=str(self.origin),
            ) from error
        except httpx.InvalidURL as error:
            raise RemoteError(
                f"{method} {bare_path(path)} was redirected to something that is no address.",
                status=302,
                place=str(self.origin),
            ) from error
        except httpx.TransportError as error:
            # The transport's own words name a cause ("Connection refused"), never what was sent.
            raise UnreachableError(
                f"Nobody answered: {error or type(error).__name__}.",
                place=str(self.origin),
                hint="Check that the service runs and that the address is right.",
            ) from error

    def _too_slow(self, seconds: float, code: str | None = "network.timeout") -> UnreachableError:
        return UnreachableError(
            f"No answer within {seconds:g} s.",
            place=str(self.origin),
            hint="Check that the service runs and is not overloaded, then try again.",
            code=code,
        )
