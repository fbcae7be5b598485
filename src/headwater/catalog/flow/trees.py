"""Where one column comes from, as a tree that can be printed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from headwater.access import Actor
from headwater.catalog.flow.walking import Flow
from headwater.catalog.seeing import may_read
from headwater.catalog.types import types_of
from headwater.errors import NotFoundError
from headwater.store import Database, tables

__all__ = ["LineageTree", "column_tree"]


@dataclass(frozen=True, slots=True)
class LineageTree:
    """An asset or process, the columns of it that count here, and below it what it was made from.

    ``columns`` is empty where the whole asset counts, and for a process.
    """

    type_name: str
    qualified_name: str
    display_name: str
    columns: tuple[str, ...]
    sources: tuple[LineageTree, ...]

    def walk(self) -> Iterator[tuple[int, LineageTree]]:
        """Every node with its depth, a node before what it was made from."""
        waiting = [(0, self)]
        while waiting:
            depth, node = waiting.pop()
            yield depth, node
            waiting += [(depth + 1, source) for source in reversed(node.sources)]


def column_tree(database: Database, actor: Actor, qualified_name: str, column: str) -> LineageTree:
    """The tree above ``column`` of the published table ``qualified_name``.

    Column ← query ← the model version it comes from ← training job ← datasets ← files; beside the model version the
    datasets whose columns it was computed from. Where a process recorded nothing about a column, all that the
    process read counts. What ``actor`` may not see, and what lies behind it, is left out.

    Raises:
        NotFoundError: there is no such table or column to be seen.
    """
    asset, column_asset = tables.assets.c, tables.assets.alias("column").c
    link = tables.asset_columns.c
    with database.read() as connection:
        query = (
            select(asset.id)
            .join(tables.asset_columns, link.asset_id == asset.id)
            .join(column_asset.id.table, column_asset.id == link.column_id)
            .where(asset.qualified_name == qualified_name, column_asset.display_name == column)
            .where(may_read(actor))
        )
        number = connection.scalar(query)
        if number is None:
            raise NotFoundError(f"There is no column '{column}' in '{qualified_name}'.", hint="List its columns.")
        return _Growth(connection, actor).asset(number, (column,), frozenset())


class _Growth:
    """Grows a tree in one connection. ``above`` are the assets on the way to the root: no node is its own source."""

    def __init__(self, connection: Connection, actor: Actor) -> None:
        self._connection = connection
        self._flow = Flow(connection, actor)
        self._types = types_of(connection)
        self._rows: dict[int, Row[Any]] = {}

    def asset(self, number: int, columns: tuple[str, ...], above: frozenset[int]) -> LineageTree:
        """The asset with the processes that wrote it and, for a folder, the files in it."""
        inside = above | {number}
        sources = []
        for source in self._inputs(number, inside):
            if self._types.is_process(self._row(source).type_name):
                sources.append(self._process(source, number, columns, inside))
            else:
                sources.append(self.asset(source, (), inside))
        return self._node(number, columns, sources)

    def _process(self, number: int, target: int, columns: tuple[str, ...], above: frozenset[int]) -> LineageTree:
        """The process with what it read in order to write ``columns`` of ``target``."""
        inside = above | {number}
        read = self._columns_read(number, target, columns)
        # A model version's columns are what it takes and gives; which data trained it is not told by column.
        inputs = {source: read.get(source, ()) for source in self._inputs(number, inside) if not read or source in read}
        return self._node(number, (), [self.asset(source, found, inside) for source, found in inputs.items()])

    def _columns_read(self, process: int, target: int, columns: tuple[str, ...]) -> dict[int, tuple[str, ...]]:
        link = tables.column_lineage.c
        query = (
            select(link.source_id, link.source_column)
            .where(link.process_id == process, link.target_id == target, link.target_column.in_(columns))
            .order_by(link.id)
        )
        found: dict[int, dict[str, None]] = {}
        for source, column in self._connection.execute(query):
            names = found.setdefault(source, {})
            if column is not None:
                names[column] = None
        return {source: tuple(names) for source, names in found.items()}

    def _inputs(self, number: int, above: frozenset[int]) -> list[int]:
        return [source for source, _ in self._flow.neighbours([number], "input") if source not in above]

    def _row(self, number: int) -> Row[Any]:
        if number not in self._rows:
            asset = tables.assets.c
            self._rows |= self._flow.rows([number], asset.type_name, asset.qualified_name, asset.display_name)
        return self._rows[number]

    def _node(self, number: int, columns: tuple[str, ...], sources: Sequence[LineageTree]) -> LineageTree:
        row = self._row(number)
        return LineageTree(row.type_name, row.qualified_name, row.display_name, columns, tuple(sources))
