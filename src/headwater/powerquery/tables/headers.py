"""Headers and rows turned into one another, and rows into columns, for plans and for rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import pyarrow as pa

from headwater.engines.csv import csv_first_row
from headwater.errors import MError, NotFoldableError
from headwater.plan import types as p
from headwater.plan.nodes import ArrowScan, CsvScan, Slice, Union, select, text_columns
from headwater.powerquery.library.convert import to_text
from headwater.powerquery.library.cultures import ENGLISH_US, Culture
from headwater.powerquery.tables.plan_table import PlanTable, folded
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Value, force, plain
from headwater.powerquery.values.operators import is_number
from headwater.powerquery.values.table import Table

# -- the first row as headers --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HeaderText:
    """What becomes a header: texts and numbers, or any value that has a text; written as the culture does."""

    everything: bool = False
    culture: Culture = ENGLISH_US

    def of(self, cell: Value) -> str | None:
        """The header that a cell makes, None for none."""
        value = plain(force(cell))
        if isinstance(value, str):
            return value or None
        if value is None or not (self.everything or is_number(value)):
            return None
        try:
            return str(to_text(value, self.culture))
        except MError:
            return None  # a list, a record: nothing that has a text


def header_names(cells: Sequence[Value], headers: HeaderText | None = None) -> list[str]:
    """Column names from a row's cells: what makes no header gets a default name, repeats get ``_1``, ``_2`` …."""
    how = headers or HeaderText()
    names: list[str] = []
    taken: set[str] = set()
    for cell, default in zip(cells, _numbered(len(cells)), strict=True):
        stem = how.of(cell) or default
        name, count = stem, 0
        while name in taken:
            count += 1
            name = f"{stem}_{count}"
        taken.add(name)
        names.append(name)
    return names


def _first_row(table: PlanTable) -> Sequence[Value] | None:
    """The cells of the first row. A file is read itself: an engine would take a hundred times as long for a line."""
    plan = table.plan
    if isinstance(plan, CsvScan) and plan.skip_rows == 0:
        row = csv_first_row(plan.path, plan.delimiter, plan.quote, plan.encoding, quoted_breaks=plan.quoted_breaks)
        width = len(plan.columns)
        return [*row[:width], *[""] * (width - len(row))] if row else None
    head = PlanTable(Slice(plan, 0, 1), table.session)
    return next(iter(head.rows()), None)


def _promote_rows_form(table: Table, headers: HeaderText) -> Table:
    first = next(iter(table.rows()), None)
    if first is None:
        return table
    names = header_names(first, headers)

    def rows() -> Iterator[Sequence[Value]]:
        remaining = table.rows()
        next(remaining, None)
        return remaining

    return RowTable(table_type(names), rows)


@folded("Table.PromoteHeaders", _promote_rows_form)
def promote_headers(table: PlanTable, headers: HeaderText) -> Table:
    """The first row becomes the column names."""
    plan = table.plan
    first = _first_row(table)
    if first is None:
        return table
    names = header_names(first, headers)
    if isinstance(plan, CsvScan):
        # Kept a scan, so that lineage names the file's own columns and readers skip the line.
        scan = replace(plan, columns=text_columns(names), skip_rows=plan.skip_rows + 1)
        return table.with_plan(scan, [t.ANY] * len(names))
    columns = tuple(c.renamed(name) for c, name in zip(plan.columns, names, strict=True))
    return table.with_plan(select(Slice(plan, 1, None), columns), [t.ANY] * len(names))


# -- headers as the first row --------------------------------------------------------------------------------------


def _numbered(width: int) -> list[str]:
    return [f"Column{at}" for at in range(1, width + 1)]


def _demote_rows_form(table: Table) -> Table:
    of = table_type(_numbered(len(table.names)))
    return RowTable(of, lambda: chain([list(table.names)], table.rows()))


@folded("Table.DemoteHeaders", _demote_rows_form)
def demote_headers(table: PlanTable) -> Table:
    """The column names become the first row."""
    columns = table.plan.columns
    if not columns or any(c.type.kind is not p.Kind.TEXT for c in columns):
        raise NotFoldableError("A column that is not of texts would hold a text.")
    row = pa.table([pa.array([c.name], pa.string()) for c in columns], [c.id for c in columns])
    heads = ArrowScan(row, tuple(replace(c, may_fail=False) for c in columns))
    names = _numbered(len(columns))
    renamed = tuple(c.renamed(name) for c, name in zip(columns, names, strict=True))
    return table.with_plan(Union((heads, table.plan), renamed), [t.ANY] * len(names))


# -- rows as columns -----------------------------------------------------------------------------------------------


def transpose(table: Table, of: t.TableType | None) -> Table:
    """A row for each column and a column for each row, of the type given."""
    held: list[Sequence[Value]] = []

    def rows() -> Iterator[Sequence[Value]]:
        listed = held or list(table.rows())
        width = len(result.names)
        for at in range(len(table.names)):
            cells = [row[at] for row in listed[:width]]
            yield [*cells, *[None] * (width - len(cells))]

    if of is None:
        held = list(table.rows())
        of = table_type(_numbered(len(held)))
    result = RowTable(of, rows)
    return result
