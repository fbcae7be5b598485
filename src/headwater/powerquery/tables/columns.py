"""Operations on a table's columns, each for plans and for rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Literal as OneOf

from headwater.errors import MError, NotFoldableError
from headwater.plan import types as p
from headwater.plan.expressions import Expr, Literal, call
from headwater.plan.nodes import Column, Node, Project, fresh_id, select
from headwater.plan.operators import FOLDED_CULTURES
from headwater.powerquery.evaluator.loops import rows_with
from headwater.powerquery.library.converters import NARROW_FACETS, converter, facet_of
from headwater.powerquery.library.cultures import culture_of
from headwater.powerquery.tables.arrow import plan_type
from headwater.powerquery.tables.batching import call_rows
from headwater.powerquery.tables.calling import CallFolder, with_call
from headwater.powerquery.tables.looking import kept_column
from headwater.powerquery.tables.plan_table import PlanTable, folded
from headwater.powerquery.tables.row_calls import CellCall, row_call, with_cell_calls
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import List, Record, Thunk, Value, force, name_taken, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.operators import cannot_convert
from headwater.powerquery.values.table import Table

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session

Missing = OneOf["error", "ignore", "null"]


def missing_column(name: str) -> MError:
    """The error of a column that a table does not have."""
    return MError(
        "Expression.Error",
        f"The column '{name}' of the table wasn't found.",
        name,
        hint="Compare the name with the table's columns; names are case-sensitive.",
    )


def column_values(table: Table, name: str) -> List:
    """``table[name]``: the cells of one column as a list."""
    at = table.index[name]

    def cells() -> Iterator[Value]:
        return table.column_cells(name) if isinstance(table, PlanTable) else (row[at] for row in table.rows())

    kept = kept_column(table, name, cells)
    return List(source=cells) if kept is None else List(kept)


def _wanted(table: Table, names: Sequence[str], missing: Missing) -> list[str]:
    for name in names:
        if name not in table.index and missing == "error":
            raise missing_column(name)
    return unique_or_error([name for name in names if name in table.index] if missing == "ignore" else names)


# -- select, remove, reorder, rename -------------------------------------------------------------------------------


def _select_rows_form(table: Table, names: Sequence[str], missing: Missing) -> Table:
    wanted = _wanted(table, names, missing)
    places = [table.index.get(name) for name in wanted]
    types = [t.ANY if at is None else table.column_types[at] for at in places]
    return RowTable(
        table_type(wanted, types),
        lambda: ([None if at is None else row[at] for at in places] for row in table.rows()),
    )


@folded("Table.SelectColumns", _select_rows_form)
def select_columns(table: PlanTable, names: Sequence[str], missing: Missing = "error") -> Table:
    """Just these columns, in this order."""
    wanted = _wanted(table, names, missing)
    if not wanted:
        raise NotFoldableError("No column is left.")
    taken = [c.id for c in table.plan.columns]
    items: list[tuple[Column, Expr]] = []
    types: list[t.Type] = []
    for name in wanted:
        if name in table.index:
            column = table.plan_column(name)
            items.append((column, column.ref))
            types.append(table.column_types[table.index[name]])
        else:
            added = Column(fresh_id(name, [*taken, *(c.id for c, _ in items)]), name, p.TEXT)
            items.append((added, Literal(None, p.TEXT)))
            types.append(t.ANY)
    return table.with_plan(Project(table.plan, tuple(items)), types)


def remove_columns(table: Table, names: Sequence[str], missing: Missing = "error") -> Table:
    """All columns but these."""
    gone = set(_wanted(table, names, missing))
    return select_columns(table, [name for name in table.names if name not in gone], "error")


def reorder_columns(table: Table, names: Sequence[str], missing: Missing = "error") -> Table:
    """The named columns take the places that they hold together, in the order given."""
    moving = iter(_wanted(table, names, missing))
    moved = set(names)
    present = [next(moving) if name in moved else name for name in table.names]
    return select_columns(table, [*present, *moving], missing)


def _renamed(table: Table, renames: Mapping[str, str], missing: Missing) -> list[str]:
    for name in renames:
        if name not in table.index and missing == "error":
            raise missing_column(name)
    names = [renames.get(name, name) for name in table.names]
    if missing == "null":
        names += [new for old, new in renames.items() if old not in table.index]
    return unique_or_error(names)


def unique_or_error(names: Sequence[str]) -> list[str]:
    """The names, if none stands twice; MError Expression.Error otherwise."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise name_taken(name)
        seen.add(name)
    return list(names)


def _rename_rows_form(table: Table, renames: Mapping[str, str], missing: Missing) -> Table:
    names = _renamed(table, renames, missing)
    width = len(table.names)
    pad = [None] * (len(names) - width)
    types = [*table.column_types, *[t.ANY] * len(pad)]
    return RowTable(table_type(names, types), lambda: ([*row, *pad] for row in table.rows()) if pad else table.rows())


@folded("Table.RenameColumns", _rename_rows_form)
def rename_columns(table: PlanTable, renames: Mapping[str, str], missing: Missing = "error") -> Table:
    """The columns under other names."""
    names = _renamed(table, renames, missing)
    if len(names) > len(table.names):
        raise NotFoldableError("A column that is not there is added by renaming.")
    columns = [c.renamed(name) for c, name in zip(table.plan.columns, names, strict=True)]
    return table.with_plan(select(table.plan, columns), table.column_types)


# -- add -----------------------------------------------------------------------------------------------------------


def _add_rows_form(table: Table, name: str, function: Function, column_type: t.Type | None) -> Table:
    unique_or_error([*table.names, name])
    names = [*table.names, name]
    batched = call_rows(table, function)
    if batched is not None:
        source, result = batched
        return RowTable(table_type(names, [*table.column_types, column_type or result]), source)
    of = table_type(names, [*table.column_types, column_type or _result_type(function)])

    return RowTable(of, lambda: rows_with(function, table.index, table.rows()))


def _result_type(function: Function) -> t.Type:
    return function.type.result


@folded("Table.AddColumn", _add_rows_form)
def add_column(table: PlanTable, name: str, function: Function, column_type: t.Type | None = None) -> Table:
    """A column computed from each row.

    Calls of batch functions become call nodes: each function runs once over batches of all rows.
    """
    unique_or_error([*table.names, name])
    folder = CallFolder(function, table)
    batch = folder.row_call()
    taken = [c.id for c in table.plan.columns]
    if batch is not None:
        added = Column(fresh_id(name, taken), name, batch.function.result, may_fail=True)
        plan = with_call(table.plan, batch, added)
        return table.with_plan(plan, [*table.column_types, column_type or batch.type])
    try:
        expression = folder.fold()
    except NotFoldableError as reason:
        kind = None if column_type is None else plan_type(column_type)
        call_node = row_call(table, "Table.AddColumn", function, name, kind=kind, reason=reason)
        return table.with_plan(call_node, [*table.column_types, column_type or _result_type(function)])
    added = Column(fresh_id(name, taken), name, expression.type, expression.may_fail)
    items = (*((c, c.ref) for c in table.plan.columns), (added, expression))
    return table.with_plan(Project(folder.plan, items), [*table.column_types, column_type or _result_type(function)])


# -- types ---------------------------------------------------------------------------------------------------------

_CONVERSION_OF_KIND = {
    p.Kind.DOUBLE: "Number.From",
    p.Kind.INT64: "Int64.From",
    p.Kind.TEXT: "Text.From",
    p.Kind.LOGICAL: "Logical.From",
    p.Kind.DATE: "Date.From",
    p.Kind.DATETIME: "DateTime.From",
}


def _typed_rows_form(table: Table, types: Mapping[str, t.Type], culture: str, session: Session) -> Table:
    known = culture_of(culture)
    converters = {table.index[name]: converter(of, known, session) for name, of in types.items()}
    new_types = [types.get(name, of) for name, of in zip(table.names, table.column_types, strict=True)]

    def rows() -> Iterator[Sequence[Value]]:
        for row in table.rows():
            yield [
                cell if at not in converters else Thunk(_converted(converters[at], cell)) for at, cell in enumerate(row)
            ]

    return RowTable(table_type(table.names, new_types), rows)


def _converted(convert: Callable[[Value], Value], cell: Value) -> Callable[[], Value]:
    return lambda: convert(force(cell))


@folded("Table.TransformColumnTypes", _typed_rows_form)
def _transform_types(table: PlanTable, types: Mapping[str, t.Type], culture: str, session: Session) -> Table:
    items: list[tuple[Column, Expr]] = []
    calls: list[CellCall] = []
    reasons: list[NotFoldableError] = []
    for column, name in zip(table.plan.columns, table.names, strict=True):
        expression: Expr = column.ref
        target = types.get(name)
        if target is not None and t.non_nullable(target) != t.ANYNONNULL:
            try:
                expression = _folded_conversion(column, target, culture)
            except NotFoldableError as reason:
                kind = plan_type(target)
                if kind is None:
                    raise
                reasons.append(reason)
                calls.append(CellCall(column, converter(target, culture_of(culture), session), kind))
        items.append((replace(column, type=expression.type, may_fail=expression.may_fail), expression))
    plan: Node = Project(table.plan, tuple(items))
    for why in reasons:
        session.note_unfolded("Table.TransformColumnTypes", why.message)
    new_types = [types.get(name, of) for name, of in zip(table.names, table.column_types, strict=True)]
    return table.with_plan(with_cell_calls(plan, "Table.TransformColumnTypes", calls) if calls else plan, new_types)


def _folded_conversion(column: Column, target: t.Type, culture: str) -> Expr:
    if culture not in FOLDED_CULTURES:
        raise NotFoldableError(f"Conversions in the culture '{culture}' do not fold.")
    wanted = plan_type(target)
    operator = None if wanted is None else _CONVERSION_OF_KIND.get(wanted.kind)
    if operator is None or facet_of(target) in NARROW_FACETS:
        raise NotFoldableError(f"The conversion to {t.type_text(target)} does not fold.")
    return call(operator, column.ref, option=culture)


def transform_types(
    table: Table, types: Mapping[str, t.Type], culture: str, session: Session, missing: Missing = "error"
) -> Table:
    """The named columns converted; a cell that does not convert becomes an error. A column that is not there is an
    error, is ignored, or becomes one of nulls.
    """
    wanted = {name: types[name] for name in _wanted(table, list(types), missing)}
    added = [name for name in wanted if name not in table.index]
    if added:
        table = select_columns(table, [*table.names, *added], "null")
    return _transform_types(table, wanted, culture, session)


# -- records and lists in cells ------------------------------------------------------------------------------------


def _expand_rows_form(table: Table, name: str, fields: Sequence[str], new_names: Sequence[str]) -> Table:
    at = table.index[name]
    names = unique_or_error([*table.names[:at], *new_names, *table.names[at + 1 :]])
    types = _expanded_types(table, name, fields)

    def rows() -> Iterator[Sequence[Value]]:
        for row in table.rows():
            cells = [Thunk(_field(row[at], field)) for field in fields]
            yield [*row[:at], *cells, *row[at + 1 :]]

    return RowTable(table_type(names, types), rows)


def _field(cell: Value, field: str) -> Callable[[], Value]:
    def get() -> Value:
        record = plain(force(cell))
        if record is None:
            return None
        if not isinstance(record, Record):
            raise cannot_convert(record, "Record")
        return record.plain(field)

    return get


@folded("Table.ExpandRecordColumn", _expand_rows_form)
def _expand_record(table: PlanTable, name: str, fields: Sequence[str], new_names: Sequence[str]) -> Table:
    column = table.plan_column(name)
    if column.type.kind is not p.Kind.RECORD:
        raise NotFoldableError(f"The column '{name}' holds no records of a known form.")
    members = {f.name: f.type for f in column.type.fields}
    at = table.index[name]
    taken = [c.id for c in table.plan.columns]
    added: list[tuple[Column, Expr]] = []
    for field, new_name in zip(fields, new_names, strict=True):
        if field not in members:
            raise NotFoldableError(f"The records have no field '{field}'.")
        # Expanding a null record gives nulls, while [field] of one is an error: hence the nullable-free reference.
        expression = call("[]", replace(column.ref, type=replace(column.type, nullable=False)), option=field)
        identifier = fresh_id(new_name, [*taken, *(c.id for c, _ in added)])
        added.append((Column(identifier, new_name, expression.type, expression.may_fail), expression))
    before = [(c, c.ref) for c in table.plan.columns[:at]]
    after = [(c, c.ref) for c in table.plan.columns[at + 1 :]]
    types = _expanded_types(table, name, fields)
    return table.with_plan(Project(table.plan, (*before, *added, *after)), types)


def _expanded_types(table: Table, name: str, fields: Sequence[str]) -> list[t.Type]:
    """The columns' types once the column ``name`` has become its fields: what its own type says of them."""
    at = table.index[name]
    of = table.column_types[at]
    record = of.inner if isinstance(of, t.NullableType) else of
    known = {f.name: f.type for f in record.fields} if isinstance(record, t.RecordType) else {}
    found = [known.get(field, t.ANY) for field in fields]
    return [
        *table.column_types[:at],
        *(t.nullable(f) if of.nullable else f for f in found),
        *table.column_types[at + 1 :],
    ]


def expand_record_column(table: Table, name: str, fields: Sequence[str], new_names: Sequence[str] | None) -> Table:
    """A column of records replaced by columns of their fields; an error cell stays one in each of them."""
    if name not in table.index:
        raise missing_column(name)
    chosen = list(new_names if new_names is not None else fields)
    check_new_names(fields, chosen)
    unique_or_error([*(n for n in table.names if n != name), *chosen])
    return _expand_record(table, name, fields, chosen)


def check_new_names(names: Sequence[str], new_names: Sequence[str]) -> None:
    """MError Expression.Error unless there is a new name for each."""
    if len(names) != len(new_names):
        raise MError("Expression.Error", f"{len(new_names)} new column names are given for {len(names)} columns.")


# -- duplicate -----------------------------------------------------------------------------------------------------


def _duplicate_rows_form(table: Table, name: str, new_name: str, of: t.Type | None) -> Table:
    at = table.index[name]
    kind = of or table.column_types[at]
    return RowTable(
        table_type(unique_or_error([*table.names, new_name]), [*table.column_types, kind]),
        lambda: ([*row, row[at]] for row in table.rows()),
    )


@folded("Table.DuplicateColumn", _duplicate_rows_form)
def duplicate_column(table: PlanTable, name: str, new_name: str, of: t.Type | None) -> Table:
    """A copy of a column under another name."""
    unique_or_error([*table.names, new_name])
    column = table.plan_column(name)
    copy = replace(column, id=fresh_id(new_name, [c.id for c in table.plan.columns]), name=new_name)
    items = (*((c, c.ref) for c in table.plan.columns), (copy, column.ref))
    kind = of or table.column_types[table.index[name]]
    return table.with_plan(Project(table.plan, items), [*table.column_types, kind])
