"""A database that is reached through a DB-API driver: its rows are streamed, and only the choice of columns and the
first rows are left to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from sqlglot import exp

from headwater.engines.base import output_schema
from headwater.engines.dbapi.cells import arrow_columns, plan_type
from headwater.engines.dbapi.dialects import Dialect, Login
from headwater.errors import MError, NotFoldableError
from headwater.plan.databases import DatabaseScan, TableName
from headwater.plan.expressions import Ref
from headwater.plan.nodes import Column, Node, Project, Slice, Source, topological, with_fresh_ids

_ROWS_AT_ONCE = 5_000


@dataclass(frozen=True)
class DriverDatabase:
    """A database at a server, through its dialect's driver; each reader has a connection of its own."""

    dialect: Dialect
    login: Login

    @property
    def name(self) -> str:
        where = ";".join(part for part in (self.login.server, self.login.database) if part)
        return f"{self.dialect.name} '{where}'"

    def accepted(self, nodes: Sequence[Node], *, careful: bool) -> frozenset[int]:
        """Which nodes it runs itself: scans, projections to columns as they are, first rows."""
        found: set[int] = set()
        for node in nodes:
            if isinstance(node, DatabaseScan):
                taken = node.database == self
            else:
                light = isinstance(node, Project) or self.dialect.limits
                taken = light and _is_light(node) and id(node.inputs[0]) in found
            if taken:
                found.add(id(node))
        return frozenset(found)

    def sql(self, plan: Node) -> str:
        """The statement for a plan that it accepts."""
        names, limit, scan = _selected(plan)
        assert isinstance(scan.relation, TableName), "a native query is read row by row"
        query = exp.Select().select(
            *(exp.Column(this=_quoted(names[c.id])) for c in plan.columns)
        ).from_(exp.Table(this=_quoted(scan.relation.name), db=_quoted(scan.relation.schema)))  # fmt: skip
        if limit is not None:
            query = query.limit(limit)
            if self.dialect.sqlglot == "":  # standard SQL
                query.set("limit", exp.Fetch(direction="FIRST", count=exp.Literal.number(limit)))
        return query.sql(dialect=self.dialect.sqlglot or None, identify=True)

    def reader(self, plan: Node, batch_rows: int) -> pa.RecordBatchReader:
        """The rows of a plan as a stream; see :meth:`headwater.plan.databases.Database.reader`."""
        schema = output_schema(plan.columns)

        def batches() -> Iterator[pa.RecordBatch]:
            for rows in self.chunks(self.sql(plan), size=min(batch_rows, _ROWS_AT_ONCE)):
                yield pa.RecordBatch.from_arrays(arrow_columns(rows, plan.columns), schema=schema)

        return pa.RecordBatchReader.from_batches(schema, batches())

    def chunks(
        self, statement: str, described: Callable[[list[str]], None] | None = None, size: int = _ROWS_AT_ONCE
    ) -> Iterator[list[Sequence[Any]]]:
        """The rows of a statement, some at a time.

        Args:
            statement: one statement of the database's own language.
            described: is given the names of the columns before the first rows come.
            size: how many rows at a time.

        Raises:
            MError: DataSource.MissingClientLibrary without the driver; DataSource.Error, it cannot be reached or does
                not run the statement.
        """
        with self.cursor() as (driver, cursor), reported(self, driver, "run the statement"):
            cursor.execute(statement)
            if described is not None:
                described([str(part[0]) for part in cursor.description or ()])
            while rows := cursor.fetchmany(size):
                yield list(rows)

    @contextmanager
    def cursor(self) -> Iterator[tuple[Any, Any]]:
        """The driver, and a cursor of a connection of its own."""
        driver = self.dialect.driver.load(self.dialect.name)
        with reported(self, driver, "be reached"):
            opened = self.dialect.connect(driver, self.login)
        with closing(opened):
            cursor = opened.cursor()
            with reported(self, driver, "be read"):
                for setting in self.dialect.prepare:
                    cursor.execute(setting)
            yield driver, cursor

    def relations(self) -> list[tuple[str, str, str]]:
        """(schema, name, kind) of the tables and views."""
        rows = (row for rows in self.chunks(self.dialect.tables) for row in rows)
        return [(str(schema or "").strip(), str(name).strip(), str(kind)) for schema, name, kind in rows]

    def columns_of(self, schema: str, name: str) -> list[Sequence[Any]]:
        """(name, type, precision, scale) of a table's columns."""
        statement = self.dialect.columns.format(schema=self._constant(schema), name=self._constant(name))
        return [row for rows in self.chunks(statement) for row in rows]

    def table_scan(self, schema: str, name: str) -> DatabaseScan:
        """A scan of a table with its columns' types; MError DataSource.Error where there is none."""
        found = self.columns_of(schema, name)
        if not found:
            raise MError("DataSource.Error", f"{self.name} has no table '{schema}.{name}'.", code="m.data_source")
        natives = [str(native).strip() for _, native, _, _ in found]
        known = self.dialect.types or {}
        kinds = [
            plan_type(known.get(native.lower(), native), _number(row[2]), _number(row[3]))
            for native, row in zip(natives, found, strict=True)
        ]
        names = [str(row[0]).strip() for row in found]
        columns = with_fresh_ids([Column("", n, kind) for n, kind in zip(names, kinds, strict=True)], ())
        source = Source(f"{self.dialect.name.lower().replace(' ', '')}://{self.login.server}/{schema}.{name}")
        return DatabaseScan(self, TableName(schema, name), columns, tuple(names), tuple(natives), source)

    def _constant(self, value: str) -> str:
        return exp.Literal.string(value).sql(dialect=self.dialect.sqlglot or None)


def _is_light(node: Node) -> bool:
    match node:
        case Project(items=items):
            return all(isinstance(expression, Ref) and expression.type == c.type for c, expression in items)
        case Slice(offset=0, count=count):
            return count is not None
        case _:
            return False


def _selected(plan: Node) -> tuple[dict[str, str], int | None, DatabaseScan]:
    """The physical name of each of the plan's columns, how many rows there are at most, and the scan beneath."""
    names: dict[str, str] = {}
    limit: int | None = None
    for node in topological(plan):
        match node:
            case DatabaseScan():
                scan = node
                names = {c.id: physical for c, physical in zip(node.columns, node.physical, strict=True)}
            case Project(items=items):
                names = {c.id: names[e.id] for c, e in items if isinstance(e, Ref)}
            case Slice(count=count) if count is not None:
                limit = count if limit is None else min(limit, count)
            case _:
                raise NotFoldableError(f"The database does not run {type(node).__name__}.")
    return names, limit, scan


def _quoted(name: str) -> exp.Identifier | None:
    return exp.to_identifier(name, quoted=True) if name else None


def _number(value: Any) -> int | None:
    return None if value is None else int(value)


@contextmanager
def reported(database: DriverDatabase, driver: Any, what: str) -> Iterator[None]:
    """Within it, the driver's errors are M's; its words can hold a row's values, so they are the detail."""
    try:
        yield
    except (driver.Error, OSError) as error:
        said = str(error).strip().split("\n", 1)[0]
        if database.login.secret:
            said = said.replace(database.login.secret, "***")
        raise MError(
            "DataSource.Error",
            f"{database.name} could not {what} ({type(error).__name__}).",
            said,
            hint="The detail has the driver's own words.",
            code="m.data_source",
        ) from error
