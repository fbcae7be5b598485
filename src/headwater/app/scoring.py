"""The table ``[scoring]`` of ``headwater.toml``: how models are run, and where the packages they need come from."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from headwater.errors import HomeError
from headwater.models.workers.environments import EnvironmentOptions
from headwater.models.workers.options import IsolationLevel, WorkerOptions
from headwater.secret import Secret

__all__ = ["Scoring", "read_scoring"]

_UNITS = {"MB": 10**6, "GB": 10**9, "MiB": 2**20, "GiB": 2**30}
_SIZE = re.compile(r"(\d{1,9}) ?(MB|GB|MiB|GiB)")
_MOST_SECONDS = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Scoring:
    """What the table says; without it, what is usual."""

    workers: WorkerOptions = field(default_factory=WorkerOptions)
    environments: EnvironmentOptions = field(default_factory=EnvironmentOptions)


def read_scoring(home: Path, table: object, marker: Path) -> Scoring:
    """What the table says, every entry of it known and of the right kind.

    Args:
        home: the home folder, for relative paths.
        table: the table.
        marker: the file that it stands in, for messages.

    Raises:
        HomeError: an entry is not known, or of another kind (``home.unreadable``).
    """
    if not isinstance(table, dict):
        raise _misstated("'scoring' is a table.", "Write it as [scoring].", marker)
    unknown = sorted(table.keys() - _WORKERS.keys() - _ENVIRONMENTS.keys())
    if unknown:
        known = ", ".join([*_WORKERS, *_ENVIRONMENTS])
        raise _misstated(f"'scoring' has no entry '{unknown[0][:40]}'.", f"It has: {known}.", marker)
    environments = _entries(table, _ENVIRONMENTS, marker)
    if "wheelhouse" in environments:
        environments["wheelhouse"] = (home / environments["wheelhouse"]).resolve()
    return Scoring(WorkerOptions(**_entries(table, _WORKERS, marker)), EnvironmentOptions(**environments))


def _entries(table: Mapping[str, Any], known: Mapping[str, _Entry], marker: Path) -> dict[str, Any]:
    found = {}
    for name, entry in known.items():
        if name not in table:
            continue
        value = entry.read(table[name])
        if value is None:
            # Without the value: an address may hold a password.
            raise _misstated(
                f"'{name}' in [scoring] is {entry.what}.", f"Write it as {name} = {entry.example}.", marker
            )
        found[entry.field or name] = value
    return found


@dataclass(frozen=True, slots=True)
class _Entry:
    """``read`` gives None for what is not ``what``; ``field`` is the option's name where it is another."""

    what: str
    example: str
    read: Callable[[object], Any]
    field: str = ""


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value and "\0" not in value else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 1024 else None


def _seconds(value: object) -> float | None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and 0 < value <= _MOST_SECONDS else None  # type: ignore[arg-type,operator]  # a number


def _size(value: object) -> int | None:
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    return int(found[1]) * _UNITS[found[2]] or None if found else None


def _level(value: object) -> IsolationLevel | None:
    levels: tuple[IsolationLevel, ...] = get_args(IsolationLevel)
    return next((level for level in levels if level == value), None)


def _address(value: object) -> Secret | None:
    text = _text(value)
    return Secret(text) if text is not None and text.startswith(("https://", "http://", "file://")) else None


_WORKERS: Mapping[str, _Entry] = {
    "minimum_isolation": _Entry("the least isolation: process, restricted or container", '"restricted"', _level),
    "container": _Entry("whether the server runs in a container with nothing else in it", "true", _flag),
    "memory_limit": _Entry("the most memory that a model's process may use", '"4GB"', _size),
    "threads": _Entry("a number of threads from 1 to 1024", "1", _count),
    "start_timeout": _Entry("seconds, more than 0 and at most a week", "120", _seconds),
    "call_timeout": _Entry("seconds, more than 0 and at most a week", "300", _seconds),
}
_ENVIRONMENTS: Mapping[str, _Entry] = {
    "index_url": _Entry("the address of a package index", '"https://pypi.example.com/simple"', _address),
    "wheelhouse": _Entry("a folder of wheels, in place of an index", '"/srv/wheels"', _text),
    "allow_builds": _Entry("whether packages without a wheel are built, which runs their code", "false", _flag),
    "build_timeout": _Entry("seconds, more than 0 and at most a week", "1800", _seconds, "time_limit"),
}


def _misstated(message: str, hint: str, marker: Path) -> HomeError:
    return HomeError(message, place=str(marker), hint=hint, code="home.unreadable")
