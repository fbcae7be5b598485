"""The address that people reach a server by, which only who set it up can know."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from headwater.errors import ServeError, UsageError
from headwater.net.origins import Origin, parse_origin

#: The first segments of this server's own addresses and of the app's pages. Where a proxy may or may not have taken
#: the base path off, a base path that begins like one of them would leave two readings of one address.
OWN_SEGMENTS: Final = frozenset(
    {
        "account",
        "api",
        "assets",
        "catalog",
        "collections",
        "datamap",
        "docs",
        "healthz",
        "lineage",
        "odata",
        "openapi.json",
        "policyStore",
        "policystore",
        "readyz",
        "redoc",
        "s",
        "scan",
        "sign-in",
        "tables",
    }
)

_BASE_PATH: Final = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*")


@dataclass(frozen=True, slots=True)
class PublicUrl:
    """Scheme, name and port, and the path that all addresses begin with: "" or like "/headwater"."""

    origin: Origin
    base_path: str = ""

    def __str__(self) -> str:
        return f"{self.origin}{self.base_path}"

    @property
    def name(self) -> str:
        """The name as a Host header has it, without the port; an IPv6 address in its brackets."""
        return f"[{self.origin.host}]" if ":" in self.origin.host else self.origin.host

    @classmethod
    def parse(cls, text: str) -> PublicUrl:
        """Read a public URL.

        Raises:
            ServeError: it is none, or says more than where the server is (``serve.public_url``).

        >>> url = PublicUrl.parse("https://Data.Example.org:443/headwater/")
        >>> str(url), url.base_path
        ('https://data.example.org/headwater', '/headwater')
        """
        try:
            origin = parse_origin(text)
        except UsageError as error:
            raise refused(error.message) from error
        parts = urlsplit(text.strip())
        if parts.query or parts.fragment:
            raise refused("The public URL has a query or a fragment.")
        if not origin.host.isascii():
            raise refused("The public URL's name has other letters than ASCII: write its 'xn--' form.")
        return cls(origin, _base_path(parts.path))


def refused(message: str) -> ServeError:
    """What is wrong with a public URL. The text itself is not shown: somebody may have put a password into it."""
    return ServeError(
        message,
        place="--public-url",
        hint="Give it like https://data.example.org or https://data.example.org/headwater.",
        code="serve.public_url",
    )


def _base_path(path: str) -> str:
    base = path.rstrip("/")
    if not _BASE_PATH.fullmatch(base):
        raise refused("The public URL's path is not made of plain segments (letters, digits, '-', '_', '.', '~').")
    first_segment = base.removeprefix("/").partition("/")[0]
    if first_segment in OWN_SEGMENTS:
        raise refused(f"The public URL's path begins with '{first_segment}', as addresses of Headwater's own do.")
    return base
