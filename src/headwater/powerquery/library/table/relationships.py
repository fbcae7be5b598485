"""Relationships among tables, told by the keys of tables and by the identities that relationships go by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from headwater.powerquery.library.declarations import function
from headwater.powerquery.tables.columns import missing_column
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values.core import List, Record, Value, force, metadata_of, plain
from headwater.powerquery.values.operators import with_metadata
from headwater.powerquery.values.table import Table

IDENTITY = "Relationship.Identity"
RELATIONSHIPS = "Relationships"
"""Metadata of a table: the identity that relationships call it by; and those it has, each a record of Columns,
OtherIdentity and OtherColumns."""

_COLUMNS = ("Table1", "Columns1", "Table2", "Columns2")


@function(
    "Table.ReplaceRelationshipIdentity(value as any, identity as text) as any",
    examples=[('Table.ReplaceRelationshipIdentity(#table({"A"}, {{1}}), "orders")', '#table({"A"}, {{1}})')],
)
def replace_relationship_identity(value: Value, identity: str) -> Value:
    """The value, which relationships among tables call by an identity from now on."""
    return with_metadata(value, Record.of({IDENTITY: identity}))


@function(
    "Tables.GetRelationships(tables as table, optional dataColumn as nullable text) as table",
    examples=[
        ('Table.ColumnNames(Tables.GetRelationships(#table({"Name", "Data"}, {{"T", #table({"A"}, {})}})))',
         '{"Table1", "Columns1", "Table2", "Columns2"}'),
    ],
)  # fmt: skip
def get_relationships(tables: Table, data_column: str | None = None) -> Table:
    """The relationships among the tables in a column, by default Data, of a navigation table: a row for each, with the
    identities of the two tables and the columns that refer to each other. What refers to what is told by the sources.
    """
    column = "Data" if data_column is None else data_column
    if column not in tables.index:
        raise missing_column(column)
    at = tables.index[column]
    return RowTable(table_type(_COLUMNS), lambda: _relationships([force(row[at]) for row in tables.rows()]))


class _Side(NamedTuple):
    identity: str
    relationships: Value


def _relationships(tables: list[Value]) -> Iterator[list[Value]]:
    sides = [_Side(str(metadata_of(each).plain(IDENTITY)), metadata_of(each).plain(RELATIONSHIPS)) for each in tables]
    known = {side.identity for side in sides}
    for identity, relationships in sides:
        for relationship in relationships if isinstance(relationships, List) else ():
            described = plain(relationship)
            other = described.plain("OtherIdentity")
            if other in known:
                yield [identity, described.plain("Columns"), other, described.plain("OtherColumns")]
