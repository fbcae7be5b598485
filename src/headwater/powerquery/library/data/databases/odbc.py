"""ODBC: any database with a driver of that kind on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwater.errors import MError
from headwater.powerquery.library.arguments import known_options
from headwater.powerquery.library.data.databases.options import (
    COMMAND_SECONDS,
    CONNECT_SECONDS,
    check_generator,
    flag,
    seconds,
    user_of,
)
from headwater.powerquery.library.data.databases.rows import browsed, queried
from headwater.powerquery.library.declarations import function
from headwater.powerquery.values.core import Record, Value, plain
from headwater.powerquery.values.operators import cannot_convert
from headwater.powerquery.values.table import Table

if TYPE_CHECKING:
    from headwater.engines.dbapi import OdbcDatabase
    from headwater.powerquery.evaluator.session import Session

_OPTIONS = (
    "AstVisitor", "CancelQueryExplicitly", "ClientConnectionPooling", "CommandTimeout", "ConnectionTimeout",
    "CreateNavigationProperties", "HideNativeQuery", "HierarchicalNavigation", "ImplicitTypeConversions", "OnError",
    "SoftNumbers", "SqlCapabilities", "SQLColumns", "SQLGetFunctions", "SQLGetInfo", "SQLGetTypeInfo", "SQLTables",
    "SqlCompatibleWindowsAuth", "TolerateConcatOverflow", "UseEmbeddedDriver",
)  # fmt: skip
_QUERY_OPTIONS = ("CommandTimeout", "ConnectionTimeout", "SqlCompatibleWindowsAuth")
_SECRETS = frozenset({"uid", "pwd", "user", "password", "user id"})


@function("Odbc.DataSource(connectionString as any, optional options as nullable record) as table", session=True)
def odbc_data_source(session: Session, connection_string: Value, options: Record | None = None) -> Table:
    """The tables and views of an ODBC source, a row each, with the table in Data. The connection string is a text or a
    record, and holds no credential: the connection does. Rows are streamed; the choice of columns is left to the
    source. Of the options, HierarchicalNavigation, CommandTimeout and ConnectionTimeout count; those by which a custom
    connector describes its driver do not, since no more SQL is made for it.
    """
    given = known_options(options, "Odbc.DataSource", *_OPTIONS)
    flag(given, "CreateNavigationProperties", default=True)
    check_generator(given, "OnError")
    source = _opened(session, connection_string, given)
    return browsed(session, source, hierarchical=flag(given, "HierarchicalNavigation", default=False))


@function(
    "Odbc.Query(connectionString as any, query as text, optional options as nullable record) as table", session=True
)
def odbc_query(session: Session, connection_string: Value, query: str, options: Record | None = None) -> Table:
    """The rows of a query that an ODBC source runs."""
    given = known_options(options, "Odbc.Query", *_QUERY_OPTIONS)
    return queried(_opened(session, connection_string, given), query)


@function("Odbc.InferOptions(connectionString as any) as record", session=True)
def odbc_infer_options(session: Session, connection_string: Value) -> Record:
    """What an ODBC source says of its SQL, as options for Odbc.DataSource: here that it takes no clause of first rows,
    since none is made for it.
    """
    with _opened(session, connection_string, {}).cursor():
        return Record.of({"SqlCapabilities": Record.of({"LimitClauseKind": 0})})


def _opened(session: Session, connection_string: Value, given: dict[str, Value]) -> OdbcDatabase:
    from headwater.engines.dbapi import ODBC, Login, OdbcDatabase

    text = connection_text(connection_string)
    user, secret = user_of(session.connection("Odbc", text)) or ("", "")
    ODBC.driver.load("ODBC")
    wait = seconds(given, "ConnectionTimeout", CONNECT_SECONDS)
    return OdbcDatabase(ODBC, Login(text, "", user, secret, wait, seconds(given, "CommandTimeout", COMMAND_SECONDS)))


def connection_text(value: Value) -> str:
    """A connection string as text, its keywords in lower case.

    Raises:
        MError: Expression.Error, it is neither text nor record; DataSource.Error, it holds a credential.
    """
    from headwater.engines.dbapi import connection_string

    value = plain(value)
    if isinstance(value, Record):
        parts = {name.lower(): _part(plain(part)) for name, part in value.items()}
    elif isinstance(value, str):
        pairs = (piece.partition("=") for piece in value.split(";") if piece.strip())
        parts = {name.strip().lower(): part.strip() for name, _, part in pairs}
    else:
        raise cannot_convert(value, "Text")
    if _SECRETS & parts.keys():
        raise MError(
            "DataSource.Error",
            "The connection string holds a credential.",
            hint="Leave the user name and the password out of it, and put them into the connection.",
            code="m.data_source",
        )
    return value if isinstance(value, str) else connection_string(parts)


def _part(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
