"""What is known about how a value comes about, and other ways to it."""

from __future__ import annotations

from headwater.errors import MError
from headwater.powerquery.library.arguments import caller, known_options
from headwater.powerquery.library.declarations import function
from headwater.powerquery.tables.plan_table import PlanTable
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.tables.view import UNANSWERED, ViewTable, answer
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import List, Record, Value, force, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.table import Table


@function(
    "Value.Expression(value as any) as nullable record",
    examples=[
        ("Value.Expression(1)", "null"),
        ('Value.Expression(Table.View(#table({"A"}, {}), [GetExpression = () => RowExpression.Column("A")]))[Kind]',
         '"FieldAccess"'),
    ],
)  # fmt: skip
def value_expression(value: Value) -> Value:
    """The expression of a value as a tree of records, where a view's GetExpression gives one; null elsewhere."""
    view = plain(value)
    if not isinstance(view, ViewTable):
        return None
    given = answer(view.handlers, "GetExpression")
    return None if given is UNANSWERED else given


@function("Value.Optimize(value as any) as any", examples=[("Value.Optimize({1, 2})", "{1, 2}")])
def value_optimize(value: Value) -> Value:
    """The value; a query that can be optimized is optimized when it is run, without being asked."""
    return value


@function("Value.Lineage(value as any) as any", examples=[("Value.Lineage(1)", "null")])
def value_lineage(value: Value) -> Value:
    """For a table that is a plan, the steps that it is made by as a list of texts; null for any other value."""
    from headwater.plan.printing import plan_lines

    table = plain(value)
    return List(list(plan_lines(table.plan))) if isinstance(table, PlanTable) else None


@function("Value.Traits(value as any) as table", examples=[("Table.RowCount(Value.Traits(1))", "0")])
def value_traits(_value: Value) -> Table:
    """The traits of a value, each with Name and Value; no value has any here."""
    return RowTable.held(table_type(["Name", "Value"], [t.TEXT, t.ANY]), [])


@function(
    "Value.Alternates(alternates as list) as any",
    examples=[('Value.Alternates({error "not here", 2, 3})', "2")],
)
def value_alternates(alternates: List) -> Value:
    """The first of several values that are all as good, which is not an error; the last one's error when all are."""
    failure = MError("Expression.Error", "There is no alternate.")
    for alternate in alternates.raw():
        try:
            return force(alternate)
        except MError as error:
            failure = error
    raise failure


@function(
    "DirectQueryCapabilities.From(value as any) as table",
    examples=[("Table.ColumnNames(DirectQueryCapabilities.From(1))", '{"Name", "Value"}')],
)
def direct_query_capabilities(value: Value) -> Table:
    """What a source can do for queries that are sent to it one by one: Core for a table that is a plan, nothing for any
    other value.
    """
    rows = [["Core", None]] if isinstance(plain(value), PlanTable) else []
    return RowTable.held(table_type(["Name", "Value"], [t.TEXT, t.ANY]), rows)


@function("Graph.Nodes(graph as record) as list", examples=[("Graph.Nodes([A = 1, B = 2])", "{1, 2}")])
def graph_nodes(graph: Record) -> List:
    """The nodes of a graph that is given as a record: its fields' values."""
    return List(list(graph.values))


@function("Progress.DataSourceProgress() as any", examples=[("Progress.DataSourceProgress()", "null")])
def data_source_progress() -> Value:
    """How far the reading of sources has come; null, as it is not counted here."""
    return None


@function(
    "Excel.ShapeTable(table as table, optional options as nullable record) as any",
    examples=[('Excel.ShapeTable(#table({"A"}, {{1}}))', '#table({"A"}, {{1}})')],
)
def excel_shape_table(table: Table, options: Record | None = None) -> Table:
    """The table as it would be given to a worksheet: itself."""
    known_options(options, "Excel.ShapeTable")
    return table


# -- errors that say where they come from --------------------------------------------------------------------------


@function(
    "Table.WithErrorContext(value as any, context as text) as any",
    examples=[('Table.WithErrorContext(#table({"A"}, {{1}}), "while reading")', '#table({"A"}, {{1}})')],
)
def table_with_error_context(value: Value, context: str) -> Value:
    """The value; an error in reading its rows that has no place yet is placed in the context."""
    table = plain(value)
    if not isinstance(table, Table):
        return value

    def rows() -> list[Value]:
        try:
            return list(table.rows())
        except MError as error:
            error.place = error.place or context
            raise

    return RowTable(table.type, rows)


@function(
    "Action.WithErrorContext(action as action, context as text) as action",
    examples=[('Action.WithErrorContext(() => 1, "while writing")()', "1")],
)
def action_with_error_context(action: Function, context: str) -> Function:
    """The action; an error in running it that has no place yet is placed in the context."""

    def run() -> Value:
        try:
            return caller(action, 0)()
        except MError as error:
            error.place = error.place or context
            raise

    return Function(run, lambda: action.type, minimum=0, maximum=0, name=action.name)
