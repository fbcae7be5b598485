"""Cells and column names replaced by a function of them."""

from __future__ import annotations

from collections.abc import Sequence

from headwater.errors import MError
from headwater.powerquery.library.arguments import caller, function_of, pairs_of, text_of, whole
from headwater.powerquery.library.criteria import Equation, equation_of
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.table.columns import missing_of
from headwater.powerquery.tables import columns as operations
from headwater.powerquery.tables.transforming import Change
from headwater.powerquery.tables.transforming import transform_columns as transformed
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import List, Record, Value, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.table import Table


def _changes(listed: List) -> dict[str, Change]:
    """``{{name, function, optional type}, …}``, or one such list by itself."""
    changes: dict[str, Change] = {}
    for name, change, *of in pairs_of(listed, most=3):
        kind = plain(of[0]) if of else None
        changes[text_of(name)] = (function_of(change), kind if isinstance(kind, t.Type) else None)
    return changes


@function(
    "Table.TransformColumns(table as table, transformOperations as list, optional defaultTransformation as nullable"
    " function, optional missingField as nullable number) as table",
    examples=[
        ('Table.TransformColumns(#table({"A"}, {{1}}), {"A", each _ + 1})', '#table({"A"}, {{2}})'),
        ('Table.TransformColumns(#table({"A", "B"}, {{"a", "b"}}), {{"A", Text.Upper, type text}}, Text.Length)',
         '#table({"A", "B"}, {{"A", 1}})'),
        ('Table.TransformColumns(#table({"A"}, {{1}}), {"B", each _ ?? 0}, null, MissingField.UseNull)',
         '#table({"A", "B"}, {{1, 0}})'),
    ],
)  # fmt: skip
def transform_columns(table: Table, listed: List, default: Function | None = None, missing: Value = None) -> Table:
    """Cells of columns replaced by a function of them: {name, function, optional type}, or a list of these.

    The default transformation is for all other columns. What is said of a column that is not there follows
    MissingField: it is an error, is ignored, or makes a column of nulls first.
    """
    changes, mode = _changes(listed), missing_of(missing)
    absent = [name for name in changes if name not in table.index]
    if absent and mode == "error":
        raise operations.missing_column(absent[0])
    if absent and mode == "null":
        table = operations.select_columns(table, [*table.names, *absent], "null")
    wanted = {name: change for name, change in changes.items() if name in table.index}
    if default is not None:
        wanted |= {name: (default, None) for name in table.names if name not in changes}
    return transformed(table, wanted)


# -- names ---------------------------------------------------------------------------------------------------------


def _unique_names(names: Sequence[str], longest: int | None, equation: Equation) -> list[str]:
    """The names, cut to the longest allowed; one that is there already ends in a number."""
    made: list[str] = []
    for name in names:
        candidate, count = name[:longest], 0
        while any(equation.same(candidate, other) for other in made):
            count += 1
            mark = str(count)
            candidate = name[: None if longest is None else max(longest - len(mark), 0)] + mark
            if longest is not None and len(mark) > longest:
                raise MError("Expression.Error", "The names cannot be told apart in so few characters.", name)
        made.append(candidate)
    return made


def _name_options(options: Record | None) -> tuple[int | None, Equation]:
    known = {"MaxLength", "Comparer"}
    for name in () if options is None else options.names:
        if name not in known:
            message = f"'{name}' is no option of Table.TransformColumnNames; there are 'MaxLength' and 'Comparer'."
            raise MError("Expression.Error", message, name)
    longest = None if options is None else options.plain("MaxLength")
    comparer = None if options is None else options.plain("Comparer")
    return None if longest is None else whole(longest, "MaxLength", least=1), equation_of(comparer)


@function(
    "Table.TransformColumnNames(table as table, nameGenerator as function, optional options as nullable record) as"
    " table",
    examples=[
        ('Table.ColumnNames(Table.TransformColumnNames(#table({"a", "b"}, {}), Text.Upper))', '{"A", "B"}'),
        ('Table.ColumnNames(Table.TransformColumnNames(#table({"alpha", "alps"}, {}), each _, [MaxLength = 3]))',
         '{"alp", "al1"}'),
    ],
)  # fmt: skip
def transform_column_names(table: Table, generator: Function, options: Record | None = None) -> Table:
    """Column names replaced by a function of them; names that would be the same end in a number.

    Options: MaxLength, the most characters of a name; Comparer, what tells names apart.
    """
    longest, equation = _name_options(options)
    generate = caller(generator, 1)
    names = _unique_names([text_of(generate(name)) for name in table.names], longest, equation)
    return operations.rename_columns(table, dict(zip(table.names, names, strict=True)), "error")


@function(
    "Table.PrefixColumns(table as table, prefix as text) as table",
    examples=[('Table.PrefixColumns(#table({"A"}, {{1}}), "T")', '#table({"T.A"}, {{1}})')],
)
def prefix_columns(table: Table, prefix: str) -> Table:
    """Every column name with a prefix and a dot before it."""
    return operations.rename_columns(table, {name: f"{prefix}.{name}" for name in table.names}, "error")
