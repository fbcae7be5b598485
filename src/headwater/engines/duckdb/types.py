"""Plan types and constants in DuckDB's SQL."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlglot import exp

from headwater.engines.duckdb.sql import cast
from headwater.engines.sql import Sql, binary, call, text, whole
from headwater.plan.expressions import Literal
from headwater.plan.types import DataType, Kind

_SIMPLE = {
    Kind.LOGICAL: "BOOLEAN",
    Kind.INT64: "BIGINT",
    Kind.DOUBLE: "DOUBLE",
    Kind.TEXT: "VARCHAR",
    Kind.DATE: "DATE",
    Kind.TIME: "BIGINT",
    Kind.DURATION: "BIGINT",
    Kind.BINARY: "BLOB",
    Kind.DATETIMEZONE: 'STRUCT("instant" BIGINT, "offset" SMALLINT)',
}


def sql_type(data_type: DataType) -> str:
    """The DuckDB type whose Arrow form is ``to_arrow(data_type)``.

    >>> from headwater.plan.types import DOUBLE, record_type
    >>> sql_type(record_type({"p": DOUBLE}))
    'STRUCT("p" DOUBLE)'
    """
    match data_type.kind:
        case Kind.DECIMAL:
            return f"DECIMAL({data_type.precision}, {data_type.scale})"
        case Kind.DATETIME:
            return "TIMESTAMP" if data_type.unit == "us" else "BIGINT"
        case Kind.RECORD:
            members = ", ".join(f"{_quoted(f.name)} {sql_type(f.type)}" for f in data_type.fields)
            return f"STRUCT({members})"
        case Kind.LIST:
            assert data_type.item is not None, "a list type has an item type"
            return f"{sql_type(data_type.item)}[]"
        case simple:
            return _SIMPLE[simple]


def null_of(data_type: DataType) -> Sql:
    """A null of this type."""
    return cast(exp.null(), sql_type(data_type))


def literal(constant: Literal) -> Sql:
    """A constant, with exactly the type it has in the plan."""
    return _constant(constant.value, constant.type)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _constant(value: Any, data_type: DataType) -> Sql:
    if value is None:
        return null_of(data_type)
    build = _CONSTANTS.get(data_type.kind, _by_text)
    return build(value, data_type)


def _by_text(value: Any, data_type: DataType) -> Sql:
    return cast(text(str(value)), sql_type(data_type))


def _logical(value: bool, _type: DataType) -> Sql:
    return exp.true() if value else exp.false()


def _whole(value: int, _type: DataType) -> Sql:
    return cast(text(str(int(value))), "BIGINT")


def _double(value: float, _type: DataType) -> Sql:
    # Through text: DuckDB would read a number with a point as a decimal first.
    number = float(value)
    return cast(text(repr(number) if math.isfinite(number) else str(number)), "DOUBLE")


def _text(value: str, _type: DataType) -> Sql:
    # DuckDB before 2.0 takes a zero character for the end of the statement.
    pieces = value.split("\x00")
    result = text(pieces[0])
    for piece in pieces[1:]:
        zero_and_piece = binary(exp.DPipe, call("chr", whole(0)), text(piece))
        result = binary(exp.DPipe, result, zero_and_piece)
    return result


def _datetime(value: Any, data_type: DataType) -> Sql:
    if data_type.unit == "tick":
        return _whole(value, data_type)
    return cast(text(value.isoformat(sep=" ")), "TIMESTAMP")


def _binary(value: bytes, _type: DataType) -> Sql:
    return call("from_hex", text(value.hex()))


def _zoned(value: Mapping[str, int], data_type: DataType) -> Sql:
    packed = call("row", cast(whole(value["instant"]), "BIGINT"), cast(whole(value["offset"]), "SMALLINT"))
    return cast(packed, sql_type(data_type))


def _record(value: Mapping[str, Any], data_type: DataType) -> Sql:
    return cast(call("row", *(_constant(value[f.name], f.type) for f in data_type.fields)), sql_type(data_type))


def _list(value: Sequence[Any], data_type: DataType) -> Sql:
    assert data_type.item is not None, "a list type has an item type"
    return cast(call("list_value", *(_constant(item, data_type.item) for item in value)), sql_type(data_type))


_CONSTANTS: dict[Kind, Callable[[Any, DataType], Sql]] = {
    Kind.LOGICAL: _logical,
    Kind.INT64: _whole,
    Kind.TIME: _whole,
    Kind.DURATION: _whole,
    Kind.DOUBLE: _double,
    Kind.TEXT: _text,
    Kind.DATETIME: _datetime,
    Kind.DATETIMEZONE: _zoned,
    Kind.BINARY: _binary,
    Kind.RECORD: _record,
    Kind.LIST: _list,
}


def as_type(value: Sql, have: DataType, want: DataType) -> Sql:
    """``value`` in the type ``want``; the same expression where the types agree."""
    return value if sql_type(have) == sql_type(want) else cast(value, sql_type(want))
