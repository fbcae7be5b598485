"""Functions that run over many rows at once, called from rows that the evaluator holds, or for a single row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
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
from headwater.powerquery.values.core import Record, Thunk, Value, force, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.table import Table

_ROWS_AT_ONCE = 65_536
_RESULT = "result"


def batch_function_value(function: BatchFunction) -> Function:
    """A batch function as an M function: over columns it runs in batches, for single values in a batch of one."""

    def many(rows: Sequence[Sequence[Value]]) -> Sequence[Value]:
        return _apply(function, rows)

    def call(*arguments: Value) -> Value:
        return force(many([arguments])[0])

    def make_type() -> t.FunctionType:
        listed = tuple(t.FieldType(f.name, m_type(f.type)) for f in function.parameters)
        return t.FunctionType(listed, m_type(function.result))

    count = len(function.parameters)
    return Function(call, make_type, minimum=count, maximum=count, name=function.name, batch=function, many=many)


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
    if not isinstance(target, Function) or target.many is None or len(body.arguments) != target.maximum:
        return None
    scope = Scope([row], closure.scope)
    return target, [closure.compiler.compile(argument, scope) for argument in body.arguments], closure
