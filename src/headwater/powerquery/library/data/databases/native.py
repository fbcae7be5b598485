"""Queries in a source's own language."""

from __future__ import annotations

from headwater.errors import MError
from headwater.powerquery.library.data.databases.navigation import NavigationTable
from headwater.powerquery.library.declarations import function
from headwater.powerquery.values.core import Record, Value, plain


@function(
    "Value.NativeQuery(target as any, query as text, optional parameters as any, optional options as nullable record)"
    " as any",
)
def value_native_query(target: Value, query: str, parameters: Value = None, options: Record | None = None) -> Value:
    """The rows of a query in the language of a source, such as a database's SQL: ``target`` is what the source's
    function gives. Parameters are a record (``@name`` in the text) or a list (``$1`` or ``?``). With the option
    EnableFolding, later steps become part of the query.
    """
    source = plain(target)
    if isinstance(source, NavigationTable):
        return source.native(query, parameters, options)
    raise MError(
        "Expression.Error",
        "Native queries aren't supported by this value.",
        target,
        hint="Give what a database's function returns, such as PostgreSQL.Database(server, database).",
    )
