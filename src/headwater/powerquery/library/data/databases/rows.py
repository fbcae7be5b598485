"""Databases through row drivers, as M sees them: navigation tables, and native queries row by row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from headwater.errors import MError
from headwater.plan.conversions import EPOCH_TICKS
from headwater.powerquery.library.arguments import known_options
from headwater.powerquery.library.data.databases.navigation import Entry, NavigationTable, navigation
from headwater.powerquery.library.data.databases.parameters import with_parameters
from headwater.powerquery.tables.plan_table import PlanTable
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values.core import List, Record, Value
from headwater.powerquery.values.operators import cannot_convert
from headwater.powerquery.values.table import Table
from headwater.powerquery.values.times import Date, DateTime, DateTimeZone, Duration, Time

if TYPE_CHECKING:
    from headwater.engines.dbapi import DriverDatabase
    from headwater.powerquery.evaluator.session import Session


def browsed(session: Session, source: DriverDatabase, *, hierarchical: bool) -> NavigationTable:
    """The navigation table of a database."""

    def entries() -> list[Entry]:
        return [_entry(session, source, *found) for found in source.relations()]

    def native(query: str, parameters: Value, options: Record | None) -> Table:
        known_options(options, "Value.NativeQuery", "EnableFolding", "PreserveTypes")
        return queried(source, with_parameters(query, parameters, constant_text))

    return navigation(entries, native, hierarchical=hierarchical)


def _entry(session: Session, source: DriverDatabase, schema: str, name: str, kind: str) -> Entry:
    return Entry(schema, name, kind, lambda: PlanTable(source.table_scan(schema, name), session))


def queried(source: DriverDatabase, query: str) -> Table:
    """The rows of a query, which is run once for its columns' names and again whenever its rows are read.

    Raises:
        MError: DataSource.Error, the database refuses it, or two of its columns have one name.
    """
    statement = query.strip().rstrip(";")
    names: list[str] = []
    found = source.chunks(statement, names.extend, 1)
    next(found, None)
    found.close()  # type: ignore[attr-defined]  # a generator, whose connection is closed
    if len(set(names)) < len(names):
        raise MError(
            "DataSource.Error",
            "Two columns of the query have one name.",
            hint="Give each column a name of its own, with AS.",
            code="m.data_source",
        )

    def rows() -> Iterator[Sequence[Value]]:
        for chunk in source.chunks(statement):
            yield from ([m_value(cell) for cell in row] for row in chunk)

    return RowTable(table_type(names), rows)


def m_value(cell: Any) -> Value:
    """A driver's value as M has it; what has no counterpart is its text."""
    convert = next((convert for kinds, convert in _VALUES if isinstance(cell, kinds)), str)
    return convert(cell)


def _as_it_is(cell: Any) -> Value:
    return cell


def _datetime(cell: dt.datetime) -> Value:
    offset = cell.utcoffset()
    ticks = (cell.replace(tzinfo=None) - dt.datetime.min) // dt.timedelta(microseconds=1) * 10
    if offset is None:
        return DateTime(ticks)
    minutes = round(offset.total_seconds() / 60)
    return DateTimeZone(ticks - minutes * 600_000_000, minutes)


def _duration(cell: dt.timedelta) -> Value:
    return Duration(cell // dt.timedelta(microseconds=1) * 10)


def _time(cell: dt.time) -> Value:
    return Time.of(cell.hour, cell.minute, cell.second + cell.microsecond / 1e6)


_VALUES: tuple[tuple[tuple[type, ...], Callable[[Any], Value]], ...] = (
    ((type(None), bool, int, float, Decimal, str), _as_it_is),
    ((bytes, bytearray, memoryview), bytes),
    ((dt.datetime,), _datetime),
    ((dt.date,), lambda cell: Date.of(cell.year, cell.month, cell.day)),
    ((dt.time,), _time),
    ((dt.timedelta,), _duration),
    ((list, tuple), lambda cell: List([m_value(item) for item in cell])),
)


def constant_text(value: Value) -> str:
    """A value as a constant of standard SQL.

    Raises:
        MError: Expression.Error, SQL has none for it.
    """
    match value:
        case None:
            return "NULL"
        case bool():
            return "1" if value else "0"
        case int() | Decimal():
            return str(value)
        case float():
            return repr(value)
        case str() if "\x00" not in value and "\\" not in value:  # a backslash means something else in each dialect
            return "'" + value.replace("'", "''") + "'"
        case Date():
            return f"'{value.calendar.isoformat()}'"
        case DateTime():
            moment = dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=(value.ticks - EPOCH_TICKS) // 10)
            return f"'{moment.isoformat(sep=' ')}'"
    raise cannot_convert(value, "Text")
