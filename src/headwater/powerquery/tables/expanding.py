"""Lists and tables in cells turned into rows and into totals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from headwater.errors import MError, NotFoldableError
from headwater.plan import types as p
from headwater.plan.nodes import fresh_id
from headwater.plan.reshaping import ExpandList
from headwater.powerquery.tables.columns import column_values, missing_column, unique_or_error
from headwater.powerquery.tables.plan_table import PlanTable, folded
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import List, Thunk, Value, force, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.operators import cannot_convert
from headwater.powerquery.values.table import Table

# -- lists ---------------------------------------------------------------------------------------------------------


def _expanded_type(table: Table, name: str) -> t.TableType:
    at, types = table.index[name], list(table.column_types)
    of = t.non_nullable(types[at])
    items = of.item if isinstance(of, t.ListType) else of.row if isinstance(of, t.TableType) else t.ANY
    types[at] = t.nullable(items)
    return table_type(table.names, types)


def _expand_rows_form(table: Table, name: str) -> Table:
    at = table.index[name]

    def rows() -> Iterator[Sequence[Value]]:
        for row in table.rows():
            for item in _items(row[at]):
                yield [*row[:at], item, *row[at + 1 :]]

    return RowTable(_expanded_type(table, name), rows)


def _items(cell: Value) -> Sequence[Value]:
    """The items of a list in a cell, or the rows of a table: a null for none, the cell itself where it is an error."""
    try:
        listed = plain(force(cell))
    except MError:
        return [cell]
    if listed is None:
        return [None]
    if isinstance(listed, Table):
        return list(listed.records()) or [None]
    if not isinstance(listed, List):
        raise cannot_convert(listed, "List")
    return listed.items or [None]


@folded("Table.ExpandListColumn", _expand_rows_form)
def expand_list_column(table: PlanTable, name: str) -> Table:
    """A row for each item of the lists in a column; a list without items makes one of null."""
    column = table.plan_column(name)
    if column.type.kind is not p.Kind.LIST or column.type.item is None:
        raise NotFoldableError(f"The column '{name}' holds no lists of a known kind.")
    taken = [c.id for c in table.plan.columns]
    item = replace(column, id=fresh_id(name, taken), type=column.type.item.as_nullable())
    return PlanTable(ExpandList(table.plan, column.id, item), table.session, _expanded_type(table, name))


# -- tables --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Total:
    """A column of totals: a function of the list of a nested column's cells."""

    column: str
    function: Function
    name: str


def aggregate_table_column(table: Table, name: str, totals: Sequence[Total]) -> Table:
    """A column of tables replaced by totals of their columns."""
    at = table.index[name]
    names = unique_or_error([*table.names[:at], *(total.name for total in totals), *table.names[at + 1 :]])
    made = [total.function.type.result for total in totals]
    types = [*table.column_types[:at], *made, *table.column_types[at + 1 :]]

    def rows() -> Iterator[Sequence[Value]]:
        for row in table.rows():
            yield [*row[:at], *(Thunk(_total(total, row[at])) for total in totals), *row[at + 1 :]]

    return RowTable(table_type(names, types), rows)


def _total(total: Total, cell: Value) -> Callable[[], Value]:
    def compute() -> Value:
        nested = plain(force(cell))
        if nested is None:
            return None
        if not isinstance(nested, Table):
            raise cannot_convert(nested, "Table")
        if total.column not in nested.index:
            raise missing_column(total.column)
        return total.function.invoke([column_values(nested, total.column)])

    return compute
