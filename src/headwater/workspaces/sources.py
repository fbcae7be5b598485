"""The registered sources: which workspaces there are, where they lie, and with whose credential they are called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import Connection, delete, insert, update

from headwater.access import Action, Actor
from headwater.access.events import Event
from headwater.access.secrets import SecretStore
from headwater.errors import UsageError
from headwater.secret import Secret
from headwater.store import Database, exclusive, tables, utc_now
from headwater.workspaces.addresses import networks, origin_of
from headwater.workspaces.base import Connector, Credential, DataSource, WorkspaceInfo
from headwater.workspaces.permissions import require_administrator, writable_collection
from headwater.workspaces.registry import load_connector, load_data_source, load_source
from headwater.workspaces.source_checks import (
    callable_address,
    check_destination,
    check_free,
    check_mode,
    check_name,
    readdressed,
)
from headwater.workspaces.source_credentials import (
    HeldCredential,
    SourceCredentials,
    check_new,
    make_held,
    person_of,
)
from headwater.workspaces.source_rows import (
    CredentialMode,
    Source,
    SourcePage,
    changeable_values,
    concerning_source,
    find_source,
    from_row,
    record_source,
    source_listing,
    source_of,
)
from headwater.workspaces.source_scopes import (
    add_source_scope,
    check_settings,
    release_assets,
    relocate_source,
    remove_source_scope,
)
from headwater.workspaces.stored_credentials import CredentialDescription, NewCredential

__all__ = ["CredentialMode", "Source", "SourcePage", "SourceService"]

#: What only an administrator may register.
_TRUSTED = "a source whose models may run code on this machine"

_sources = tables.sources


OnSource: TypeAlias = Callable[[Connection, str], None]


class SourceService:
    """Registers, lists, changes and calls sources, as far as whoever asks may.

    ``folders`` are those of this machine in which sources may lie, as an administrator allowed them. ``on_added`` and
    ``on_removed`` are told of a source's name in the transaction that adds or removes it.

    Every method may raise:
        NotFoundError: there is no such source or collection, or none that the actor may see.
        ForbiddenError: the actor may see it, and may not do this.
    """

    def __init__(
        self,
        database: Database,
        secrets: SecretStore | None = None,
        folders: Sequence[Path] = (),
        *,
        on_added: OnSource = lambda _connection, _name: None,
        on_removed: OnSource = lambda _connection, _name: None,
    ) -> None:
        self._database = database
        self._folders = tuple(folders)
        self._on_added, self._on_removed = on_added, on_removed
        self._credentials = SourceCredentials(secrets)

    def add(  # noqa: PLR0917 - the actor comes first everywhere
        self,
        actor: Actor,
        name: str,
        display_name: str,
        kind: str,
        url: str,
        collection: str = tables.ROOT_COLLECTION,
        *,
        settings: Mapping[str, str] | None = None,
        credential_mode: CredentialMode = "service",
        private_networks: Sequence[str] = (),
        trusted: bool = False,
    ) -> Source:
        """Register a workspace in a collection where the actor may ``source.register``. It is not called.

        An address that is not a public https one, private networks, and trust (see ``trust``) need ``server.manage``
        at the server.

        Raises:
            UsageError: ``name`` is not an M identifier, ``kind`` not installed, ``url`` not an address of it, or
                another value is none.
            OriginDeniedError: the address could never be called.
            ConflictError: the name is taken.
        """
        check_name(name)
        check_mode(credential_mode)
        destination = callable_address(kind, url, private_networks, self._folders)
        wanted = check_settings(kind, dict(settings or {}))
        now = utc_now()
        with self._database.begin() as connection:
            exclusive(connection, "sources")
            place = writable_collection(connection, actor, Action.SOURCE_REGISTER, collection)
            check_destination(connection, actor, destination, private_networks)
            check_free(connection, name)
            if trusted:
                require_administrator(connection, actor, _TRUSTED)
            values = {
                "name": name,
                "display_name": display_name or name,
                "kind": kind,
                "url": destination.path,
                "collection_id": place.id,
                "settings": wanted,
                "created_at": now,
                "scope_id": add_source_scope(connection, kind, name, place, wanted),
                "credential_mode": credential_mode,
                "private_networks": list(private_networks),
                "trusted": trusted,
            }
            connection.execute(insert(_sources).values(values))
            source = source_of(connection, actor, name)
            record_source(connection, Event.SOURCE_ADDED, source, by=actor, now=now)
            self._on_added(connection, name)
            if trusted:
                record_source(connection, Event.SOURCE_TRUSTED, source, by=actor, now=now, trusted=True)
            return source

    def list(self, actor: Actor, *, limit: int = 50, after: Sequence[Any] | None = None) -> SourcePage:
        """The sources that the actor may see (``source.read``), by name, a page at a time."""
        with self._database.read() as connection:
            page = source_listing(actor).page(connection, [_sources.c.name], limit=limit, after=after)
        return SourcePage([from_row(row) for row in page.rows], page.after)

    def every(self, actor: Actor) -> Iterator[Source]:
        """All sources that the actor may see, by name."""
        page = self.list(actor, limit=500)
        yield from page.sources
        while page.after is not None:
            page = self.list(actor, limit=500, after=page.after)
            yield from page.sources

    def count(self, actor: Actor) -> int:
        """How many sources the actor may see."""
        with self._database.read() as connection:
            return source_listing(actor).count(connection)

    def get(self, actor: Actor, name: str) -> Source:
        """One source, where the actor may ``source.read``."""
        with self._database.read() as connection:
            return find_source(connection, actor, name, Action.SOURCE_READ)

    def change(
        self,
        actor: Actor,
        name: str,
        *,
        display_name: str | None = None,
        url: str | None = None,
        collection: str | None = None,
        credential_mode: CredentialMode | None = None,
        private_networks: Sequence[str] | None = None,
    ) -> Source:
        """Change what is given of a source that the actor may ``source.register``, there and where it moves to.

        Every credential of it is forgotten when the address comes to lead to another origin, and so are its private
        networks unless they are given again. At another address it is no longer trusted.

        Raises:
            UsageError, OriginDeniedError: as ``add`` says.
        """
        now = utc_now()
        with self._database.begin() as connection:
            exclusive(connection, "sources")
            before = find_source(connection, actor, name, Action.SOURCE_REGISTER)
            mode = credential_mode or before.credential_mode
            check_mode(mode)
            wanted = replace(before, display_name=display_name or before.display_name, credential_mode=mode)
            if url is not None or private_networks is not None:
                wanted = readdressed(connection, actor, wanted, url, private_networks, self._folders)
            connection.execute(update(_sources).where(_sources.c.id == before.id).values(changeable_values(wanted)))
            if collection is not None:
                relocate_source(connection, actor, wanted, collection, now)
            if origin_of(wanted.url) != origin_of(before.url):
                self._credentials.remove_all(connection, before, by=actor, now=now)
            record_source(connection, Event.SOURCE_CHANGED, wanted, by=actor, now=now)
            if before.trusted and not wanted.trusted:
                record_source(connection, Event.SOURCE_TRUSTED, wanted, by=actor, now=now, trusted=False)
            return source_of(connection, actor, name)

    def trust(self, actor: Actor, name: str, trusted: bool) -> Source:
        """Say whether a source's models may run code on this machine, which loading most models does.

        It is left to those who have ``server.manage`` at the server.
        """
        with self._database.begin() as connection:
            exclusive(connection, "sources")
            source = find_source(connection, actor, name, Action.SOURCE_READ)
            require_administrator(connection, actor, _TRUSTED)
            connection.execute(update(_sources).where(_sources.c.id == source.id).values(trusted=trusted))
            record_source(connection, Event.SOURCE_TRUSTED, source, by=actor, now=utc_now(), trusted=trusted)
            return source_of(connection, actor, name)

    def remove(self, actor: Actor, name: str) -> None:
        """Forget a source that the actor may ``source.register``, with its credentials and the roles given at it.

        What its scans found is kept as deleted, for the lineage that runs through it.
        """
        now = utc_now()
        with self._database.begin() as connection:
            exclusive(connection, "sources")
            source = find_source(connection, actor, name, Action.SOURCE_REGISTER)
            self._credentials.remove_all(connection, source, by=actor, now=now)
            release_assets(connection, source.id, source.scope_id)
            connection.execute(delete(_sources).where(_sources.c.id == source.id))
            remove_source_scope(connection, source.scope_id, by=actor, now=now)
            record_source(connection, Event.SOURCE_REMOVED, source, by=actor, now=now)
            self._on_removed(connection, name)

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
        """Give a source, where the actor may ``source.register``, its service credential in place of the one before.

        Args:
            actor: who asks.
            name: the source's.
            kind: one of ``CREDENTIAL_KINDS``. What the machine's own identity vouches for needs ``server.manage``.
            fields: its public fields.
            secret: the secret, to be encrypted and stored.
            reference: where the secret is kept instead: ``env:NAME``, ``file:PATH``, ``plugin:NAME:…``. It needs
                ``server.manage``.

        Raises:
            UsageError: the source takes no such credential, or it is none of its kind.
            SecretError: the reference leads where nothing was allowed.
        """
        new = NewCredential(kind, dict(fields or {}), secret, reference)
        with self._database.begin() as connection:
            exclusive(connection, "sources")
            source = find_source(connection, actor, name, Action.SOURCE_REGISTER)
            self._put(connection, actor, source, None, new)

    def remove_credential(self, actor: Actor, name: str) -> None:
        """Forget the service credential of a source that the actor may ``source.register``; NotFoundError: none."""
        with self._database.begin() as connection:
            exclusive(connection, "sources")
            source = find_source(connection, actor, name, Action.SOURCE_REGISTER)
            self._credentials.remove(connection, source, None, by=actor, now=utc_now())

    def link_credential(
        self,
        actor: Actor,
        name: str,
        kind: str,
        fields: Mapping[str, str] | None = None,
        *,
        secret: Secret | None = None,
        reference: str | None = None,
    ) -> None:
        """Give the actor's own credential for a source that they may see or whose models they may see or invoke.

        Raises:
            UsageError: the source uses a service credential, the actor is no person, or as ``set_credential`` says.
            SecretError: as ``set_credential`` says.
        """
        new = NewCredential(kind, dict(fields or {}), secret, reference)
        person = person_of(actor)
        with self._database.begin() as connection:
            exclusive(connection, "sources")
            source = concerning_source(connection, actor, name)
            if source.credential_mode != "personal":
                raise UsageError(
                    f"'{name}' is called with its service credential.", hint="There is no need to give it yours."
                )
            self._put(connection, actor, source, person, new)

    def unlink_credential(self, actor: Actor, name: str) -> None:
        """Forget the actor's own credential for a source; NotFoundError where there is none."""
        person = person_of(actor)
        with self._database.begin() as connection:
            exclusive(connection, "sources")
            source = concerning_source(connection, actor, name)
            self._credentials.remove(connection, source, person, by=actor, now=utc_now())

    def describe_credential(self, actor: Actor, name: str, *, own: bool = False) -> CredentialDescription | None:
        """What may be shown of a credential, which its secret is not; None where there is none.

        The service credential, where the actor may ``source.register``; with ``own`` the one that the actor linked.

        Raises:
            UsageError: ``own``, and the actor is no person.
        """
        with self._database.read() as connection:
            if own:
                return self._credentials.description(
                    connection, concerning_source(connection, actor, name), person_of(actor)
                )
            source = find_source(connection, actor, name, Action.SOURCE_REGISTER)
            return self._credentials.description(connection, source, None)

    def credential_for(self, actor: Actor, source: Source, *, purpose: str) -> Credential | None:
        """The credential with which ``source`` is called for the actor, who may see it or a model of it.

        That is the service credential (None: nobody gave one), or the actor's own where the source asks for that. A
        schedule asks as the person who saved what it runs. ``purpose`` goes on record.

        Raises:
            UsageError: the source asks for the actor's own, and they linked none (``credential.not_linked``).
            SecretError: the secret cannot be had.
        """
        with self._database.begin() as connection:
            current = concerning_source(connection, actor, source.name)
            # Bound to the address that the caller goes on to call, whatever the source's is by now.
            asked = replace(current, url=source.url)
            held = self._used(connection, actor, asked, purpose)
        return None if held is None else make_held(asked, held)

    @contextmanager
    def connect(
        self, actor: Actor, name: str, *, purpose: str = "connect", credential_of: Actor | None = None
    ) -> Iterator[Connector]:
        """A connector to a source, where the actor may ``source.scan``: it shows all that the credential may see.

        Args:
            actor: who asks; the machine, where what is asked for was checked before.
            name: the source's.
            purpose: what goes on record as the use of the credential.
            credential_of: for whom the source is called, if not for the actor.

        Raises:
            UsageError, SecretError: as ``credential_for`` says.
        """
        source = self._scannable(actor, name)
        called = self._called(credential_of or actor, source, purpose)
        with closing(load_connector(*called, private_networks=networks(source.private_networks))) as connector:
            yield connector

    @contextmanager
    def connect_data(
        self, actor: Actor, name: str, *, purpose: str = "connect", credential_of: Actor | None = None
    ) -> Iterator[DataSource]:
        """As :meth:`connect`, for a source that holds data and no models (``registry.holds_models``)."""
        source = self._scannable(actor, name)
        called, allowed = self._called(credential_of or actor, source, purpose), networks(source.private_networks)
        with closing(load_data_source(*called, private_networks=allowed, folders=self._folders)) as found:
            yield found

    def test(self, actor: Actor, name: str) -> WorkspaceInfo:
        """Call a source that the actor may ``source.read``; whatever is wrong is raised, as ``Connector`` says."""
        source = self.get(actor, name)
        called, allowed = self._called(actor, source, "test"), networks(source.private_networks)
        with closing(load_source(*called, private_networks=allowed, folders=self._folders)) as found:
            return found.test()

    def _scannable(self, actor: Actor, name: str) -> Source:
        with self._database.read() as connection:
            return find_source(connection, actor, name, Action.SOURCE_SCAN)

    def _called(self, actor: Actor, source: Source, purpose: str) -> tuple[str, str, Credential | None]:
        return source.kind, source.url, self.credential_for(actor, source, purpose=purpose)

    def _used(self, connection: Connection, actor: Actor, source: Source, purpose: str) -> HeldCredential | None:
        now = utc_now()
        if source.credential_mode == "service":
            return self._credentials.use(connection, source, None, by=actor, purpose=purpose, now=now)
        own = None
        if actor.user_id is not None:
            own = self._credentials.use(connection, source, actor.user_id, by=actor, purpose=purpose, now=now)
        if own is None:
            raise UsageError(
                f"'{source.name}' is called with each person's own credential, and {actor.name} has linked none.",
                code="credential.not_linked",
                hint="Link one, or have the source changed to a service credential.",
            )
        return own

    def _put(
        self, connection: Connection, actor: Actor, source: Source, user_id: str | None, new: NewCredential
    ) -> None:
        if check_new(source, new).uses_machine_identity:
            require_administrator(connection, actor, "a credential that is the identity of Headwater's own machine")
        self._credentials.put(connection, source, user_id, new, by=actor, now=utc_now())
