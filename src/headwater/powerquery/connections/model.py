"""What a connection is: a data source of Power Query's kind and path, its credential and its privacy level."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Secret:
    """A text that is shown to nobody: neither ``str`` nor ``repr`` nor an error has it, only :meth:`reveal`.

    >>> secret = Secret("hunter2")
    >>> print(secret, [secret])
    *** [Secret(***)]
    >>> secret.reveal()
    'hunter2'
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for the driver or request that needs it and for nothing else."""
        return self._text

    def __str__(self) -> str:
        return "***"

    def __repr__(self) -> str:
        return "Secret(***)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> str:
        raise TypeError("A secret cannot be pickled or copied into a file.")


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
