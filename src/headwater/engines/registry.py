"""Engines by name, found through entry points; the bundled one has no shortcut."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

from headwater.engines.base import Engine
from headwater.errors import NotFoundError

GROUP = "headwater.engines"


def engine_names() -> tuple[str, ...]:
    """The names of the installed engines, sorted."""
    return tuple(sorted(entry_points(group=GROUP).names))


def load_engine(name: str = "duckdb", **settings: Any) -> Engine:
    """A new engine; the caller closes it.

    Args:
        name: the engine's entry point in the group ``headwater.engines``.
        settings: keyword arguments of its constructor.

    Raises:
        NotFoundError: no installed package provides it.
    """
    found = entry_points(group=GROUP, name=name)
    if not found:
        raise NotFoundError(
            f"There is no engine '{name}'.", hint=f"Installed engines: {', '.join(engine_names()) or 'none'}."
        )
    engine: Engine = next(iter(found)).load()(**settings)
    return engine
