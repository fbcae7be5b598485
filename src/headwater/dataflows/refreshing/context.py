"""What refreshes are given: by the application, by whoever asks for one, and by whoever watches it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from headwater.access import Actor
from headwater.dataflows.history import OnEnded, OnStarted
from headwater.models.earlier import EarlierVersions
from headwater.models.environment import ModelEnvironment
from headwater.models.statistics import Progress, ScoringProgress
from headwater.powerquery.connections import Connections, Resolver
from headwater.store import Database

__all__ = [
    "ModelsWanted",
    "Reach",
    "RefreshEvent",
    "RefreshRequest",
    "Refresher",
    "Watcher",
]


@dataclass(frozen=True, slots=True)
class RefreshEvent:
    """Progress: what is being done to which entity; ``rows`` so far, ``phase`` read, write or publish."""

    entity: str
    phase: str
    rows: int


@dataclass(frozen=True, slots=True)
class Reach:
    """What queries may reach beyond what they are given: files, data sources by their connections, private networks."""

    folders: Sequence[Path] = ()
    connections: Resolver = field(default_factory=Connections)
    networks: Sequence[IPv4Network | IPv6Network] = ()


@dataclass(frozen=True, slots=True)
class RefreshRequest:
    """What was asked for; a job's payload.

    Attributes:
        trigger: who or what asked: "manual", "api", "schedule" …
        full: read and compute everything anew, whatever the settings of the entities say.
        rescore: let the models' newest versions score, whatever the dataflow's policy says.
        by: whoever asked, by name.
    """

    trigger: str = "manual"
    full: bool = False
    rescore: bool = False
    by: str = ""

    def to_json(self) -> dict[str, Any]:
        """As a job's payload keeps it."""
        return asdict(self)

    @classmethod
    def from_json(cls, payload: Mapping[str, Any]) -> RefreshRequest:
        """What :meth:`to_json` wrote, or what a schedule says of it."""
        return cls(
            str(payload.get("trigger", "manual")),
            bool(payload.get("full", False)),
            bool(payload.get("rescore", False)),
            str(payload.get("by", "")),
        )


@dataclass(frozen=True, slots=True)
class ModelsWanted:
    """Which models a refresh asks for.

    Attributes:
        runner: with whose rights they are called.
        database: by which predictions are kept: what is written goes through the refresh's lease.
        earlier: what versions that earlier refreshes called have to say.
        on_progress: told how far scoring is.
        on_kept: called in each transaction that keeps predictions.
        counts_only: nothing is scored and nothing kept: what there would be to score is counted.
        dataflow: whose refresh it is.
    """

    runner: Actor
    database: Database
    earlier: EarlierVersions
    on_progress: Progress | None = None
    on_kept: Callable[[Connection], None] = lambda _: None
    counts_only: bool = False
    dataflow: str = ""


@dataclass(frozen=True)
class Refresher:
    """What all refreshes of an installation share.

    Attributes:
        database: the metadata database.
        installation: this installation's id, for names in the catalog.
        tables: the folder of published tables.
        reach: what queries may reach that run with somebody's rights, for a dataflow of this scope.
        environment: makes the models that such queries may call, as of now; closed after the refresh.
        engine_settings: settings of the engine, e.g. ``memory_limit``.
        on_started: told of each refresh in the transaction in which it begins.
        on_ended: told of each refresh in the transaction that ends it.
    """

    database: Database
    installation: str
    tables: Path
    reach: Callable[[Actor, int], Reach]
    environment: Callable[[ModelsWanted], ModelEnvironment]
    engine_settings: Mapping[str, object] = field(default_factory=dict)
    on_started: Sequence[OnStarted] = ()
    on_ended: Sequence[OnEnded] = ()


@dataclass
class Watcher:
    """Whoever watches a refresh of this very process; ``scoring`` sums up what its models did."""

    on_event: Callable[[RefreshEvent], None] = lambda _: None
    on_scoring: Callable[[ScoringProgress], None] = lambda _: None
    scoring: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def scored(self, counts: Mapping[str, float]) -> None:
        """Add what the models did for one entity."""
        with self._lock:
            for name, count in counts.items():
                self.scoring[name] = self.scoring.get(name, 0) + count
