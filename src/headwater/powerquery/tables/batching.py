"""Functions that run over many rows at once, called from rows that the evaluator holds, or for a single row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any

import pyarrow as pa

from headwater.errors import MError, NotFoldableError
from headwater.plan import types as p
from headwater.plan.cells import error_column
from headwater.plan.functions import BatchFunction
from headwater.powerquery.evaluator.closure import Closure
from headwater.powerquery.evaluator.scope import Code, Scope
from headwater.powerquery.language import syntax
from headwater.powerquery.tables.arrow import common_type, decode, encode, m_type
from headwater.powerquery.tables.folding import bare, mentions_row
from headwater.powerquery.values import types as t
from headwater.powerquery.values.batch_calls import BatchCalls, Configure
from headwater.powerquery.values.core import EMPTY_RECORD, List, Record, Thunk, Value, force, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.table import Table

_ROWS_AT_ONCE = 65_536
_RESULT = "result"


def batch_function_value(
    function: BatchFunction, configure: Configure | None = None, documentation: Record = EMPTY_RECORD
) -> Function:
    """A batch function as an M function: over columns it runs in batches, for single values in a batch of one.

    Args:
        function: what a call without options runs.
        configure: gives the function with options set; None where it takes none.
        documentation: what the function's type carries as metadata.
    """
    calls = BatchCalls(function, configure)

    def many(rows: Sequence[Sequence[Value]]) -> Sequence[Value]:
        return _call_many(calls, rows)

    def call(*arguments: Value) -> Value:
        return force(many([arguments])[0])

    def make_type() -> t.FunctionType:
        listed = [t.FieldType(f.name, m_type(f.type) if f.type.nullable else _strict(f)) for f in function.parameters]
        if configure is not None:
            listed.append(t.FieldType("options", t.nullable(t.RECORD), optional=True))
        return t.FunctionType(tuple(listed), m_type(function.result), documentation)

    return Function(
        call, make_type, minimum=calls.minimum, maximum=calls.maximum, name=function.name, batch=calls, many=many
    )


def _strict(field: p.Field) -> t.Type:
    return t.non_nullable(m_type(field.type))


def _call_many(calls: BatchCalls, rows: Sequence[Sequence[Value]]) -> Sequence[Value]:
    """The results of these calls; those with the same options run together."""
    bound: dict[str, BatchFunction] = {}
    results: list[Value] = [None] * len(rows)
    together: dict[int, tuple[BatchFunction, list[int], list[Sequence[Value]]]] = {}
    for at, row in enumerate(rows):
        try:
            function, arguments = _one_call(calls, row, bound)
        except MError as error:
            results[at] = Thunk.failed(error)
            continue
        _, places, given = together.setdefault(id(function), (function, [], []))
        places.append(at)
        given.append(arguments)
    for function, places, given in together.values():
        for at, result in zip(places, _apply(function, given), strict=True):
            results[at] = result
    return results


def _one_call(
    calls: BatchCalls, row: Sequence[Value], bound: dict[str, BatchFunction]
) -> tuple[BatchFunction, Sequence[Value]]:
    """What one call runs, and an argument for each parameter; MError where it is called wrongly."""
    if len(row) == len(calls.parameters) > 2:
        return calls.function, row  # nothing has to be evaluated to see that
    given = _record(row[0]) if 0 < len(row) <= 2 and calls.takes_names else None
    by_name = calls.is_by_name(len(row), given is not None)
    at = calls.options_at(len(row), by_name)
    function = calls.function if at is None else _bound(calls, plain(force(row[at])), bound)
    if by_name and given is not None:
        return function, _by_name(calls, given)
    return function, row if at is None else row[:at]


def _record(value: Value) -> Record | None:
    """The argument, if it is a record. An error is its own matter: it becomes the result."""
    try:
        found = plain(force(value))
    except MError:
        return None
    return found if isinstance(found, Record) else None


def _by_name(calls: BatchCalls, given: Record) -> list[Value]:
    missing = calls.missing(given.names)
    if missing is not None:
        raise MError(
            "Expression.Error",
            f"The record that {calls.function.name} was given has no field '{missing}'.",
            hint="Rename a column so, or give the arguments one by one.",
        )
    fields = given.raw()
    return [fields.get(parameter.name) for parameter in calls.parameters]


def _bound(calls: BatchCalls, options: Value, bound: dict[str, BatchFunction]) -> BatchFunction:
    plain_options = options_of(options, calls.function.name)
    key = repr(plain_options)
    if key not in bound:
        bound[key] = calls.bound(plain_options)
    return bound[key]


def options_of(options: Value, name: str) -> dict[str, Any]:
    """A record of options as plain Python values; null is no options.

    Raises:
        MError: it is no record, or a value in it is of a kind that no option has.
    """
    if options is None:
        return {}
    if not isinstance(options, Record):
        raise MError(
            "Expression.Error", f"The options of {name} are no record.", hint='Write them as [OnError = "null"].'
        )
    return {field: _plain_option(value, name) for field, value in options.items()}


def _plain_option(value: Value, name: str) -> Any:
    value = plain(force(value))
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return value
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Record):
        return {field: _plain_option(member, name) for field, member in value.items()}
    if isinstance(value, List):
        return [_plain_option(member, name) for member in value.items]
    raise MError(
        "Expression.Error",
        f"An option of {name} is of a kind that none takes.",
        hint="Options are numbers, text, logicals, and records and lists of those.",
    )


def _apply(function: BatchFunction, rows: Sequence[Sequence[Value]]) -> Sequence[Value]:
    names, arrays = [], []
    for at, parameter in enumerate(function.parameters):
        values, errors = _argument(parameter, [row[at] for row in rows])
        names += [f"a{at}", error_column(f"a{at}")]
        arrays += [values, errors]
    if not arrays:
        names, arrays = ["none"], [pa.nulls(len(rows), pa.string())]
    batch = pa.RecordBatch.from_arrays(arrays, names=names)
    reader = pa.RecordBatchReader.from_batches(batch.schema, [batch])
    arguments = [f"a{at}" for at in range(len(function.parameters))]
    table = function.apply(reader, arguments, _RESULT).read_all().combine_chunks()
    results: list[Value] = []
    for piece in table.to_batches():
        results += decode(piece.column(_RESULT), function.result, piece.column(error_column(_RESULT)))
    return results


def _argument(parameter: p.Field, values: Sequence[Value]) -> tuple[pa.Array[Any], pa.Array[Any]]:
    """One argument column; a value of the wrong kind is that row's error, not the whole column's."""
    try:
        return encode(values, parameter.type)
    except NotFoldableError:
        found = common_type(values) if parameter.type.kind in p.NUMERIC else None
        if found is not None and found.kind in p.NUMERIC:
            return encode(values, found)  # any number is given as it is: the function says what does not fit
        return encode([Thunk(_checked(value, parameter)) for value in values], parameter.type)


def _checked(value: Value, parameter: p.Field) -> Callable[[], Value]:
    def check() -> Value:
        inner = plain(force(value))
        try:
            encode([inner], parameter.type)
        except NotFoldableError as error:
            raise MError(
                "Expression.Error",
                f"The argument '{parameter.name}' is not of type {parameter.type.kind.value}.",
                hint="Convert the column, for example with Table.TransformColumnTypes.",
            ) from error
        return inner

    return check


def call_rows(table: Table, function: Function) -> tuple[Callable[[], Iterable[Sequence[Value]]], t.Type] | None:
    """The rows of ``table`` with the function's result added, run in batches, and the result's type.

    None if it is no batch call.
    """
    shape = _batch_shape(function)
    if shape is None:
        return None
    target, arguments, closure = shape
    many = target.many
    assert many is not None, "the shape is one of a batch call"

    def rows() -> Iterator[Sequence[Value]]:
        index, source = table.index, table.rows()
        while piece := list(islice(source, _ROWS_AT_ONCE)):
            given = [[Thunk(_later(code, closure, Record(index, row))) for code in arguments] for row in piece]
            for row, result in zip(piece, many(given), strict=True):
                yield [*row, result]

    return rows, target.type.result


def _later(code: Code, closure: Closure, row: Record) -> Callable[[], Value]:
    return lambda: code([closure.frame, row])


_Shape = tuple[Function, list[Code], Closure]


def _batch_shape(function: Function) -> _Shape | None:
    """The batch function and its argument codes, when the body of ``function`` is nothing but a call of one."""
    closure = function.origin
    if not isinstance(closure, Closure):
        return None
    body, row = bare(closure.node.body), closure.sole_parameter("record")
    if row is None or not isinstance(body, syntax.Invocation) or mentions_row(body.function, {row}):
        return None
    if any(isinstance(part, syntax.Invocation) for part in syntax.walk(body.function)):
        return None  # made anew for each row
    try:
        target = plain(force(closure.compiler.compile(body.function, closure.scope)(closure.frame)))
    except MError:
        return None  # the error belongs into the cells
    if not isinstance(target, Function) or target.many is None or not _accepts(target, len(body.arguments)):
        return None
    scope = Scope([row], closure.scope)
    return target, [closure.compiler.compile(argument, scope) for argument in body.arguments], closure


def _accepts(function: Function, count: int) -> bool:
    return function.minimum <= count and (function.maximum is None or count <= function.maximum)
