"""Views: tables and other values whose operations are answered by handlers."""

from __future__ import annotations

from headwater.powerquery.library.declarations import function
from headwater.powerquery.tables.view import UNANSWERED, ViewTable, answer
from headwater.powerquery.values.core import List, Record, Value, WithMetadata, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.table import Table
from headwater.powerquery.values.views import ViewedBytes


@function(
    "Table.View(table as nullable table, handlers as record) as table",
    examples=[
        ('Table.View(null, [GetType = () => type table [A = number], GetRows = () => #table({"A"}, {{1}})])',
         '#table({"A"}, {{1}})'),
        ('Table.RowCount(Table.View(#table({"A"}, {{1}}), [GetRowCount = () => 99]))', "99"),
        ('Table.FirstN(Table.View(#table({"A"}, {{1}, {2}}), [OnTake = (n) => #table({"A"}, {{n}})]), 7)',
         '#table({"A"}, {{7}})'),
    ],
)  # fmt: skip
def table_view(table: Table | None, handlers: Record) -> Table:
    """A view of a table: functions of the handlers record are asked before an operation is done.

    Handlers: GetType (), GetRows () and GetRowCount (); GetExpression (); OnTake (count), OnSkip (count), OnSelectRows
    (a function of the row), OnSelectColumns (names), OnRenameColumns (records of OldName and NewName), OnAddColumns
    (records of Name, Function and Type), OnSort (records of Name and Order), OnDistinct (names), OnGroup (names;
    records of Name, Function and Type), OnInvoke (a view function, its arguments, the view's place among them). Without
    a table GetType and GetRows have to be there. Where a handler is not there, or is an error that does not come from
    Table.ViewError, the operation is done on the rows.
    """
    return ViewTable(table, handlers)


def view_function(called: Function) -> Function:
    """The function, which asks the OnInvoke handlers of views among its arguments before it is called."""

    def invoke(*arguments: Value) -> Value:
        for at, argument in enumerate(arguments):
            view = plain(argument)
            if isinstance(view, ViewTable | ViewedBytes):
                answered = answer(view.handlers, "OnInvoke", made, List(list(arguments)), at)
                if answered is not UNANSWERED:
                    return answered
        return called.invoke(arguments)

    made = Function(invoke, lambda: called.type, minimum=called.minimum, maximum=called.maximum, name=called.name)
    return made


def view_error(record: Record) -> Value:
    """The error record, marked so that raised by a handler it is no reason to do without the handler."""
    return WithMetadata(record, Record.of({"ViewError": True}))


@function(
    "Table.ViewFunction(function as function) as function",
    examples=[
        ('let F = Table.ViewFunction(Table.RowCount) in'
         ' F(Table.View(#table({"A"}, {{1}}), [OnInvoke = (f, arguments, at) => "asked"]))', '"asked"'),
        ('Table.ViewFunction(Table.RowCount)(#table({"A"}, {{1}}))', "1"),
    ],
)  # fmt: skip
def table_view_function(called: Function) -> Function:
    """The function, answered by the OnInvoke handler of a view that it is called with."""
    return view_function(called)


@function(
    "Table.ViewError(errorRecord as record) as record",
    examples=[('Table.ViewError(Error.Record("Reason", "Message"))[Message]', '"Message"')],
)
def table_view_error(record: Record) -> Value:
    """The error record, made so that raised by a handler of a view it is the result of the operation."""
    return view_error(record)


@function(
    "Value.ViewFunction(function as function) as function",
    examples=[("Value.ViewFunction((x) => x + 1)(1)", "2")],
)
def value_view_function(called: Function) -> Function:
    """The function, answered by the OnInvoke handler of a view that it is called with."""
    return view_function(called)


@function(
    "Value.ViewError(errorRecord as record) as record",
    examples=[('Value.ViewError(Error.Record("Reason", "Message"))[Reason]', '"Reason"')],
)
def value_view_error(record: Record) -> Value:
    """The error record, made so that raised by a handler of a view it is the result of the operation."""
    return view_error(record)
