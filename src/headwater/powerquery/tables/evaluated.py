"""What the evaluator does in the middle of a plan, so that the steps before and after it fold.

Two forms. A :class:`RowFunction` is a row function as a batch function: a call node decodes just the columns that the
function reads, and adds one. :class:`EvaluatedRows` are the rows of any other step that did not fold, as the source of
a plan. Both promise column types before all rows have been seen: a value of another kind is a :class:`MisfitError`, and
whoever reads the table goes back to rows (see :mod:`headwater.powerquery.tables.plan_table`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from typing import Any

import pyarrow as pa

from headwater.errors import MError, MisfitError, NotFoldableError
from headwater.plan import types as p
from headwater.plan.cells import encode_error, error_column
from headwater.plan.nodes import ArrowScan, Column, Node, RowsScan, with_fresh_ids
from headwater.powerquery.evaluator.closure import Closure
from headwater.powerquery.evaluator.loops import values_over
from headwater.powerquery.language import syntax
from headwater.powerquery.tables.arrow import common_type, decode, encode, literal_detail, plan_type
from headwater.powerquery.tables.row_table import RowTable
from headwater.powerquery.values.core import Thunk, Value, WithMetadata, force
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.table import Table

SAMPLE_ROWS = 128
"""Rows from which the types of columns are guessed that no declaration gives."""
FIRST_ROWS, BATCH_ROWS = 1_024, 65_536


@dataclass
class RowFunction:
    """An M function of a row as a batch function over the columns that it reads.

    ``reads`` are those columns' M names and plan columns. It is told apart from models by having no identity.
    """

    function: Function
    reads: Sequence[tuple[str, Column]]
    result: p.DataType
    name: str = "row function"
    identity: str = field(default="", init=False)

    @property
    def parameters(self) -> tuple[p.Field, ...]:
        """A parameter for each column read."""
        return tuple(p.Field(name, column.type) for name, column in self.reads)

    def apply(self, batches: pa.RecordBatchReader, arguments: Sequence[str], result: str) -> pa.RecordBatchReader:
        """The rows with the function's result; see :meth:`headwater.plan.functions.BatchFunction.apply`."""
        schema = batches.schema.append(pa.field(result, p.to_arrow(self.result)))
        schema = schema.append(pa.field(error_column(result), pa.string()))
        made = (self._applied(batch, arguments, schema) for batch in batches)
        return pa.RecordBatchReader.from_batches(schema, made)

    def _applied(self, batch: pa.RecordBatch, arguments: Sequence[str], schema: pa.Schema) -> pa.RecordBatch:
        values, errors = strictly_encoded(self._values(batch, arguments), self.result)
        return pa.RecordBatch.from_arrays([*batch.columns, values, errors], schema=schema)

    def _values(self, batch: pa.RecordBatch, arguments: Sequence[str]) -> list[Value]:
        names = set(batch.schema.names)
        cells = [
            decode(
                batch.column(argument),
                column.type,
                batch.column(error_column(argument)) if error_column(argument) in names else None,
            )
            for argument, (_, column) in zip(arguments, self.reads, strict=True)
        ]
        index = {name: at for at, (name, _) in enumerate(self.reads)}
        rows: Any = list(zip(*cells, strict=True)) if cells else [()] * batch.num_rows
        return list(values_over(self.function, index, rows))


def columns_read(closure: Closure, row: str, known: Sequence[str]) -> list[str]:
    """The columns among ``known`` that the body of a row function may read; all where the row is used as a whole."""
    names: set[str] = set()
    targets: set[int] = set()
    for node in syntax.walk(closure.node.body):
        if not isinstance(node, syntax.FieldAccess | syntax.Projection):
            continue
        if node.target is None or (isinstance(node.target, syntax.Identifier) and node.target.name == row):
            names.update([node.name] if isinstance(node, syntax.FieldAccess) else node.names)
            targets.add(id(node.target))
    whole = any(
        isinstance(node, syntax.Identifier) and node.name == row and id(node) not in targets
        for node in syntax.walk(closure.node.body)
    )
    # A field that is not there is an error that shows the whole row.
    return list(known) if whole or not names <= set(known) else [name for name in known if name in names]


def strictly_encoded(values: Sequence[Value], of: p.DataType) -> tuple[pa.Array[Any], pa.Array[Any]]:
    """Arrow arrays (values, sentinels) of M values, nothing lost; MisfitError where a value is of another kind."""
    kinds = set(map(type, values))
    if Thunk in kinds:
        return _with_errors(values, of)
    if WithMetadata in kinds:
        raise MisfitError("A value carries metadata.")
    if Decimal in kinds and of.kind is p.Kind.DOUBLE:
        raise MisfitError("A decimal number stands in a column of doubles.")
    try:
        return encode(values, of)
    except NotFoldableError as error:
        raise MisfitError(error.message) from error


def _with_errors(values: Sequence[Value], of: p.DataType) -> tuple[pa.Array[Any], pa.Array[Any]]:
    """The same where members may be unevaluated or errors."""
    forced: list[Value] = []
    sentinels: list[str | None] = []
    for value in values:
        try:
            forced.append(force(value))
            sentinels.append(None)
        except MError as error:
            forced.append(None)
            sentinels.append(encode_error(error.reason, error.message, literal_detail(error.detail)))
    array, _ = strictly_encoded(forced, of)
    return array, pa.array(sentinels, pa.string())


@dataclass
class EvaluatedRows:
    """The rows of a table that the evaluator makes, as Arrow batches. A misfit is remembered: it would come again."""

    table: RowTable
    columns: tuple[Column, ...]
    misfit: MisfitError | None = None

    def __call__(self) -> Iterator[pa.RecordBatch]:
        if self.misfit is not None:
            raise self.misfit
        rows, size = self.table.rows(), FIRST_ROWS
        while piece := list(islice(rows, size)):
            try:
                yield self._batch(piece)
            except MisfitError as misfit:
                self.misfit = misfit
                raise
            size = min(size * 4, BATCH_ROWS)

    def _batch(self, rows: Sequence[Sequence[Value]]) -> pa.RecordBatch:
        arrays: list[pa.Array[Any]] = []
        names: list[str] = []
        for column, cells in zip(self.columns, zip(*rows, strict=True), strict=True):
            arrays += strictly_encoded(cells, column.type)
            names += [column.id, error_column(column.id)]
        return pa.RecordBatch.from_arrays(arrays, names=names)


def rows_scan(table: RowTable, step: str, made_from: Node | None, least: int) -> RowsScan | None:
    """The table as the source of a plan.

    None where it has no column or fewer rows than ``least``, or where a column's kind cannot be told.
    """
    if not table.names:
        return None
    try:
        head = table.peek(least)
    except MError:
        return None  # for whoever gets as far as that row
    if len(head) < least:
        return None
    columns: list[Column] = []
    for at, (name, of) in enumerate(zip(table.names, table.column_types, strict=True)):
        kind = plan_type(of) or _guessed([row[at] for row in head[:SAMPLE_ROWS]])
        if kind is None:
            return None
        columns.append(Column("", name, kind, may_fail=True))
    named = with_fresh_ids(columns, ())
    return RowsScan(EvaluatedRows(table, named), named, step, made_from)


def _guessed(sample: Sequence[Value]) -> p.DataType | None:
    """The kind that all of the sample are of, None where there is no such kind or nothing to go by."""
    if all(_is_null(value) for value in sample):
        return None
    found = common_type(sample)
    # Whole numbers come before fractions often enough.
    return p.DOUBLE if found is not None and found.kind is p.Kind.INT64 else found


def _is_null(value: Value) -> bool:
    try:
        return force(value) is None
    except MError:
        return True


def arrow_scan(table: Table, rows: Sequence[Sequence[Value]]) -> ArrowScan:
    """These rows held as Arrow; NotFoldableError where a column's cells are of no one kind, or there is no column."""
    if not table.names:
        raise NotFoldableError("The table has no columns.", hint="Choose a query whose table has some.")
    columns: list[Column] = []
    arrays: list[pa.Array[Any]] = []
    names: list[str] = []
    cells: Iterator[tuple[Value, ...]] = zip(*rows, strict=True) if rows else iter([()] * len(table.names))
    for name, of, values in zip(table.names, table.column_types, cells, strict=True):
        kind = plan_type(of) or common_type(values)
        if kind is None:
            raise NotFoldableError(
                f"The column '{name}' holds values of several kinds.",
                hint="Convert the column to one type, for example with Table.TransformColumnTypes, or remove it.",
            )
        array, errors = encode(values, kind)
        column = with_fresh_ids([Column("", name, kind, errors.null_count < len(errors))], [c.id for c in columns])[0]
        columns.append(column)
        arrays.append(array)
        names.append(column.id)
        if column.may_fail:
            arrays.append(errors)
            names.append(error_column(column.id))
    return ArrowScan(pa.Table.from_arrays(arrays, names=names), tuple(columns))
