"""Rows with their rank by some order, for plans and for rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal as OneOf

from headwater.plan.nodes import Column, Index, Sort, fresh_id
from headwater.plan.reshaping import Rank
from headwater.plan.types import INT64
from headwater.powerquery.tables.plan_table import PlanTable, folded
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.tables.sorting import Criterion, compared, key_readers, sort_keys, sort_rows
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Value
from headwater.powerquery.values.table import Table

RankKind = OneOf["competition", "dense", "ordinal"]


def _type(table: Table, name: str) -> t.TableType:
    return table_type([*table.names, name], [*table.column_types, t.NUMBER])


def _ranked_rows_form(table: Table, name: str, criteria: Sequence[Criterion], kind: RankKind) -> Table:
    ordered = sort_rows(table, criteria)

    def rows() -> Iterator[Sequence[Value]]:
        readers = key_readers(table, criteria)
        rank, last = 0, None
        for place, row in enumerate(ordered.rows(), start=1):
            keys = [read(row) for read in readers]
            if last is None or kind == "ordinal" or compared(last, keys, criteria):
                rank = rank + 1 if kind == "dense" else place
            last = keys
            yield [*row, rank]

    return RowTable(_type(table, name), rows)


@folded("Table.AddRankColumn", _ranked_rows_form)
def add_rank_column(table: PlanTable, name: str, criteria: Sequence[Criterion], kind: RankKind) -> Table:
    """The rows sorted by the criteria, with a column of their ranks."""
    keys = sort_keys(table, criteria)
    added = Column(fresh_id(name, [c.id for c in table.plan.columns]), name, INT64)
    ordered = Sort(table.plan, keys)
    plan = Index(ordered, added, 1) if kind == "ordinal" else Rank(ordered, keys, added, kind == "dense")
    return PlanTable(plan, table.session, _type(table, name))
