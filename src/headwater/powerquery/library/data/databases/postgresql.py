"""PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headwater.errors import NotFoldableError
from headwater.plan.expressions import Literal
from headwater.plan.types import DataType, Kind
from headwater.powerquery.library.arguments import known_options
from headwater.powerquery.library.data.databases.navigation import Entry, navigation
from headwater.powerquery.library.data.databases.options import (
    COMMAND_SECONDS,
    CONNECT_SECONDS,
    check_generator,
    flag,
    seconds,
    text_option,
    user_of,
)
from headwater.powerquery.library.data.databases.parameters import with_parameters
from headwater.powerquery.library.declarations import function
from headwater.powerquery.tables.arrow import common_type, encode
from headwater.powerquery.tables.plan_table import PlanTable
from headwater.powerquery.values.core import Record, Value
from headwater.powerquery.values.operators import cannot_convert
from headwater.powerquery.values.table import Table

if TYPE_CHECKING:
    from headwater.engines.postgresql import PostgreSQLDatabase
    from headwater.powerquery.evaluator.session import Session

_OPTIONS = (
    "CreateNavigationProperties", "NavigationPropertyNameGenerator", "Query", "CommandTimeout", "ConnectionTimeout",
    "HierarchicalNavigation",
)  # fmt: skip
_KIND = "PostgreSQL"


@function(
    "PostgreSQL.Database(server as text, database as text, optional options as nullable record) as table",
    session=True,
)
def postgresql_database(session: Session, server: str, database: str, options: Record | None = None) -> Table:
    """The tables and views of a PostgreSQL database, a row each, with the table in Data; steps over them run in the
    database as far as they mean the same there. The options Query (the rows of a query instead),
    HierarchicalNavigation, CommandTimeout and ConnectionTimeout count; related tables get no columns of their own,
    whatever CreateNavigationProperties says.
    """
    given = known_options(options, "PostgreSQL.Database", *_OPTIONS)
    flag(given, "CreateNavigationProperties", default=True)
    check_generator(given, "NavigationPropertyNameGenerator")
    source = _opened(session, server, database, given)

    def native(query: str, parameters: Value, asked: Record | None) -> Table:
        known = known_options(asked, "Value.NativeQuery", "EnableFolding", "PreserveTypes")
        flag(known, "PreserveTypes", default=True)
        text = with_parameters(query, parameters, _literal)
        session.connection(_KIND, f"{server};{database}")  # again: the text may hold data of another source
        return _queried(session, source, text, foldable=flag(known, "EnableFolding", default=False))

    query = text_option(given, "Query")
    if query is not None:
        return _queried(session, source, query, foldable=True)
    hierarchical = flag(given, "HierarchicalNavigation", default=False)
    return navigation(lambda: _entries(session, source), native, hierarchical=hierarchical)


def _opened(session: Session, server: str, database: str, given: dict[str, Value]) -> PostgreSQLDatabase:
    from headwater.engines.postgresql import Login, PostgreSQLDatabase, check_driver

    user = user_of(session.connection(_KIND, f"{server};{database}"))
    check_driver()
    return PostgreSQLDatabase(
        server,
        database,
        None if user is None else Login(*user),
        seconds(given, "CommandTimeout", COMMAND_SECONDS),
        seconds(given, "ConnectionTimeout", CONNECT_SECONDS),
    )


def _entries(session: Session, source: PostgreSQLDatabase) -> list[Entry]:
    from headwater.engines.postgresql import relations, table_scan

    def entry(schema: str, name: str, kind: str) -> Entry:
        return Entry(schema, name, kind, lambda: PlanTable(table_scan(source, schema, name), session))

    return [entry(found.schema, found.name, found.kind) for found in relations(source)]


def _queried(session: Session, source: PostgreSQLDatabase, query: str, *, foldable: bool) -> Table:
    from headwater.engines.postgresql import query_scan

    return PlanTable(query_scan(source, query, foldable=foldable), session)


def _literal(value: Value) -> str:
    from headwater.engines.postgresql import constant_sql

    kind = DataType(Kind.TEXT) if value is None else common_type([value])
    if kind is not None and kind.kind is Kind.DATETIME:
        kind = DataType(Kind.DATETIME)
    try:
        if kind is not None:
            return constant_sql(Literal(encode([value], kind)[0][0].as_py(), kind))
    except NotFoldableError:
        pass
    raise cannot_convert(value, "Text")
