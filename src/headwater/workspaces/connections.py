"""Connections to M's data sources: where they lead, with which credential, how private they are, and who may use them.

M holds no secret. What runs it asks here, as the person it runs for, which connections there are and for the credential
of the one it needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from headwater.access import SYSTEM, Action, Actor, ScopeKind, add_scope, get_scope, grant, move_scope, remove_scope
from headwater.access.audit import record
from headwater.access.events import Event
from headwater.access.secrets import SecretStore
from headwater.errors import ConflictError, UsageError
from headwater.secret import Secret
from headwater.store import Database, exclusive, tables, utc_now
from headwater.workspaces.addresses import WEB_KINDS, Destination, connection_destination, networks
from headwater.workspaces.connection_rows import (
    ConnectionPage,
    Privacy,
    ResolvedConnection,
    StoredConnection,
    UsableConnection,
    connection_listing,
    connection_of,
    credential_row,
    find_connection,
    from_row,
    usable_connections,
)
from headwater.workspaces.permissions import require_administrator, writable_collection
from headwater.workspaces.stored_credentials import CredentialDescription, NewCredential, SecretKeeper, describe

__all__ = [
    "CONNECTION_CREDENTIALS",
    "ConnectionPage",
    "ConnectionService",
    "Privacy",
    "ResolvedConnection",
    "StoredConnection",
    "UsableConnection",
]

#: The kinds of credential that M's data sources take: their public fields, and whether a secret belongs to them.
CONNECTION_CREDENTIALS: Mapping[str, tuple[tuple[str, ...], bool]] = {
    "anonymous": ((), False),
    "username_password": (("username",), True),
    "key": ((), True),
    "oauth2": ((), True),
}
_ANONYMOUS = NewCredential("anonymous")
_MANAGER = "Connection manager"
_LONGEST_NAME = 255

_connections = tables.connections


class ConnectionService:
    """Keeps connections, and gives them to whoever may use them.

    Every method may raise:
        NotFoundError: there is no such connection or collection, or none that the actor may see.
        ForbiddenError: the actor may see it, and may not do this.
    """

    def __init__(self, database: Database, secrets: SecretStore | None = None) -> None:
        self._database = database
        self._secrets = SecretKeeper(secrets)

    def add(
        self,
        actor: Actor,
        name: str,
        kind: str,
        path: str,
        *,
        credential: str = _ANONYMOUS.kind,
        fields: Mapping[str, str] | None = None,
        secret: Secret | None = None,
        reference: str | None = None,
        privacy: Privacy = "None",
        collection: str = tables.ROOT_COLLECTION,
        private_networks: Sequence[str] = (),
    ) -> StoredConnection:
        """Keep a connection in a collection where the actor may ``connection.create``, and make them its manager.

        What does not lead to a public https address or to a database server with a public name (this machine's files,
        private networks, drivers that reach anything) needs ``server.manage`` at the server, and so does a reference to
        a secret.

        Raises:
            UsageError: the name, the path, the credential or another value is none.
            ConflictError: the name is taken.
            SecretError: the reference leads where nothing was allowed.
        """
        _check_name(name)
        _check_privacy(privacy)
        new = NewCredential(credential, dict(fields or {}), secret, reference)
        _check_credential(new)
        destination = connection_destination(kind, path)
        now = utc_now()
        with self._database.begin() as connection:
            exclusive(connection, "connections")
            # Before the scopes, which everybody locks after the roles.
            exclusive(connection, "roles")
            place = writable_collection(connection, actor, Action.CONNECTION_CREATE, collection)
            _check_destination(connection, actor, kind, destination, private_networks)
            _check_free(connection, name)
            scope = add_scope(connection, ScopeKind.CONNECTION, name, place.scope_id)
            values = {
                "name": name,
                "kind": kind,
                "path": destination.path,
                "privacy": privacy,
                "collection_id": place.id,
                "private_networks": list(private_networks),
                "created_at": now,
                "scope_id": scope.id,
                **self._kept(connection, new, by=actor, now=now),
            }
            connection.execute(insert(_connections).values(values))
            found = connection_of(connection, actor, name)
            _record(connection, Event.CONNECTION_ADDED, found, by=actor, now=now)
            _make_manager(connection, actor, scope.id, now)
            return found

    def list(self, actor: Actor, *, limit: int = 50, after: Sequence[Any] | None = None) -> ConnectionPage:
        """The connections that the actor may see (``connection.read``), by name, a page at a time."""
        with self._database.read() as connection:
            page = connection_listing(actor).page(connection, [_connections.c.name], limit=limit, after=after)
        return ConnectionPage([from_row(row) for row in page.rows], page.after)

    def count(self, actor: Actor) -> int:
        """How many connections the actor may see."""
        with self._database.read() as connection:
            return connection_listing(actor).count(connection)

    def get(self, actor: Actor, name: str) -> StoredConnection:
        """One connection, where the actor may ``connection.read``."""
        with self._database.read() as connection:
            return find_connection(connection, actor, name, Action.CONNECTION_READ)

    def change(
        self,
        actor: Actor,
        name: str,
        *,
        path: str | None = None,
        privacy: Privacy | None = None,
        collection: str | None = None,
        private_networks: Sequence[str] | None = None,
    ) -> StoredConnection:
        """Change what is given of a connection that the actor may ``connection.manage``.

        The credential is forgotten when the path comes to lead to another origin or server, and so are private
        networks unless they are given again. Moving it needs ``connection.create`` where it goes.

        Raises:
            UsageError: a value is none.
        """
        now = utc_now()
        with self._database.begin() as connection:
            exclusive(connection, "connections")
            before = find_connection(connection, actor, name, Action.CONNECTION_MANAGE)
            values: dict[str, Any] = {"privacy": privacy or before.privacy}
            _check_privacy(values["privacy"])
            if path is not None or private_networks is not None:
                values |= self._readdressed(connection, actor, before, path, private_networks, now=now)
            if collection is not None:
                values["collection_id"] = _moved(connection, actor, before, collection, now)
            connection.execute(update(_connections).where(_connections.c.id == before.id).values(values))
            after = connection_of(connection, actor, name)
            _record(connection, Event.CONNECTION_CHANGED, after, by=actor, now=now)
            return after

    def set_credential(
        self,
        actor: Actor,
        name: str,
        kind: str,
        fields: Mapping[str, str] | None = None,
        *,
        secret: Secret | None = None,
        reference: str | None = None,
    ) -> None:
        """Give a connection that the actor may ``connection.manage`` another credential.

        Args:
            actor: who asks.
            name: the connection's.
            kind: one of ``CONNECTION_CREDENTIALS``.
            fields: its public fields.
            secret: the secret, to be encrypted and stored.
            reference: where the secret is kept instead: ``env:NAME``, ``file:PATH``, ``plugin:NAME:…``. It needs
                ``server.manage``.

        Raises:
            UsageError: it is no credential of its kind.
            SecretError: the reference leads where nothing was allowed.
        """
        new = NewCredential(kind, dict(fields or {}), secret, reference)
        _check_credential(new)
        now = utc_now()
        with self._database.begin() as connection:
            exclusive(connection, "connections")
            found = find_connection(connection, actor, name, Action.CONNECTION_MANAGE)
            values = self._replaced(connection, found, new, by=actor, now=now)
            connection.execute(update(_connections).where(_connections.c.id == found.id).values(values))
            _record(connection, Event.CONNECTION_CHANGED, found, by=actor, now=now)

    def describe_credential(self, actor: Actor, name: str) -> CredentialDescription:
        """What may be shown of a connection's credential, which its secret is not, to who may ``connection.manage``."""
        with self._database.read() as connection:
            found = find_connection(connection, actor, name, Action.CONNECTION_MANAGE)
            row = credential_row(connection, found)
        return describe(row.credential_kind, row.credential_fields, row.secret_ref, row.credential_changed_at)

    def remove(self, actor: Actor, name: str) -> None:
        """Forget a connection that the actor may ``connection.manage``, with its secret and the roles given at it."""
        now = utc_now()
        with self._database.begin() as connection:
            exclusive(connection, "connections")
            found = find_connection(connection, actor, name, Action.CONNECTION_MANAGE)
            reference = credential_row(connection, found).secret_ref
            connection.execute(delete(_connections).where(_connections.c.id == found.id))
            self._secrets.forget(connection, reference, by=actor, now=now)
            remove_scope(connection, found.scope_id)
            _record(connection, Event.CONNECTION_REMOVED, found, by=actor, now=now)

    def usable(self, actor: Actor, *, near: int | None = None) -> Sequence[UsableConnection]:
        """The connections that the actor may use (``connection.use``) now, one for each kind and path.

        Where several lead to the same place, it is the one nearest to the scope ``near`` (a dataflow's), and of those
        the oldest.
        """
        with self._database.read() as connection:
            return usable_connections(connection, actor, near)

    def resolve(self, actor: Actor, connection_id: int, *, purpose: str) -> ResolvedConnection:
        """A connection with its credential, where the actor may ``connection.use`` now; the use is recorded.

        Raises:
            SecretError: the secret cannot be had.
        """
        now = utc_now()
        with self._database.begin() as connection:
            found = find_connection(connection, actor, connection_id, Action.CONNECTION_USE)
            kept = credential_row(connection, found)
            secret = self._secrets.read(connection, kept.secret_ref, by=actor, purpose=purpose, now=now)
            _record(connection, Event.CONNECTION_USED, found, by=actor, now=now)
        return ResolvedConnection(
            found.id,
            found.name,
            found.kind,
            found.path,
            found.privacy,
            found.private_networks,
            kept.credential_kind,
            kept.credential_fields,
            secret,
        )

    def _kept(self, connection: Connection, new: NewCredential, *, by: Actor, now: datetime) -> dict[str, Any]:
        """The columns of a new credential, its secret stored."""
        return {
            "credential_kind": new.kind,
            "credential_fields": dict(new.fields),
            "secret_ref": self._secrets.keep(connection, new, by=by, now=now),
            "credential_changed_at": now,
        }

    def _replaced(
        self, connection: Connection, found: StoredConnection, new: NewCredential, *, by: Actor, now: datetime
    ) -> dict[str, Any]:
        self._secrets.forget(connection, credential_row(connection, found).secret_ref, by=by, now=now)
        return self._kept(connection, new, by=by, now=now)

    def _readdressed(
        self,
        connection: Connection,
        actor: Actor,
        before: StoredConnection,
        path: str | None,
        private_networks: Sequence[str] | None,
        *,
        now: datetime,
    ) -> dict[str, Any]:
        """The columns of a connection that leads elsewhere: what was given for one origin holds for no other."""
        destination = connection_destination(before.kind, before.path if path is None else path)
        stays = destination.origin == connection_destination(before.kind, before.path).origin
        kept = before.private_networks if stays else ()
        allowed = list(kept if private_networks is None else private_networks)
        _check_destination(connection, actor, before.kind, destination, allowed)
        values = {"path": destination.path, "private_networks": allowed}
        return values if stays else values | self._replaced(connection, before, _ANONYMOUS, by=actor, now=now)


def _make_manager(connection: Connection, actor: Actor, scope_id: int, now: datetime) -> None:
    """Whoever makes a connection manages it; they need not be somebody who may assign roles."""
    if actor.user_id is None or actor.is_built_in_administrator:
        return
    grant(connection, SYSTEM, actor.user_id, _MANAGER, scope_id, now=now)
    target = f"scope:{scope_id}"
    record(
        connection, Event.ROLE_GRANTED, actor, now=now, target=target, scope_id=scope_id,
        principal_id=actor.user_id, role=_MANAGER,
    )  # fmt: skip


def _moved(connection: Connection, actor: Actor, found: StoredConnection, collection: str, now: datetime) -> int:
    """The id of the collection that a connection is now in."""
    place = writable_collection(connection, actor, Action.CONNECTION_CREATE, collection)
    if get_scope(connection, found.scope_id).parent_id == place.scope_id:
        return place.id
    moved = move_scope(connection, found.scope_id, place.scope_id)
    record(connection, Event.SCOPE_MOVED, actor, now=now, scope_id=moved.id, kind=moved.kind.value)
    return place.id


def _check_destination(
    connection: Connection, actor: Actor, kind: str, destination: Destination, private_networks: Sequence[str]
) -> None:
    networks(private_networks)
    if private_networks and kind not in WEB_KINDS:
        raise UsageError("Only connections to the web name private networks.", hint="Leave them out.")
    if not destination.public or private_networks:
        what = "a connection to what is not a public https address or a database server with a public name"
        require_administrator(connection, actor, what)


def _check_credential(new: NewCredential) -> None:
    new.check()
    known = CONNECTION_CREDENTIALS.get(new.kind)
    if known is None:
        raise UsageError(
            "There is no such kind of credential.", hint=f"The kinds are: {', '.join(CONNECTION_CREDENTIALS)}."
        )
    fields, has_secret = known
    if set(new.fields) != set(fields) or not all(new.fields.values()) or new.has_secret != has_secret:
        wanted = ", ".join([*fields, *(["a secret"] if has_secret else [])]) or "nothing else"
        raise UsageError(f"A credential of kind {new.kind} has other fields.", hint=f"Give {wanted}.")


def _check_name(name: str) -> None:
    # It is a part of addresses, where '/' divides and dots lead upwards.
    unfit = "/" in name or name in {".", ".."} or name != name.strip()
    if unfit or not 1 <= len(name) <= _LONGEST_NAME or not name.isprintable():
        raise UsageError(
            f"A connection's name has 1 to {_LONGEST_NAME} characters in one line, and no '/'.",
            hint="Choose another name.",
        )


def _check_privacy(level: str) -> None:
    if level not in tables.PRIVACY_LEVELS:
        raise UsageError("This is no privacy level.", hint=f"The levels are: {', '.join(tables.PRIVACY_LEVELS)}.")


def _check_free(connection: Connection, name: str) -> None:
    if connection.scalar(select(_connections.c.id).where(_connections.c.name == name)) is not None:
        raise ConflictError(f"The name '{name}' is taken by a connection.", hint="Choose another name.")


def _record(connection: Connection, event: Event, found: StoredConnection, *, by: Actor, now: datetime) -> None:
    origin = connection_destination(found.kind, found.path).origin
    target = f"connection:{found.name}"
    record(connection, event, by, now=now, target=target, scope_id=found.scope_id, kind=found.kind, origin=origin)
