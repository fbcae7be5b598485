"""Credentials as they are given and kept: the kind and the public fields in a row, the secret in the secret store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from headwater.access import Actor
from headwater.access.secrets import STORED, SecretStore
from headwater.errors import SecretError, UsageError
from headwater.secret import Secret
from headwater.workspaces.permissions import require_administrator

__all__ = ["CredentialDescription", "NewCredential", "SecretKeeper", "describe"]

_LONGEST_FIELD = 1_000


@dataclass(frozen=True, slots=True)
class NewCredential:
    """A credential that somebody gives: with its secret, or with a reference to where the secret is kept."""

    kind: str
    fields: Mapping[str, str] = field(default_factory=dict)
    secret: Secret | None = None
    reference: str | None = None

    @property
    def has_secret(self) -> bool:
        """Whether it comes with a secret, in whichever way."""
        return self.secret is not None or self.reference is not None

    def check(self) -> None:
        """Refuse what no kind of credential could be.

        Raises:
            UsageError: there is a secret and a reference, the secret is empty or no text, a field is no line of text,
                or the reference leads to a secret that was stored for something else.
        """
        if self.secret is not None and self.reference is not None:
            raise UsageError("A secret and a reference to one were given.", hint="Give one of them.")
        if self.secret is not None and not self.secret.reveal():
            raise UsageError("The secret is empty.", hint="Give it, or a kind of credential that has none.")
        if self.secret is not None and any("\ud800" <= letter <= "\udfff" for letter in self.secret.reveal()):
            raise UsageError("The secret is no text.", hint="Correct it: it holds half a character.")
        # Whoever knows its id could have somebody else's secret sent to an address of their own.
        if self.reference is not None and self.reference.startswith(STORED):
            raise UsageError(
                "A stored secret belongs to what it was stored for.",
                hint="Give the secret again, or a reference to a variable, a file or a vault.",
                code="usage.secret_reference",
            )
        if not all(name.isprintable() and len(text) <= _LONGEST_FIELD and text.isprintable()
                   for name, text in self.fields.items()):  # fmt: skip
            raise UsageError("A field of the credential is too long, or not one line.", hint="Correct it.")


@dataclass(frozen=True, slots=True)
class CredentialDescription:
    """What may be shown of a credential. ``reference``: where its secret is kept, unless Headwater stores it."""

    kind: str
    fields: Mapping[str, str]
    has_secret: bool
    reference: str | None
    changed_at: datetime


class SecretKeeper:
    """Keeps the secrets of credentials, each by the reference that the credential's row holds (None: no secret)."""

    def __init__(self, store: SecretStore | None) -> None:
        self._store = store

    def keep(self, connection: Connection, new: NewCredential, *, by: Actor, now: datetime) -> str | None:
        """The reference to the secret of a new credential.

        Raises:
            ForbiddenError: it is a reference, and ``by`` may not manage the server.
            SecretError: there is no store for it, or the reference leads where nothing was allowed.
            UsageError: the reference is none.
        """
        if new.secret is not None:
            return self._open().add(connection, new.secret, by=by, now=now)
        if new.reference is not None:
            # Else whoever may register an address could have everything that is allowed here sent to it.
            require_administrator(connection, by, "a reference to a secret that is kept elsewhere")
            self._open().check_reference(connection, new.reference)
        return new.reference

    def forget(self, connection: Connection, reference: str | None, *, by: Actor, now: datetime) -> None:
        """Remove a secret that is stored; what is kept elsewhere stays there."""
        if reference is not None and reference.startswith(STORED):
            self._open().remove(connection, reference, by=by, now=now)

    def read(
        self, connection: Connection, reference: str | None, *, by: Actor, purpose: str, now: datetime
    ) -> Secret | None:
        """The secret, to be used for ``purpose``; the use is recorded.

        Raises:
            SecretError, NotFoundError: it cannot be had; see ``SecretStore.resolve``.
        """
        if reference is None:
            return None
        return self._open().resolve(connection, reference, by=by, purpose=purpose, now=now)

    def _open(self) -> SecretStore:
        if self._store is None:
            raise SecretError("No secrets can be kept here.", hint="Start Headwater with a secret store.")
        return self._store


def describe(
    kind: str, fields: Mapping[str, str], reference: str | None, changed_at: datetime
) -> CredentialDescription:
    """What may be shown of a credential that is kept.

    >>> from datetime import UTC
    >>> describe("token", {}, "stored:1", datetime(2026, 1, 1, tzinfo=UTC)).reference is None
    True
    """
    elsewhere = None if reference is None or reference.startswith(STORED) else reference
    return CredentialDescription(kind, fields, reference is not None, elsewhere, changed_at)
