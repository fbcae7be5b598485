"""The models of one environment as each of several calls them side by side."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from headwater.models.functions import ModelFunction

if TYPE_CHECKING:
    from headwater.models.environment import ModelEnvironment, ResolvedModel

__all__ = ["EntityModels"]


class EntityModels:
    """The models of an environment as one of several calls them: the same versions, with statistics of its own.

    Args:
        environment: looks names up, scores, and is closed by whoever made it.
        rows: how many rows there will be, for whoever watches; None: nobody knows.
    """

    def __init__(self, environment: ModelEnvironment, rows: int | None) -> None:
        self.discovery = environment.discovery
        self._environment = environment
        self._rows = rows
        self._own: dict[str, ResolvedModel] = {}
        self._lock = threading.RLock()

    def resolve(self, name: str) -> ModelFunction | None:
        """The function of this name; see :meth:`ModelEnvironment.resolve`."""
        with self._lock:
            if name not in self._own:
                if self._environment.resolve(name) is None:
                    return None
                model = next(model for model in self._environment.models if model.name == name)
                self._own[name] = replace(model, function=model.function.apart(lambda: self._rows))
            return self._own[name].function

    @property
    def models(self) -> tuple[ResolvedModel, ...]:
        """What has been called for so far, in that order."""
        with self._lock:
            return tuple(self._own.values())
