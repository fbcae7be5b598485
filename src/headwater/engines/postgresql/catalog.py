"""What a PostgreSQL database says of itself: its tables, their columns, and the columns of a query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from headwater.engines.postgresql.database import PostgreSQLDatabase
from headwater.engines.postgresql.sql import DIALECT
from headwater.engines.sql import text
from headwater.errors import MError
from headwater.plan.databases import DatabaseScan, NativeQuery, TableName
from headwater.plan.nodes import Column, Source, with_fresh_ids
from headwater.plan.types import (
    BINARY,
    DATE,
    DATETIME,
    DATETIMEZONE,
    DOUBLE,
    INT64,
    LOGICAL,
    TEXT,
    TIME,
    DataType,
    Kind,
)

_TABLES = """
SELECT n.nspname, c.relname, CASE WHEN c.relkind IN ('v', 'm') THEN 'View' ELSE 'Table' END
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"
"""

_COLUMNS = """
SELECT a.attname, b.typname,
       CASE WHEN b.oid = a.atttypid THEN a.atttypmod ELSE t.typtypmod END,
       a.attnotnull, a.attcollation IN (0, 100)
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
JOIN pg_catalog.pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
WHERE n.nspname = {schema} AND c.relname = {name} AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""

_TYPES: dict[str, DataType] = {
    "bool": LOGICAL,
    "int2": INT64,
    "int4": INT64,
    "int8": INT64,
    "oid": INT64,
    "float4": DOUBLE,
    "float8": DOUBLE,
    "date": DATE,
    "timestamp": DATETIME,
    "timestamptz": DATETIMEZONE,
    "time": TIME,
    "bytea": BINARY,
}

COLLATED = "collated "
"""Stands before the type of a text whose collation is not known to compare letter by letter."""


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view; ``kind`` is M's word for it."""

    schema: str
    name: str
    kind: str


def relations(database: PostgreSQLDatabase) -> list[Relation]:
    """The tables and views that the login may read, by schema and name.

    Raises:
        MError: DataSource.Error, the database does not answer.
    """
    return [Relation(*row) for row in _positional(database, _TABLES)]


def table_scan(database: PostgreSQLDatabase, schema: str, name: str) -> DatabaseScan:
    """A scan of a table with its columns' types.

    Raises:
        MError: DataSource.Error, the database does not answer, or there is no such table.
    """
    statement = _COLUMNS.format(schema=text(schema).sql(DIALECT), name=text(name).sql(DIALECT))
    found = _positional(database, statement)
    if not found:
        raise MError(
            "DataSource.Error", f"{database.name} has no table '{schema}.{name}' with columns.", code="m.data_source"
        )
    kinds = [_kind(of, modifier) for _, of, modifier, _, _ in found]
    columns = _columns([row[0] for row in found], kinds)
    native = [of if plain else COLLATED + of for _, of, _, _, plain in found]
    required = frozenset(c.id for c, (_, _, _, never_null, _) in zip(columns, found, strict=True) if never_null)
    source = Source(f"postgres://{_address(database)}/{database.database}.{schema}.{name}")
    return DatabaseScan(
        database, TableName(schema, name), columns, tuple(row[0] for row in found), tuple(native), source, required
    )


def query_scan(database: PostgreSQLDatabase, query: str, *, foldable: bool) -> DatabaseScan:
    """A scan of a query's rows; the query is looked at, and not run.

    Raises:
        MError: DataSource.Error, the database refuses the query or does not answer.
    """
    bare = query.strip().rstrip(";").rstrip()
    # Prepared as one statement in a transaction that only reads, whatever the text says.
    schema = database.schema(f'SELECT * FROM (\n{bare}\n) AS "native"')  # noqa: S608
    names, kinds, native = [], [], []
    for field in schema:
        metadata = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
        of = metadata.get("POSTGRESQL:type", "")
        names.append(field.name)
        kinds.append(_kind(of, int(metadata.get("POSTGRESQL:typmod", -1))))
        native.append(COLLATED + of)
    if len(set(names)) < len(names):
        raise MError(
            "DataSource.Error",
            "Two columns of the query have one name.",
            hint="Give each column a name of its own, with AS.",
        )
    columns = _columns(names, kinds)
    return DatabaseScan(database, NativeQuery(bare), columns, tuple(names), tuple(native), None, foldable=foldable)


def _positional(database: PostgreSQLDatabase, statement: str) -> list[tuple[Any, ...]]:
    rows = database.rows(statement)
    return list(zip(*(column.to_pylist() for column in rows.columns), strict=True))


def _columns(names: Sequence[str], kinds: Sequence[DataType]) -> tuple[Column, ...]:
    return with_fresh_ids([Column("", name, kind) for name, kind in zip(names, kinds, strict=True)], ())


def _kind(of: str, modifier: int) -> DataType:
    """The plan's type. What has no counterpart is text, as PostgreSQL writes it."""
    if of == "numeric":
        return _decimal(modifier)
    return _TYPES.get(of, TEXT)


def _decimal(modifier: int) -> DataType:
    """A numeric of known precision is a decimal; any other can be longer than a decimal, and is a double."""
    precision, scale = (modifier - 4) >> 16 & 0xFFFF, (modifier - 4) & 0x7FF
    fits = modifier >= 4 and precision <= 38 and scale <= precision
    return DataType(Kind.DECIMAL, precision=precision, scale=scale) if fits else DOUBLE


def _address(database: PostgreSQLDatabase) -> str:
    return database.server if ":" in database.server else f"{database.server}:5432"
