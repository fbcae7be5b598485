"""Views of binary values."""

from __future__ import annotations

from headwater.errors import MError
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.table.views import view_error, view_function
from headwater.powerquery.tables.view import UNANSWERED, answer
from headwater.powerquery.values.core import Binary, Record, Value, binary_bytes, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.operators import cannot_convert
from headwater.powerquery.values.views import ViewedBytes


@function(
    "Binary.View(binary as nullable binary, handlers as record) as binary",
    examples=[
        ('Binary.View(null, [GetStream = () => #binary({1, 2})])', "#binary({1, 2})"),
        ('Binary.Length(Binary.View(#binary({1, 2}), [GetLength = () => 99]))', "99"),
    ],
)  # fmt: skip
def binary_view(binary: Value, handlers: Record) -> ViewedBytes:
    """A view of bytes: functions of the handlers record are asked before something is done with them.

    Handlers: GetStream (), the bytes; GetLength (), how many there are; OnInvoke (a view function, its arguments, the
    view's place among them). Without bytes GetStream has to be there.
    """
    given = plain(answer(handlers, "GetStream"))
    if given is UNANSWERED:
        if binary is None:
            raise MError("Expression.Error", "A view of no bytes needs the handler GetStream.", handlers)
        given = binary
    if not isinstance(given, bytes | Binary):
        raise cannot_convert(given, "Binary")
    return ViewedBytes.of(binary_bytes(given), handlers)


@function(
    "Binary.ViewFunction(function as function) as function",
    examples=[
        ("Binary.ViewFunction(Binary.Length)(#binary({1, 2}))", "2"),
        ("Binary.ViewFunction(Binary.Length)(Binary.View(#binary({1}), [OnInvoke = (f, arguments, at) => -1]))", "-1"),
    ],
)
def binary_view_function(called: Function) -> Function:
    """The function, answered by the OnInvoke handler of a view that it is called with."""
    return view_function(called)


@function(
    "Binary.ViewError(errorRecord as record) as record",
    examples=[('Binary.ViewError(Error.Record("Reason", "Message"))[Reason]', '"Reason"')],
)
def binary_view_error(record: Record) -> Value:
    """The error record, made so that raised by a handler of a view it is the result of the operation."""
    return view_error(record)
