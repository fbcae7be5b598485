"""What a model cannot take is found here, before anything is sent: such a row becomes an error value.

Checked are: an argument that is itself an error, null where the model has no form for it, a fraction or an
out-of-range number for a whole-number parameter, a number beyond single precision, a moment beyond what nanoseconds
can count, a list of another length than the tensor's. No message holds the value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from headwater.errors import UsageError
from headwater.models.arrow import Array, compute, nulls
from headwater.models.signature import Parameter, Signature
from headwater.plan.cells import encode_error, error_column

__all__ = ["Checked", "check"]

_REASON = "Expression.Error"
_NO_NULL = "takes no null"
_WHOLE = "takes whole numbers only"
_RANGE = "cannot hold a value that large"
_SHAPE = "takes lists of another length, without nulls"
_FORM = "cannot hold this value"


@dataclass(frozen=True, slots=True)
class Checked:
    """``batch`` has the signature's wire schema. Where ``errors`` (sentinel texts) is not null, the row must not be
    sent and its cells in ``batch`` mean nothing; ``errors`` is None when every row is good. ``given`` are those errors
    that the arguments were themselves.
    """

    batch: pa.RecordBatch
    errors: Array | None
    given: Array | None = None


@dataclass(frozen=True, slots=True)
class _Bad:
    """Rows (a boolean array without nulls) that fail for one reason."""

    rows: Array
    complaint: str


def check(signature: Signature, function: str, batch: pa.RecordBatch, arguments: Sequence[str]) -> Checked:
    """Convert a batch's arguments to the wire types, and find the rows that a model cannot take.

    Args:
        signature: the model's.
        function: its name, for messages.
        batch: any columns, the arguments among them; a number may come as any numeric type.
        arguments: one column name per parameter. Its sentinel column, where there is one, marks error cells.

    Raises:
        UsageError: an argument's column is of a kind that the parameter does not take at all.

    >>> from headwater.models.schemas.mlflow import from_mlflow
    >>> signature = from_mlflow([{"name": "n", "type": "integer"}], [{"name": "p", "type": "double"}])
    >>> checked = check(signature, "demo.m", pa.record_batch({"x": pa.array([1.0, 1.5, None])}), ["x"])
    >>> checked.batch.schema.field("n").type, checked.errors.is_null().to_pylist()
    (DataType(int32), [True, False, False])
    """
    columns: list[Array] = []
    errors: Array | None = None
    given: Array | None = None
    for parameter, argument in zip(signature.parameters, arguments, strict=True):
        column = batch.column(argument)
        own = _sentinels(batch, argument)
        errors, given = _merge(errors, own), _merge(given, own)
        converted, found = _convert(column, parameter, function)
        columns.append(converted)
        for bad in found:
            errors = _merge(errors, _sentinel_texts(bad, parameter, function))
    return Checked(pa.RecordBatch.from_arrays(columns, schema=signature.wire_schema), errors, given)


def _sentinels(batch: pa.RecordBatch, argument: str) -> Array | None:
    name = error_column(argument)
    if name not in batch.schema.names:
        return None
    column = batch.column(name)
    return None if column.null_count == len(column) else column.cast(pa.string())


def _sentinel_texts(bad: _Bad, parameter: Parameter, function: str) -> Array:
    text = encode_error(_REASON, f"The parameter '{parameter.name}' of {function} {bad.complaint}.")
    return compute.if_else(bad.rows, pa.scalar(text), pa.scalar(None, pa.string()))


def _merge(first: Array | None, second: Array | None) -> Array | None:
    """Both columns of sentinels as one; the first one's error wins."""
    if first is None or second is None:
        return second if first is None else first
    return compute.coalesce(first, second)


def _convert(column: Array, parameter: Parameter, function: str) -> tuple[Array, list[_Bad]]:
    """The column in the wire type, and what is wrong with it. Bad cells are null in it."""
    converted, found = _to_wire(column, parameter, function)
    if parameter.shape:
        found += _wrong_shape(converted, parameter.shape)
    if column.null_count and not parameter.type.nullable:
        # A null of the caller's own is reported as such, whatever else is wrong with the cell.
        found.insert(0, _Bad(column.is_null(), _NO_NULL))
    return converted, found


def _to_wire(column: Array, parameter: Parameter, function: str) -> tuple[Array, list[_Bad]]:
    wire, given = parameter.wire, column.type
    if given == wire:
        return column, []
    if pa.types.is_null(given):
        return nulls(len(column), wire), []
    if _is_number(given) and pa.types.is_integer(wire):
        return _to_integer(column, wire)
    if _is_number(given) and pa.types.is_floating(wire):
        return _to_float(column, wire)
    if pa.types.is_timestamp(wire) and (pa.types.is_timestamp(given) or pa.types.is_date(given)):
        return _to_timestamp(column, wire)
    if _is_text(given) and pa.types.is_string(wire):
        return column.cast(wire), []
    if pa.types.is_nested(wire) and pa.types.is_nested(given):
        return _to_nested(column, wire)
    raise UsageError(
        f"The parameter '{parameter.name}' of {function} takes {parameter.type.kind.value} values, "
        f"and its argument is of another kind ({given}).",
        code="model.argument",
        place=function,
        hint="Convert the column first, for example with Table.TransformColumnTypes.",
    )


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _to_integer(column: Array, wire: pa.DataType) -> tuple[Array, list[_Bad]]:
    found = []
    if not pa.types.is_integer(column.type):
        fraction = compute.fill_null(
            compute.not_equal(compute.floor(column), column), False
        )  # true of NaN; infinity has no fraction
        column, found = _without(column, fraction), [_Bad(fraction, _WHOLE)]
    above, below = _outside(column, *_integer_limits(wire))
    outside = _known(compute.or_(above, below), len(column))
    return _without(column, outside).cast(wire), _some(*found, _Bad(outside, _RANGE))


def _integer_limits(wire: pa.DataType) -> tuple[int, int]:
    bits = int(wire.bit_width)
    return (0, 2**bits - 1) if pa.types.is_unsigned_integer(wire) else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def _outside(column: Array, low: int, high: int) -> tuple[Array, Array]:
    """Which values are above ``high``, and which below ``low``."""
    if pa.types.is_floating(column.type):
        # 2**63 is a double and 2**63 - 1 is not: compare with what a double holds exactly.
        return compute.greater_equal(column, float(high + 1)), compute.less(column, float(low))
    if pa.types.is_integer(column.type):
        own_low, own_high = _integer_limits(column.type)
        never = pa.scalar(False)
        above = compute.greater(column, pa.scalar(high, column.type)) if high < own_high else never
        return above, compute.less(column, pa.scalar(low, column.type)) if low > own_low else never
    return compute.greater(column, high), compute.less(column, low)


def _to_float(column: Array, wire: pa.DataType) -> tuple[Array, list[_Bad]]:
    wide = column.cast(pa.float64(), safe=False)
    narrow = wide.cast(wire, safe=False)
    if wire == pa.float64():
        return narrow, []
    lost = compute.fill_null(compute.and_(compute.is_finite(wide), compute.invert(compute.is_finite(narrow))), False)
    return narrow, _some(_Bad(lost, _RANGE))


def _to_timestamp(column: Array, wire: pa.DataType) -> tuple[Array, list[_Bad]]:
    micros = column.cast(pa.timestamp("us"))
    limit = (2**63 - 1) // 1000
    ticks = micros.view(pa.int64())
    outside = compute.fill_null(compute.or_(compute.greater(ticks, limit), compute.less(ticks, -limit)), False)
    return _without(micros, outside).cast(wire), _some(_Bad(outside, _RANGE))


def _to_nested(column: Array, wire: pa.DataType) -> tuple[Array, list[_Bad]]:
    try:
        return column.cast(wire), []
    except pa.ArrowInvalid:
        # Some cell does not fit: find out which ones, row by row.
        cells = list(_cells(column, wire))
    bad = pa.array([cell is None for cell in cells])
    good = [nulls(1, wire) if cell is None else cell for cell in cells]
    return pa.concat_arrays(good), [_Bad(bad, _FORM)]


def _cells(column: Array, wire: pa.DataType) -> Iterator[Array | None]:
    for row in range(len(column)):
        try:
            yield column.take(pa.array([row])).cast(wire)  # a slice would drag all items into the cast
        except pa.ArrowInvalid:
            yield None


def _wrong_shape(column: Array, shape: tuple[int, ...]) -> list[_Bad]:
    """Rows whose lists do not have the tensor's inner lengths; a null list is another matter."""
    wrong = np.zeros(len(column), dtype=bool)
    rows, level = np.arange(len(column)), column
    for length in shape:
        lengths = compute.list_value_length(level)
        if length >= 0:
            off = compute.fill_null(compute.not_equal(lengths, length), False).to_numpy(zero_copy_only=False)
            wrong[rows[off]] = True
        rows = rows[compute.list_parent_indices(level).to_numpy()]
        level = compute.list_flatten(level)
        wrong[rows[level.is_null().to_numpy(zero_copy_only=False)]] = True
    return _some(_Bad(pa.array(wrong), _SHAPE))


def _known(condition: Any, rows: int) -> Array:
    """A condition as an array without nulls: what is not known is false."""
    if isinstance(condition, pa.Scalar):
        return pa.array(np.full(rows, condition.as_py() is True))
    return compute.fill_null(condition, False)


def _without(column: Array, rows: Array) -> Array:
    """The column with null in these rows."""
    return compute.if_else(rows, pa.scalar(None, column.type), column) if rows.true_count else column


def _some(*found: _Bad) -> list[_Bad]:
    return [bad for bad in found if bad.rows.true_count]
