"""When and where a table is evaluated: held in memory, kept from the engine; and what its columns hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from headwater.errors import MError
from headwater.powerquery.library.arguments import function_of, list_of, text_of
from headwater.powerquery.library.declarations import enumeration, function
from headwater.powerquery.tables.holding import planned
from headwater.powerquery.tables.profiling import Further, profile
from headwater.powerquery.tables.row_table import RowTable
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import List, Record, Value, force, plain
from headwater.powerquery.values.operators import cannot_convert
from headwater.powerquery.values.table import Table

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session

enumeration(
    "BufferMode",
    {"Eager": 1, "Delayed": 2},
    summary="Whether a buffered value is read at once, or when it is first needed.",
)


def _is_delayed(options: Record | None) -> bool:
    for name in () if options is None else options.names:
        if name != "BufferMode":
            raise MError("Expression.Error", f"'{name}' is no option of Table.Buffer; there is 'BufferMode'.", name)
    mode = None if options is None else options.plain("BufferMode")
    if mode not in (None, 1, 2):
        raise MError("Expression.Error", "The value is no BufferMode.Type.", mode)
    return bool(mode == 2)


@function(
    "Table.Buffer(table as table, optional options as nullable record) as table",
    examples=[
        ('Table.Buffer(#table({"A"}, {{1}}))', '#table({"A"}, {{1}})'),
        ('Table.Buffer(#table({"A"}, {{1}}), [BufferMode = BufferMode.Delayed])', '#table({"A"}, {{1}})'),
    ],
    session=True,
)
def buffer(session: Session, table: Table, options: Record | None = None) -> Table:
    """The table held in memory, read once: at once, or with BufferMode.Delayed when it is first needed.

    A cell that is an error stays one.
    """
    if not _is_delayed(options):
        return planned(RowTable.held(table.type, _evaluated(table)), session)
    rows: list[list[Value]] | None = None

    def held() -> list[list[Value]]:
        nonlocal rows
        if rows is None:
            rows = _evaluated(table)
        return rows

    return RowTable(table.type, held)


def _evaluated(table: Table) -> list[list[Value]]:
    return [[_evaluated_cell(cell) for cell in row] for row in table.rows()]


def _evaluated_cell(cell: Value) -> Value:
    """The cell evaluated, unless it is an error: that stays in its cell."""
    try:
        return force(cell)
    except MError:
        return cell


@function(
    "Table.StopFolding(table as table) as table",
    examples=[('Table.StopFolding(#table({"A"}, {{1}}))', '#table({"A"}, {{1}})')],
)
def stop_folding(table: Table) -> Table:
    """The table, whose further steps run on its rows instead of in the engine or the source."""
    return RowTable(table.type, table.rows)


@function(
    "Table.ApproximateRowCount(table as table) as number",
    examples=[('Table.ApproximateRowCount(#table({"A"}, {{1}, {2}}))', "2")],
)
def approximate_row_count(table: Table) -> int:
    """The number of rows; a source that can only guess may answer with a guess, ours all count."""
    return table.row_count()


@function(
    "Table.Profile(table as table, optional additionalAggregates as nullable list) as table",
    examples=[
        ('Table.Profile(#table({"A"}, {{1}, {3}, {null}}))[[Column], [Min], [Average], [Count], [NullCount]]',
         '#table({"Column", "Min", "Average", "Count", "NullCount"}, {{"A", 1, 2, 3, 1}})'),
        ('Table.Profile(#table(type table [A = number], {{1}, {3}}), {{"Total", each Type.Is(_, type number),'
         " List.Sum}})[Total]", "{4}"),
    ],
)  # fmt: skip
def table_profile(table: Table, further: List | None = None) -> Table:
    """A row for each column: the least and the greatest value, the mean, the standard deviation of a sample, and how
    many cells, nulls and distinct values (null among them) there are.

    Further aggregates are {name, function of a column's type, function of the list of its cells}; where the first is
    not true, the aggregate is null.
    """
    return profile(table, [] if further is None else [_further(item) for item in further])


def _further(value: Value) -> Further:
    parts = list(list_of(value).plain())
    if len(parts) != 3:
        raise MError("Expression.Error", "An aggregate is a name, a function of a type, and a function of a list.")
    return Further(text_of(parts[0]), _type_test(parts[1]), function_of(parts[2]))


def _type_test(value: Value) -> Callable[[t.Type], bool]:
    test = function_of(value)

    def fits(of: t.Type) -> bool:
        answer = plain(force(test.invoke([of])))
        if answer is None or isinstance(answer, bool):
            return bool(answer)
        raise cannot_convert(answer, "Logical")

    return fits
