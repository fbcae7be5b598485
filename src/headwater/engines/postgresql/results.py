"""What the driver hands out, in the Arrow form of a plan's types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from headwater.errors import MError
from headwater.plan.cells import error_column
from headwater.plan.conversions import EPOCH_TICKS, TICKS_PER_DAY, TICKS_PER_MICROSECOND
from headwater.plan.nodes import Column
from headwater.plan.types import Kind, to_arrow

_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896
"""The first day of year 1 and the last of year 9999, counted from 1970-01-01: M's dates."""
_MICROSECONDS_A_DAY = 86_400_000_000


def conformed(
    batches: Iterator[pa.RecordBatch], columns: tuple[Column, ...], schema: pa.Schema, batch_rows: int
) -> Iterator[pa.RecordBatch]:
    """The batches in exactly this schema, of no more than so many rows.

    Raises:
        MError: DataFormat.Error, a value is one that M has no place for.
    """
    kinds: list[Column | None] = [one for c in columns for one in ((c, None) if c.may_fail else (c,))]
    for batch in batches:
        arrays = [
            array if column is None else _array(array, column)
            for array, column in zip(batch.columns, kinds, strict=True)
        ]
        whole = pa.RecordBatch.from_arrays(arrays, schema=schema)
        for start in range(0, whole.num_rows, batch_rows):
            yield whole.slice(start, batch_rows)


def _array(array: Any, column: Column) -> Any:
    match column.type.kind:
        case Kind.DECIMAL:
            return _decimals(array, column)
        case Kind.DATE:
            return _within(array, array.cast(pa.int32()), _FIRST_DAY, _LAST_DAY, column)
        case Kind.DATETIME | Kind.DATETIMEZONE:
            micros = _within(
                array.cast(pa.int64()), array.cast(pa.int64()), _FIRST_DAY * _MICROSECONDS_A_DAY,
                (_LAST_DAY + 1) * _MICROSECONDS_A_DAY - 1, column,
            )  # fmt: skip
            return _instants(micros) if column.type.kind is Kind.DATETIMEZONE else micros.cast(pa.timestamp("us"))
        case Kind.TIME:
            ticks = pc.multiply(array.cast(pa.int64()), TICKS_PER_MICROSECOND)
            return _within(ticks, ticks, 0, TICKS_PER_DAY - 1, column)
        case _:
            return array.cast(to_arrow(column.type))


def _decimals(array: Any, column: Column) -> Any:
    try:
        return array.cast(pa.string()).cast(to_arrow(column.type))
    except pa.ArrowInvalid as error:
        raise _out_of_range(column) from error


def _instants(micros: Any) -> Any:
    ticks = pc.add(pc.multiply(micros, TICKS_PER_MICROSECOND), EPOCH_TICKS)
    offsets = pa.repeat(pa.scalar(0, pa.int16()), len(micros))
    members = [pa.field("instant", pa.int64()), pa.field("offset", pa.int16())]
    return pa.StructArray.from_arrays([ticks, offsets], fields=members, mask=micros.is_null())


def _within(array: Any, numbers: Any, least: int, most: int, column: Column) -> Any:
    """The array, whose numbers lie in what M has; a whole query ends otherwise, since no cell of it can be shown."""
    found: Any = pc.min_max(numbers).as_py()
    if found["min"] is not None and not (least <= found["min"] and found["max"] <= most):
        raise _out_of_range(column)
    return array


def _out_of_range(column: Column) -> MError:
    return MError(
        "DataFormat.Error",
        f"The column '{column.name}' holds a {column.type.kind.value} that M has no value for, such as infinity.",
        hint="Leave those rows out, or convert the column to text in a query of the database's own.",
        code="m.data_source",
    )


def names_of(columns: tuple[Column, ...]) -> list[str]:
    """The columns of a result by id, each that can fail followed by its sentinel."""
    return [name for c in columns for name in ((c.id, error_column(c.id)) if c.may_fail else (c.id,))]
