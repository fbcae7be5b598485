"""The partition key of a table type: the columns that say which partition a row is in."""

from __future__ import annotations

from dataclasses import replace

from headwater.powerquery.library.arguments import names_of
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.type.structure import table_column, table_type_of
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import List


@function(
    "Type.TablePartitionKey(tableType as type) as nullable list",
    examples=[("Type.TablePartitionKey(type table [A = number])", "null")],
)
def partition_key(of: t.Type) -> List | None:
    """The columns of a table type's partition key; null where it has none."""
    key = table_type_of(of).partition
    return None if key is None else List(list(key))


@function(
    "Type.ReplaceTablePartitionKey(tableType as type, partitionKey as nullable list) as type",
    examples=[
        ('Type.TablePartitionKey(Type.ReplaceTablePartitionKey(type table [A = number], {"A"}))', '{"A"}'),
        ('Type.TablePartitionKey(Type.ReplaceTablePartitionKey(type table [A = number], null))', "null"),
    ],
)  # fmt: skip
def replace_partition_key(of: t.Type, key: List | None) -> t.Type:
    """The table type with another partition key, or none."""
    table = table_type_of(of)
    names = None if key is None else tuple(names_of(key))
    for name in names or ():
        table_column(table, name)
    return replace(table, partition=names)
