"""What a dataflow is: queries in M and settings, kept as files that a person can read.

A folder holds ``dataflow.toml`` (see :mod:`headwater.dataflows.settings`) and a ``.pq`` file for each query, named
like the query.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headwater.dataflows.settings import Settings
from headwater.dataflows.settings_file import SETTINGS_FILE, read_settings
from headwater.errors import NotFoundError, UsageError
from headwater.powerquery.language import parse_expression, syntax

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_. -]*")


@dataclass(frozen=True, slots=True)
class DataflowDefinition:
    """A dataflow's name, queries (name → M text) and settings; what a version in the database holds.

    Raises:
        UsageError: a name or a setting is not one.
        MSyntaxError: a query cannot be read.
    """

    name: str
    queries: Mapping[str, str]
    settings: Settings
    file_names: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise UsageError(
                f"'{self.name}' is no name for a dataflow.", hint="Use letters, digits, '_', '-', '.' and blanks."
            )
        missing = [name for name in self.settings.load if name not in self.queries]
        if missing or not self.settings.load:
            what = f"'{missing[0]}', which is no query of it" if missing else "no query"
            raise UsageError(
                f"The dataflow '{self.name}' loads {what}.",
                place=SETTINGS_FILE,
                hint="List queries of the dataflow under 'load'.",
            )
        for name, source in self.queries.items():
            parse_expression(source, self.file_names.get(name, name))

    def to_json(self) -> dict[str, Any]:
        """The form in which a version is stored."""
        return {"name": self.name, "queries": dict(self.queries), "settings": self.settings.to_json()}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> DataflowDefinition:
        """The definition that :meth:`to_json` wrote."""
        return cls(stored["name"], stored["queries"], Settings.from_json(stored["settings"]))

    def entities(self) -> tuple[str, ...]:
        """The loaded queries, each after those that it reads.

        Raises:
            UsageError: two queries read each other.
        """
        return _ordered({name: self.dependencies(name) for name in self.settings.load})

    def dependencies(self, name: str) -> frozenset[str]:
        """The loaded queries that a query reads, directly or through queries that are not loaded."""
        found: set[str] = set()
        seen: set[str] = set()
        waiting = [name]
        while waiting:
            current = waiting.pop()
            for used in self._names_in(current):
                if used in self.settings.load and used != name:
                    found.add(used)
                elif used not in seen:
                    seen.add(used)
                    waiting.append(used)
        return frozenset(found)

    def _names_in(self, name: str) -> set[str]:
        tree = parse_expression(self.queries[name], self.file_names.get(name, name))
        used = {node.name for node in syntax.walk(tree) if isinstance(node, syntax.Identifier)}
        return (used & self.queries.keys()) - {name}


def _ordered(dependencies: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    ordered: list[str] = []
    while len(ordered) < len(dependencies):
        ready = [n for n, needs in dependencies.items() if n not in ordered and needs <= set(ordered)]
        if not ready:
            stuck = ", ".join(sorted(n for n in dependencies if n not in ordered))
            raise UsageError(f"These queries read each other: {stuck}.", hint="Break the circle with a query between.")
        ordered += ready
    return tuple(ordered)


def load_folder(folder: Path) -> DataflowDefinition:
    """The definition that a folder's files hold.

    Raises:
        NotFoundError: there is no such folder, or no ``dataflow.toml`` in it.
        UsageError: a file says something that cannot be.
        MSyntaxError: a query cannot be read.
    """
    path = folder / SETTINGS_FILE
    if not path.is_file():
        raise NotFoundError(
            f"There is no dataflow in '{folder}'.", place=str(path), hint=f"A dataflow's folder has a {SETTINGS_FILE}."
        )
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"The file cannot be read: {error}.", place=str(path), hint="Correct the file.") from error
    settings = read_settings(document, str(path))
    files = {file.stem: file for file in sorted(folder.glob("*.pq"))}
    return DataflowDefinition(
        document.get("dataflow", {}).get("name", folder.name),
        {name: _query_text(file) for name, file in files.items()},
        settings,
        {name: file.name for name, file in files.items()},
    )


def _query_text(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(
            "The file cannot be read: it is not UTF-8 text.", place=str(file), hint="Save it as UTF-8."
        ) from error
