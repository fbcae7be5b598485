"""What a connection is: a data source of Power Query's kind and path, its credential and its privacy level."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from headwater.secret import Secret


@dataclass(frozen=True, slots=True)
class Anonymous:
    """No credential."""


@dataclass(frozen=True, slots=True)
class UsernamePassword:
    """A name and a password, e.g. of a database account or of HTTP's Basic authentication."""

    username: str
    password: Secret


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a web service; M says by ``ApiKeyName`` which query parameter carries it."""

    key: Secret


@dataclass(frozen=True, slots=True)
class OAuth2:
    """An access token, sent as HTTP's Bearer authentication."""

    token: Secret


Credential = Anonymous | UsernamePassword | Key | OAuth2


class Privacy(StrEnum):
    """To whom a source's data may go; ``NONE`` is a source that nobody has given a level."""

    NONE = "None"
    PUBLIC = "Public"
    ORGANIZATIONAL = "Organizational"
    PRIVATE = "Private"


@dataclass(frozen=True, slots=True)
class Connection:
    """A data source that an evaluation may use.

    ``kind`` and ``path`` are Power Query's: ``Web`` with an address, ``PostgreSQL`` with ``server;database``, ``File``
    and ``Folder`` with a path. A connection's path may stand for everything below it.

    >>> Connection("PostgreSQL", "localhost;sales", UsernamePassword("ann", Secret("hunter2"))).label
    'PostgreSQL localhost;sales'
    """

    kind: str
    path: str
    credential: Credential = field(default_factory=Anonymous)
    privacy: Privacy = Privacy.NONE

    @property
    def label(self) -> str:
        """How people are told which one is meant."""
        return f"{self.kind} {self.path}".rstrip()
