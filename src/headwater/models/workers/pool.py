"""The scoring processes of a server or a run: one per model version, started when first needed, kept until closed."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from headwater.models.scorer import Scorer
from headwater.models.signature import Signature
from headwater.models.workers.environments import Environments
from headwater.models.workers.process import WorkerOptions, WorkerScorer

__all__ = ["KeptScorer", "ScorerPool"]


class KeptScorer(Scorer, Protocol):
    """A scorer that can end for good, and then is replaced."""

    @property
    def failed(self) -> bool:
        """Whether it has."""
        ...


class ScorerPool:
    """Scorers by model identity, shared by everything that calls the same version.

    Starting one costs a second or two, so a server keeps one pool for all its refreshes.

    Args:
        logs: the folder for the log file of each process.
        options: limits and threads of each process.
        environments: those that models may need; without them, all run with this process's own packages.
    """

    def __init__(
        self, logs: Path, options: WorkerOptions | None = None, environments: Environments | None = None
    ) -> None:
        self._logs = logs
        self._options = options
        self._environments = environments
        self._scorers: dict[str, KeptScorer] = {}
        self._lock = threading.Lock()

    def worker(self, key: str, name: str, signature: Signature, folder: Path) -> KeptScorer:
        """A process that has loaded the model in ``folder``.

        Args:
            key: what exactly is loaded, and how it is asked.
            name: the function's name, for messages.
            signature: the model's.
            folder: the artifact's, which may be loaded.

        Raises:
            ModelError: the model needs an environment that was not built (``model.environment``).
        """

        def start() -> KeptScorer:
            log = self._logs / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.log"
            interpreter = None if self._environments is None else self._environments.interpreter(folder, name)
            return WorkerScorer(folder, signature, name=name, log=log, options=self._options, interpreter=interpreter)

        return self.kept(key, start)

    def kept(self, key: str, make: Callable[[], KeptScorer]) -> KeptScorer:
        """The scorer of this key; a new one where there is none yet, or where it failed for good."""
        with self._lock:
            scorer = self._scorers.get(key)
            if scorer is not None and not scorer.failed:
                return scorer
            if scorer is not None:
                scorer.close()
            made = make()
            self._scorers[key] = made
            return made

    def close(self) -> None:
        """Stop all processes."""
        with self._lock:
            scorers = list(self._scorers.values())
            self._scorers.clear()
        for scorer in scorers:
            scorer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
