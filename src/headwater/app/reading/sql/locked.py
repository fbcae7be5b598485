"""DuckDB, shut in: it reads the files of a few tables, and nothing else there is; nothing can be set any more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa
from sqlglot import exp

from headwater.engines.duckdb.sql import DIALECT, alias, cast, column
from headwater.engines.sql import Sql
from headwater.errors import EngineError, HeadwaterError, UsageError
from headwater.plan.types import Kind
from headwater.tables.types import PublishedColumn

__all__ = ["add_view", "locked", "query_error"]

_SETTINGS: Final = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
}


def locked(files: Sequence[str], memory: str, spill: Path, most_spilled: str) -> duckdb.DuckDBPyConnection:
    """A database in memory that may read ``files``; call :func:`add_view`, then ``lock_configuration``.

    Raises:
        EngineError: it does not start.
    """
    config: dict[str, Any] = {
        **_SETTINGS,
        "memory_limit": memory,
        "temp_directory": str(spill),
        "max_temp_directory_size": most_spilled,
    }
    try:
        connection = duckdb.connect(":memory:", config=config)
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"SET allowed_paths = {_listed(files).sql(dialect=DIALECT)}")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
    except (duckdb.Error, OSError) as error:
        raise EngineError("The engine for SQL did not start.", hint="Look into its settings.") from error
    return connection


def add_view(
    connection: duckdb.DuckDBPyConnection, name: str, files: Sequence[str], columns: Sequence[PublishedColumn]
) -> None:
    """A table's files under a name, in the types that SQL has for them.

    A datetime is a timestamp without a zone, a datetimezone one with, beside its offset; times and durations stay
    ticks, because SQL's own are coarser.
    """
    if not files:
        empty = pa.schema([field for one in columns for field in one.stored]).empty_table()
        connection.register(f"{name} files", empty)
        source: Sql = exp.to_table(f'"{name} files"')
    else:
        source = exp.Anonymous(this="read_parquet", expressions=[_listed(files)])
    query = exp.select(*(item for one in columns for item in _items(one))).from_(source)
    view = exp.Create(this=exp.to_table(f'"{name}"'), kind="TEMPORARY VIEW", expression=query)
    connection.execute(view.sql(dialect=DIALECT))


def _listed(texts: Sequence[str]) -> exp.Array:
    return exp.Array(expressions=[exp.Literal.string(text) for text in texts])


def _items(published: PublishedColumn) -> list[Sql]:
    items: list[Sql] = []
    for field in published.stored:
        value: Sql = column(field.name)
        if published.type.kind is Kind.DATETIME:
            value = cast(value, "TIMESTAMP")
        items.append(alias(value, field.name))
    return items


def query_error(error: Exception) -> HeadwaterError:
    """What an error of DuckDB's means, without the values and the paths that its messages can hold."""
    match error:
        case duckdb.InterruptException():
            return EngineError("The query was interrupted.", code="engine.interrupted")
        case duckdb.OutOfMemoryException():
            return EngineError(
                "The query needs more memory than it may use.",
                hint="Ask for fewer rows or columns, or group before you join.",
                code="engine.memory",
            )
        case duckdb.ParserException() | duckdb.BinderException() | duckdb.CatalogException():
            return UsageError(
                f"The query cannot be run: {_first_line(error)}",
                place="the statement",
                hint="Correct the query; 'headwater sql --tables' lists tables and columns.",
                code="sql.query",
            )
        case duckdb.PermissionException():
            return UsageError("The query asks for what is not offered.", place="the statement", code="sql.refused")
        case duckdb.IOException() | OSError():
            return EngineError("Files of a table could not be read.", hint="Run the query again.", code="sql.files")
        case _:
            # What is left complains of values, and quotes them.
            return UsageError(
                "A value in the query's way cannot be converted or computed.",
                place="the statement",
                hint="Use TRY_CAST, or look at the values first.",
                code="sql.value",
            )


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]
