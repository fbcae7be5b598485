"""A column cut into several, and several put together into one, for plans and for rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal as OneOf

from headwater.errors import MError, NotFoldableError
from headwater.plan import types as p
from headwater.plan.expressions import Expr, Literal, call
from headwater.plan.nodes import Column, Project, fresh_id
from headwater.plan.reshaping import SplitText
from headwater.powerquery.library.functions.combiners import DelimiterCombination
from headwater.powerquery.library.functions.splitters import DelimiterSplit
from headwater.powerquery.tables.columns import unique_or_error
from headwater.powerquery.tables.plan_table import PlanTable, folded
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import List, Record, Thunk, Value, force, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.operators import cannot_convert
from headwater.powerquery.values.table import Table

# -- one into several ----------------------------------------------------------------------------------------------

Extra = OneOf["ignore", "error", "list"]


@dataclass(frozen=True, slots=True)
class Cut:
    """How a column is cut: by a splitter, into columns of these names; ``default`` stands for parts that there are
    none of, ``extra`` says what becomes of those that are too many.
    """

    column: str
    splitter: Function
    names: Sequence[str]
    default: Value = None
    extra: Extra = "ignore"


def parts_of(splitter: Function, cell: Value) -> Sequence[Value]:
    """The parts of a cell; MError Expression.Error where the splitter gives no list."""
    parts = plain(force(splitter.invoke([force(cell)])))
    if not isinstance(parts, List):
        raise cannot_convert(parts, "List")
    return parts.items


def fitted(parts: Sequence[Value], width: int, default: Value, extra: Extra) -> Sequence[Value]:
    """Parts made as many as there are columns.

    Raises:
        MError: DataFormat.Error, there are too many and ``extra`` is "error".
    """
    if extra == "list":
        head = list(parts[: width - 1])
        return [*head, *[default] * (width - 1 - len(head)), List(list(parts[width - 1 :]))]
    if len(parts) > width and extra == "error":
        detail = Record.of({"Count": width})
        raise MError("DataFormat.Error", "There were more columns in the result than expected.", detail)
    return [*parts[:width], *[default] * (width - len(parts))]


def _cut_type(table: Table, cut: Cut) -> t.TableType:
    at = table.index[cut.column]
    of: t.Type = t.ANY
    if isinstance(cut.splitter.origin, DelimiterSplit) and (cut.default is None or isinstance(cut.default, str)):
        of = t.nullable(t.TEXT)
    kinds = [of] * len(cut.names)
    if kinds and cut.extra == "list":
        kinds[-1] = t.LIST
    names = unique_or_error([*table.names[:at], *cut.names, *table.names[at + 1 :]])
    return table_type(names, [*table.column_types[:at], *kinds, *table.column_types[at + 1 :]])


def _cut_rows_form(table: Table, cut: Cut) -> Table:
    at, width = table.index[cut.column], len(cut.names)

    def rows() -> Iterator[Sequence[Value]]:
        for row in table.rows():
            parts = Thunk(_later(cut, row[at]))
            yield [*row[:at], *(Thunk(_part(parts, place)) for place in range(width)), *row[at + 1 :]]

    return RowTable(_cut_type(table, cut), rows)


def _later(cut: Cut, cell: Value) -> Callable[[], Value]:
    return lambda: fitted(parts_of(cut.splitter, cell), len(cut.names), cut.default, cut.extra)


def _part(parts: Thunk, place: int) -> Callable[[], Value]:
    return lambda: force(parts.get()[place])


@folded("Table.SplitColumn", _cut_rows_form)
def split_column(table: PlanTable, cut: Cut) -> Table:
    """A column replaced by columns of the parts of its cells."""
    of = _cut_type(table, cut)
    how, column = cut.splitter.origin, table.plan_column(cut.column)
    if not isinstance(how, DelimiterSplit) or cut.extra != "ignore":
        raise NotFoldableError("Only cutting at one delimiter folds, and only where further parts are ignored.")
    if column.type.kind is not p.Kind.TEXT or not (cut.default is None or isinstance(cut.default, str)):
        raise NotFoldableError("Only texts are cut in the engine.")
    _check_delimiter(how)
    taken = [c.id for c in table.plan.columns]
    made: list[Column] = []
    for name in cut.names:
        made.append(Column(fresh_id(name, [*taken, *(c.id for c in made)]), name, p.TEXT, column.may_fail))
    plan = SplitText(table.plan, column.id, how.delimiter, tuple(made), cut.default, how.quotes)
    return PlanTable(plan, table.session, of)


def _check_delimiter(how: DelimiterSplit) -> None:
    if not how.delimiter or not how.delimiter.isprintable() or (how.quotes and ('"' in how.delimiter)):
        raise NotFoldableError("Cutting at this delimiter does not fold.")
    if how.quotes and not how.anywhere:
        raise NotFoldableError("Quotation marks that count only where a part begins do not fold.")


# -- several into one ----------------------------------------------------------------------------------------------


def _joined_names(table: Table, names: Sequence[str], name: str) -> tuple[list[str], int]:
    """The columns' names afterwards, and the place of the new one: that of the first column that it is made of."""
    gone = set(names)
    place = min((table.index[one] for one in names), default=len(table.names))
    kept = [one for one in table.names if one not in gone]
    at = sum(one not in gone for one in table.names[:place])
    return unique_or_error([*kept[:at], name, *kept[at:]]), at


def _with_cells(
    table: Table, names: Sequence[str], name: str, of: t.Type, make: Callable[[list[Value]], Value]
) -> Table:
    """The columns replaced by one, whose cell is made of theirs."""
    new_names, at = _joined_names(table, names, name)
    gone = {table.index[one] for one in names}
    kept = [place for place in range(len(table.names)) if place not in gone]
    places = [table.index[one] for one in names]
    types = [table.column_types[place] for place in kept]

    def rows() -> Iterator[Sequence[Value]]:
        for row in table.rows():
            own = [row[place] for place in kept]
            yield [*own[:at], make([row[place] for place in places]), *own[at:]]

    return RowTable(table_type(new_names, [*types[:at], of, *types[at:]]), rows)


def _combined_rows_form(table: Table, names: Sequence[str], combiner: Function, name: str) -> Table:
    def make(cells: list[Value]) -> Value:
        return Thunk(lambda: combiner.invoke([List(cells)]))

    return _with_cells(table, names, name, combiner.type.result, make)


@folded("Table.CombineColumns", _combined_rows_form)
def combine_columns(table: PlanTable, names: Sequence[str], combiner: Function, name: str) -> Table:
    """Columns replaced by one: a function of the list of their cells."""
    how = combiner.origin
    if not isinstance(how, DelimiterCombination) or how.quotes:
        raise NotFoldableError("Only combining by a delimiter without quotation marks folds.")
    columns = [table.plan_column(one) for one in names]
    if not columns or any(column.type.kind is not p.Kind.TEXT for column in columns):
        raise NotFoldableError("Only texts are combined in the engine.")
    expression = _texts_between(columns, how.delimiter)
    new_names, at = _joined_names(table, names, name)
    kept = [c for c in table.plan.columns if c not in columns]
    added = Column(
        fresh_id(name, [c.id for c in table.plan.columns]),
        name,
        replace(expression.type, nullable=True),
        expression.may_fail,
    )
    items: list[tuple[Column, Expr]] = [(c, c.ref) for c in kept]
    items.insert(at, (added, expression))
    types = [table.column_types[table.index[c.name]] for c in kept]
    types.insert(at, combiner.type.result)
    return PlanTable(Project(table.plan, tuple(items)), table.session, table_type(new_names, types))


def _texts_between(columns: Sequence[Column], delimiter: str) -> Expr:
    """The columns' texts with the delimiter between them; a null is an empty text."""
    empty = Literal("", p.TEXT)
    result: Expr = call("??", columns[0].ref, empty)
    for column in columns[1:]:
        text = call("??", column.ref, empty)
        result = call("&", call("&", result, Literal(delimiter, p.TEXT)), text)
    return result


def combine_to_record(table: Table, names: Sequence[str], name: str) -> Table:
    """Columns replaced by one of records, whose fields they are."""
    index = {one: at for at, one in enumerate(unique_or_error(names))}
    of = t.RecordType(tuple(t.FieldType(one, table.column_types[table.index[one]]) for one in names))
    return _with_cells(table, names, name, of, lambda cells: Record(index, cells))
