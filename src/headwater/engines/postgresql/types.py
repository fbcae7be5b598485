"""Plan types and constants in PostgreSQL's SQL. Within a statement every value has PostgreSQL's own type."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from sqlglot import exp

from headwater.engines.postgresql.sql import DIALECT, cast, double, ordinal
from headwater.engines.sql import Sql, text, whole
from headwater.errors import NotFoldableError
from headwater.plan.conversions import EPOCH_TICKS, TICKS_PER_MICROSECOND
from headwater.plan.expressions import Literal
from headwater.plan.types import DataType, Kind

_SIMPLE = {
    Kind.LOGICAL: "BOOLEAN",
    Kind.INT64: "BIGINT",
    Kind.DOUBLE: "DOUBLE PRECISION",
    Kind.TEXT: "TEXT",
    Kind.DATE: "DATE",
    Kind.TIME: "TIME",
    Kind.DATETIMEZONE: "TIMESTAMPTZ",
    Kind.BINARY: "BYTEA",
}


def sql_type(data_type: DataType) -> str:
    """The type of a column in a statement.

    Raises:
        NotFoldableError: PostgreSQL has none for it.
    """
    match data_type.kind:
        case Kind.DECIMAL:
            return f"DECIMAL({data_type.precision}, {data_type.scale})"
        case Kind.DATETIME if data_type.unit == "us":
            return "TIMESTAMP"
        case kind if kind in _SIMPLE:
            return _SIMPLE[kind]
    raise NotFoldableError(f"PostgreSQL has no type for a {data_type.kind.value} of this kind.")


def as_type(value: Sql, have: DataType, want: DataType) -> Sql:
    """``value`` in the type ``want``; the same expression where the types agree."""
    return value if sql_type(have) == sql_type(want) else cast(value, sql_type(want))


def literal(constant: Literal) -> Sql:
    """A constant, with exactly the type it has in the plan.

    Raises:
        NotFoldableError: PostgreSQL has no such value, or would give back another.
    """
    if constant.value is None:
        return cast(exp.null(), sql_type(constant.type))
    build = _CONSTANTS.get(constant.type.kind)
    if build is None:
        raise NotFoldableError(f"A constant of type {constant.type.kind.value} does not fold on PostgreSQL.")
    return build(constant.value, constant.type)


def output(value: Sql, data_type: DataType) -> Sql:
    """A value as the driver hands it out without loss: a decimal as text."""
    return cast(value, "TEXT") if data_type.kind is Kind.DECIMAL else cast(value, sql_type(data_type))


def _logical(value: bool, _type: DataType) -> Sql:
    return exp.true() if value else exp.false()


def _whole(value: int, _type: DataType) -> Sql:
    return cast(text(str(int(value))) if value < 0 else whole(int(value)), "BIGINT")


def _double(value: float, _type: DataType) -> Sql:
    return double(text(repr(float(value))))


def _decimal(value: Any, data_type: DataType) -> Sql:
    return cast(text(f"{value:f}"), sql_type(data_type))


def _text(value: str, _type: DataType) -> Sql:
    if "\x00" in value:
        raise NotFoldableError("A text of PostgreSQL holds no zero character.")
    return ordinal(cast(text(value), "TEXT"))


def _date(value: dt.date, _type: DataType) -> Sql:
    return cast(text(value.isoformat()), "DATE")


def _datetime(value: Any, data_type: DataType) -> Sql:
    if data_type.unit != "us":
        raise NotFoldableError("A datetime of PostgreSQL has microseconds, and no finer parts.")
    return cast(text(value.isoformat(sep=" ")), "TIMESTAMP")


def _microseconds(ticks: int) -> int:
    microseconds, rest = divmod(ticks, TICKS_PER_MICROSECOND)
    if rest:
        raise NotFoldableError("A time of PostgreSQL has microseconds, and no finer parts.")
    return microseconds


def _time(value: int, _type: DataType) -> Sql:
    moment = dt.datetime.min + dt.timedelta(microseconds=_microseconds(value))
    return cast(text(moment.time().isoformat()), "TIME")


def instant(constant: Literal) -> Sql:
    """A constant datetimezone to compare with: its instant, for PostgreSQL keeps no offset.

    Raises:
        NotFoldableError: it is finer than a microsecond.
    """
    if constant.value is None:
        return cast(exp.null(), "TIMESTAMPTZ")
    since = dt.timedelta(microseconds=_microseconds(constant.value["instant"] - EPOCH_TICKS))
    return cast(text((dt.datetime(1970, 1, 1) + since).isoformat(sep=" ") + "+00"), "TIMESTAMPTZ")


_CONSTANTS: dict[Kind, Callable[[Any, DataType], Sql]] = {
    Kind.LOGICAL: _logical,
    Kind.INT64: _whole,
    Kind.DOUBLE: _double,
    Kind.DECIMAL: _decimal,
    Kind.TEXT: _text,
    Kind.DATE: _date,
    Kind.DATETIME: _datetime,
    Kind.TIME: _time,
}


def constant_sql(constant: Literal) -> str:
    """A constant as text of a statement, for a query in somebody's own words.

    Raises:
        NotFoldableError: PostgreSQL has no such value.
    """
    built = instant(constant) if constant.type.kind is Kind.DATETIMEZONE else literal(constant)
    return built.sql(dialect=DIALECT)
