"""Commands about columns: which there are, what they are called, their types, and what is put beside them."""

from __future__ import annotations

from headwater.powerquery.editing.commands.conditions import CALL, CLAUSES
from headwater.powerquery.editing.commands.forms import Form, Variant
from headwater.powerquery.editing.commands.kinds import (
    COLUMN,
    COLUMNS,
    EXPRESSION,
    NUMBER,
    QUERY,
    TEXT,
    TEXTS,
    TYPE,
    Choice,
    ListOf,
)
from headwater.powerquery.editing.commands.registry import Parameter, add_command

_COLUMNS = Parameter("columns", COLUMNS, "Columns")
_COLUMN = Parameter("column", COLUMN, "Column")
_NAME = Parameter("name", TEXT, "New column name")
_TYPE = Parameter("kind", TYPE, "Data type", optional=True)
_RENAMES = ListOf(Form({"column": COLUMN, "name": TEXT}, (Variant("{column, name}"),)), "renames")
_TYPES = ListOf(Form({"column": COLUMN, "kind": TYPE}, (Variant("{column, kind}"),)), "types")

# -- manage columns ----------------------------------------------------------------------------------------------------

add_command(
    "columns.choose",
    "Choose columns",
    "Table.SelectColumns(previous, columns)",
    place=("home", "Manage columns"),
    step="Choose Columns",
    parameters=[_COLUMNS],
)
add_command(
    "columns.remove",
    "Remove columns",
    "Table.RemoveColumns(previous, columns)",
    place=("home", "Manage columns"),
    step="Removed Columns",
    parameters=[_COLUMNS],
)
add_command(
    "columns.remove_other",
    "Remove other columns",
    "Table.SelectColumns(previous, columns)",
    place=("home", "Manage columns"),
    step="Removed Other Columns",
    parameters=[_COLUMNS],
)
add_command(
    "columns.rename",
    "Rename columns",
    "Table.RenameColumns(previous, renames)",
    place=("transform", "Any column"),
    step="Renamed Columns",
    parameters=[Parameter("renames", _RENAMES, "New names")],
)
add_command(
    "columns.reorder",
    "Move columns",
    "Table.ReorderColumns(previous, columns)",
    place=("transform", "Any column"),
    step="Reordered Columns",
    parameters=[_COLUMNS],
)
add_command(
    "columns.duplicate",
    "Duplicate column",
    "Table.DuplicateColumn(previous, column, name)",
    place=("add column", "General"),
    step="Duplicated Column",
    parameters=[_COLUMN, _NAME],
)

# -- headers and types -------------------------------------------------------------------------------------------------

add_command(
    "table.promote_headers",
    "Use first row as headers",
    "Table.PromoteHeaders(previous, [PromoteAllScalars = true])",
    place=("home", "Transform"),
    step="Promoted Headers",
)
add_command(
    "table.demote_headers",
    "Use headers as first row",
    "Table.DemoteHeaders(previous)",
    place=("home", "Transform"),
    step="Demoted Headers",
)
add_command(
    "columns.change_type",
    "Change type",
    "Table.TransformColumnTypes(previous, types)",
    "Table.TransformColumnTypes(previous, types, locale)",
    place=("home", "Transform"),
    step="Changed Type",
    parameters=[Parameter("types", _TYPES, "Types"), Parameter("locale", TEXT, "Locale", optional=True)],
)

# -- new columns -------------------------------------------------------------------------------------------------------

add_command(
    "add.conditional",
    "Conditional column",
    "Table.AddColumn(previous, name, each clauses)",
    "Table.AddColumn(previous, name, each clauses, kind)",
    place=("add column", "General"),
    step="Added Conditional Column",
    parameters=[_NAME, Parameter("clauses", CLAUSES, "Clauses"), _TYPE],
)
add_command(
    "add.index",
    "Index column",
    "Table.AddIndexColumn(previous, name, start, increment, Int64.Type)",
    "Table.AddIndexColumn(previous, name, start, increment)",
    place=("add column", "General"),
    step="Added Index",
    parameters=[
        _NAME,
        Parameter("start", NUMBER, "Starting index", default=0),
        Parameter("increment", NUMBER, "Increment", default=1),
    ],
)
add_command(
    "add.invoke",
    "Invoke function or model",
    "Table.AddColumn(previous, name, each call)",
    "Table.AddColumn(previous, name, each call, kind)",
    place=("add column", "General"),
    step="Invoked Custom Function",
    parameters=[_NAME, Parameter("call", CALL, "Function and its arguments"), _TYPE],
)

# -- merged and split columns ------------------------------------------------------------------------------------------

_DELIMITER = Parameter("delimiter", TEXT, "Delimiter")
_NAMES = Parameter("names", TEXTS, "New column names")
add_command(
    "columns.merge",
    "Merge columns",
    "Table.CombineColumns(previous, columns, Combiner.CombineTextByDelimiter(delimiter, QuoteStyle.None), name)",
    place=("transform", "Text column"),
    step="Merged Columns",
    parameters=[_COLUMNS, Parameter("delimiter", TEXT, "Separator"), _NAME],
    column_kinds=("text",),
)


def _split(name: str, label: str, splitter: str, *parameters: Parameter) -> None:
    """A command that splits a column into columns, and one that splits it into rows."""
    add_command(
        f"split.{name}",
        label,
        f"Table.SplitColumn(previous, column, {splitter}, names)",
        place=("home", "Split column"),
        step="Split Column by " + label.removeprefix("By ").title(),
        parameters=[_COLUMN, *parameters, _NAMES],
        column_kinds=("text",),
    )
    add_command(
        f"split.{name}_into_rows",
        f"{label}, into rows",
        "Table.ExpandListColumn(Table.TransformColumns(previous, {{column, "
        f"{splitter}, let itemType = (type nullable text) meta [Serialized.Text = true] in type {{itemType}}}}}}), "
        "column)",
        place=("home", "Split column"),
        step="Split Column by " + label.removeprefix("By ").title(),
        parameters=[_COLUMN, *parameters],
        column_kinds=("text",),
    )


_split("delimiter", "By delimiter", "Splitter.SplitTextByDelimiter(delimiter, QuoteStyle.Csv)", _DELIMITER)
_split(
    "left_delimiter",
    "By left-most delimiter",
    "Splitter.SplitTextByEachDelimiter({delimiter}, QuoteStyle.Csv, false)",
    _DELIMITER,
)
_split(
    "right_delimiter",
    "By right-most delimiter",
    "Splitter.SplitTextByEachDelimiter({delimiter}, QuoteStyle.Csv, true)",
    _DELIMITER,
)
_split(
    "positions",
    "By positions",
    "Splitter.SplitTextByPositions(positions)",
    Parameter("positions", ListOf(NUMBER, "numbers"), "Positions"),
)
_split(
    "length",
    "By number of characters",
    "Splitter.SplitTextByRepeatedLengths(length)",
    Parameter("length", NUMBER, "Number of characters"),
)

_SETS = {
    "lower": '{"a".."z"}',
    "upper": '{"A".."Z"}',
    "digit": '{"0".."9"}',
    "non_digit": '(c) => not List.Contains({"0".."9"}, c)',
}
_split(
    "transition",
    "By character transition",
    "Splitter.SplitTextByCharacterTransition(before, after)",
    Parameter("before", Choice(_SETS), "From", options=tuple(_SETS)),
    Parameter("after", Choice(_SETS), "To", options=tuple(_SETS)),
)

# -- structured columns ------------------------------------------------------------------------------------------------

_FIELDS = Parameter("fields", TEXTS, "Fields")
_NEW_NAMES = Parameter("names", TEXTS, "New names", optional=True)
_AGGREGATES = {
    "sum": "List.Sum",
    "average": "List.Average",
    "median": "List.Median",
    "minimum": "List.Min",
    "maximum": "List.Max",
    "count": "List.Count",
    "count_not_null": "List.NonNullCount",
}

add_command(
    "expand.record",
    "Expand record",
    "Table.ExpandRecordColumn(previous, column, fields, names)",
    "Table.ExpandRecordColumn(previous, column, fields)",
    place=("transform", "Structured column"),
    step="Expanded Record",
    parameters=[_COLUMN, _FIELDS, _NEW_NAMES],
    column_kinds=("record",),
)
add_command(
    "expand.table",
    "Expand table",
    "Table.ExpandTableColumn(previous, column, fields, names)",
    "Table.ExpandTableColumn(previous, column, fields)",
    place=("transform", "Structured column"),
    step="Expanded Table",
    parameters=[_COLUMN, _FIELDS, _NEW_NAMES],
    column_kinds=("table",),
)
add_command(
    "expand.list",
    "Expand list to new rows",
    "Table.ExpandListColumn(previous, column)",
    place=("transform", "Structured column"),
    step="Expanded List",
    parameters=[_COLUMN],
    column_kinds=("list",),
)
add_command(
    "expand.aggregate",
    "Aggregate table",
    "Table.AggregateTableColumn(previous, column, aggregations)",
    place=("transform", "Structured column"),
    step="Aggregated Table",
    parameters=[
        _COLUMN,
        Parameter(
            "aggregations",
            ListOf(
                Form(
                    {"field": COLUMN, "operation": Choice(_AGGREGATES), "name": TEXT},
                    (Variant("{field, operation, name}"),),
                ),
                "aggregations",
            ),
            "Aggregations",
        ),
    ],
    column_kinds=("table",),
)

# -- queries -----------------------------------------------------------------------------------------------------------

_KINDS = {
    "left_outer": "JoinKind.LeftOuter",
    "right_outer": "JoinKind.RightOuter",
    "full_outer": "JoinKind.FullOuter",
    "inner": "JoinKind.Inner",
    "left_anti": "JoinKind.LeftAnti",
    "right_anti": "JoinKind.RightAnti",
}
add_command(
    "queries.merge",
    "Merge queries",
    "Table.NestedJoin(previous, keys, query, other_keys, name, join)",
    place=("home", "Combine"),
    step="Merged Queries",
    parameters=[
        Parameter("query", QUERY, "Query to merge"),
        Parameter("keys", COLUMNS, "Columns here"),
        Parameter("other_keys", COLUMNS, "Columns there"),
        _NAME,
        Parameter("join", Choice(_KINDS), "Join kind", default="left_outer", options=tuple(_KINDS)),
    ],
)

# Last, because any formula of a new column is one.
add_command(
    "add.custom",
    "Custom column",
    "Table.AddColumn(previous, name, each formula)",
    "Table.AddColumn(previous, name, each formula, kind)",
    place=("add column", "General"),
    step="Added Custom",
    parameters=[_NAME, Parameter("formula", EXPRESSION, "Formula"), _TYPE],
)
