"""One evaluation's surroundings: culture, time zone, clock, engine, granted folders, names from outside."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from headwater.engines import Engine, load_engine
from headwater.powerquery.connections import Connection, Connections, Resolver
from headwater.powerquery.connections.paths import GrantedPaths, Located
from headwater.powerquery.connections.resolving import granted_origin, missing_connection
from headwater.powerquery.evaluator.firewall import Firewall
from headwater.powerquery.values.core import Value

if TYPE_CHECKING:
    from headwater.powerquery.connections.web import WebAccess


@dataclass(frozen=True, slots=True)
class Unfolded:
    """A step that ran on the evaluator instead of the engine, and why; ``place`` is where in the M text."""

    function: str
    reason: str
    place: str


@dataclass
class Session:
    """What an evaluation may use and how it behaves.

    ``environment`` gives names beyond the library's: parameters, other queries, models as functions.

    What M may reach, nothing by default: ``folders`` are those whose files it may read; ``path_map`` says what paths of
    another machine stand for here; ``origins`` are web addresses that it may call without a credential;
    ``connections`` finds the connection for a data source by kind and path; ``networks`` are private networks in which
    an address may lie. ``ignore_privacy`` leaves the privacy levels of connections out of account.
    """

    culture: str = "en-US"
    timezone: dt.tzinfo = dt.UTC
    clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    environment: Mapping[str, Value] = field(default_factory=dict)
    folders: Sequence[Path] = ()
    engine_name: str = "duckdb"
    engine_settings: Mapping[str, object] = field(default_factory=dict)
    seed: int | None = None
    connections: Resolver = field(default_factory=Connections)
    path_map: Mapping[str, Path] = field(default_factory=dict)
    origins: Sequence[str] = ()
    networks: Sequence[IPv4Network | IPv6Network] = ()
    ignore_privacy: bool = False
    unfolded: list[Unfolded] = field(default_factory=list)
    draws: int = field(default=0, init=False)

    @cached_property
    def engine(self) -> Engine:
        """The engine that runs plans; loaded when the first plan is."""
        return load_engine(self.engine_name, **self.engine_settings)

    def share_engine(self, other: Session) -> None:
        """Run plans by the engine of another session: starting one takes longer than most small plans."""
        self.engine = other.engine

    @cached_property
    def started(self) -> dt.datetime:
        """The moment that ``DateTime.FixedLocalNow`` and its kin give: the clock's, when it was first asked for."""
        return self.clock()

    @cached_property
    def _random(self) -> Random:
        return Random(self.seed)  # noqa: S311 -- numbers for M, no secrets

    @property
    def random(self) -> Random:
        """The source of random numbers; ``seed`` makes them the same in every run. Asking for it counts as a draw."""
        self.draws += 1
        return self._random

    @cached_property
    def firewall(self) -> Firewall:
        """What watches that data goes only where privacy levels allow."""
        return Firewall(ignored=self.ignore_privacy)

    @cached_property
    def web(self) -> WebAccess:
        """The way to the web: connections kept open, and answers remembered, for this evaluation."""
        from headwater.powerquery.connections.web import WebAccess

        return WebAccess(self.networks)

    def locate(self, path: str) -> Located:
        """A file or folder, if M may read it; for one whose folder has been opened already.

        Raises:
            MError: DataSource.Error when M may not read there.
        """
        return GrantedPaths(self.folders, self.path_map).locate(path)

    def granted_path(self, path: str, kind: str = "File") -> Path:
        """The resolved path of a data source that is a file or folder, if it lies in a granted folder.

        Raises:
            MError: DataSource.Error when M may not read there, Formula.Firewall when privacy levels forbid it here.
        """
        located = self.locate(path)
        shown = self.connections(kind, path) or self.connections(kind, str(located.path))
        self.firewall.opened(shown or Connection(kind, path))
        return located.path

    def connection(self, kind: str, path: str) -> Connection:
        """The connection for a data source; ask for it when the source is named, not when its rows are read.

        Args:
            kind: Power Query's name of the kind of source: ``PostgreSQL``, ``Sql``, ``OData``, ``Odbc`` …
            path: Power Query's path: ``server;database`` for a database, the address of a web source.

        Raises:
            MError: DataSource.Error where there is no connection for it, Formula.Firewall when privacy levels forbid
                to open it here.
        """
        found = self.find_connection(kind, path)
        self.firewall.opened(found, f"{kind} '{path}'")
        return found

    def find_connection(self, kind: str, path: str) -> Connection:
        """The connection for a further address of a data source that has been opened; MError where there is none."""
        found = self.connections(kind, path) or granted_origin(kind, path, self.origins)
        if found is None:
            raise missing_connection(kind, path)
        return found

    def note_unfolded(self, function: str, reason: str, place: str = "") -> None:
        """Remember, for ``--explain``, that a step left the engine."""
        self.unfolded.append(Unfolded(function, reason, place))
