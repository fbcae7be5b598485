"""Groups and clusters of texts that are alike rather than equal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from headwater.errors import MError
from headwater.powerquery.library.arguments import names_of
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.table.fuzzy_joins import AlikeKeys, Key, Row, check_text_columns, text_key
from headwater.powerquery.library.table.grouping import aggregations_of
from headwater.powerquery.library.table.leaving import rows_after
from headwater.powerquery.library.table.similarity import FuzzyOptions, fuzzy_options
from headwater.powerquery.tables.columns import unique_or_error
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import List, Record, Thunk, Value
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.table import Table


def _clusters(keys: Sequence[Key], options: FuzzyOptions) -> dict[Key, tuple[Key, float]]:
    """For each key the one that stands for its cluster, and how alike the two are.

    The most frequent spellings come first, of equally frequent ones the first; each joins the most alike cluster that
    is there, or begins one.
    """
    standing = AlikeKeys(options)
    found: dict[Key, tuple[Key, float]] = {}
    for key, _ in Counter(keys).most_common():
        alike = max(standing.like(key), key=lambda match: match[1], default=None)
        if alike is None:
            standing.add(key)
        found[key] = alike or (key, 1.0)
    return found


@function(
    "Table.AddFuzzyClusterColumn(table as table, columnName as text, newColumnName as text, optional options as"
    " nullable record) as table",
    examples=[
        ('Table.AddFuzzyClusterColumn(#table(type table [A = text], {{"Oslo"}, {"oslo"}, {"Bern"}}), "A", "B")',
         '#table({"A", "B"}, {{"Oslo", "Oslo"}, {"oslo", "Oslo"}, {"Bern", "Bern"}})'),
    ],
)  # fmt: skip
def add_fuzzy_cluster_column(table: Table, column: str, new_column: str, options: Record | None = None) -> Table:
    """The table with a column that has, for each text of a column, the one that stands for all those alike.

    Options: Threshold (0 to 1, default 0.8), IgnoreCase and IgnoreSpace (default true), SimilarityColumnName (a column
    that says how alike the two texts are), TransformationTable (rows From and To: words that stand for others),
    Culture, ConcurrentRequests.
    """
    wanted = fuzzy_options(options, "Table.AddFuzzyClusterColumn", joins=False)
    check_text_columns(table, [column])
    score = [] if wanted.similarity_column is None else [wanted.similarity_column]
    at = table.index[column]
    names = unique_or_error([*table.names, new_column, *score])
    of = table_type(names, [*table.column_types, table.column_types[at], *([t.NUMBER] if score else [])])

    def rows() -> Iterator[Row]:
        held = list(table.rows())
        clusters = _clusters([text_key(row, [at]) for row in held], wanted)
        for row in held:
            (text,), alike = clusters[text_key(row, [at])]
            yield [*row, text, *([alike] if score else [])]

    return rows_after("Table.AddFuzzyClusterColumn", table, rows, of)


@function(
    "Table.FuzzyGroup(table as table, key as any, aggregatedColumns as list, optional options as nullable record)"
    " as table",
    examples=[
        ('Table.FuzzyGroup(#table(type table [A = text], {{"Oslo"}, {"oslo"}, {"Bern"}}), "A",'
         ' {"N", each Table.RowCount(_)})', '#table({"A", "N"}, {{"Oslo", 2}, {"Bern", 1}})'),
    ],
)  # fmt: skip
def fuzzy_group(table: Table, key: Value, aggregated: List, options: Record | None = None) -> Table:
    """One row for all rows whose keys are alike, with the key that stands for them and with aggregations: {name,
    function, optional type}.

    Options: as for Table.AddFuzzyClusterColumn; the column that says how alike the keys are is one of the tables that
    the aggregations are given.
    """
    wanted = fuzzy_options(options, "Table.FuzzyGroup", joins=False)
    keys, aggregations = names_of(key), aggregations_of(aggregated)
    if not keys:
        raise MError("Expression.Error", "Texts alike are looked for in a key column; there is none.")
    check_text_columns(table, keys)
    places = [table.index[name] for name in keys]
    names = unique_or_error([*keys, *(a.name for a in aggregations)])
    types = [*(table.column_types[at] for at in places), *(a.type or a.function.type.result for a in aggregations)]
    inner = table.type
    if wanted.similarity_column is not None:
        columns = unique_or_error([*table.names, wanted.similarity_column])
        inner = table_type(columns, [*table.column_types, t.NUMBER])

    def rows() -> Iterator[Row]:
        for standing, members in _grouped(table, places, wanted).items():
            group = RowTable.held(inner, members)
            yield [*standing, *(Thunk(_later(a.function, group)) for a in aggregations)]

    return rows_after("Table.FuzzyGroup", table, rows, table_type(names, types))


def _grouped(table: Table, places: Sequence[int], options: FuzzyOptions) -> dict[Key, list[Row]]:
    held = list(table.rows())
    clusters = _clusters([text_key(row, places) for row in held], options)
    groups: dict[Key, list[Row]] = {}
    for row in held:
        standing, alike = clusters[text_key(row, places)]
        groups.setdefault(standing, []).append(row if options.similarity_column is None else [*row, alike])
    return groups


def _later(aggregate: Function, group: Table) -> Callable[[], Value]:
    return lambda: aggregate.invoke([group])
