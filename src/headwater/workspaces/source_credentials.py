"""Who Headwater is to a source: the credential that it keeps for the source, and the ones that people linked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select

from headwater.access import Actor
from headwater.access.audit import record
from headwater.access.events import Event
from headwater.access.secrets import SecretStore
from headwater.errors import NotFoundError, UsageError
from headwater.secret import Secret
from headwater.store import tables
from headwater.workspaces.addresses import networks, origin_of
from headwater.workspaces.base import Credential
from headwater.workspaces.credentials import CredentialKind, check_credential, make_credential
from headwater.workspaces.registry import credential_kinds
from headwater.workspaces.source_rows import Source
from headwater.workspaces.stored_credentials import CredentialDescription, NewCredential, SecretKeeper, describe

__all__ = ["HeldCredential", "SourceCredentials", "check_new", "make_held", "person_of"]

_credentials = tables.source_credentials

#: Kind, public fields and secret: what ``make_credential`` makes a credential of.
HeldCredential = tuple[str, dict[str, str], Secret | None]


def check_new(source: Source, new: NewCredential) -> CredentialKind:
    """The kind of a credential that is about to be kept for a source.

    Raises:
        UsageError: such a source takes none of its kind, or its fields or secret are not those of its kind.
    """
    new.check()
    kind = check_credential(new.kind, new.fields, has_secret=new.has_secret)
    taken = credential_kinds(source.kind)
    if new.kind not in taken:
        raise UsageError(
            f"A source of kind {source.kind} takes no credential of kind {new.kind}.",
            hint=f"It takes: {', '.join(sorted(taken))}.",
        )
    return kind


def make_held(source: Source, held: HeldCredential) -> Credential:
    """The credential of what was kept for a source."""
    kind, fields, secret = held
    revealed = None if secret is None else secret.reveal()
    return make_credential(kind, fields, revealed, private_networks=networks(source.private_networks))


def person_of(actor: Actor) -> str:
    """The id of the person who asks; UsageError where it is no person."""
    if actor.user_id is None:
        raise UsageError("Only a person has a credential of their own.", hint="Sign in, or set the service credential.")
    return actor.user_id


class SourceCredentials:
    """The credentials of sources. ``user_id`` says whose: a person's own, or (None) the service credential.

    A credential is bound to the origin that its source had when it was given, and is sent to no other.
    """

    def __init__(self, secrets: SecretStore | None) -> None:
        self._secrets = SecretKeeper(secrets)

    def put(
        self,
        connection: Connection,
        source: Source,
        user_id: str | None,
        new: NewCredential,
        *,
        by: Actor,
        now: datetime,
    ) -> None:
        """Keep a credential, in place of the one before."""
        self._drop(connection, self._rows(connection, source, _owned_by(user_id)), by=by, now=now)
        reference = self._secrets.keep(connection, new, by=by, now=now)
        connection.execute(
            insert(_credentials).values(
                source_id=source.id,
                user_id=user_id,
                origin=_origin(source),
                kind=new.kind,
                fields=dict(new.fields),
                secret_ref=reference,
                changed_at=now,
            )
        )
        _record(connection, Event.CREDENTIAL_SET, source, new.kind, user_id, by=by, now=now)

    def remove(self, connection: Connection, source: Source, user_id: str | None, *, by: Actor, now: datetime) -> None:
        """Forget a credential.

        Raises:
            NotFoundError: there is none.
        """
        rows = self._rows(connection, source, _owned_by(user_id))
        if not rows:
            raise NotFoundError(f"There is no such credential for '{source.name}'.", hint="There is nothing to remove.")
        self._forget(connection, source, rows, by=by, now=now)

    def remove_all(self, connection: Connection, source: Source, *, by: Actor, now: datetime) -> None:
        """Forget every credential of a source, people's own among them."""
        self._forget(connection, source, self._rows(connection, source), by=by, now=now)

    def description(self, connection: Connection, source: Source, user_id: str | None) -> CredentialDescription | None:
        """What may be shown of a credential; None where there is none."""
        for row in self._rows(connection, source, _owned_by(user_id)):
            return describe(row.kind, row.fields, row.secret_ref, row.changed_at)
        return None

    def use(
        self, connection: Connection, source: Source, user_id: str | None, *, by: Actor, purpose: str, now: datetime
    ) -> HeldCredential | None:
        """A credential for ``source.url``, to be used for ``purpose``; the use is recorded. None: there is none.

        Raises:
            SecretError, NotFoundError: its secret cannot be had.
        """
        # Also where the source was changed since ``source`` was read: what is kept for one origin goes to no other.
        for row in self._rows(connection, source, _owned_by(user_id), _credentials.c.origin == _origin(source)):
            secret = self._secrets.read(connection, row.secret_ref, by=by, purpose=purpose, now=now)
            _record(connection, Event.CREDENTIAL_USED, source, row.kind, user_id, by=by, now=now, purpose=purpose)
            return row.kind, row.fields, secret
        return None

    def _rows(self, connection: Connection, source: Source, *conditions: ColumnElement[bool]) -> Sequence[Row[Any]]:
        here = _credentials.c.source_id == source.id
        return connection.execute(select(_credentials).where(here, *conditions).order_by(_credentials.c.id)).all()

    def _forget(
        self, connection: Connection, source: Source, rows: Sequence[Row[Any]], *, by: Actor, now: datetime
    ) -> None:
        self._drop(connection, rows, by=by, now=now)
        for row in rows:
            _record(connection, Event.CREDENTIAL_REMOVED, source, row.kind, row.user_id, by=by, now=now)

    def _drop(self, connection: Connection, rows: Sequence[Row[Any]], *, by: Actor, now: datetime) -> None:
        for row in rows:
            connection.execute(delete(_credentials).where(_credentials.c.id == row.id))
            self._secrets.forget(connection, row.secret_ref, by=by, now=now)


def _owned_by(user_id: str | None) -> ColumnElement[bool]:
    column = _credentials.c.user_id
    return column.is_(None) if user_id is None else column == user_id


def _origin(source: Source) -> str:
    return origin_of(source.url)


def _record(
    connection: Connection,
    event: Event,
    source: Source,
    kind: str,
    user_id: str | None,
    *,
    by: Actor,
    now: datetime,
    **details: str | bool,
) -> None:
    target = f"source:{source.name}"
    record(
        connection, event, by, now=now, target=target, scope_id=source.scope_id, result="succeeded",
        credential=kind, personal=user_id is not None, **details,
    )  # fmt: skip
