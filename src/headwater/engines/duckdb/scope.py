"""Where expressions are compiled: columns by name, and values that are computed once and used several times.

DuckDB does not share common parts of an expression across CASE branches. So a part that is needed more than once is
*bound*: computed under a name in a SELECT beneath the one that uses it. A binding that uses another lies one SELECT
higher than that one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlglot import exp

from headwater.engines.duckdb.sql import DIALECT, column, is_simple
from headwater.engines.sql import Sql


@dataclass(frozen=True, slots=True)
class Computed:
    """An expression in SQL. ``error`` is the sentinel, None where no error is possible; where it is not null at run
    time, ``value`` is null.
    """

    value: Sql
    error: Sql | None = None


@dataclass
class Scope:
    """Bindings, in levels: those of a level use columns of the relation and bindings of lower levels only."""

    names: Iterator[str]
    levels: list[list[tuple[str, Sql]]] = field(default_factory=list)
    _level_of: dict[str, int] = field(default_factory=dict)
    _bound: dict[str, str] = field(default_factory=dict)

    def once(self, value: Sql) -> Sql:
        """``value``, in a form that may be written several times."""
        if is_simple(value):
            return value
        written = value.sql(dialect=DIALECT)
        if written not in self._bound:
            self._bound[written] = self._bind(value)
        return column(self._bound[written])

    def _bind(self, value: Sql) -> str:
        used = (self._level_of.get(node.name, 0) for node in value.find_all(exp.Column))
        level = max(used, default=0) + 1
        name = next(self.names)
        self._level_of[name] = level
        if len(self.levels) < level:
            self.levels.append([])
        self.levels[level - 1].append((name, value))
        return name
