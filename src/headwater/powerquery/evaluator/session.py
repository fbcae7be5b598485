"""One evaluation's surroundings: culture, time zone, clock, engine, granted folders, names from outside."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from random import Random

from headwater.engines import Engine, load_engine
from headwater.errors import MError
from headwater.powerquery.values.core import Value


@dataclass(frozen=True, slots=True)
class Unfolded:
    """A step that ran on the evaluator instead of the engine, and why; ``place`` is where in the M text."""

    function: str
    reason: str
    place: str


@dataclass
class Session:
    """What an evaluation may use and how it behaves.

    ``folders`` are the folders whose files M may read; none by default. ``environment`` gives names beyond the
    library's: parameters, other queries, models as functions.
    """

    culture: str = "en-US"
    timezone: dt.tzinfo = dt.UTC
    clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    environment: Mapping[str, Value] = field(default_factory=dict)
    folders: Sequence[Path] = ()
    engine_name: str = "duckdb"
    engine_settings: Mapping[str, object] = field(default_factory=dict)
    seed: int | None = None
    unfolded: list[Unfolded] = field(default_factory=list)
    draws: int = field(default=0, init=False)

    @cached_property
    def engine(self) -> Engine:
        """The engine that runs plans; loaded when the first plan is."""
        return load_engine(self.engine_name, **self.engine_settings)

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

    def granted_path(self, path: str) -> Path:
        """The resolved path, if it lies in a granted folder.

        Raises:
            MError: DataSource.Error when M may not read there.
        """
        try:
            resolved = Path(path).resolve()
            if any(resolved.is_relative_to(Path(folder).resolve()) for folder in self.folders):
                return resolved
        except (OSError, RuntimeError, ValueError):
            pass  # links in a circle, characters that no path has: nowhere that could have been granted
        raise MError(
            "DataSource.Error",
            f"Access to '{path}' has not been granted.",
            hint="Give the folder to the evaluation: '--allow-folder' on the command line, 'folders=' in Python.",
            code="m.access_denied",
        )

    def note_unfolded(self, function: str, reason: str, place: str = "") -> None:
        """Remember, for ``--explain``, that a step left the engine."""
        self.unfolded.append(Unfolded(function, reason, place))
