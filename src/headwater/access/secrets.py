"""Secrets at rest: encrypted in the metadata database, or kept elsewhere and only referred to.

What refers to a secret is a text: ``stored:ID`` for one kept here, ``env:NAME``, ``file:PATH`` or ``plugin:NAME:…`` for
one kept elsewhere (see ``vaults``). Nothing reads a secret back to show it: a ``Secret`` is handed to what uses it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import uuid4

from sqlalchemy import Connection, delete, exists, func, insert, select, update

from headwater.access.actors import Actor
from headwater.access.audit import record
from headwater.access.events import Event
from headwater.access.keys import Keyring
from headwater.access.vaults import Vaults
from headwater.errors import NotFoundError, SecretError
from headwater.secret import Secret
from headwater.store import exclusive, tables

__all__ = ["STORED", "SecretStore", "has_secrets"]

STORED = "stored:"

_secrets = tables.secrets


def has_secrets(connection: Connection) -> bool:
    """Whether any secret is stored: then a key that is missing is lost, and none may be made in its place."""
    return bool(connection.scalar(select(exists().where(_secrets.c.id.is_not(None)))))


class SecretStore:
    """Stores secrets under the keys of ``keyring``, and finds those that ``vaults`` keep."""

    def __init__(self, keyring: Keyring, vaults: Vaults) -> None:
        self._keyring = keyring
        self._vaults = vaults

    def check_keys(self, connection: Connection) -> None:
        """Refuse to start with keys that cannot read what is stored.

        Raises:
            SecretError: a stored secret is encrypted with a key that is not at hand (``secret.key``).
        """
        used = connection.execute(select(_secrets.c.key_id).distinct()).scalars()
        missing = sorted(set(used) - set(self._keyring.key_ids))
        if missing:
            raise _lost_key(missing[0])

    def add(self, connection: Connection, secret: Secret, *, by: Actor, now: datetime) -> str:
        """Store a secret; the reference to it."""
        secret_id = str(uuid4())
        values = {"id": secret_id, **self._encrypted(secret_id, secret, now), "created_at": now}
        connection.execute(insert(_secrets).values(values))
        record(connection, Event.SECRET_STORED, by, now=now, target=f"secret:{secret_id}")
        return STORED + secret_id

    def replace(self, connection: Connection, reference: str, secret: Secret, *, by: Actor, now: datetime) -> None:
        """Store another secret in place of one that is stored; its reference stays.

        Raises:
            NotFoundError: nothing is stored under ``reference``.
        """
        secret_id = reference.removeprefix(STORED)
        changed = update(_secrets).where(_secrets.c.id == secret_id).values(self._encrypted(secret_id, secret, now))
        if not connection.execute(changed).rowcount:
            raise _not_stored()
        record(connection, Event.SECRET_STORED, by, now=now, target=f"secret:{secret_id}")

    def remove(self, connection: Connection, reference: str, *, by: Actor, now: datetime) -> None:
        """Forget a secret that is stored.

        Raises:
            NotFoundError: nothing is stored under ``reference``.
        """
        secret_id = reference.removeprefix(STORED)
        if not connection.execute(delete(_secrets).where(_secrets.c.id == secret_id)).rowcount:
            raise _not_stored()
        record(connection, Event.SECRET_REMOVED, by, now=now, target=f"secret:{secret_id}")

    def check_reference(self, connection: Connection, reference: str) -> None:
        """Refuse a reference that cannot lead to a secret, when it is saved and not when it is used.

        Raises:
            NotFoundError: nothing is stored under it.
            UsageError, SecretError: see ``Vaults.check``.
        """
        if not reference.startswith(STORED):
            self._vaults.check(reference)
        elif connection.scalar(select(_secrets.c.id).where(_secrets.c.id == reference.removeprefix(STORED))) is None:
            raise _not_stored()

    def resolve(self, connection: Connection, reference: str, *, by: Actor, purpose: str, now: datetime) -> Secret:
        """The secret that ``reference`` leads to now, to be used for ``purpose``; the use is recorded.

        Raises:
            NotFoundError: nothing is stored under it.
            SecretError: its key is lost, it was tampered with, or the vault did not give it.
            UsageError: the text is no reference.
        """
        found = self._stored(connection, reference) if reference.startswith(STORED) else self._vaults.get(reference)
        target = "secret:" + reference.removeprefix(STORED)
        record(connection, Event.SECRET_USED, by, now=now, target=target, purpose=purpose)
        return found

    def rotate(self, connection: Connection, *, by: Actor, now: datetime) -> int:
        """Encrypt everything with the newest key, so that older ones can be thrown away; how many there were.

        Raises:
            SecretError: one cannot be read, and so none is changed once the transaction is rolled back.
        """
        exclusive(connection, "secrets")
        newest = self._keyring.key_ids[0]
        count = 0
        for secret_id in list(self._under_other_keys(connection, newest)):
            values = self._encrypted(secret_id, self._stored(connection, STORED + secret_id), now)
            connection.execute(update(_secrets).where(_secrets.c.id == secret_id).values(values))
            count += 1
        record(connection, Event.SECRETS_ROTATED, by, now=now, count=count, key_id=newest)
        return count

    def key_use(self, connection: Connection) -> dict[str, int]:
        """How many stored secrets each key at hand is used for, the newest key first; keys by their ids."""
        counted = select(_secrets.c.key_id, func.count()).group_by(_secrets.c.key_id)
        used = {row[0]: row[1] for row in connection.execute(counted)}
        return {key_id: used.get(key_id, 0) for key_id in self._keyring.key_ids}

    def _under_other_keys(self, connection: Connection, newest: str) -> Iterator[str]:
        query = select(_secrets.c.id).where(_secrets.c.key_id != newest).order_by(_secrets.c.id)
        return iter(connection.execute(query).scalars().all())

    def _encrypted(self, secret_id: str, secret: Secret, now: datetime) -> dict[str, object]:
        # The id goes in with the value: a ciphertext that was moved to another row does not open there.
        ciphertext = self._keyring.encrypt(f"{secret_id}{secret.reveal()}", now=now)
        return {"ciphertext": ciphertext, "key_id": self._keyring.key_ids[0], "updated_at": now}

    def _stored(self, connection: Connection, reference: str) -> Secret:
        secret_id = reference.removeprefix(STORED)
        row = connection.execute(select(_secrets).where(_secrets.c.id == secret_id)).one_or_none()
        if row is None:
            raise _not_stored()
        if row.key_id not in self._keyring.key_ids:
            raise _lost_key(row.key_id)
        text = self._keyring.decrypt(row.ciphertext)
        if text is None or not text.startswith(secret_id):
            raise SecretError(
                "A stored secret is damaged, or was put in another's place.",
                code="secret.damaged",
                hint="Store it again: it cannot be recovered.",
            )
        return Secret(text.removeprefix(secret_id))


def _not_stored() -> NotFoundError:
    return NotFoundError("There is no such secret.", hint="It may have been removed: store it again.")


def _lost_key(key_id: str) -> SecretError:
    return SecretError(
        f"Stored secrets are encrypted with the key {key_id}, which is not among the keys given.",
        code="secret.key",
        hint="Put that key back: into HEADWATER_SECRET_KEY (several are separated by commas, the newest first), or "
        "into the key file. If it is lost, remove the secrets it protects and store them again.",
    )
