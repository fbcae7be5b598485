"""The keys that stored secrets are encrypted with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from headwater.access import Action, Actor
from headwater.access.secrets import SecretStore
from headwater.app.administration.authority import require_at_server
from headwater.store import Database, utc_now

__all__ = ["KeyUse", "Secrets"]


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A key, by the beginning of its digest, and how many stored secrets it opens."""

    key_id: str
    newest: bool
    secrets: int


class Secrets:
    """Encrypts stored secrets anew, for who may manage the server.

    Args:
        database: the metadata database.
        store: gives the installation's store of secrets; asked when it is needed, for opening it needs the keys.
    """

    def __init__(self, database: Database, store: Callable[[], SecretStore]) -> None:
        self._database = database
        self._store = store

    def keys(self, actor: Actor) -> tuple[KeyUse, ...]:
        """The keys at hand, the newest first, with how many secrets each is used for: an unused one can be removed.

        Raises:
            ForbiddenError: the actor may not manage the server.
            SecretError: a key is missing or none.
        """
        with self._database.read() as connection:
            require_at_server(connection, actor, Action.SERVER_MANAGE)
        store = self._store()
        with self._database.read() as connection:
            used = store.key_use(connection)
        return tuple(KeyUse(key, index == 0, count) for index, (key, count) in enumerate(used.items()))

    def rotate(self, actor: Actor) -> int:
        """Encrypt every stored secret with the newest key; how many were under another.

        Raises:
            ForbiddenError: the actor may not manage the server.
            SecretError: one cannot be read; then none is changed.
        """
        with self._database.read() as connection:
            require_at_server(connection, actor, Action.SERVER_MANAGE)
        store = self._store()
        with self._database.begin() as connection:
            require_at_server(connection, actor, Action.SERVER_MANAGE)
            return store.rotate(connection, by=actor, now=utc_now())
