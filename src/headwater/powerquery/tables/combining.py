"""Tables put one after another, columns matched by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from headwater.errors import NotFoldableError
from headwater.plan import types as p
from headwater.plan.expressions import Expr, Literal
from headwater.plan.nodes import Column, Node, Project, Union, with_fresh_ids
from headwater.powerquery.tables.plan_table import PlanTable
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Value
from headwater.powerquery.values.table import Table


def combine(tables: Sequence[Table], names: Sequence[str] | None = None) -> Table:
    """The rows of all tables in turn. Columns are those of all, in order of first appearance, or ``names``; a cell
    of a column that a table does not have is null.
    """
    wanted = list(names) if names is not None else list(dict.fromkeys(n for table in tables for n in table.names))
    types = [_joint_type(tables, name) for name in wanted]
    planned = [table for table in tables if isinstance(table, PlanTable)]
    if planned:
        try:
            if len(planned) < len(tables):
                raise NotFoldableError("One of the tables is held as rows.")
            return _folded(planned, wanted, types)
        except NotFoldableError as reason:
            planned[0].session.note_unfolded("Table.Combine", reason.message, reason.place)

    def rows() -> Iterator[Sequence[Value]]:
        for table in tables:
            places = [table.index.get(name) for name in wanted]
            for row in table.rows():
                yield [None if at is None else row[at] for at in places]

    return RowTable(table_type(wanted, types), rows)


def _joint_type(tables: Sequence[Table], name: str) -> t.Type:
    found = [table.column_types[table.index[name]] if name in table.index else None for table in tables]
    present = {of for of in found if of is not None}
    joint = present.pop() if len(present) == 1 else t.ANY
    return t.nullable(joint) if None in found else joint


def _folded(tables: Sequence[PlanTable], names: Sequence[str], types: Sequence[t.Type]) -> Table:
    columns = with_fresh_ids([_output(tables, name) for name in names], ())
    if len(tables) == 1 and list(tables[0].names) == list(names):
        return tables[0]
    members = tuple(_aligned(table, columns) for table in tables)
    return tables[0].with_plan(Union(members, columns), types)


def _output(tables: Sequence[PlanTable], name: str) -> Column:
    """The union's column. Whole numbers and doubles have no common type: a double would round the former."""
    found = [table.plan_column(name) for table in tables if name in table.index]
    kind = found[0].type if found else p.TEXT
    for column in found:
        if not column.type.same_kind(kind):
            kinds = f"{kind.kind.value} in one table and {column.type.kind.value} in another"
            raise NotFoldableError(f"The column '{name}' is {kinds}.")
    return Column("", name, kind.as_nullable(), any(c.may_fail for c in found))


def _aligned(table: PlanTable, columns: Sequence[Column]) -> Node:
    items: list[tuple[Column, Expr]] = []
    for column in columns:
        if column.name not in table.index:
            expression: Expr = Literal(None, column.type)
        else:
            expression = table.plan_column(column.name).ref
        items.append((replace(column, may_fail=expression.may_fail), expression))
    plain_select = [c.id for c, _ in items] == [c.id for c in table.plan.columns] and all(
        e == c.ref for (_, e), c in zip(items, table.plan.columns, strict=True)
    )
    return table.plan if plain_select else Project(table.plan, tuple(items))
