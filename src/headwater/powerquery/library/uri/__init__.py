"""Addresses: taken apart and put together."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, unquote, urljoin, urlsplit

from headwater.errors import MError
from headwater.powerquery.library.declarations import function
from headwater.powerquery.values.core import List, Record, Value, plain
from headwater.powerquery.values.operators import cannot_convert

_PORTS = {"http": 80, "https": 443, "ftp": 21, "ws": 80, "wss": 443}
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_HOST_AND_PORT = re.compile(r"[A-Za-z0-9.-]+:[0-9]+(?:[/?#]|\Z)")
_KEPT_IN_PATHS = "/%:@!$&'()*+,;=~"


@function(
    "Uri.EscapeDataString(data as text) as text",
    examples=[('Uri.EscapeDataString("a b&c")', '"a%20b%26c"')],
)
def uri_escape_data_string(data: str) -> str:
    """The text with all but letters, digits and ``-_.~`` written as percent signs and the bytes of their UTF-8."""
    return _escaped(data)


def _escaped(text: str) -> str:
    return quote(text, safe="", errors="replace")


@function(
    "Uri.BuildQueryString(query as record) as text",
    examples=[
        ('Uri.BuildQueryString([page = "1", q = "x & y"])', '"page=1&q=x%20%26%20y"'),
        ('Uri.BuildQueryString([tag = {"a", "b"}])', '"tag=a&tag=b"'),
    ],
)
def uri_build_query_string(query: Record) -> str:
    """The fields of a record, which are texts or lists of texts, as the query of an address."""
    pairs = [(name, text) for name, value in query.items() for text in _texts(plain(value))]
    return "&".join(f"{_escaped(name)}={_escaped(text)}" for name, text in pairs)


def _texts(value: Value) -> list[str]:
    members = list(value.plain()) if isinstance(value, List) else [value]
    for member in members:
        if not isinstance(member, str):
            raise cannot_convert(member, "Text")
    return members


@function(
    "Uri.Combine(baseUri as text, relativeUri as text) as text",
    examples=[
        ('Uri.Combine("https://example.com/a/", "b?c=1")', '"https://example.com/a/b?c=1"'),
        ('Uri.Combine("https://example.com/a/", "/b")', '"https://example.com/b"'),
    ],
)
def uri_combine(base: str, relative: str) -> str:
    """A relative address, seen from a base; an address that is absolute stays what it is."""
    if not _SCHEME.match(base):
        raise _invalid(base, "base")
    try:
        combined = urlsplit(urljoin(base, relative))
    except ValueError:
        raise _invalid(relative, "relative") from None
    rooted = combined._replace(path=combined.path or "/") if combined.netloc else combined
    return rooted.geturl()


@function(
    "Uri.Parts(absoluteUri as text) as record",
    examples=[
        ('Uri.Parts("https://example.com:8080/a?b=%201")[[Host], [Port], [Query]]',
         '[Host = "example.com", Port = 8080, Query = [b = " 1"]]'),
        ('Uri.Parts("example.com")[Scheme]', '"http"'),
    ],
)  # fmt: skip
def uri_parts(text: str) -> Record:
    """Scheme, Host, Port, Path, Query (a record of its parameters), Fragment, UserName and Password of an address.

    An address without a scheme is taken for one of the web. A parameter that occurs more than once is a list.
    """
    absolute = text.strip()
    if not _SCHEME.match(absolute) or _HOST_AND_PORT.match(absolute):
        absolute = f"http://{absolute}"
    try:
        parts = urlsplit(absolute)
        port = parts.port
    except ValueError:
        raise _invalid(text, "absolute") from None
    if not parts.hostname and parts.scheme in _PORTS:
        raise _invalid(text, "absolute")
    return Record.of({
        "Scheme": parts.scheme,
        "Host": parts.hostname or "",
        "Port": _PORTS.get(parts.scheme, -1) if port is None else port,
        "Path": quote(parts.path, safe=_KEPT_IN_PATHS, errors="replace") or "/",
        "Query": _query(parts.query),
        "Fragment": f"#{parts.fragment}" if parts.fragment else "",
        "UserName": unquote(parts.username or ""),
        "Password": unquote(parts.password or ""),
    })  # fmt: skip


def _query(query: str) -> Record:
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        found.setdefault(name, []).append(value)
    return Record.of({name: values[0] if len(values) == 1 else List(values) for name, values in found.items()})


def _invalid(text: str, what: str) -> MError:
    return MError("Expression.Error", f"The {what} URI cannot be read as one.", text)
