"""The scoring processes of a server or a run: one per model version, started when first needed, kept until closed."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from headwater.models.signature import Signature
from headwater.models.workers.environments import Environments
from headwater.models.workers.process import WorkerOptions, WorkerScorer

__all__ = ["ScorerPool"]


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
        self._scorers: dict[str, WorkerScorer] = {}
        self._lock = threading.Lock()

    def scorer(self, identity: str, name: str, signature: Signature, folder: Callable[[], Path]) -> WorkerScorer:
        """The scorer of a model version; a new one where there is none yet, or where it failed for good.

        Args:
            identity: what exactly is loaded.
            name: the function's name, for messages.
            signature: the model's.
            folder: gives the artifact's folder; called only for a new scorer.

        Raises:
            ModelError: the model needs an environment that was not built (``model.environment``); and as ``folder``.
        """
        with self._lock:
            scorer = self._scorers.get(identity)
            if scorer is not None and not scorer.failed:
                return scorer
            if scorer is not None:
                scorer.close()
            log = self._logs / f"{hashlib.sha256(identity.encode()).hexdigest()[:16]}.log"
            artifact = folder()
            interpreter = None if self._environments is None else self._environments.interpreter(artifact, name)
            scorer = WorkerScorer(
                artifact, signature, name=name, log=log, options=self._options, interpreter=interpreter
            )
            self._scorers[identity] = scorer
            return scorer

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
