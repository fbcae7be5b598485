"""Values and errors replaced, and rows chosen by their errors, for plans and for rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from typing import Literal as OneOf

from headwater.errors import MError, NotFoldableError
from headwater.plan import types as p
from headwater.plan.expressions import Expr, Literal, call
from headwater.plan.nodes import Column, Project
from headwater.plan.reshaping import ErrorFilter
from headwater.powerquery.library.declarations import REGISTRY, Declaration
from headwater.powerquery.tables.arrow import common_type, encode
from headwater.powerquery.tables.folding import fold_row_function
from headwater.powerquery.tables.plan_table import PlanTable, folded
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Record, Thunk, Value, force, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.table import Table

# -- values --------------------------------------------------------------------------------------------------------


def _replaced_rows_form(table: Table, old: Value, new: Value, replacer: Function, names: Sequence[str]) -> Table:
    places = {table.index[name] for name in names}
    find, put = _per_row(old), _per_row(new)

    def rows() -> Iterator[Sequence[Value]]:
        index = table.index
        for row in table.rows():
            record = Record(index, row)
            yield [
                Thunk(_replaced(replacer, cell, find, put, record)) if at in places else cell
                for at, cell in enumerate(row)
            ]

    return RowTable(table.type, rows)


def _per_row(value: Value) -> Callable[[Record], Value]:
    """What to find or to put in a row: a function is of the row, everything else is itself."""
    function = plain(value)
    if isinstance(function, Function):
        return lambda row: force(function.invoke([row]))
    return lambda _row: value


def _replaced(
    replacer: Function, cell: Value, find: Callable[[Record], Value], put: Callable[[Record], Value], row: Record
) -> Callable[[], Value]:
    return lambda: replacer.invoke([force(cell), find(row), put(row)])


@folded("Table.ReplaceValue", _replaced_rows_form)
def replace_value(table: PlanTable, old: Value, new: Value, replacer: Function, names: Sequence[str]) -> Table:
    """The cells of the columns after ``replacer`` of the cell, what to replace, and by what."""
    fold = _REPLACERS.get(replacer.name) if isinstance(replacer.origin, Declaration) else None
    if fold is None:
        raise NotFoldableError("Only the replacers of the library fold.")
    items: list[tuple[Column, Expr]] = []
    for column, name in zip(table.plan.columns, table.names, strict=True):
        expression = fold(table, column, plain(old), plain(new)) if name in names else column.ref
        items.append((replace(column, may_fail=expression.may_fail), expression))
    return PlanTable(Project(table.plan, tuple(items)), table.session, table.type)


def _fold_value(table: PlanTable, column: Column, old: Value, new: Value) -> Expr:
    if isinstance(old, Function):
        wanted: Expr | None = fold_row_function(old, table)
    else:
        wanted = _comparable_constant(old, column.type)
    if wanted is None:
        return column.ref
    put = fold_row_function(new, table) if isinstance(new, Function) else constant_of(new, column.type)
    if not put.type.same_kind(column.type):
        raise NotFoldableError(f"A {put.type.kind.value} is put into a column of type {column.type.kind.value}.")
    return call("if", call("=", column.ref, wanted), put, column.ref)


def _comparable_constant(value: Value, of: p.DataType) -> Literal | None:
    """The constant to compare with a column; None where no cell of the column can be equal to it."""
    if value is None:
        return Literal(None, of)
    try:
        return constant_of(value, of)
    except NotFoldableError:
        kind = common_type([value])
        if kind is None:
            raise
        return constant_of(value, kind) if {kind.kind, of.kind} <= p.NUMERIC else None


def constant_of(value: Value, of: p.DataType) -> Literal:
    """A constant of exactly this type; NotFoldableError where the value is of another."""
    array, errors = encode([value], of)
    if errors.null_count == 0:
        raise NotFoldableError("The constant is an error.")
    held: Any = array[0].as_py()
    return Literal(held, of)


def _fold_text(table: PlanTable, column: Column, old: Value, new: Value) -> Expr:
    declared = REGISTRY.functions["Text.Replace"]
    if declared.fold is None or not (isinstance(old, str) and isinstance(new, str)):
        raise NotFoldableError("Replacing in texts folds for constant texts only.")
    if column.type.kind is not p.Kind.TEXT:
        raise NotFoldableError(f"The column '{column.name}' holds no texts.")
    return declared.fold((column.ref, constant_of(old, p.TEXT), constant_of(new, p.TEXT)), table.session)


_REPLACERS: Mapping[str, Callable[[PlanTable, Column, Value, Value], Expr]] = {
    "Replacer.ReplaceValue": _fold_value,
    "Replacer.ReplaceText": _fold_text,
}


# -- errors --------------------------------------------------------------------------------------------------------


def _mended_types(table: Table, replacements: Mapping[str, Value]) -> list[t.Type]:
    """The columns' types: where a replacement is not of the column's type, the column is of any."""
    return [
        t.ANY if name in replacements and not t.conforms(plain(replacements[name]), of) else of
        for name, of in zip(table.names, table.column_types, strict=True)
    ]


def _mended_rows_form(table: Table, replacements: Mapping[str, Value]) -> Table:
    at_place = {table.index[name]: value for name, value in replacements.items()}

    def rows() -> Iterator[Sequence[Value]]:
        for row in table.rows():
            yield [at_place[at] if at in at_place and is_error(cell) else cell for at, cell in enumerate(row)]

    return RowTable(table_type(table.names, _mended_types(table, replacements)), rows)


def is_error(cell: Value) -> bool:
    """Whether evaluating a cell ends in an error."""
    try:
        force(cell)
    except MError:
        return True
    return False


@folded("Table.ReplaceErrorValues", _mended_rows_form)
def replace_errors(table: PlanTable, replacements: Mapping[str, Value]) -> Table:
    """The named columns' errors replaced by a value for each column."""
    items: list[tuple[Column, Expr]] = []
    for column, name in zip(table.plan.columns, table.names, strict=True):
        expression: Expr = column.ref
        if name in replacements and column.may_fail:
            expression = call("otherwise", column.ref, constant_of(plain(replacements[name]), column.type))
        items.append((replace(column, may_fail=expression.may_fail), expression))
    return table.with_plan(Project(table.plan, tuple(items)), _mended_types(table, replacements))


def _chosen_rows_form(table: Table, names: Sequence[str], keep: OneOf["good", "bad"]) -> Table:
    places = [table.index[name] for name in names]
    wanted = keep == "bad"
    return RowTable(
        table.type, lambda: (row for row in table.rows() if any(is_error(row[at]) for at in places) is wanted)
    )


@folded("Table.RemoveRowsWithErrors", _chosen_rows_form)
def rows_by_errors(table: PlanTable, names: Sequence[str], keep: OneOf["good", "bad"]) -> Table:
    """The rows without an error in any of the columns, or those with one."""
    ids = tuple(table.plan_column(name).id for name in names)
    return PlanTable(ErrorFilter(table.plan, ids, keep), table.session, table.type)
