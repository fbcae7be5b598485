"""Where a scoring service is, and where its description may be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from headwater.errors import UsageError
from headwater.net import parse_origin, redact

__all__ = ["OpenAPIConfiguration"]

#: What a description is called. Azure's server has one in version 2 at its plain address, and says "not found" for
#: models that this version cannot describe.
_NAMES = ("swagger.json", "swagger.json?version=3", "openapi.json")
_SUFFIXES = frozenset({".json", ".yaml", ".yml"})


@dataclass(frozen=True, slots=True)
class OpenAPIConfiguration:
    """A scoring service's address, or its description's.

    Attributes:
        origin: ``scheme://host[:port]``.
        path: the rest of the address as it was given.
        query: its query, with the question mark; "" where it has none.
        fragment: the one operation that is meant, by its path or its id; "" for all of them.
        qualified_name: what the names of all it holds start with.
    """

    origin: str
    path: str
    query: str
    fragment: str
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
        fragment = unquote(parts.fragment)
        if any(redact(text) != text for text in (query, f"?{fragment}")):
            raise UsageError(
                "The address carries a key.",
                place=str(origin),
                hint="Give the address alone, and store the key as the service's credential.",
            )
        return cls(str(origin), parts.path, query, fragment, f"openapi://{origin.netloc}{parts.path.rstrip('/')}")

    @property
    def url(self) -> str:
        """The address without its query: for people, and for messages."""
        return self.origin + self.path

    @property
    def is_description(self) -> bool:
        """Whether the address is called like a description, and not like a service."""
        return PurePosixPath(self.path or "/").suffix.lower() in _SUFFIXES

    def candidates(self) -> list[str]:
        """The paths at which the description may be, likely ones first.

        The address itself comes first only where it is called like a description: a service's own address, asked
        without need, could start the model.

        >>> OpenAPIConfiguration.from_url("https://score.example.com/score").candidates()
        ['/score/swagger.json', '/score/swagger.json?version=3', '/score/openapi.json',
         '/swagger.json', '/swagger.json?version=3', '/openapi.json', '/score']
        """
        address = PurePosixPath(self.path or "/")
        folders = [address.parent] if self.is_description else [address, address.parent]
        guesses = [str(folder / name) for folder in (*folders, PurePosixPath("/")) for name in _NAMES]
        given = (self.path or "/") + self.query
        return list(dict.fromkeys([given, *guesses] if self.is_description else [*guesses, given]))
