"""What is being scored in this process: who asked for it, how far it is, and calling it off."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from headwater.access import Action, Actor, may, server_scope
from headwater.errors import NotFoundError
from headwater.models.statistics import ScoringProgress
from headwater.store import Database, utc_now

__all__ = ["Run", "RunStatus", "Runs"]


@dataclass(frozen=True, slots=True)
class RunStatus:
    """A call of a function that is under way; ``progress`` is None until the first rows are done."""

    id: str
    function: str
    started_by: str
    started_at: datetime
    progress: ScoringProgress | None


class Run:
    """One call of a function, which any thread may call off, before it has begun too."""

    def __init__(self, actor: Actor, function: str) -> None:
        self.id = str(uuid.uuid4())
        self.user_id = actor.user_id
        self._function = function
        self._started = actor.name, utc_now()
        self._progress: ScoringProgress | None = None
        self._cancel: Callable[[], None] | None = None
        self._cancelled = False
        self._lock = threading.Lock()

    @property
    def status(self) -> RunStatus:
        """How far it is."""
        return RunStatus(self.id, self._function, *self._started, self._progress)

    def on_progress(self, progress: ScoringProgress) -> None:
        """Note how far it is."""
        self._progress = progress

    def attach(self, cancel: Callable[[], None]) -> None:
        """Say what calls it off; that is called at once where somebody has called it off already."""
        with self._lock:
            self._cancel = cancel
            late = self._cancelled
        if late:
            cancel()

    def cancel(self) -> None:
        """Call it off, within a second."""
        with self._lock:
            self._cancelled = True
            cancel = self._cancel
        if cancel is not None:
            cancel()


class Runs:
    """The calls under way in this process. One's own are seen and called off; an administrator's are all.

    Args:
        database: the metadata database, which knows who may manage the server.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._runs: dict[str, Run] = {}
        self._lock = threading.Lock()

    @contextmanager
    def start(self, actor: Actor, function: str) -> Iterator[Run]:
        """A run of a function, listed until the block ends."""
        run = Run(actor, function)
        with self._lock:
            self._runs[run.id] = run
        try:
            yield run
        finally:
            with self._lock:
                del self._runs[run.id]

    def list(self, actor: Actor) -> Sequence[RunStatus]:
        """Those that the actor may see, the oldest first."""
        everything = self._manages(actor)
        with self._lock:
            runs = list(self._runs.values())
        return [run.status for run in runs if everything or _own(actor, run)]

    def cancel(self, actor: Actor, run_id: str) -> None:
        """Call one off.

        Raises:
            NotFoundError: there is no such run any more, or none that may be seen.
        """
        with self._lock:
            run = self._runs.get(run_id)
        if run is None or not (_own(actor, run) or self._manages(actor)):
            raise NotFoundError(f"There is no run '{run_id}' under way.", hint="List those there are.")
        run.cancel()

    def _manages(self, actor: Actor) -> bool:
        with self._database.read() as connection:
            return may(connection, actor, Action.SERVER_MANAGE, server_scope(connection))


def _own(actor: Actor, run: Run) -> bool:
    return actor.user_id is not None and actor.user_id == run.user_id
