"""Commands about rows and whole tables: filters, order, groups, pivots, replaced values."""

from __future__ import annotations

from headwater.powerquery.editing.commands.conditions import CONDITION, OPERATORS
from headwater.powerquery.editing.commands.forms import Each, Form, Variant
from headwater.powerquery.editing.commands.kinds import (
    COLUMN,
    COLUMNS,
    INTEGER,
    QUERY,
    TEXT,
    VALUE,
    Choice,
    ListOf,
)
from headwater.powerquery.editing.commands.registry import Parameter, Tab, add_command

_COLUMNS = Parameter("columns", COLUMNS, "Columns")
_COLUMN = Parameter("column", COLUMN, "Column")
_COUNT = Parameter("count", INTEGER, "Number of rows")

# -- keep and remove rows ----------------------------------------------------------------------------------------------

add_command(
    "rows.filter",
    "Filter rows",
    "Table.SelectRows(previous, each condition)",
    place=("home", "Reduce rows"),
    step="Filtered Rows",
    parameters=[Parameter("condition", CONDITION, "Condition", options=OPERATORS)],
)


def _rows(name: str, label: str, step: str, template: str, *parameters: Parameter) -> None:
    add_command(f"rows.{name}", label, template, place=("home", "Reduce rows"), step=step, parameters=parameters)


_rows("keep_top", "Keep top rows", "Kept First Rows", "Table.FirstN(previous, count)", _COUNT)
_rows("keep_bottom", "Keep bottom rows", "Kept Last Rows", "Table.LastN(previous, count)", _COUNT)
_FIRST = Parameter("first", INTEGER, "First row, from 0")
_rows("keep_range", "Keep range of rows", "Kept Range of Rows", "Table.Range(previous, first, count)", _FIRST, _COUNT)
_rows("remove_top", "Remove top rows", "Removed Top Rows", "Table.Skip(previous, count)", _COUNT)
_rows("remove_bottom", "Remove bottom rows", "Removed Bottom Rows", "Table.RemoveLastN(previous, count)", _COUNT)
_rows(
    "remove_alternate",
    "Remove alternate rows",
    "Removed Alternate Rows",
    "Table.AlternateRows(previous, first, remove, keep)",
    _FIRST,
    Parameter("remove", INTEGER, "Rows to remove"),
    Parameter("keep", INTEGER, "Rows to keep"),
)
_rows("remove_duplicates", "Remove duplicates", "Removed Duplicates", "Table.Distinct(previous, columns)", _COLUMNS)
_rows(
    "keep_duplicates",
    "Keep duplicates",
    "Kept Duplicates",
    "let columnNames = columns, "
    'addCount = Table.Group(previous, columnNames, {{"Count", Table.RowCount, type number}}),'
    " selectDuplicates = Table.SelectRows(addCount, each [Count] > 1),"
    ' removeCount = Table.RemoveColumns(selectDuplicates, "Count")'
    " in Table.Join(previous, columnNames, removeCount, columnNames, JoinKind.Inner)",
    _COLUMNS,
)
_rows("remove_errors", "Remove errors", "Removed Errors", "Table.RemoveRowsWithErrors(previous, columns)", _COLUMNS)
_rows("keep_errors", "Keep errors", "Kept Errors", "Table.SelectRowsWithErrors(previous, columns)", _COLUMNS)
_rows(
    "remove_blank",
    "Remove blank rows",
    "Removed Blank Rows",
    'Table.SelectRows(previous, each not List.IsEmpty(List.RemoveMatchingItems(Record.FieldValues(_), {"", null})))',
)

# -- order -------------------------------------------------------------------------------------------------------------

_ORDERS = {"ascending": "Order.Ascending", "descending": "Order.Descending"}
_SORTS = ListOf(Form({"column": COLUMN, "order": Choice(_ORDERS)}, (Variant("{column, order}"),), name="sort"), "sorts")
add_command(
    "rows.sort",
    "Sort",
    "Table.Sort(previous, sorts)",
    place=("home", "Sort"),
    step="Sorted Rows",
    parameters=[Parameter("sorts", _SORTS, "Columns and their order", options=tuple(_ORDERS))],
)


def _whole(name: str, label: str, step: str, template: str, group: str = "Table") -> None:
    add_command(f"table.{name}", label, template, place=("transform", group), step=step)


_whole("transpose", "Transpose", "Transposed Table", "Table.Transpose(previous)")
_whole("reverse", "Reverse rows", "Reversed Rows", "Table.ReverseRows(previous)")
_whole("count", "Count rows", "Counted Rows", "Table.RowCount(previous)")

# -- replaced values ---------------------------------------------------------------------------------------------------


def _any_column(name: str, label: str, step: str, template: str, *parameters: Parameter, of: str = "") -> None:
    add_command(
        f"values.{name}",
        label,
        template,
        place=("transform", "Any column"),
        step=step,
        parameters=[_COLUMNS, *parameters],
        column_kinds=(of,) if of else (),
    )


_any_column(
    "replace_text",
    "Replace text",
    "Replaced Value",
    "Table.ReplaceValue(previous, old, new, Replacer.ReplaceText, columns)",
    Parameter("old", TEXT, "Text to find"),
    Parameter("new", TEXT, "Replace with"),
    of="text",
)
_any_column(
    "replace",
    "Replace values",
    "Replaced Value",
    "Table.ReplaceValue(previous, value, replacement, Replacer.ReplaceValue, columns)",
    Parameter("value", VALUE, "Value to find"),
    Parameter("replacement", VALUE, "Replace with"),
)
_any_column("fill_down", "Fill down", "Filled Down", "Table.FillDown(previous, columns)")
_any_column("fill_up", "Fill up", "Filled Up", "Table.FillUp(previous, columns)")
add_command(
    "values.replace_errors",
    "Replace errors",
    "Table.ReplaceErrorValues(previous, replaced)",
    place=("transform", "Any column"),
    step="Replaced Errors",
    parameters=[_COLUMNS, Parameter("value", VALUE, "Value")],
    spread={"replaced": Each(Form({"column": COLUMN, "value": VALUE}, (Variant("{column, value}"),)))},
)

# -- groups and pivots -------------------------------------------------------------------------------------------------

_GROUPED = {
    "sum": "{name, each List.Sum([column]), type nullable number}",
    "average": "{name, each List.Average([column]), type nullable number}",
    "median": "{name, each List.Median([column]), type nullable number}",
    "minimum": "{name, each List.Min([column]), type nullable number}",
    "maximum": "{name, each List.Max([column]), type nullable number}",
    "count_rows": "{name, each Table.RowCount(_), Int64.Type}",
    "count_distinct_rows": "{name, each Table.RowCount(Table.Distinct(_)), Int64.Type}",
    "count_distinct": "{name, each List.Count(List.Distinct([column])), Int64.Type}",
    "all_rows": "{name, each _}",
}
_AGGREGATIONS = ListOf(
    Form(
        {"name": TEXT, "column": COLUMN},
        tuple(Variant(template, {"operation": word}) for word, template in _GROUPED.items()),
        name="aggregation",
    ),
    "aggregations",
    least=0,
)
add_command(
    "rows.group",
    "Group by",
    "Table.Group(previous, columns, aggregations)",
    place=("home", "Transform"),
    step="Grouped Rows",
    parameters=[_COLUMNS, Parameter("aggregations", _AGGREGATIONS, "Aggregations", options=tuple(_GROUPED))],
)

_ATTRIBUTE = Parameter("attribute", TEXT, "Attribute column", default="Attribute")
_VALUE = Parameter("value_column", TEXT, "Value column", default="Value")


def _reshaped(name: str, label: str, step: str, *ways: Variant | str, parameters: list[Parameter]) -> None:
    place: tuple[Tab, str] = ("transform", "Any column")
    add_command(f"columns.{name}", label, *ways, place=place, step=step, parameters=parameters)


_PIVOTED = {
    "sum": "List.Sum",
    "average": "List.Average",
    "minimum": "List.Min",
    "maximum": "List.Max",
    "count": "List.Count",
    "median": "List.Median",
}
_NAMES_OF_PIVOT = "List.Distinct(Table.Column(previous, column))"
_reshaped(
    "pivot",
    "Pivot column",
    "Pivoted Column",
    f"Table.Pivot(previous, {_NAMES_OF_PIVOT}, column, values, operation)",
    f"Table.Pivot(previous, {_NAMES_OF_PIVOT}, column, values)",
    parameters=[
        _COLUMN,
        Parameter("values", COLUMN, "Values column"),
        Parameter("operation", Choice(_PIVOTED), "Aggregation", optional=True, options=tuple(_PIVOTED)),
    ],
)
_reshaped(
    "unpivot",
    "Unpivot columns",
    "Unpivoted Columns",
    "Table.UnpivotOtherColumns(previous, other_columns, attribute, value_column)",
    parameters=[Parameter("other_columns", COLUMNS, "Columns to keep"), _ATTRIBUTE, _VALUE],
)
_reshaped(
    "unpivot_only",
    "Unpivot only selected columns",
    "Unpivoted Only Selected Columns",
    "Table.Unpivot(previous, columns, attribute, value_column)",
    parameters=[_COLUMNS, _ATTRIBUTE, _VALUE],
)

# -- append ------------------------------------------------------------------------------------------------------------

# One template a number of queries: what is appended is a list that begins with this one.
_OTHERS = ("query", "second", "third", "fourth", "fifth")
add_command(
    "queries.append",
    "Append queries",
    *(f"Table.Combine({{previous, {', '.join(_OTHERS[:count])}}})" for count in range(1, len(_OTHERS) + 1)),
    place=("home", "Combine"),
    step="Appended Query",
    parameters=[Parameter(each, QUERY, "Query to append", optional=each != "query") for each in _OTHERS],
)
