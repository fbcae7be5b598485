"""Where a PostgreSQL database is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from headwater.errors import UsageError
from headwater.workspaces.addresses import Destination

__all__ = ["PostgreSQLConfiguration"]

_PORT = 5432
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:]+")
#: Drivers read other texts as options, by which a name could lead to another server.
_DATABASE = re.compile(r"[\w .$#@-]{1,63}")


@dataclass(frozen=True, slots=True)
class PostgreSQLConfiguration:
    """A database's address: ``postgresql://host[:port]/database``."""

    host: str
    port: int
    database: str

    @classmethod
    def from_url(cls, url: str) -> PostgreSQLConfiguration:
        """Take an address apart.

        Raises:
            UsageError: it is none, or holds a user name, a password or options.

        >>> PostgreSQLConfiguration.from_url("postgres://DB.example.com/shop").url
        'postgresql://db.example.com:5432/shop'
        """
        hint = "Give it as postgresql://host:port/database."
        try:
            parts = urlsplit(url.strip())
            host, port = parts.hostname or "", parts.port or _PORT
        except ValueError as error:
            raise UsageError("The address cannot be read as a URL.", code="usage.address", hint=hint) from error
        if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
            raise UsageError(
                "The address carries a user name, a password or options.",
                code="usage.address",
                hint="Give the address alone; a credential is stored separately.",
            )
        database = unquote(parts.path.removeprefix("/"))
        named = _HOST.fullmatch(host) and _DATABASE.fullmatch(database)
        if parts.scheme not in {"postgres", "postgresql"} or not named:
            raise UsageError("The address is not a PostgreSQL database's.", code="usage.address", hint=hint)
        return cls(host, port, database)

    @property
    def server(self) -> str:
        """Host and port, as drivers and names write them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The address in its one spelling."""
        return f"postgresql://{self.server}/{quote(self.database)}"

    @property
    def qualified_name(self) -> str:
        """What the names of all it holds start with; schemas and tables follow after dots."""
        return f"postgres://{self.server}/{self.database}"

    @property
    def destination(self) -> Destination:
        """Where it leads: an administrator's to name, for nothing checks to which address a driver's name led."""
        return Destination(self.url, f"postgresql://{self.server}", public=False)
