"""Columns as text, a text for each cell: exact, and at the speed of Arrow.

Each column becomes a column of texts, and these are joined to one text a row; no Python object is made for a cell but
for texts that have to be escaped, and bytes. The rows of a result lie one after another in memory already.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute

from headwater.plan.conversions import EPOCH_TICKS, TICKS_PER_MICROSECOND
from headwater.plan.types import DataType, Field, Kind

__all__ = ["JsonColumns", "joined", "single", "written"]

# pyarrow's stubs know too few of these functions.
pc: Any = pyarrow.compute
Array = Any

_TEXT: Final = pa.string()
_MOMENT: Final = pa.timestamp("us")
_TICKS_PER_DAY: Final = 864_000_000_000
_TICKS_PER_MINUTE: Final = 600_000_000


def single(column: pa.ChunkedArray[Any]) -> Array:
    """A column as one array."""
    combined: Any = column.combine_chunks()
    return combined.chunk(0) if isinstance(combined, pa.ChunkedArray) else combined


def joined(texts: Array) -> memoryview:
    """The texts of an array that was just made, one after another."""
    _, ends, data = texts.buffers()
    assert ends is not None and data is not None and texts.offset == 0, "just made, and not empty"
    return memoryview(data)[: memoryview(ends).cast("i")[len(texts)]]


@dataclass(frozen=True, slots=True)
class JsonColumns:
    """Arrays of values as arrays of JSON; null where the value is null.

    Attributes:
        numbers_as_text: whole numbers and decimals in quotes, for readers whose numbers are doubles.
        member: what a column or a field is called.
        item: where lists may not lie in lists, the member of the object that one among them is put into.
    """

    numbers_as_text: bool = False
    member: Callable[[str], str] = str
    item: str | None = None

    def objects(self, members: Sequence[tuple[str, Array, DataType]], count: int, *, before: str = "{") -> Array:
        """A JSON object for each row."""
        if not members:
            return pa.array([before + "}"] * count, _TEXT)
        pieces: list[Any] = []
        start = before
        for name, array, of in members:
            pieces += [f"{start}{orjson.dumps(self.member(name)).decode()}:", self.values(array, of)]
            start = ","
        # The last argument is what is put between the pieces.
        return pc.binary_join_element_wise(*pieces, "}", "", null_handling="replace", null_replacement="null")

    def values(self, array: Array, of: DataType) -> Array:
        """The JSON of each value."""
        match of.kind:
            case Kind.LOGICAL:
                return array.cast(_TEXT)
            case Kind.INT64 | Kind.DECIMAL:
                return _quoted(array.cast(_TEXT)) if self.numbers_as_text else array.cast(_TEXT)
            case Kind.RECORD:
                return self._records(array, of)
            case Kind.LIST:
                return self._lists(array, of)
            case Kind.TEXT:
                return _escaped(array)
            case Kind.DOUBLE:
                return _doubles(array)
            case _:
                return _quoted(written(array, of))

    def _records(self, array: Array, of: DataType) -> Array:
        # flatten() carries a null of the struct over to its members.
        members = [(f.name, v, f.type) for f, v in zip(of.fields, array.flatten(), strict=True)]
        return _where_known(array, self.objects(members, len(array)))

    def _lists(self, array: Array, of: DataType) -> Array:
        assert of.item is not None, "a list type has an item type"
        items, item = array.flatten(), of.item
        if item.kind is Kind.LIST and self.item is not None:
            items = pa.StructArray.from_arrays([items], names=[self.item])
            item = DataType(Kind.RECORD, fields=(Field(self.item, item),))
        texts = pc.fill_null(self.values(items, item), "null")
        lengths = pc.fill_null(pc.list_value_length(array), 0)
        ends = pc.cumulative_sum(lengths.cast(pa.int32()))
        offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends])
        together = pc.binary_join(pa.ListArray.from_arrays(offsets, texts), ",")
        return _where_known(array, pc.binary_join_element_wise("[", together, "]", ""))


def written(array: Array, of: DataType) -> Array:
    """Values of a kind that is no record and no list, as text: dates and times as ISO 8601, bytes in Base64."""
    writer = _WRITERS.get(of.kind)
    return array.cast(_TEXT) if writer is None else writer(array)


def _where_known(array: Array, texts: Array) -> Array:
    return pc.if_else(array.is_valid(), texts, pa.scalar(None, _TEXT)) if array.null_count else texts


def _quoted(array: Array) -> Array:
    return pc.binary_join_element_wise('"', array, '"', "")


_TO_ESCAPE: Final = '["\\\\\\x00-\\x1f]'


def _escaped(array: Array) -> Array:
    escaped = pc.fill_null(pc.match_substring_regex(array, _TO_ESCAPE), False)
    if pc.any(escaped).as_py():
        found = array.filter(escaped).to_pylist()
        array = pc.replace_with_mask(array, escaped, pa.array([orjson.dumps(t)[1:-1].decode() for t in found], _TEXT))
    return _quoted(array)


def _doubles(array: Array) -> Array:
    numbers = array.cast(_TEXT)
    finite = pc.is_finite(array)
    if pc.all(finite).as_py() is not False:
        return numbers
    names = pc.if_else(pc.is_nan(array), '"NaN"', pc.if_else(pc.greater(array, 0.0), '"INF"', '"-INF"'))
    return pc.if_else(finite, numbers, names)


def _clock(ticks: Array) -> Array:
    """Ticks since midnight as ``19:00:00.0000005``."""
    # Arrow writes nine digits, of which there are seven.
    nine = pc.multiply(ticks, 100).cast(pa.time64("ns")).cast(_TEXT)
    return pc.utf8_slice_codeunits(nine, 0, 16)


def _local(moments: Array) -> Array:
    """Timestamps by the microsecond as ``2024-02-29T08:30:00.000000``."""
    return pc.utf8_replace_slice(moments.cast(_TEXT), 10, 11, "T")


def _datetimes(array: Array) -> Array:
    if pa.types.is_integer(array.type):
        array = pc.divide(pc.subtract(array, EPOCH_TICKS), TICKS_PER_MICROSECOND)
    return pc.binary_join_element_wise(_local(array.cast(_MOMENT)), "Z", "")


def _datetimezones(array: Array) -> Array:
    ticks, offsets = array.flatten()
    local = pc.add(ticks, pc.multiply(offsets.cast(pa.int64()), _TICKS_PER_MINUTE))
    moments = pc.divide(pc.subtract(local, EPOCH_TICKS), TICKS_PER_MICROSECOND).cast(_MOMENT)
    coded = offsets.dictionary_encode()
    zones = pa.array([None if m is None else _zone(m) for m in coded.dictionary.to_pylist()], _TEXT)
    return pc.binary_join_element_wise(_local(moments), pc.take(zones, coded.indices), "")


def _zone(minutes: int) -> str:
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"


def _durations(array: Array) -> Array:
    # Division cuts towards zero, so that no sign has to be taken off the least number there is.
    days = pc.divide(array, _TICKS_PER_DAY)
    clock = _clock(pc.abs(pc.subtract(array, pc.multiply(days, _TICKS_PER_DAY))))
    hours, minutes, seconds = (pc.utf8_slice_codeunits(clock, *part) for part in ((0, 2), (3, 5), (6, 16)))
    start = pc.if_else(pc.less(array, 0), "-P", "P")
    days = pc.abs(days).cast(_TEXT)
    return pc.binary_join_element_wise(start, days, "DT", hours, "H", minutes, "M", seconds, "S", "")


def _binaries(array: Array) -> Array:
    return pa.array(
        [None if v is None else base64.urlsafe_b64encode(v).decode("ascii") for v in array.to_pylist()], _TEXT
    )


_WRITERS: Final[Mapping[Kind, Callable[[Array], Array]]] = {
    Kind.TIME: _clock,
    Kind.DATETIME: _datetimes,
    Kind.DATETIMEZONE: _datetimezones,
    Kind.DURATION: _durations,
    Kind.BINARY: _binaries,
}
