"""A statement of SQL, read and checked before anything runs: one query, over names that have a meaning here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from headwater.errors import UsageError

__all__ = ["Statement", "TableName", "read_statement"]

DIALECT: Final = "duckdb"
MOST_CHARACTERS: Final = 200_000

#: What may stand nowhere in a query, however deep.
_REFUSED: Final = (exp.DML, exp.DDL, exp.Command, exp.Into, exp.Copy, exp.Attach, exp.Pragma, exp.Set, exp.Placeholder)

#: Functions that tell of the server or wait, instead of computing something.
_REFUSED_FUNCTIONS: Final = re.compile(
    r"pg_.*|has_.*_privilege|inet_.*|current_setting|current_query(_id)?|current_connection_id|getvariable|getenv"
    r"|currval|nextval|sleep_ms|write_log|parse_duckdb_log_message|stats|query|query_table|txid_current"
    r"|current_transaction_id|in_search_path|get_block_size|read_.*|glob|sniff_csv|.*_scan|parquet_.*|duckdb_.*"
    r"|pragma_.*|show_.*|summary|which_secret|json_execute_serialized_sql|json_serialize_plan|arrow_scan_dumb"
)

#: Begins the name of each common table expression, so that none is called like something that the engine has itself.
_COMMON: Final = "common "


@dataclass(frozen=True, slots=True)
class TableName:
    """How a query names a table; ``dataflow`` is "" where it gives the entity alone."""

    dataflow: str
    entity: str


@dataclass(frozen=True, slots=True)
class Statement:
    """A query whose tables are the views of ``tables``, by the names of those."""

    sql: str
    tables: Mapping[TableName, str]


def read_statement(text: str, resolved: Callable[[TableName], TableName]) -> Statement:
    """The query, with a view's name in the place of each table's.

    Args:
        text: one SELECT, perhaps after WITH, in DuckDB's dialect.
        resolved: the full name of a table that is named; it raises NotFoundError for one that is not there.

    Raises:
        UsageError: it is something else (``sql.statement``), or asks for what is not offered (``sql.refused``).
        NotFoundError: as ``resolved`` does.
    """
    tree = _parsed(text)
    _check(tree)
    common = _rename_common(tree)
    tables: dict[TableName, str] = {}
    for table in list(tree.find_all(exp.Table)):
        if not isinstance(table.this, exp.Identifier):
            raise _refused("Functions that give tables are not offered", "Name published tables: dataflow.entity.")
        if table.catalog or table.args.get("when") or table.args.get("version"):
            raise _refused(f"'{table.name}' is named by more than its dataflow", "Name it as dataflow.entity.")
        if not table.db and table.name.lower() in common:
            _rename(table, _COMMON + table.name.lower())
        else:
            full = resolved(TableName(table.db, table.name))
            _rename(table, tables.setdefault(full, f"table {len(tables) + 1}"))
    _shorten_columns(tree, tables)
    return Statement(tree.sql(dialect=DIALECT), tables)


def _rename_common(tree: exp.Query) -> frozenset[str]:
    """The names of common table expressions, as they were; all of them get another one.

    Where one is not in sight, as in its own text, its name would else be found among the engine's own tables.
    """
    names = set()
    for one in tree.find_all(exp.CTE):
        names.add(one.alias.lower())
        one.args["alias"].set("this", exp.to_identifier(_COMMON + one.alias.lower(), quoted=True))
    return frozenset(names)


def _parsed(text: str) -> exp.Query:
    if len(text) > MOST_CHARACTERS:
        raise _unreadable(f"The statement has more than {MOST_CHARACTERS:,} characters.")
    try:
        statements = [one for one in sqlglot.parse(text, dialect=DIALECT) if one is not None]
    except (SqlglotError, RecursionError) as error:
        raise _unreadable("The statement cannot be read as SQL.") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise _unreadable("This is not one SELECT.")
    return statements[0]


def _check(tree: exp.Query) -> None:
    for node in tree.walk():
        if isinstance(node, _REFUSED):
            raise _refused("Only reading is offered, and without parameters", "Write one SELECT that is complete.")
        if isinstance(node, exp.Lateral) and not isinstance(node.this, exp.Subquery | exp.Unnest):
            raise _refused("Functions that give tables are not offered", "Name published tables: dataflow.entity.")
        if isinstance(node, exp.Func):
            names = [node.name] if isinstance(node, exp.Anonymous) else list(node.sql_names())
            refused = next((name for name in names if _REFUSED_FUNCTIONS.fullmatch(name.lower())), None)
            if refused is not None:
                raise _refused(f"The function '{refused.lower()}' is not offered", "Leave it out.")


def _rename(table: exp.Table, view: str) -> None:
    """The view in the table's place; what refers to the table finds it by its alias, or by its own name."""
    if not table.alias:
        table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name, quoted=True)))
    table.set("db", None)
    table.set("this", exp.to_identifier(view, quoted=True))


def _shorten_columns(tree: exp.Query, tables: Mapping[TableName, str]) -> None:
    """``dataflow.entity.column`` without its dataflow, which no view has."""
    known = {(name.dataflow.lower(), name.entity.lower()) for name in tables}
    for column in tree.find_all(exp.Column):
        if (column.db.lower(), column.table.lower()) in known:
            column.set("db", None)


def _unreadable(message: str) -> UsageError:
    return UsageError(
        message, place="the statement", hint="Write one SELECT, as DuckDB reads it.", code="sql.statement"
    )


def _refused(message: str, hint: str) -> UsageError:
    return UsageError(f"{message}.", place="the statement", hint=hint, code="sql.refused")
