"""Values of a plan's columns to their stored form and back, batch by batch; what is lost is counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headwater.plan.conversions import EPOCH_TICKS, TICKS_PER_MICROSECOND
from headwater.plan.types import DataType, Kind, to_arrow
from headwater.tables.types import UTC, PublishedSchema, stored_type


def stored_batches(schema: PublishedSchema, batches: pa.RecordBatchReader) -> pa.RecordBatchReader:
    """A plan's result, as an engine streams it, under its M names and in its stored form; error cells are null."""

    def converted() -> Iterator[pa.RecordBatch]:
        for batch in batches:
            arrays = [array for c in schema.columns for array in to_stored(batch.column(c.id), c.type)[0]]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema.stored)

    return pa.RecordBatchReader.from_batches(schema.stored, converted())


def to_stored(values: Any, data_type: DataType) -> tuple[list[Any], int]:
    """A column's array in its stored form: one array, or two for a datetimezone.

    Returns:
        the arrays, and how many cells lost digits below a microsecond.
    """
    if data_type.kind is Kind.DATETIMEZONE:
        # flatten() carries a null of the struct over to its members; field() would not.
        ticks, offset = values.flatten()
        instant, lost = _instants(ticks)
        return [instant, offset], lost
    stored, lost = _member(values, data_type)
    return [stored], lost


def from_stored(arrays: list[Any], data_type: DataType) -> Any:
    """The array of a plan's column, of Arrow type ``to_arrow(data_type)``, from its stored form."""
    if data_type.kind is Kind.DATETIMEZONE:
        ticks = _ticks(arrays[0])
        fields = _fields(to_arrow(data_type))
        return pa.StructArray.from_arrays([ticks, arrays[1].cast(pa.int16())], fields=fields, mask=pc.is_null(ticks))
    # Nested values convert as a whole: Arrow casts UTC timestamps to naive ones by their UTC clock.
    return arrays[0].cast(to_arrow(data_type))


def _member(values: Any, data_type: DataType) -> tuple[Any, int]:
    match data_type.kind:
        case Kind.DATETIME if data_type.unit == "tick":
            return _instants(values)
        case Kind.RECORD:
            parts = [_member(v, f.type) for v, f in zip(values.flatten(), data_type.fields, strict=True)]
            fields = _fields(stored_type(data_type))
            record = pa.StructArray.from_arrays([a for a, _ in parts], fields=fields, mask=pc.is_null(values))
            return record, sum(lost for _, lost in parts)
        case Kind.LIST:
            assert data_type.item is not None, "a list type has an item type"
            items, lost = _member(values.flatten(), data_type.item)
            lengths = pc.fill_null(pc.list_value_length(values), 0).to_numpy(zero_copy_only=False)
            offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
            array = pa.ListArray.from_arrays(offsets, items, type=stored_type(data_type), mask=pc.is_null(values))
            return array, lost
        case _:
            return values.cast(stored_type(data_type)), 0


def _fields(struct: pa.DataType) -> list[Any]:
    return [struct.field(at) for at in range(struct.num_fields)]


def _instants(ticks: Any) -> tuple[Any, int]:
    """Ticks since 0001-01-01 as UTC timestamps, cut to the microsecond below, and how many were cut."""
    # Counted from year 1 ticks are not negative, and integer division rounds down.
    microseconds = pc.divide(ticks, TICKS_PER_MICROSECOND)
    lost = pc.sum(pc.not_equal(ticks, pc.multiply(microseconds, TICKS_PER_MICROSECOND))).as_py() or 0
    since_1970 = pc.subtract(microseconds, EPOCH_TICKS // TICKS_PER_MICROSECOND)
    return since_1970.cast(UTC), lost


def _ticks(instants: Any) -> Any:
    microseconds = instants.cast(UTC).cast(pa.int64())
    return pc.add(pc.multiply(microseconds, TICKS_PER_MICROSECOND), EPOCH_TICKS)
