"""A call of a function from the command line: rows from there or a file, results to a file or line by line."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa

from headwater.access import Actor
from headwater.app.functions.files import json_values, open_rows
from headwater.app.functions.results import ResultTable, Writer, check_output, json_lines, open_writer
from headwater.app.functions.rows import Rows, json_rows
from headwater.app.functions.runs import Runs
from headwater.app.functions.scoring import open_function, scored
from headwater.errors import UsageError
from headwater.models.functions import ModelFunction
from headwater.models.service import FunctionService
from headwater.models.statistics import Progress

__all__ = ["CallRequest", "invoke_to"]

_STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True)
class CallRequest:
    """What is to be scored: ``rows`` as parsed JSON, or the file ``path``, "-" for standard input."""

    name: str
    rows: Sequence[Any] | None
    path: str
    options: Mapping[str, Any]

    @classmethod
    def read(
        cls, name: str, rows: Sequence[str] | None, path: str | None, params: str | None, options: Mapping[str, Any]
    ) -> CallRequest:
        """The request that a command line makes; ``rows`` and ``params`` are JSON.

        Raises:
            UsageError: there are no rows or two kinds of them, or something is no JSON.
        """
        if (not rows) == (path is None):
            raise UsageError("Rows are given one by one, or in a file.", hint="Give --row or --rows.")
        read = [_parsed(text, "--row") for text in rows or ()]
        settings = None if params is None else _parsed(params, "--params")
        return cls(name, read if rows else None, path or "", {**options, "params": settings})


def invoke_to(
    functions: FunctionService,
    runs: Runs,
    actor: Actor,
    request: CallRequest,
    *,
    output: Path | None,
    show: Callable[[str], None],
    on_progress: Progress,
) -> ResultTable:
    """Score rows into a file, or with each row shown as a line of JSON; returns what came of it.

    Rows are read, scored and written batch by batch.

    Raises:
        HeadwaterError: as reading the rows, opening the function and scoring say; then no file is written.
    """
    if output is not None:
        check_output(output)
    with (
        runs.start(actor, request.name) as run,
        open_function(functions, actor, request.name, request.options, run=run, on_progress=on_progress) as opened,
        _rows(opened.function, request) as rows,
    ):
        table = ResultTable.of(rows.given, opened.function)
        with nullcontext(_Lines(show)) if output is None else open_writer(output, table.schema) as writer:
            _write(table, scored(opened, rows, str(request.options["on_error"])), writer)
        table.left_out = rows.left_out
        return table


def _write(table: ResultTable, batches: Iterator[Any], writer: Writer) -> None:
    for batch in batches:
        writer.write_batch(table.batch(batch))


class _Lines:
    """Shows each row as a line of JSON."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show

    def write_batch(self, batch: pa.RecordBatch) -> None:
        if batch.num_rows:
            self._show(b"\n".join(json_lines(batch)).decode())


@contextmanager
def _rows(function: ModelFunction, request: CallRequest) -> Iterator[Rows]:
    if request.rows is not None:
        yield json_rows(function, request.rows, len(request.rows))
    elif request.path == _STANDARD_INPUT:
        yield json_rows(function, json_values(io.TextIOWrapper(sys.stdin.buffer, "utf-8-sig")))
    else:
        with open_rows(function, Path(request.path)) as rows:
            yield rows


def _parsed(text: str, option: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise UsageError(
            f"What {option} was given is no JSON.", hint=f"Write it like {option} '{{\"x\": 1}}'."
        ) from error
