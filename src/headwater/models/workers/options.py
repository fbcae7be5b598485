"""How scoring processes are run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

__all__ = ["IsolationLevel", "WorkerOptions"]

#: See :data:`headwater.models.workers.isolation.LEVELS`.
IsolationLevel = Literal["process", "restricted", "container"]


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """How a scoring process is run.

    Args:
        start_timeout: seconds that loading the model may take.
        call_timeout: seconds that one batch may take; then the process is killed and counts as dead.
        processes: how many processes one model may have; more than one are started for long work alone.
        threads: how many threads the model's numeric libraries may use; None leaves it to them. One costs the least
            CPU time: OpenMP's threads spin while they wait, and burn a multiple of it when cores are busy otherwise.
        environment: variables that the process gets besides the allowed few.
        memory_limit: bytes that the process may use; None: as many as there are.
        minimum_isolation: the least isolation with which a model is loaded.
        container: whether the server runs in a container with nothing else in it; nobody but an administrator knows.
        hidden: files and folders that no model may read, as is tried before each is loaded.
    """

    start_timeout: float = 120.0
    call_timeout: float = 300.0
    processes: int = 1
    threads: int | None = 1
    environment: Mapping[str, str] = field(default_factory=dict)
    memory_limit: int | None = None
    minimum_isolation: IsolationLevel = "process"
    container: bool = False
    hidden: tuple[Path, ...] = ()
