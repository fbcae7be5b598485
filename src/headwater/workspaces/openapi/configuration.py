"""Where a scoring service is, and where its description may be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from headwater.errors import UsageError
from headwater.net import parse_origin, redact

__all__ = ["OpenAPIConfiguration", "token_resource"]

#: What a description is called. Azure's server has one in version 2 at its plain address, and says "not found" for
#: models that this version cannot describe.
_NAMES = ("swagger.json", "swagger.json?version=3", "openapi.json")
_SUFFIXES = frozenset({".json", ".yaml", ".yml"})
#: The hosts of Azure ML's managed online endpoints, and what tokens for them are issued to.
_ONLINE_ENDPOINTS = {
    ".inference.ml.azure.com": "https://ml.azure.com",
    ".inference.ml.azure.us": "https://ml.azure.us",
    ".inference.ml.azure.cn": "https://ml.azure.cn",
}


@dataclass(frozen=True, slots=True)
class OpenAPIConfiguration:
    """A scoring service's address, or its description's.

    Attributes:
        origin: ``scheme://host[:port]``.
        path: the rest of the address as it was given.
        query: its query, with the question mark; "" where it has none.
        qualified_name: what the names of all it holds start with.
    """

    origin: str
    path: str
    query: str
    qualified_name: str

    @classmethod
    def from_url(cls, url: str) -> OpenAPIConfiguration:
        """Take an address apart.

        Raises:
            UsageError: not an http(s) address, or one with a user name, a password or a key in it.

        >>> OpenAPIConfiguration.from_url("https://score.example.com/fraud/swagger.json?version=3").qualified_name
        'openapi://score.example.com:443/fraud/swagger.json'
        """
        origin = parse_origin(url)
        parts = urlsplit(url.strip())
        query = f"?{parts.query}" if parts.query else ""
        if redact(query) != query:
            raise UsageError(
                "The address carries a key.",
                place=str(origin),
                hint="Give the address alone, and store the key as the service's credential.",
            )
        return cls(str(origin), parts.path, query, f"openapi://{origin.netloc}{parts.path.rstrip('/')}")

    @property
    def url(self) -> str:
        """The address without its query: for people, and for messages."""
        return self.origin + self.path

    def candidates(self) -> list[str]:
        """The paths at which the description may be, likely ones first.

        The address itself comes first only where it is called like a description: a service's own address, asked
        without need, could start the model.

        >>> OpenAPIConfiguration.from_url("https://score.example.com/score").candidates()
        ['/score/swagger.json', '/score/swagger.json?version=3', '/score/openapi.json',
         '/swagger.json', '/swagger.json?version=3', '/openapi.json', '/score']
        """
        address = PurePosixPath(self.path or "/")
        is_named = address.suffix.lower() in _SUFFIXES
        folders = [address.parent] if is_named else [address, address.parent]
        guesses = [str(folder / name) for folder in (*folders, PurePosixPath("/")) for name in _NAMES]
        given = (self.path or "/") + self.query
        return list(dict.fromkeys([given, *guesses] if is_named else [*guesses, given]))


def token_resource(origin: str) -> str | None:
    """What a token of Microsoft Entra ID has to be issued to for a service there; None where none is taken.

    >>> token_resource("https://fraud.westeurope.inference.ml.azure.com")
    'https://ml.azure.com'
    >>> token_resource("https://fraud.example.com") is None
    True
    """
    host = parse_origin(origin).host
    return next((resource for suffix, resource in _ONLINE_ENDPOINTS.items() if host.endswith(suffix)), None)
