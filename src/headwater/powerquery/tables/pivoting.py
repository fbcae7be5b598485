"""Columns into rows and rows into columns, for plans and for rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from headwater.errors import MError, NotFoldableError
from headwater.plan import types as p
from headwater.plan.expressions import Ref
from headwater.plan.nodes import AggregateCall, Column, fresh_id
from headwater.plan.reshaping import Pivot, Unpivot
from headwater.powerquery.evaluator.closure import Closure
from headwater.powerquery.language import syntax
from headwater.powerquery.library.declarations import Declaration
from headwater.powerquery.tables.aggregating import aggregate_column, library_function
from headwater.powerquery.tables.columns import unique_or_error
from headwater.powerquery.tables.filling import is_null
from headwater.powerquery.tables.folding import bare
from headwater.powerquery.tables.keys import UNKEYED, KeyIndex
from headwater.powerquery.tables.plan_table import PlanTable, folded
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import List, Thunk, Value, force, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.table import Table

# -- unpivot -------------------------------------------------------------------------------------------------------


def _unpivoted_type(table: Table, names: Sequence[str], attribute: str, value: str) -> t.TableType:
    gone = set(names)
    kept = [(n, of) for n, of in zip(table.names, table.column_types, strict=True) if n not in gone]
    found = {table.column_types[table.index[name]] for name in names}
    of = found.pop() if len(found) == 1 else t.ANY
    all_names = unique_or_error([*(n for n, _ in kept), attribute, value])
    return table_type(all_names, [*(kind for _, kind in kept), t.TEXT, of])


def _unpivot_rows_form(table: Table, names: Sequence[str], attribute: str, value: str) -> Table:
    of = _unpivoted_type(table, names, attribute, value)
    places = [table.index[name] for name in names]
    kept = [at for at in range(len(table.names)) if at not in set(places)]

    def rows() -> Iterator[Sequence[Value]]:
        for row in table.rows():
            own = [row[at] for at in kept]
            yield from ([*own, name, row[at]] for name, at in zip(names, places, strict=True) if not is_null(row[at]))

    return RowTable(of, rows)


@folded("Table.Unpivot", _unpivot_rows_form)
def unpivot(table: PlanTable, names: Sequence[str], attribute: str, value: str) -> Table:
    """A row for each cell of the columns that is not null: the column's name and the cell."""
    of = _unpivoted_type(table, names, attribute, value)
    columns = [table.plan_column(name) for name in names]
    if not columns:
        raise NotFoldableError("No column is turned into rows.")
    kind = columns[0].type
    if not all(column.type.same_kind(kind) for column in columns):
        raise NotFoldableError("The columns turned into rows are of different types.")
    taken = [c.id for c in table.plan.columns]
    named = Column(fresh_id(attribute, taken), attribute, p.TEXT)
    cell = Column(fresh_id(value, [*taken, named.id]), value, kind.as_nullable(), any(c.may_fail for c in columns))
    plan = Unpivot(table.plan, tuple((c.id, c.name) for c in columns), named, cell)
    return PlanTable(plan, table.session, of)


# -- pivot ---------------------------------------------------------------------------------------------------------


def _pivoted_type(
    table: Table, wanted: Sequence[str], attribute: str, value: str, function: Function | None
) -> t.TableType:
    keys = [(n, of) for n, of in zip(table.names, table.column_types, strict=True) if n not in (attribute, value)]
    made = function.type.result if function is not None else t.nullable(table.column_types[table.index[value]])
    names = unique_or_error([*(n for n, _ in keys), *wanted])
    return table_type(names, [*(of for _, of in keys), *[made] * len(wanted)])


def _pivot_rows_form(
    table: Table, wanted: Sequence[str], attribute: str, value: str, function: Function | None
) -> Table:
    of = _pivoted_type(table, wanted, attribute, value, function)
    attribute_at, value_at = table.index[attribute], table.index[value]
    kept = [at for at in range(len(table.names)) if at not in (attribute_at, value_at)]

    def rows() -> Iterator[Sequence[Value]]:
        groups: KeyIndex[tuple[Value, Value]] = KeyIndex()
        for row in table.rows():
            groups.add([force(row[at]) for at in kept], (plain(force(row[attribute_at])), row[value_at]))
        for key, members in groups.groups:
            cells = ([cell for name, cell in members if name == one] for one in wanted)
            yield [*key, *(_gathered(found, function) for found in cells)]

    return RowTable(of, rows)


def _gathered(cells: list[Value], function: Function | None) -> Value:
    if function is not None:
        return Thunk(_aggregated(function, cells))
    if len(cells) > 1:
        return Thunk.failed(
            MError(
                "Expression.Error",
                "There were too many elements in the enumeration to complete the operation.",
                hint="Give Table.Pivot an aggregation function, such as List.Sum.",
            )
        )
    return cells[0] if cells else None


def _aggregated(function: Function, cells: list[Value]) -> Callable[[], Value]:
    return lambda: function.invoke([List(cells)])


@folded("Table.Pivot", _pivot_rows_form)
def pivot(table: PlanTable, wanted: Sequence[str], attribute: str, value: str, function: Function | None) -> Table:
    """A column for each wanted text of the attribute column, with the value cells of its rows."""
    of = _pivoted_type(table, wanted, attribute, value, function)
    named, cell = table.plan_column(attribute), table.plan_column(value)
    if named.type.kind is not p.Kind.TEXT:
        raise NotFoldableError(f"The column '{attribute}' holds no texts.")
    for column in table.plan.columns:
        if column.type.kind in UNKEYED and column.id not in (named.id, cell.id):
            raise NotFoldableError(f"The column '{column.name}' is of kind {column.type.kind.value}.")
    name = None if function is None else _aggregate_name(function)
    made: list[tuple[Column, str]] = []
    taken = [c.id for c in table.plan.columns]
    for text in wanted:
        column = _made_column(text, cell, name, [*taken, *(c.id for c, _ in made)])
        made.append((column, text))
    plan = Pivot(table.plan, named.id, cell.id, tuple(made), name)
    return PlanTable(plan, table.session, of)


def _made_column(name: str, cell: Column, function: str | None, taken: Sequence[str]) -> Column:
    if function is None:
        return Column(fresh_id(name, taken), name, cell.type.as_nullable(), may_fail=True)
    if function == COUNT:
        return Column(fresh_id(name, taken), name, p.INT64)
    if function not in _BLIND_TO_NULLS:
        raise NotFoldableError(f"'{function}' does not fold as the aggregation of a pivot.")
    return aggregate_column(name, AggregateCall(function, Ref(cell.id, cell.type, cell.may_fail)), taken)


COUNT = "List.Count"
_BLIND_TO_NULLS = ("List.Sum", "List.Average", "List.Min", "List.Max", "List.NonNullCount")
"""Aggregates that are the same when what is not among the cells is null: engines compute pivots so."""


def _aggregate_name(function: Function) -> str:
    """The library function that ``List.Sum`` itself is, or that ``each List.Sum(_)`` calls."""
    if isinstance(function.origin, Declaration):
        return function.name
    closure = function.origin
    body = bare(closure.node.body) if isinstance(closure, Closure) else None
    if not isinstance(closure, Closure) or not isinstance(body, syntax.Invocation) or len(body.arguments) != 1:
        raise NotFoldableError("The aggregation is no function of the library.")
    row, argument = closure.sole_parameter("list"), bare(body.arguments[0])
    place = closure.compiler.locate(body)
    if row is None or not isinstance(argument, syntax.Identifier) or argument.name != row:
        raise NotFoldableError("The aggregation is no function of the list alone.", place=place)
    target = library_function(closure, body.function, row)
    if target is None:
        raise NotFoldableError("What aggregates is not a function of the library.", place=place)
    return target.name
