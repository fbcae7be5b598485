"""Field, column, item and row access, and projection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from headwater.errors import MError
from headwater.powerquery.tables import columns as table_columns
from headwater.powerquery.tables import rows as table_rows
from headwater.powerquery.tables.looking import kept_matches, kept_rows
from headwater.powerquery.values.core import List, Record, Value, force, plain
from headwater.powerquery.values.equality import equal
from headwater.powerquery.values.operators import cannot_convert, is_whole
from headwater.powerquery.values.table import Table


def field_of(value: Value, name: str, optional: bool) -> Value:
    """``value[name]``: a record's field, or a table's column as a list."""
    value = plain(value)
    if isinstance(value, Record):
        if name in value.index:
            return value.get(name)
        if optional:
            return None
        raise MError("Expression.Error", f"The field '{name}' of the record wasn't found.", value)
    if isinstance(value, Table):
        if name in value.index:
            return table_columns.column_values(value, name)
        if optional:
            return None
        raise missing_column(name)
    if value is None and optional:
        return None
    raise cannot_convert(value, "Record")


def missing_column(name: str) -> MError:
    """The error of a column that a table does not have."""
    return MError("Expression.Error", f"The column '{name}' of the table wasn't found.", name)


def project(value: Value, names: Sequence[str], optional: bool) -> Value:
    """``value[[a], [b]]``: a record or table with just these members; missing ones are null where optional."""
    value = plain(value)
    if isinstance(value, Record):
        absent = [name for name in names if name not in value.index]
        if absent and not optional:
            raise MError("Expression.Error", f"The field '{absent[0]}' of the record wasn't found.", value)
        raw = value.raw()
        return Record.of({name: raw.get(name) for name in names})
    if isinstance(value, Table):
        return table_columns.select_columns(value, names, "null" if optional else "error")
    if value is None and optional:
        return None
    raise cannot_convert(value, "Record")


def item_of(value: Value, index: Value, optional: bool) -> Value:
    """``value{index}``: by position from a list or table, by match from a table of records."""
    value, index = plain(value), plain(index)
    if isinstance(value, Table) and isinstance(index, Record):
        return _row_by_match(value, index, optional)
    if not isinstance(value, List | Table):
        if value is None and optional:
            return None
        raise cannot_convert(value, "List")
    if not is_whole(index):
        raise cannot_convert(index, "Number")
    at = int(index)
    if at < 0:
        raise MError("Expression.Error", "The index cannot be negative.", index)
    if isinstance(value, List):
        try:
            item = value.at(at)
        except IndexError:
            pass
        else:
            return force(item)
    else:
        for row in _row_at(value, at):
            return row
    if optional:
        return None
    raise MError(
        "Expression.Error", "There weren't enough elements in the enumeration to complete the operation.", value
    )


def _row_at(table: Table, at: int) -> Iterable[Record]:
    kept = kept_rows(table)
    if kept is None:
        return table_rows.slice_rows(table, at, 1).records()
    return [Record(table.index, row) for row in kept[at : at + 1]]


def _row_by_match(table: Table, key: Record, optional: bool) -> Value:
    for name in key.index:
        if name not in table.index:
            raise missing_column(name)
    wanted = [(name, value) for name, value in key.items()]
    kept = kept_matches(table, tuple(key.index), [value for _, value in wanted])
    candidates = table.records() if kept is None else (Record(table.index, row) for row in kept)
    found = [row for row in candidates if all(equal(row.get(name), value) for name, value in wanted)]
    if len(found) == 1:
        return found[0]
    if found:
        raise MError("Expression.Error", "The key matched more than one row in the table.", key)
    if optional:
        return None
    raise MError("Expression.Error", "The key didn't match any rows in the table.", key)
