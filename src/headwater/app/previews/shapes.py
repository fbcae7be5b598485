"""Any value as a table that a grid can show."""

from __future__ import annotations

from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import List, Record, Value
from headwater.powerquery.values.table import Table

__all__ = ["as_table"]


def as_table(value: Value) -> Table:
    """A table as it is; a record with a row for each field, a list for each item, anything else as one cell.

    >>> as_table(Record.of({"a": 1, "b": 2})).names, as_table(List([1, 2])).row_count()
    (('Name', 'Value'), 2)
    """
    if isinstance(value, Table):
        return value
    if isinstance(value, Record):
        fields = value.raw()
        return RowTable(table_type(["Name", "Value"], [t.TEXT, t.ANY]), lambda: ([n, v] for n, v in fields.items()))
    if isinstance(value, List):
        return RowTable(table_type(["List"], [t.ANY]), lambda: ([item] for item in value.raw()))
    return RowTable(table_type(["Value"], [t.ANY]), lambda: [[value]])
