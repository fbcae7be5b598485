"""A column cut into several, and several put together into one."""

from __future__ import annotations

from collections.abc import Sequence

from headwater.errors import MError
from headwater.powerquery.library.arguments import names_of, whole
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.table.grouping import existing
from headwater.powerquery.library.table.leaving import left
from headwater.powerquery.tables import splitting
from headwater.powerquery.tables.columns import column_values
from headwater.powerquery.tables.splitting import Cut, Extra
from headwater.powerquery.values.core import List, Record, Value, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.operators import is_number
from headwater.powerquery.values.table import Table

_EXTRA: dict[Value, Extra] = {0: "list", 1: "error", 2: "ignore"}


def extra_of(value: Value, default: Extra) -> Extra:
    """M's ExtraValues number as the operations take it; MError Expression.Error for another value."""
    value = plain(value)
    if value is None:
        return default
    if value not in _EXTRA:
        raise MError("Expression.Error", "The value is no ExtraValues.Type.", value)
    return _EXTRA[value]


def _part_names(table: Table, column: str, splitter: Function, wanted: Value) -> Sequence[str]:
    """The new columns' names: as given, or the column's with numbers, as many as given or as there are parts."""
    wanted = plain(wanted)
    if wanted is not None and not is_number(wanted):
        return names_of(wanted)
    if wanted is None:
        count = max((len(splitting.parts_of(splitter, cell)) for cell in column_values(table, column).raw()), default=0)
    else:
        count = whole(wanted, "columnNamesOrNumber")
    return [f"{column}.{at}" for at in range(1, count + 1)]


@function(
    "Table.SplitColumn(table as table, sourceColumn as text, splitter as function, optional columnNamesOrNumber as"
    " any, optional default as any, optional extraColumns as any) as table",
    examples=[
        ('Table.SplitColumn(#table({"A"}, {{"1-2"}, {"3"}}), "A", Splitter.SplitTextByDelimiter("-"), {"X", "Y"})',
         '#table({"X", "Y"}, {{"1", "2"}, {"3", null}})'),
        ('Table.SplitColumn(#table({"A"}, {{"1-2-3"}}), "A", Splitter.SplitTextByDelimiter("-"), 2, null,'
         ' ExtraValues.List)', '#table({"A.1", "A.2"}, {{"1", {"2", "3"}}})'),
    ],
)  # fmt: skip
def split_column(
    table: Table, column: str, splitter: Function, wanted: Value = None, default: Value = None, extra: Value = None
) -> Table:
    """A column replaced by columns of the parts that a splitter makes of its cells.

    The new columns are named, or numbered: as many as are asked for, else as many as the cell with the most parts has.
    Parts that are missing are the default; what is too much follows ExtraValues and is usually ignored.
    """
    existing(table, [column])
    names = _part_names(table, column, splitter, wanted)
    return splitting.split_column(table, Cut(column, splitter, names, plain(default), extra_of(extra, "ignore")))


@function(
    "Table.CombineColumns(table as table, sourceColumns as list, combiner as function, column as text) as table",
    examples=[
        ('Table.CombineColumns(#table({"A", "B"}, {{"x", "y"}}), {"A", "B"}, Combiner.CombineTextByDelimiter("-"),'
         ' "C")', '#table({"C"}, {{"x-y"}})'),
    ],
)  # fmt: skip
def combine_columns(table: Table, columns: List, combiner: Function, name: str) -> Table:
    """Columns replaced by one, which a combiner makes of the list of their cells."""
    return splitting.combine_columns(table, existing(table, names_of(columns)), combiner, name)


_RECORD_OPTIONS = ("DisplayNameColumn", "TypeName")


@function(
    "Table.CombineColumnsToRecord(table as table, newColumnName as text, sourceColumns as list, optional options as"
    " nullable record) as table",
    examples=[
        ('Table.CombineColumnsToRecord(#table({"A", "B", "C"}, {{1, 2, 3}}), "R", {"A", "B"})',
         '#table({"R", "C"}, {{[A = 1, B = 2], 3}})'),
    ],
)  # fmt: skip
def combine_columns_to_record(table: Table, name: str, columns: List, options: Record | None = None) -> Table:
    """Columns replaced by one of records, whose fields they are.

    Options: DisplayNameColumn names the column that stands for the record where it is shown, TypeName says what it is.
    """
    for option in () if options is None else options.names:
        if option not in _RECORD_OPTIONS:
            message = (
                f"'{option}' is no option of Table.CombineColumnsToRecord; there are: {', '.join(_RECORD_OPTIONS)}."
            )
            raise MError("Expression.Error", message, option)
    if options is not None and options.plain("DisplayNameColumn") is not None:
        existing(table, [options.plain("DisplayNameColumn")])
    made = splitting.combine_to_record(table, existing(table, names_of(columns)), name)
    return left("Table.CombineColumnsToRecord", table, made)
