"""The web: what an address answers with, its headers, and requests that change something."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from headwater.errors import MError
from headwater.powerquery.library.arguments import known_options, list_of, record_of, text_of, whole
from headwater.powerquery.library.declarations import constant, function
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import List as MList
from headwater.powerquery.values.core import Record, Value, WithMetadata, binary_bytes, force, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.operators import cannot_convert
from headwater.powerquery.values.times import TICKS_PER_SECOND, Duration

if TYPE_CHECKING:
    from headwater.net import Answer
    from headwater.powerquery.connections import Connection
    from headwater.powerquery.connections.web import Request
    from headwater.powerquery.evaluator.session import Session

METHODS = ("Delete", "Get", "Head", "Patch", "Post", "Put")

constant("WebMethod.Type", t.TEXT, summary="What a request does with a resource of the web.")
for _method in METHODS:
    constant(f"WebMethod.{_method}", _method.upper(), summary=f"The HTTP method {_method.upper()}.")

_HEADERS_OPTIONS = (
    "ApiKeyName", "ExcludedFromCacheKey", "Headers", "IsRetry", "ManualCredentials", "ManualStatusHandling", "Query",
    "RelativePath", "Timeout",
)  # fmt: skip
_OPTIONS = ("Content", *_HEADERS_OPTIONS)
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_OWN_HEADERS = {"connection", "content-length", "host", "transfer-encoding"}


@function("Web.Contents(url as text, optional options as nullable record) as binary", session=True)
def web_contents(session: Session, url: str, options: Record | None = None) -> Value:
    """
    What an address answers with. A failure is an error, unless ManualStatusHandling lists its status; a busy service is
    asked again until Timeout, 100 seconds if not given, has passed. Options: Query and RelativePath add to the address;
    Headers are sent along; Content makes it a POST; ApiKeyName names the query parameter for the connection's key;
    ManualCredentials leaves the connection's credential out; IsRetry asks again where the answer is known already;
    ExcludedFromCacheKey lists headers that make no other answer. The metadata hold Response.Status, Headers and
    Content.Type.
    """
    given = known_options(options, "Web.Contents", *_OPTIONS)
    request, connection = request_of(session, "POST" if "Content" in given else "GET", url, given)
    return with_metadata(session.web.fetch(request, connection), request)


@function("Web.Headers(url as text, optional options as nullable record) as record", session=True)
def web_headers(session: Session, url: str, options: Record | None = None) -> Value:
    """
    The headers that an address answers with, asked for without its content (HEAD). The options are those of
    Web.Contents but Content. The metadata hold Response.Status.
    """
    given = known_options(options, "Web.Headers", *_HEADERS_OPTIONS)
    request, connection = request_of(session, "HEAD", url, given)
    answer = session.web.fetch(request, connection)
    return WithMetadata(headers_record(answer), Record.of({"Response.Status": answer.status}))


@function("WebAction.Request(method as text, url as text, optional options as nullable record) as action", session=True)
def web_action(session: Session, method: str, url: str, options: Record | None = None) -> Value:
    """
    An action that makes a request when it is run; it is run by calling it without arguments, and gives what the address
    answers with. The options are those of Web.Contents.
    """
    given = known_options(options, "WebAction.Request", *_OPTIONS)
    if method not in {known.upper() for known in METHODS}:
        raise MError("Expression.Error", "The method is none of WebMethod's.", method)
    request, connection = request_of(session, method, url, given)

    def act() -> Value:
        return with_metadata(session.web.fetch(request, connection), request)

    return Function(act, lambda: t.FunctionType((), t.BINARY), minimum=0, maximum=0, name="WebAction.Request")


@function("Web.BrowserContents(url as text, optional options as nullable record) as text")
def web_browser_contents(url: str, options: Record | None = None) -> str:
    """An error: no browser is at hand that would run a page's scripts. Web.Contents gives a page as it is sent."""
    known_options(options, "Web.BrowserContents", "ApiKeyName", "WaitFor")
    raise MError(
        "DataSource.NotFound",
        "Web.BrowserContents needs a browser, and there is none here.",
        Record.of({"DataSourceKind": "Web", "DataSourcePath": url.partition("?")[0]}),
        hint="Use Web.Contents with Html.Table or Web.Page, or the service's own data address.",
        code="m.data_source",
    )


# -- shared with the other sources of the web --------------------------------------------------------------------------


def request_of(
    session: Session, method: str, url: str, options: Mapping[str, Value], kind: str = "Web"
) -> tuple[Request, Connection]:
    """The request that an address and options (none of them null) describe, and the connection that serves it.

    Raises:
        MError: an option is of the wrong kind, or the address may not be called.
    """
    from headwater.powerquery.connections import Anonymous
    from headwater.powerquery.connections.web import DEFAULT_SECONDS, Request, with_query

    headers = dict(text_fields(options.get("Headers")))
    address = _relative(_sendable(url), options.get("RelativePath"))
    content = options.get("Content")
    request = Request(
        with_query(address, list(query_parameters(options.get("Query")))),
        method,
        headers,
        None if content is None else _bytes(content),
        _seconds(options.get("Timeout"), DEFAULT_SECONDS),
        frozenset(whole(status, "ManualStatusHandling") for status in _items(options.get("ManualStatusHandling"))),
        _text_or_none(options.get("ApiKeyName")),
        options.get("IsRetry") is True,
        frozenset(text_of(name).lower() for name in _items(options.get("ExcludedFromCacheKey"))),
        options.get("ManualCredentials") is True,
    )
    connection = session.connection(kind, address)  # last: what the options hold has been evaluated now
    _check_headers(request, anonymous=isinstance(connection.credential, Anonymous))
    _check_key(request, connection)
    return request, connection


def with_metadata(answer: Answer, request: Request) -> WithMetadata:
    """The bytes of an answer, with what else the service said as metadata."""
    name = unquote(urlsplit(request.url).path.rpartition("/")[2])
    metadata = {
        "Content.Type": answer.header("Content-Type").partition(";")[0].strip() or None,
        "Content.Name": name or None,
        "Content.Uri": Function(
            lambda: request.url, lambda: t.FunctionType((), t.TEXT), minimum=0, maximum=0, name="Content.Uri"
        ),
        "Headers": headers_record(answer),
        "Response.Status": answer.status,
    }
    return WithMetadata(answer.body, Record.of(metadata))


def headers_record(answer: Answer) -> Record:
    """The headers of an answer as a record; names that came in small letters are written as is usual."""
    found: dict[str, str] = {}
    for raw, value in answer.headers:
        name = raw.title() if raw.islower() else raw
        found[name] = f"{found[name]}, {value}" if name in found else value
    return Record.of(dict(found))


def query_parameters(query: Value) -> Iterable[tuple[str, str]]:
    """Names and values; a list stands for several values of one name, and null for none."""
    for name, value in () if query is None else record_of(query).items():
        given = plain(value)
        for one in given.plain() if isinstance(given, MList) else [given]:
            if one is not None:
                yield _sendable(name), _sendable(one)


def text_fields(record: Value) -> Iterable[tuple[str, str]]:
    """The fields of a record of texts that are not null."""
    for name, value in () if record is None else record_of(record).items():
        if plain(value) is not None:
            yield _sendable(name), _sendable(value)


def _relative(url: str, relative: Value) -> str:
    if relative is None or relative == "":
        return url
    address, mark, query = url.partition("?")
    return f"{address.rstrip('/')}/{_sendable(relative).lstrip('/')}{mark}{query}"


def _sendable(value: Value) -> str:
    """A text, if UTF-8 can hold it."""
    text = text_of(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise MError("Expression.Error", "A text with half a character (a lone surrogate) cannot be sent.") from None
    return text


def _items(items: Value) -> list[Value]:
    return [] if items is None else [plain(force(item)) for item in list_of(items).raw()]


def _text_or_none(value: Value) -> str | None:
    return None if value is None else text_of(value)


def _bytes(content: Value) -> bytes:
    if not isinstance(content, bytes) and not hasattr(content, "read"):
        raise cannot_convert(content, "Binary")
    return binary_bytes(content)


def _seconds(timeout: Value, default: float) -> float:
    if timeout is None:
        return default
    if not isinstance(timeout, Duration):
        raise cannot_convert(timeout, "Duration")
    if timeout.ticks <= 0:
        raise MError("Expression.Error", "The option 'Timeout' has to be longer than nothing.", timeout)
    return timeout.ticks / TICKS_PER_SECOND


def _check_headers(request: Request, *, anonymous: bool) -> None:
    for name, value in request.headers.items():
        if name.lower() in _OWN_HEADERS:
            raise MError("Expression.Error", f"The header '{name}' is set by the request itself.")
        if not _HEADER_NAME.fullmatch(name) or _CONTROL.search(value):
            raise MError("Expression.Error", "A header has no name that HTTP allows, or holds a line break.")
        if name.lower() == "authorization" and not (anonymous or request.own_credentials):
            raise MError(
                "DataSource.Error",
                "The header 'Authorization' is allowed only where the connection has no credential.",
                hint="Take the header out, or set ManualCredentials = true.",
            )


def _check_key(request: Request, connection: Connection) -> None:
    from headwater.powerquery.connections import Key

    has_key = isinstance(connection.credential, Key)
    if has_key and request.key_name is None and not request.own_credentials:
        raise MError(
            "DataSource.Error",
            f"The connection {connection.label} has a key, and nothing says where it goes.",
            hint="Name the query parameter that carries it with the option ApiKeyName.",
        )
    if request.key_name is not None and not has_key:
        raise MError(
            "DataSource.Error",
            f"The option 'ApiKeyName' needs a key, and the connection {connection.label} has none.",
            hint="Give the connection a key.",
        )
