"""The bridge between Arrow columns and M values, and between plan types and M types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

from headwater.errors import MError, NotFoldableError
from headwater.plan import types as p
from headwater.plan.cells import decode_error, encode_error
from headwater.plan.conversions import INT64_MAX, INT64_MIN
from headwater.powerquery.library.convert import to_text
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Binary, List, Record, Thunk, Value, WithMetadata, force, plain
from headwater.powerquery.values.operators import EXACT, is_number
from headwater.powerquery.values.text import literal_text
from headwater.powerquery.values.times import Date, DateTime, DateTimeZone, Duration, Time

_EPOCH_DAYS = 719162
"""Days from 0001-01-01 to 1970-01-01."""
_EPOCH_TICKS = _EPOCH_DAYS * 864_000_000_000

_TO_PLAN: dict[str, p.DataType] = {
    "logical": p.LOGICAL,
    "number": p.DOUBLE,
    "text": p.TEXT,
    "date": p.DATE,
    "time": p.TIME,
    "datetime": p.DATETIME_TICKS,
    "datetimezone": p.DATETIMEZONE,
    "duration": p.DURATION,
    "binary": p.BINARY,
}
_WHOLE = frozenset({"Byte.Type", "Int8.Type", "Int16.Type", "Int32.Type", "Int64.Type"})


def plan_type(of: t.Type) -> p.DataType | None:
    """The plan type for an M type, or None where values of the type are of no one kind (``any``, functions …)."""
    match of:
        case t.NullableType(inner=inner):
            return plan_type(inner)
        case t.PrimitiveType(facet=facet) if facet in _WHOLE:
            return p.INT64
        case t.PrimitiveType(name=name):
            return _TO_PLAN.get(name)
        case t.RecordType(fields=fields, open=False) if fields:
            members = {f.name: plan_type(f.type) for f in fields}
            known = {name: kind for name, kind in members.items() if kind is not None}
            return p.record_type(known) if len(known) == len(members) else None
        case t.ListType(item=item):
            inner_type = plan_type(item)
            return None if inner_type is None else p.list_type(inner_type)
    return None


_TO_M: dict[p.Kind, t.Type] = {
    p.Kind.LOGICAL: t.LOGICAL,
    p.Kind.INT64: t.INT64,
    p.Kind.DOUBLE: t.NUMBER,
    p.Kind.DECIMAL: t.FACETS["Decimal.Type"],
    p.Kind.TEXT: t.TEXT,
    p.Kind.DATE: t.DATE,
    p.Kind.TIME: t.TIME,
    p.Kind.DATETIME: t.DATETIME,
    p.Kind.DATETIMEZONE: t.DATETIMEZONE,
    p.Kind.DURATION: t.DURATION,
    p.Kind.BINARY: t.BINARY,
}


def m_type(of: p.DataType) -> t.Type:
    """The M type of a plan type; nullable, as table cells are."""
    match of.kind:
        case p.Kind.RECORD:
            return t.nullable(t.RecordType(tuple(t.FieldType(f.name, m_type(f.type)) for f in of.fields)))
        case p.Kind.LIST:
            assert of.item is not None, "a list type has an item type"
            return t.nullable(t.ListType(m_type(of.item)))
        case kind:
            return t.nullable(_TO_M[kind])


# -- Arrow → M -----------------------------------------------------------------------------------------------------


def decode(array: pa.Array[Any], of: p.DataType, errors: pa.Array[Any] | None = None) -> list[Value]:
    """The M values of an Arrow array; a cell with a text in ``errors`` becomes a member that raises that error."""
    values = _decode_plain(array, of)
    if errors is None or errors.null_count == len(errors):
        return values
    for at, sentinel in enumerate(errors.to_pylist()):
        if sentinel is not None:
            values[at] = Thunk.failed(error_of(sentinel))
    return values


def error_of(sentinel: str) -> MError:
    """The M error that a sentinel text stands for."""
    reason, message, detail = decode_error(sentinel)
    return MError(reason, message, detail)


def _decode_plain(array: pa.Array[Any], of: p.DataType) -> list[Value]:
    match of.kind:
        case p.Kind.LIST:
            return _decode_lists(array, of)
        case p.Kind.RECORD:
            return _decode_records(array, of)
        case p.Kind.DATETIMEZONE:
            return [
                None if cell is None else DateTimeZone(cell["instant"], cell["offset"]) for cell in array.to_pylist()
            ]
        case p.Kind.DATE:
            return _each(array.cast(pa.int32()), lambda days: Date(days + _EPOCH_DAYS))
        case p.Kind.DATETIME if of.unit == "us":
            return _each(array.cast(pa.int64()), lambda micros: DateTime(micros * 10 + _EPOCH_TICKS))
        case p.Kind.DATETIME:
            return _each(array, DateTime)
        case p.Kind.TIME:
            return _each(array, Time)
        case p.Kind.DURATION:
            return _each(array, Duration)
        case _:
            listed: list[Value] = array.to_pylist()
            return listed


def _each(array: pa.Array[Any], make: Callable[[int], Value]) -> list[Value]:
    return [None if cell is None else make(cell) for cell in array.to_pylist()]


def _decode_lists(array: pa.Array[Any], of: p.DataType) -> list[Value]:
    assert of.item is not None, "a list type has an item type"
    cells: list[Value] = []
    for scalar in array:
        cells.append(List(_decode_plain(scalar.values, of.item)) if scalar.is_valid else None)
    return cells


def _decode_records(array: Any, of: p.DataType) -> list[Value]:
    index = {f.name: at for at, f in enumerate(of.fields)}
    members = [_decode_plain(member, f.type) for member, f in zip(array.flatten(), of.fields, strict=True)]
    valid = array.is_valid().to_pylist()
    return [Record(index, cells) if ok else None for ok, cells in zip(valid, zip(*members, strict=True), strict=True)]


# -- M → Arrow -----------------------------------------------------------------------------------------------------


_HALF_A_PAIR = "A text holds half a surrogate pair."


def encode(values: Sequence[Value], of: p.DataType) -> tuple[pa.Array[Any], pa.Array[Any]]:
    """Arrow arrays (values, sentinels) of M values; a member that is an error is null with its sentinel set.

    Raises:
        NotFoldableError: a value is not of this type; nothing is rounded or converted here. Also for text that holds
            half a surrogate pair, which Arrow has no room for.
    """
    try:
        if _LOOKED_INTO.isdisjoint(map(type, values)):
            return _encode_column(values, of), pa.nulls(len(values), pa.string())
        forced, sentinels = _forced(values)
        return _encode_column(forced, of), pa.array(sentinels, pa.string())
    except UnicodeEncodeError as error:
        raise NotFoldableError(_HALF_A_PAIR) from error


def encode_literal(value: Value, of: p.DataType) -> Any:
    """What a plan's literal of this type holds for one M value: what pyarrow's scalar would give back.

    Of the plain types it is made without pyarrow, which would import pandas (a tenth of a second) where that is
    installed.

    Raises:
        NotFoldableError: as :func:`encode`.
    """
    if of.kind not in _AS_THEY_ARE:
        array, _ = encode([value], of)
        return array[0].as_py()
    if isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
        raise NotFoldableError(_HALF_A_PAIR)
    return _encode_cell(value, of)


_LOOKED_INTO: frozenset[type] = frozenset({Thunk, WithMetadata, Record, List})


def _forced(values: Sequence[Value]) -> tuple[list[Value], list[str | None]]:
    """The values evaluated, and the sentinels of those that are errors."""
    forced: list[Value] = []
    sentinels: list[str | None] = []
    for value in values:
        try:
            cell = plain(force(value))
            if isinstance(cell, Record | List):
                _evaluate_members(cell)
            forced.append(cell)
            sentinels.append(None)
        except MError as error:
            forced.append(None)
            sentinels.append(encode_error(error.reason, error.message, literal_detail(error.detail)))
    return forced, sentinels


def _evaluate_members(cell: Record | List) -> None:
    """Evaluate all that a cell holds: an error in it makes the cell an error."""
    waiting: list[Record | List] = [cell]
    while waiting:
        held = waiting.pop()
        for member in held.values if isinstance(held, Record) else held.items:
            inner = plain(force(member))
            if isinstance(inner, Record | List):
                waiting.append(inner)


def _encode_column(cells: Sequence[Value], of: p.DataType) -> pa.Array[Any]:
    """An Arrow array of evaluated values; records and lists column by column."""
    match of.kind:
        case p.Kind.RECORD:
            return _encode_records(cells, of)
        case p.Kind.LIST:
            return _encode_lists(cells, of)
        case _:
            return _encode_scalars(cells, of)


_NULL = type(None)
_AS_THEY_ARE: dict[p.Kind, frozenset[type]] = {
    p.Kind.LOGICAL: frozenset({bool, _NULL}),
    p.Kind.TEXT: frozenset({str, _NULL}),
    p.Kind.INT64: frozenset({int, _NULL}),
    p.Kind.DOUBLE: frozenset({int, float, _NULL}),
}
"""Python types whose values Arrow takes without a look at each."""


def _encode_scalars(cells: Sequence[Value], of: p.DataType) -> pa.Array[Any]:
    kinds = set(map(type, cells))
    rounds = of.kind is p.Kind.DOUBLE and int in kinds
    if kinds <= _AS_THEY_ARE.get(of.kind, frozenset()) and not (rounds and _beyond_doubles(cells)):
        try:
            return pa.array(cells, p.to_arrow(of))
        except OverflowError as error:
            raise NotFoldableError("A number does not fit 64 bits.") from error
    return pa.array([_encode_cell(cell, of) for cell in cells], p.to_arrow(of))


def _beyond_doubles(cells: Sequence[Value]) -> bool:
    """Whether a whole number would be rounded on becoming a double."""
    return any(type(cell) is int and not -EXACT <= cell <= EXACT for cell in cells)


def _encode_records(cells: Sequence[Value], of: p.DataType) -> pa.Array[Any]:
    for cell in cells:
        if cell is not None:
            _check_kind(cell, of.kind)
            if len(cell) != len(of.fields) or any(f.name not in cell for f in of.fields):
                raise NotFoldableError("A record has other fields than its column's type says.")
    members = [
        _encode_column([None if cell is None else plain(cell.get(f.name)) for cell in cells], f.type) for f in of.fields
    ]
    absent = pa.array([cell is None for cell in cells], pa.bool_())
    fields = [pa.field(f.name, p.to_arrow(f.type)) for f in of.fields]
    return pa.StructArray.from_arrays(members, fields=fields, mask=absent)


def _encode_lists(cells: Sequence[Value], of: p.DataType) -> pa.Array[Any]:
    assert of.item is not None, "a list type has an item type"
    items: list[Value] = []
    offsets = [0]
    for cell in cells:
        if cell is not None:
            _check_kind(cell, of.kind)
            items.extend(cell.plain())
        offsets.append(len(items))
    absent = pa.array([cell is None for cell in cells], pa.bool_())
    held = _encode_column(items, of.item)
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), held, type=p.to_arrow(of), mask=absent)


def literal_detail(detail: Value) -> str | None:
    """An error's detail as text, where it is a scalar; None where there is none."""
    detail = plain(detail)
    if detail is None or isinstance(detail, str):
        return detail
    return str(to_text(detail)) if is_number(detail) else literal_text(detail) or None


_PYTHON: dict[p.Kind, tuple[type, ...]] = {
    p.Kind.LOGICAL: (bool,),
    p.Kind.INT64: (int,),
    p.Kind.DOUBLE: (int, float, Decimal),
    p.Kind.DECIMAL: (int, Decimal),
    p.Kind.TEXT: (str,),
    p.Kind.DATE: (Date,),
    p.Kind.TIME: (Time,),
    p.Kind.DATETIME: (DateTime,),
    p.Kind.DATETIMEZONE: (DateTimeZone,),
    p.Kind.DURATION: (Duration,),
    p.Kind.BINARY: (bytes, Binary),
    p.Kind.RECORD: (Record,),
    p.Kind.LIST: (List,),
}


def _check_kind(value: Value, kind: p.Kind) -> None:
    """NotFoldableError unless the value is of this kind."""
    if not isinstance(value, _PYTHON[kind]) or (isinstance(value, bool) and kind is not p.Kind.LOGICAL):
        raise NotFoldableError(f"A {t.kind_of(value)} value stands in a column of type {kind.value}.")


def _encode_cell(value: Value, of: p.DataType) -> Any:
    if value is None:
        return None
    if of.kind is p.Kind.INT64 and isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
        return int(value)
    _check_kind(value, of.kind)
    match of.kind:
        case p.Kind.INT64 if not INT64_MIN <= value <= INT64_MAX:
            raise NotFoldableError("A number does not fit 64 bits.")
        case p.Kind.DOUBLE if isinstance(value, int) and abs(value) > EXACT:
            raise NotFoldableError("A whole number beyond 2^53 stands in a column of doubles.")
        case p.Kind.DOUBLE:
            return float(value)
        case p.Kind.DATE:
            return value.days - _EPOCH_DAYS
        case p.Kind.DATETIME if of.unit == "us":
            return _microseconds(value)
        case p.Kind.TIME | p.Kind.DURATION | p.Kind.DATETIME:
            return value.ticks
        case p.Kind.DATETIMEZONE:
            return {"instant": value.ticks, "offset": value.offset}
        case p.Kind.BINARY:
            return value.read() if isinstance(value, Binary) else value
        case _:
            return value


def _microseconds(value: DateTime) -> int:
    micros, rest = divmod(value.ticks - _EPOCH_TICKS, 10)
    if rest:
        raise NotFoldableError("A datetime finer than a microsecond stands in a column of microseconds.")
    return micros


def common_type(values: Sequence[Value]) -> p.DataType | None:
    """The one plan type that all values fit, or None; nulls and errors fit any, no value at all is text.

    Records are of one type when they have the same fields, each of one type over all of them.
    """
    cells: list[Value] = []
    for value in values:
        try:
            cell = plain(force(value))
            if isinstance(cell, Record | List):
                _evaluate_members(cell)
        except MError:
            continue
        if cell is not None:
            cells.append(cell)
    kinds = frozenset(map(type, cells))
    if kinds == {Record}:
        return _common_record(cells)
    if kinds == {List}:
        item = common_type([item for cell in cells for item in cell.items])
        return None if item is None else p.list_type(item)
    return _common_scalar(cells, kinds)


def _common_record(records: Sequence[Record]) -> p.DataType | None:
    names = records[0].names
    if not names or any(record.names != names and set(record.names) != set(names) for record in records):
        return None
    members = {name: common_type([record.get(name) for record in records]) for name in names}
    known = {name: kind for name, kind in members.items() if kind is not None}
    return p.record_type(known) if len(known) == len(members) else None


_PLAIN_KINDS: dict[frozenset[type], p.DataType] = {
    frozenset(): p.TEXT,
    frozenset({str}): p.TEXT,
    frozenset({bool}): p.LOGICAL,
    frozenset({float}): p.DOUBLE,
}


def _common_scalar(cells: Sequence[Value], kinds: frozenset[type]) -> p.DataType | None:
    plain_kind = _PLAIN_KINDS.get(kinds)
    if plain_kind is not None:
        return plain_kind
    if kinds == {int} and min(cells) >= INT64_MIN and max(cells) <= INT64_MAX:
        return p.INT64
    found: set[p.DataType | None] = {_type_of_scalar(cell) for cell in cells}
    if found == {p.INT64, p.DOUBLE}:
        return p.DOUBLE
    return found.pop() if len(found) == 1 else None


def _type_of_scalar(value: Value) -> p.DataType | None:
    if isinstance(value, int) and not isinstance(value, bool) and INT64_MIN <= value <= INT64_MAX:
        return p.INT64
    return _TO_PLAN.get(t.kind_of(value))
