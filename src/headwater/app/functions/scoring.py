"""Rows through a function: each batch as it came, with one result and perhaps an error for each row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from headwater.access import Actor
from headwater.app.functions.rows import RowBatch, Rows
from headwater.app.functions.runs import Run
from headwater.errors import ScoringError
from headwater.models.arrow import Array, compute
from headwater.models.service import FunctionService, OpenFunction
from headwater.models.statistics import Progress, ScoringProgress
from headwater.plan.cells import decode_error, error_column

__all__ = ["ScoredRows", "open_function", "scored"]

#: What M calls the options that JSON and the command line write in lower case.
_OPTIONS = {
    "params": "Params",
    "on_error": "OnError",
    "batch_size": "BatchSize",
    "include_model": "IncludeModel",
}


@dataclass(frozen=True, slots=True)
class ScoredRows:
    """``given`` is what came, ``results`` has one value for each row, ``errors`` a message where there is none."""

    given: pa.RecordBatch
    results: Array
    errors: Array


@contextmanager
def open_function(
    functions: FunctionService,
    actor: Actor,
    name: str,
    options: Mapping[str, Any],
    *,
    run: Run,
    on_progress: Progress | None = None,
) -> Iterator[OpenFunction]:
    """A function to be called, as a run that can be seen and called off.

    Args:
        functions: the functions there are.
        actor: who calls.
        name: as M calls it.
        options: ``params``, ``on_error``, ``batch_size``, ``include_model``; None counts as not given.
        run: the run it is.
        on_progress: told how far it is, too.

    Raises:
        HeadwaterError: as :meth:`headwater.models.service.FunctionService.open` says.
    """

    def told(progress: ScoringProgress) -> None:
        run.on_progress(progress)
        if on_progress is not None:
            on_progress(progress)

    named = {_OPTIONS[name]: value for name, value in options.items()}
    with functions.open(actor, name, named, told) as opened:
        run.attach(opened.cancel)
        yield opened


def scored(opened: OpenFunction, rows: Rows, on_error: str = "error") -> Iterator[ScoredRows]:
    """The rows with their results, in order, batch by batch.

    Raises (while being read):
        UsageError: a parameter has no column, or one of another kind.
        ScoringError: the model, or what runs it, failed as a whole; a row did, where ``on_error`` is "fail"; or it was
            called off.
        ForbiddenError: whoever calls may not, or no longer.
    """
    opened.expect(rows.total)
    prefix = _free_prefix(rows.arguments.names)
    given = pa.schema([pa.field(f"{prefix}{at}", field.type) for at, field in enumerate(rows.given)])
    schema = pa.schema([*rows.arguments, *given])

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in rows.batches:
            if on_error == "fail":
                _check(batch, opened.function.name)
            yield pa.RecordBatch.from_arrays([*batch.arguments.columns, *batch.given.columns], schema=schema)

    result = f"{prefix}result"
    for batch in opened.call(pa.RecordBatchReader.from_batches(schema, batches()), result):
        columns = [batch.column(name) for name in given.names]
        yield ScoredRows(
            pa.RecordBatch.from_arrays(columns, schema=rows.given),
            _without_failed(batch.column(result), batch.column(error_column(result))),
            _messages(batch.column(error_column(result))),
        )


def _free_prefix(names: list[str]) -> str:
    """What starts no name, so that columns may travel beside the arguments under names of our own."""
    prefix = "\x1f"
    while any(name.startswith(prefix) for name in names):
        prefix += "\x1f"
    return prefix


def _check(batch: RowBatch, function: str) -> None:
    """Where a row that fails ends everything, so does one whose values are of another kind."""
    for name in batch.arguments.schema.names:
        errors = error_column(name)
        if errors in batch.arguments.schema.names and batch.arguments.column(errors).null_count < batch.given.num_rows:
            first = batch.arguments.column(errors).drop_null()[0].as_py()
            raise ScoringError(
                decode_error(first)[1],
                code="model.row",
                place=function,
                hint="Correct the row, or let rows that fail be errors or null.",
            )


def _without_failed(results: Array, errors: Array) -> Array:
    """The results, null where a row failed: what stands there means nothing."""
    if errors.null_count == len(errors):
        return results
    failed = errors.is_valid().to_numpy(zero_copy_only=False)
    return results.take(pa.array(np.arange(len(results)), mask=failed))


def _messages(errors: Array) -> Array:
    if errors.null_count == len(errors):
        return errors
    encoded = errors.dictionary_encode()
    messages = pa.array([decode_error(text)[1] for text in encoded.dictionary.to_pylist()], pa.string())
    return compute.take(messages, encoded.indices)
