"""Where an operation of a description is called. Nothing here calls anybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from headwater.errors import UsageError, WorkspaceError
from headwater.net import parse_origin, redact
from headwater.workspaces.base import EndpointKind
from headwater.workspaces.openapi.configuration import OpenAPIConfiguration
from headwater.workspaces.openapi.operations import Operation

__all__ = ["CORRECT_ADDRESS", "scoring_url"]

#: Without these a classic service answers in another form, or not at all.
_CLASSIC_QUERY = "?api-version=2.0&details=true"
#: What to do about an address in a description that cannot be called.
CORRECT_ADDRESS = "Correct the description, or register the address that scores instead of the description's."


def scoring_url(
    content: Mapping[str, Any],
    operation: Operation,
    kind: EndpointKind,
    registered: OpenAPIConfiguration,
    found_at: str,
) -> str:
    """The address of an operation, within the origin that was registered.

    An address that was registered as the service's own counts before what the description says: behind a gateway, a
    description rarely knows where it is.

    Args:
        content: the description.
        operation: one of its operations.
        kind: how it wants its rows.
        registered: the address that was registered.
        found_at: the address at which the description was found, which relative ones are seen from.

    Raises:
        WorkspaceError: the description names another server, or an address that cannot be called.
    """
    if "{" in operation.path:
        raise _unusable(
            registered, "The operation's path has parameters.", "Register a description of one operation for all rows."
        )
    own = registered.path.rstrip("/")
    if own.endswith(operation.path.partition("?")[0].rstrip("/") or "/"):
        url = registered.origin + own + registered.query
    else:
        url = _base(content, operation, registered, found_at).rstrip("/") + operation.path
    if kind == "azureml_classic" and not urlsplit(url).query:
        url += _CLASSIC_QUERY
    if _origin(url) != registered.origin or redact(url) != url:
        raise _unusable(
            registered, "The description gives the operation an address that cannot be called.", CORRECT_ADDRESS
        )
    return url


def _base(content: Mapping[str, Any], operation: Operation, registered: OpenAPIConfiguration, found_at: str) -> str:
    """The address that paths are below, the first of those named that is within the registered origin."""
    named = _named(content, operation)
    found = [base for base in (_within(url, registered, found_at) for url in named) if base is not None]
    if found:
        return found[0]
    elsewhere = next((origin for origin in map(_origin, named) if origin), "an address that is none")
    raise _unusable(
        registered,
        f"The description says that the service is at another server: {elsewhere}.",
        "Register that address as a source of its own, or the address that scores instead of the description's.",
    )


def _named(content: Mapping[str, Any], operation: Operation) -> list[str]:
    """The addresses of servers as a description names them, relative ones too."""
    if "swagger" not in content:
        return list(operation.servers) or ["/"]
    host, path = content.get("host"), content.get("basePath")
    base = "/" + (path.strip("/") if isinstance(path, str) else "")
    if not isinstance(host, str) or not host.strip():
        return [base]
    schemes = content.get("schemes")
    names = [name for name in schemes if name in {"http", "https"}] if isinstance(schemes, list) else []
    return [f"{name}://{host.strip()}{base}" for name in names or ["https"]]


def _within(url: str, registered: OpenAPIConfiguration, found_at: str) -> str | None:
    """A server's address, if it is the registered one; its scheme is then the registered one, too.

    Behind what ends TLS a service takes its own address for plain http.
    """
    full = _joined(found_at, url)
    scheme, colon, rest = full.partition(":")
    full = registered.origin.partition(":")[0] + colon + rest if scheme in {"http", "https"} else full
    return full.partition("?")[0] if _origin(full) == registered.origin else None


def _joined(base: str, url: str) -> str:
    try:
        return urljoin(base, url)
    except ValueError:
        return ""


def _origin(url: str) -> str:
    try:
        return str(parse_origin(url))
    except UsageError:
        return ""


def _unusable(registered: OpenAPIConfiguration, message: str, hint: str) -> WorkspaceError:
    return WorkspaceError(message, place=registered.url, hint=hint)
