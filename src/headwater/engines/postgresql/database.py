"""A PostgreSQL database that plans read: connections through ADBC, whose rows arrive as Arrow, a batch at a time.

ADBC rather than a driver of rows: PostgreSQL's binary copy comes straight into Arrow, some ten times as fast as Python
objects, and only a batch of it is in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode

import pyarrow as pa

from headwater.engines.base import output_schema
from headwater.engines.postgresql.compile import Compiler
from headwater.engines.postgresql.errors import connection_error, source_error
from headwater.engines.postgresql.results import conformed
from headwater.errors import EngineError
from headwater.plan.nodes import Node

_BATCH_BYTES = 4 * 2**20

_SETTINGS = (
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
    "SET TimeZone = 'UTC'",
    "SET standard_conforming_strings = on",
    "SET DateStyle = 'ISO'",
)


@dataclass(frozen=True, slots=True)
class Login:
    """A user name with its password, which nothing shows."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class PostgreSQLDatabase:
    """A database at a server; each reader has a connection of its own, in a transaction that only reads.

    Args:
        server: a host, with ``:port`` where it is not the usual one, or the folder of a socket.
        database: the database's name.
        login: who connects; None: whom the server takes without a password.
        command_seconds: how long a statement may take.
        connect_seconds: how long to wait for a connection.
    """

    server: str
    database: str
    login: Login | None = None
    command_seconds: float = 600
    connect_seconds: float = 15

    @property
    def name(self) -> str:
        return f"PostgreSQL '{self.server};{self.database}'"

    def accepted(self, nodes: Sequence[Node], *, careful: bool) -> frozenset[int]:
        """Which nodes it runs itself; see :meth:`headwater.plan.databases.Database.accepted`."""
        return self._compiler(careful=careful).accepted(nodes)

    def sql(self, plan: Node) -> str:
        """The statement for a plan."""
        return self._compiler(careful=False).statement(plan)

    def _compiler(self, *, careful: bool) -> Compiler:
        return Compiler(self, careful=careful, ordinal_text=self.encoding == "UTF8")

    @cached_property
    def encoding(self) -> str:
        """How the database writes its texts: only in UTF-8 do bytes compare as code points do."""
        return str(self.rows("SELECT pg_catalog.current_setting('server_encoding')").column(0)[0].as_py())

    def reader(self, plan: Node, batch_rows: int) -> pa.RecordBatchReader:
        """The rows of a plan as a stream; see :meth:`headwater.plan.databases.Database.reader`."""
        schema = output_schema(plan.columns)
        batches = self._batches(self.sql(plan))
        return pa.RecordBatchReader.from_batches(schema, conformed(batches, plan.columns, schema, batch_rows))

    def rows(self, statement: str) -> pa.Table:
        """The rows of a statement of ours, all at once: for what the database says of itself.

        Raises:
            MError: DataSource.Error, it cannot be reached or does not answer.
        """
        batches = list(self._batches(statement))
        return pa.Table.from_batches(batches)

    def schema(self, statement: str) -> pa.Schema:
        """The columns that a statement would give, without running it; as :meth:`rows`."""
        with ExitStack() as stack:
            cursor = self._cursor(stack)
            try:
                found: pa.Schema = cursor.adbc_execute_schema(statement)
            except _driver_errors() as error:
                raise source_error(self.name, error) from error
        return found

    def _batches(self, statement: str) -> Iterator[pa.RecordBatch]:
        with ExitStack() as stack:
            cursor = self._cursor(stack)
            try:
                cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": str(_BATCH_BYTES)})
                cursor.execute(statement)
                reader = cursor.fetch_record_batch()
                yield pa.RecordBatch.from_pylist([], schema=reader.schema)
                yield from reader
            except _reading_errors() as error:
                raise source_error(self.name, error) from error

    def _cursor(self, stack: ExitStack) -> Any:
        from adbc_driver_postgresql import dbapi

        try:
            connection = stack.enter_context(closing(dbapi.connect(self._address(), autocommit=True)))
            cursor = stack.enter_context(closing(connection.cursor()))
            for setting in (*_SETTINGS, f"SET statement_timeout = {round(self.command_seconds * 1000)}"):
                cursor.execute(setting)
        except _driver_errors() as error:
            raise connection_error(self.name, error) from error
        return cursor

    def _address(self) -> str:
        host, _, port = self.server.rpartition(":") if ":" in self.server.strip("[]") else (self.server, "", "")
        options = {"host": host, "connect_timeout": str(max(round(self.connect_seconds), 1))}
        options |= {"port": port} if port else {}
        options |= {"application_name": "headwater"}
        who = f"{quote(self.login.username, safe='')}:{quote(self.login.password, safe='')}@" if self.login else ""
        return f"postgresql://{who}/{quote(self.database, safe='')}?{urlencode(options, quote_via=quote)}"


def check_driver() -> None:
    """Nothing, where the driver is installed.

    Raises:
        EngineError: it is not.
    """
    try:
        import adbc_driver_postgresql.dbapi  # noqa: F401 -- only whether it is there
    except ImportError as error:
        raise EngineError(
            "PostgreSQL's driver is not installed.", hint="Install the package adbc-driver-postgresql."
        ) from error


def _reading_errors() -> tuple[type[Exception], ...]:
    return (*_driver_errors(), pa.ArrowException, OSError)


def _driver_errors() -> tuple[type[Exception], ...]:
    from adbc_driver_manager import Error

    return (Error,)
