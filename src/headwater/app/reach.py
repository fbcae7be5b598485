"""What a run may reach with somebody's rights: workspaces with their credentials, and M's data sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from headwater.access import SYSTEM, Action, Actor, may, server_scope
from headwater.app.home import Home
from headwater.dataflows import Reach
from headwater.powerquery import connections as m
from headwater.powerquery.connections import Connections, Privacy
from headwater.secret import Secret
from headwater.store import Database
from headwater.workspaces import ConnectionService, Connector, ResolvedConnection, SourceService, holds_models

__all__ = ["StoredConnections", "Workspaces", "reach_of"]

_FILES = frozenset({"File", "Folder"})


class Workspaces(Mapping[str, Connector]):
    """Connectors to all registered workspaces by name, each made when it is first asked for, as ``actor`` calls it.

    Which models of it the actor may see and call is asked elsewhere. Close it when they are no longer needed.
    """

    def __init__(self, sources: SourceService, actor: Actor) -> None:
        self._sources = sources
        self._actor = actor
        #: The scope of each source that may have models, by its name.
        self.scopes = {source.name: source.scope_id for source in sources.every(SYSTEM) if holds_models(source.kind)}
        self._open: dict[str, Connector] = {}
        self._stack = ExitStack()

    def __getitem__(self, name: str) -> Connector:
        if name not in self.scopes:
            raise KeyError(name)
        if name not in self._open:
            called = self._sources.connect(SYSTEM, name, purpose="models", credential_of=self._actor)
            self._open[name] = self._stack.enter_context(called)
        return self._open[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.scopes)

    def __len__(self) -> int:
        return len(self.scopes)

    def trusted(self, name: str) -> bool:
        """Whether a source's models may run code here, as of now."""
        return self._sources.get(SYSTEM, name).trusted

    def close(self) -> None:
        """Let go of every connector that was made."""
        self._stack.close()


class StoredConnections:
    """M's resolver over the stored connections that somebody may use; a credential is read when M first needs it.

    Args:
        service: where they are stored.
        actor: with whose rights it is run.
        near: the scope of what is run: of several connections to one place, the nearest is used.
    """

    def __init__(self, service: ConnectionService, actor: Actor, near: int) -> None:
        self._service = service
        self._actor = actor
        self._usable = service.usable(actor, near=near)
        self._by_place = {(found.kind, found.path): found.id for found in self._usable}
        self._places = Connections(
            m.Connection(found.kind, found.path, privacy=Privacy(found.privacy)) for found in self._usable
        )
        self._resolved: dict[int, m.Connection] = {}

    def __call__(self, kind: str, path: str) -> m.Connection | None:
        """The connection for a data source; None where there is none that may be used.

        Raises:
            SecretError: its secret cannot be had.
            NotFoundError: it may not be used any more.
        """
        place = self._places(kind, path)
        if place is None:
            return None
        found = self._by_place[place.kind, place.path]
        if found not in self._resolved:
            resolved = self._service.resolve(self._actor, found, purpose="dataflow")
            self._resolved[found] = m.Connection(place.kind, place.path, _credential(resolved), place.privacy)
        return self._resolved[found]

    @property
    def folders(self) -> tuple[Path, ...]:
        """The files and folders that the connections lead to."""
        return tuple(Path(found.path) for found in self._usable if found.kind in _FILES)

    @property
    def networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The private networks in which addresses may lie."""
        return tuple(ip_network(text) for found in self._usable for text in found.private_networks)


def reach_of(database: Database, home: Home, service: ConnectionService, actor: Actor, near: int) -> Reach:
    """What M may reach that runs with ``actor``'s rights: their connections, and the home's folders where they may
    use every connection of the server.
    """
    stored = StoredConnections(service, actor, near)
    with database.read() as connection:
        everything = may(connection, actor, Action.CONNECTION_USE, server_scope(connection))
    folders = (*(home.folders if everything else ()), *stored.folders)
    return Reach(folders, stored, stored.networks)


def _credential(resolved: ResolvedConnection) -> m.Credential:
    secret = resolved.secret or Secret("")
    match resolved.credential_kind:
        case "username_password":
            return m.UsernamePassword(resolved.fields["username"], secret)
        case "key":
            return m.Key(secret)
        case "oauth2":
            return m.OAuth2(secret)
        case _:
            return m.Anonymous()
