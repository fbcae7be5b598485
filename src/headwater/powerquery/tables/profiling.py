"""What a table's columns hold: extremes, means, counts, for plans and for rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from headwater.errors import NotFoldableError
from headwater.plan import types as p
from headwater.plan.expressions import Literal, call
from headwater.plan.nodes import Aggregate, AggregateCall, Column
from headwater.powerquery.library.declarations import REGISTRY
from headwater.powerquery.tables.aggregating import aggregate_column
from headwater.powerquery.tables.columns import column_values, select_columns, unique_or_error
from headwater.powerquery.tables.distinct import distinct_rows
from headwater.powerquery.tables.keys import UNKEYED
from headwater.powerquery.tables.plan_table import PlanTable, back_in_engine, settled
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import List, Thunk, Value, force
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.table import Table

_NAMES = ("Column", "Min", "Max", "Average", "StandardDeviation", "Count", "NullCount", "DistinctCount")
_TYPES: tuple[t.Type, ...] = (
    t.TEXT, t.ANY, t.ANY, t.ANY, t.nullable(t.NUMBER), t.NUMBER, t.NUMBER, t.NUMBER,
)  # fmt: skip
_ORDERED = {"number", "text", "date", "time", "datetime", "datetimezone", "duration", "logical"}
_AVERAGED = {"number", "date", "time", "datetime", "datetimezone", "duration"}


@dataclass(frozen=True, slots=True)
class Further:
    """A column of a profile beside the usual ones: ``of`` the list of a column's cells where ``fits`` its type."""

    name: str
    fits: Callable[[t.Type], bool]
    of: Function


def profile(table: Table, further: Sequence[Further]) -> Table:
    """A row for each column of the table, with what it holds; nothing is computed before it is looked at."""
    names = unique_or_error([*_NAMES, *(one.name for one in further)])
    of = table_type(names, [*_TYPES, *(one.of.type.result for one in further)])

    def rows() -> Iterator[Sequence[Value]]:
        planned = _in_engine(table)
        measured = _measured_rows(table) if planned is None else _measured_plan(planned)
        for name, kind, cells in zip(table.names, table.column_types, measured, strict=True):
            yield [name, *cells, *(_further(one, table, name, kind) for one in further)]

    return RowTable(of, rows)


def _in_engine(table: Table) -> PlanTable | None:
    planned = back_in_engine(table)
    try:
        return None if planned is None else settled(planned)
    except NotFoldableError:
        return None


def _further(one: Further, table: Table, name: str, kind: t.Type) -> Value:
    return Thunk(lambda: one.of.invoke([column_values(table, name)]) if one.fits(kind) else None)


# -- on rows -------------------------------------------------------------------------------------------------------


def _library(name: str, items: List) -> Value:
    return REGISTRY.functions[name].implementation(items)


def _measured_rows(table: Table) -> Iterator[Sequence[Value]]:
    listed = list(table.rows())
    for at in range(len(table.names)):
        yield _measured_cells([row[at] for row in listed])


def _measured_cells(cells: Sequence[Value]) -> Sequence[Value]:
    items = List(cells)

    def where(kinds: set[str], name: str) -> Value:
        return Thunk(lambda: _library(name, items) if _kinds(items) <= kinds and len(_kinds(items)) == 1 else None)

    return [
        where(_ORDERED, "List.Min"),
        where(_ORDERED, "List.Max"),
        where(_AVERAGED, "List.Average"),
        where({"number"}, "List.StandardDeviation"),
        len(cells),
        Thunk(lambda: len(cells) - _library("List.NonNullCount", items)),
        Thunk(lambda: len(_library("List.Distinct", items))),
    ]


def _kinds(items: List) -> set[str]:
    return {t.kind_of(item) for item in items.plain() if item is not None}


# -- as a plan -----------------------------------------------------------------------------------------------------


def _measured_plan(table: PlanTable) -> Iterator[Sequence[Value]]:
    """All columns at once; what an engine does not compute as M does is computed from the cells when looked at."""
    answers = _Answers(table)
    for name, column in zip(table.names, table.plan.columns, strict=True):
        cells = _from_cells(table, name)
        yield [
            answers.cell(column, "List.Min") or cells(0),
            answers.cell(column, "List.Max") or cells(1),
            answers.cell(column, "List.Average") or cells(2),
            Thunk(_deviation(table, answers, column)) if column.type.kind in p.NUMERIC else cells(3),
            answers.rows,
            Thunk(_nulls(answers, column)),
            Thunk(_distinct(table, name)) if column.type.kind not in UNKEYED else cells(6),
        ]


def _from_cells(table: PlanTable, name: str) -> Callable[[int], Value]:
    held = Thunk(lambda: _measured_cells(list(table.column_cells(name))))
    return lambda at: Thunk(lambda: force(held.get()[at]))


def _nulls(answers: _Answers, column: Column) -> Callable[[], Value]:
    return lambda: answers.rows - force(answers.cell(column, "List.NonNullCount"))


def _distinct(table: PlanTable, name: str) -> Callable[[], Value]:
    return lambda: distinct_rows(select_columns(table, [name], "error"), []).row_count()


def _deviation(table: PlanTable, answers: _Answers, column: Column) -> Callable[[], Value]:
    def compute() -> Value:
        count = force(answers.cell(column, "List.NonNullCount"))
        if count < 2:
            return None
        mean = Literal(float(force(answers.cell(column, "List.Average"))), p.DOUBLE)
        distance = call("-", column.ref, mean)
        squares = AggregateCall("List.Sum", call("*", distance, distance))
        total = force(_one_row(table, [(aggregate_column("squares", squares, []), squares)])[0])
        return math.sqrt(total / (count - 1))

    return compute


class _Answers:
    """The aggregates of all columns, asked of the engine in one go when the first is wanted."""

    def __init__(self, table: PlanTable) -> None:
        self._table = table
        self._asked: dict[tuple[str, str], int] = {}
        self._calls: list[tuple[Column, AggregateCall]] = []
        self._add("", AggregateCall("Table.RowCount"))
        for column in table.plan.columns:
            for function in ("List.NonNullCount", "List.Min", "List.Max", "List.Average"):
                with suppress(NotFoldableError):  # then it is computed from the cells
                    self._add(column.id, AggregateCall(function, column.ref))
        self._row = Thunk(lambda: _one_row(table, self._calls))

    def _add(self, identifier: str, asked: AggregateCall) -> None:
        column = aggregate_column(f"a{len(self._calls)}", asked, [column.id for column, _ in self._calls])
        self._asked[identifier, asked.function] = len(self._calls)
        self._calls.append((column, asked))

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return int(force(self._row.get()[0]))

    def cell(self, column: Column, function: str) -> Thunk | None:
        """An aggregate of a column, not yet evaluated: it can be an error. None where the engine has it not."""
        at = self._asked.get((column.id, function))
        return None if at is None else Thunk(lambda: force(self._row.get()[at]))


def _one_row(table: PlanTable, calls: Sequence[tuple[Column, AggregateCall]]) -> Sequence[Value]:
    """The aggregates of all rows; without rows, counts of 0 and nulls."""
    plan = Aggregate(table.runnable, (), tuple(calls))
    found = list(PlanTable(plan, table.session).rows())
    if found:
        return found[0]
    return [0 if asked.function.endswith("Count") else None for _, asked in calls]
