"""Databases that are reached through a row driver: MySQL, SQL Server, and those whose driver is to be installed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from headwater.powerquery.library.arguments import known_options
from headwater.powerquery.library.data.databases.navigation import NavigationTable
from headwater.powerquery.library.data.databases.options import (
    COMMAND_SECONDS,
    CONNECT_SECONDS,
    check_generator,
    flag,
    seconds,
    text_option,
    user_of,
)
from headwater.powerquery.library.data.databases.rows import browsed, queried
from headwater.powerquery.library.declarations import function
from headwater.powerquery.tables.row_table import table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Record, Thunk, Value
from headwater.powerquery.values.table import Table

if TYPE_CHECKING:
    from headwater.engines.dbapi import Dialect, DriverDatabase
    from headwater.powerquery.evaluator.session import Session

_SHARED = (
    "CreateNavigationProperties", "NavigationPropertyNameGenerator", "Query", "CommandTimeout", "ConnectionTimeout",
    "HierarchicalNavigation",
)  # fmt: skip
_FLAGS = ("CreateNavigationProperties", "HierarchicalNavigation")


def opened(
    session: Session, function: str, dialect: Dialect, address: tuple[str, str], given: dict[str, Value]
) -> DriverDatabase:
    """The database at (server, database), by the connection for it; ``function`` is the M function's name.

    Raises:
        MError: DataSource.Error where there is no connection, DataSource.MissingClientLibrary where there is no driver.
    """
    from headwater.engines.dbapi import DriverDatabase, Login

    kind = {"MySQL": "MySql"}.get(function.partition(".")[0], function.partition(".")[0])
    user, secret = user_of(session.connection(kind, ";".join(part for part in address if part))) or ("", "")
    dialect.driver.load(dialect.name)
    wait = seconds(given, "ConnectionTimeout", CONNECT_SECONDS)
    return DriverDatabase(
        dialect, Login(*address, user, secret, wait, seconds(given, "CommandTimeout", COMMAND_SECONDS))
    )


def shown(session: Session, source: DriverDatabase, given: dict[str, Value]) -> Table:
    """What a database function gives: a navigation table, or the rows of the option Query."""
    for name in _FLAGS:
        flag(given, name, default=name == "CreateNavigationProperties")
    check_generator(given, "NavigationPropertyNameGenerator")
    query = text_option(given, "Query")
    if query is not None:
        return queried(source, query)
    return browsed(session, source, hierarchical=flag(given, "HierarchicalNavigation", default=False))


_MYSQL_OPTIONS = (*_SHARED, "Encoding", "ReturnSingleDatabase", "TreatTinyAsBoolean", "OldGuids")


@function(
    "MySQL.Database(server as text, database as text, optional options as nullable record) as table",
    session=True,
)
def mysql_database(session: Session, server: str, database: str, options: Record | None = None) -> Table:
    """The tables and views of a MySQL or MariaDB database, a row each, with the table in Data. Rows are streamed; the
    choice of columns and the first rows are left to the database. Options as for PostgreSQL.Database; text is always
    read as UTF-8.
    """
    from headwater.engines.dbapi import mysql

    given = known_options(options, "MySQL.Database", *_MYSQL_OPTIONS)
    return shown(session, opened(session, "MySQL.Database", mysql(), (server, database), given), given)


_SQL_OPTIONS = (
    *_SHARED, "MaxDegreeOfParallelism", "MultiSubnetFailover", "UnsafeTypeConversions", "ContextInfo", "OmitSRID",
    "EnableCrossDatabaseFolding",
)  # fmt: skip


@function("Sql.Database(server as text, database as text, optional options as nullable record) as table", session=True)
def sql_database(session: Session, server: str, database: str, options: Record | None = None) -> Table:
    """The tables and views of a SQL Server database, a row each, with the table in Data. Rows are streamed; the choice
    of columns and the first rows are left to the database. Options as for PostgreSQL.Database.
    """
    return _sql_database(session, server, database, known_options(options, "Sql.Database", *_SQL_OPTIONS))


@function("Sql.Databases(server as text, optional options as nullable record) as table", session=True)
def sql_databases(session: Session, server: str, options: Record | None = None) -> Table:
    """The databases of a SQL Server, a row each, with the tables of the database in Data."""
    from headwater.engines.dbapi import sql_server

    given = known_options(options, "Sql.Databases", *_SQL_OPTIONS)
    source = opened(session, "Sql.Databases", sql_server(), (server, ""), given)

    def rows() -> list[list[Value]]:
        names = sorted(str(row[0]) for chunk in source.chunks("SELECT name FROM sys.databases") for row in chunk)
        return [[name, Thunk(_later(session, server, name, given)), "Database"] for name in names]

    columns = {"Name": t.TEXT, "Data": t.ANY, "Kind": t.TEXT}
    native = browsed(session, source, hierarchical=False).native
    return NavigationTable(table_type(list(columns), list(columns.values())), rows, native)


def _later(session: Session, server: str, database: str, given: dict[str, Value]) -> Callable[[], Value]:
    return lambda: _sql_database(session, server, database, given)


def _sql_database(session: Session, server: str, database: str, given: dict[str, Value]) -> Table:
    from headwater.engines.dbapi import sql_server

    return shown(session, opened(session, "Sql.Database", sql_server(), (server, database), given), given)


_WITH_DATABASE = ("DB2", "Informix", "Sybase")
_SERVER_ONLY = ("Oracle", "Teradata", "SapHana")
_OWN_OPTIONS = {"DB2": ("Implementation", "BinaryCodePage", "PackageCollection", "UseDb2ConnectGateway"),
                "SapHana": ("Distribution", "Implementation", "EnableColumnBinding")}  # fmt: skip


def _declare(system: str) -> None:
    """Declare the function of a system whose driver is to be installed beside Headwater."""
    name = f"{system}.Database"

    def with_database(session: Session, server: str, database: str, options: Record | None = None) -> Table:
        from headwater.engines.dbapi import others

        given = known_options(options, name, *_SHARED, *_OWN_OPTIONS.get(system, ()))
        return shown(session, opened(session, name, others()[system], (server, database), given), given)

    def server_only(session: Session, server: str, options: Record | None = None) -> Table:
        return with_database(session, server, "", options)

    named = system in _WITH_DATABASE
    implementation = with_database if named else server_only
    # The declaration takes a function's documentation from its docstring.
    implementation.__doc__ = (
        f"The tables and views of a {system} database, a row each, with the table in Data; its driver has to be"
        " installed beside Headwater. Rows are streamed; the choice of columns and the first rows are left to the"
        " database. Options as for PostgreSQL.Database."
    )
    database = "database as text, " if named else ""
    function(f"{name}(server as text, {database}optional options as nullable record) as table", session=True)(
        implementation
    )


for _system in (*_WITH_DATABASE, *_SERVER_ONLY):
    _declare(_system)
