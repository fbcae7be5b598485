"""Rows in order: sorting, the greatest and least rows, ranks."""

from __future__ import annotations

from collections.abc import Callable

from headwater.errors import MError
from headwater.powerquery.library.arguments import caller, function_of, text_of, whole
from headwater.powerquery.library.collation import compare_by, text_key
from headwater.powerquery.library.declarations import enumeration, function
from headwater.powerquery.library.table.leaving import left
from headwater.powerquery.tables import ranking, sorting
from headwater.powerquery.tables.columns import missing_column, unique_or_error
from headwater.powerquery.tables.rows import first_rows_while, slice_rows
from headwater.powerquery.tables.slicing import reverse_rows
from headwater.powerquery.tables.sorting import Criterion
from headwater.powerquery.values.core import List, Record, Value, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.operators import cannot_convert, is_number
from headwater.powerquery.values.table import Table

enumeration("Order", {"Ascending": 0, "Descending": 1}, summary="The direction of a sort.")
enumeration(
    "RankKind",
    {"Competition": 0, "Dense": 1, "Ordinal": 2},
    summary="What rank equal rows get: the same and then a gap, the same and no gap, or each its own.",
)

_DESCENDING = 1


def criteria_of(table: Table, value: Value) -> list[Criterion]:
    """Sort criteria: a column's name, a function of the row, a comparer of two rows, a pair of a name or function and
    an order or comparer, or a list of these.

    Raises:
        MError: Expression.Error, it is of another form, or names a column that is not there.
    """
    value = plain(value)
    if not isinstance(value, List):
        return [_criterion(table, [value])]
    items = list(value.plain())
    if _is_pair(items):
        return [_criterion(table, items)]
    return [_criterion(table, list(item.plain()) if isinstance(item, List) else [item]) for item in items]


def _is_pair(items: list[Value]) -> bool:
    """Whether two items are a key with its order, rather than two keys."""
    if len(items) != 2 or isinstance(items[0], List):
        return False
    second = items[1]
    return second is None or is_number(second) or (isinstance(second, Function) and second.minimum == 2)


def _criterion(table: Table, parts: list[Value]) -> Criterion:
    if not 1 <= len(parts) <= 2:
        raise MError("Expression.Error", "A sort criterion is a column or function, and perhaps an order.")
    key = parts[0]
    if isinstance(key, str) and key not in table.index:
        raise missing_column(key)
    how = parts[1] if len(parts) == 2 else None
    if isinstance(how, Function):
        return Criterion(_key(key), compare=_comparison(how))
    if not isinstance(key, str) and function_of(key).minimum == 2:
        return Criterion(None, descending=how == _DESCENDING, compare=_comparison(key))
    return Criterion(_key(key), descending=how == _DESCENDING)


def _key(value: Value) -> str | Function:
    return value if isinstance(value, str) else function_of(value)


def _comparison(function: Function) -> Callable[[Value, Value], int]:
    fold = text_key(function)
    if fold is not None:
        return lambda left, right: compare_by(fold, left, right)
    ask = caller(function, 2)

    def by_function(left: Value, right: Value) -> int:
        answer = plain(ask(left, right))
        if not is_number(answer):
            raise cannot_convert(answer, "Number")
        return -1 if answer < 0 else 1 if answer > 0 else 0

    return by_function


@function(
    "Table.Sort(table as table, comparisonCriteria as any) as table",
    examples=[
        ('Table.Sort(#table({"A"}, {{1}, {3}, {2}}), {{"A", Order.Descending}})', '#table({"A"}, {{3}, {2}, {1}})'),
        ('Table.Sort(#table({"A"}, {{"b"}, {"A"}}), {"A", Comparer.OrdinalIgnoreCase})[A]', '{"A", "b"}'),
        ("Table.Sort(#table({\"A\"}, {{1}, {-3}}), (x, y) => Value.Compare(Number.Abs(y[A]), Number.Abs(x[A])))",
         '#table({"A"}, {{-3}, {1}})'),
    ],
)  # fmt: skip
def sort(table: Table, criteria: Value) -> Table:
    """The rows sorted by columns, by functions of the row, or by a comparer of two rows; nulls come first, and rows
    that are alike stay as they were.
    """
    return sorting.sort_rows(table, criteria_of(table, criteria))


# -- greatest and least --------------------------------------------------------------------------------------------


def _by_rank(table: Table, criteria: Value, *, greatest: bool) -> Table:
    """The rows from the least to the greatest, or the other way round; of equal ones the first comes first."""
    wanted = [Criterion(c.key, c.descending is not greatest, c.compare) for c in criteria_of(table, criteria)]
    return sorting.sort_rows(table, wanted)


def _leading(ordered: Table, count: Value) -> Table:
    count = plain(count)
    if isinstance(count, Function):
        return left("Table.FirstN", ordered, first_rows_while(ordered, count))
    return slice_rows(ordered, 0, whole(count, "countOrCondition"))


@function(
    "Table.Max(table as table, comparisonCriteria as any, optional default as any) as any",
    examples=[
        ('Table.Max(#table({"A", "B"}, {{1, "x"}, {5, "y"}}), "A")', '[A = 5, B = "y"]'),
        ('Table.Max(#table({"A"}, {}), "A", 0)', "0"),
    ],
)
def maximum(table: Table, criteria: Value, default: Value = None) -> Value:
    """The greatest row by the criteria as a record, or the default where there is no row."""
    return next(slice_rows(_by_rank(table, criteria, greatest=True), 0, 1).records(), default)


@function(
    "Table.Min(table as table, comparisonCriteria as any, optional default as any) as any",
    examples=[('Table.Min(#table({"A", "B"}, {{1, "x"}, {5, "y"}}), "A")', '[A = 1, B = "x"]')],
)
def minimum(table: Table, criteria: Value, default: Value = None) -> Value:
    """The least row by the criteria as a record, or the default where there is no row."""
    return next(slice_rows(_by_rank(table, criteria, greatest=False), 0, 1).records(), default)


@function(
    "Table.MaxN(table as table, comparisonCriteria as any, countOrCondition as any) as table",
    examples=[('Table.MaxN(#table({"A"}, {{1}, {5}, {3}}), "A", 2)', '#table({"A"}, {{5}, {3}})')],
)
def max_n(table: Table, criteria: Value, count: Value) -> Table:
    """The greatest rows in falling order: a number of them, or those from the top on for which a condition holds."""
    return _leading(_by_rank(table, criteria, greatest=True), count)


@function(
    "Table.MinN(table as table, comparisonCriteria as any, countOrCondition as any) as table",
    examples=[('Table.MinN(#table({"A"}, {{1}, {5}, {3}}), "A", each [A] < 4)', '#table({"A"}, {{1}, {3}})')],
)
def min_n(table: Table, criteria: Value, count: Value) -> Table:
    """The least rows in rising order: a number of them, or those from the bottom on for which a condition holds."""
    return _leading(_by_rank(table, criteria, greatest=False), count)


# -- ranks and turns -----------------------------------------------------------------------------------------------

_RANKS: dict[Value, ranking.RankKind] = {None: "competition", 0: "competition", 1: "dense", 2: "ordinal"}


def _rank_kind(options: Record | None) -> ranking.RankKind:
    for name in () if options is None else options.names:
        if name != "RankKind":
            raise MError(
                "Expression.Error", f"'{name}' is no option of Table.AddRankColumn; there is 'RankKind'.", name
            )
    value = None if options is None else options.plain("RankKind")
    if value not in _RANKS:
        raise MError("Expression.Error", "The value is no RankKind.Type.", value)
    return _RANKS[value]


@function(
    "Table.AddRankColumn(table as table, newColumnName as text, comparisonCriteria as any, optional options as"
    " nullable record) as table",
    examples=[
        ('Table.AddRankColumn(#table({"A"}, {{5}, {9}, {9}}), "R", {"A", Order.Descending})',
         '#table({"A", "R"}, {{9, 1}, {9, 1}, {5, 3}})'),
        ('Table.AddRankColumn(#table({"A"}, {{5}, {9}, {9}}), "R", {"A", 1}, [RankKind = RankKind.Dense])[R]',
         "{1, 1, 2}"),
    ],
)  # fmt: skip
def add_rank_column(table: Table, name: str, criteria: Value, options: Record | None = None) -> Table:
    """The rows sorted by the criteria, with a column of their ranks, from 1.

    Options: RankKind, what rows that are alike get: RankKind.Competition (the usual one), Dense or Ordinal.
    """
    unique_or_error([*table.names, text_of(name)])
    return ranking.add_rank_column(table, name, criteria_of(table, criteria), _rank_kind(options))


@function(
    "Table.ReverseRows(table as table) as table",
    examples=[('Table.ReverseRows(#table({"A"}, {{1}, {2}}))', '#table({"A"}, {{2}, {1}})')],
)
def reversed_rows(table: Table) -> Table:
    """The rows from last to first."""
    return reverse_rows(table)
