"""Evaluation in a process of its own, under limits: both ends of it.

The request is one line of JSON. The answer is a line of JSON that says what it is, and then the result: canonical M
text, or for a table Arrow's stream format.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any

from headwater.errors import HeadwaterError, NotFoldableError
from headwater.plan.nodes import ArrowScan
from headwater.powerquery.evaluator.limits import Limits, died, run_limited, too_many_rows
from headwater.powerquery.evaluator.parcel import (
    error_of,
    header,
    packed_columns,
    packed_error,
    packed_session,
    session_of,
    unpacked_columns,
    value_of,
)
from headwater.powerquery.evaluator.program import evaluate_text
from headwater.powerquery.evaluator.run import on_deep_stack
from headwater.powerquery.evaluator.session import Session
from headwater.powerquery.language import parse_document
from headwater.powerquery.tables.plan_table import PlanTable, held_rows, settled
from headwater.powerquery.tables.row_table import RowTable
from headwater.powerquery.values.core import List, Value, plain
from headwater.powerquery.values.table import Table
from headwater.powerquery.values.text import canonical_text
from headwater.powerquery.values.types import TableType, type_text

__all__ = ["evaluate_apart", "within_rows"]


def evaluate_apart(source: str, session: Session, source_name: str, limits: Limits) -> Value:
    """The value of M text, evaluated under limits in a process of its own, all of it.

    Raises:
        MSyntaxError: the text cannot be read.
        MError: the value, or a part of it that is no cell of a table, is an error; or a limit was reached.
        UsageError: the session has something that cannot be given to another process.
        EngineError: the process ended without an answer.
    """
    parse_document(source, source_name)
    request = {"source": source, "source_name": source_name, "rows": limits.rows, "session": packed_session(session)}
    done = run_limited(__name__, (), limits, json.dumps(request).encode() + b"\n")
    line, newline, content = done.output.partition(b"\n")
    if not newline:
        raise died(done.status)
    return _received(json.loads(line), content, session)


def _received(said: dict[str, Any], content: bytes, session: Session) -> Value:
    if "error" in said:
        raise error_of(said["error"], session)
    if "columns" not in said:
        text = content.decode()
        return on_deep_stack(lambda: value_of(text, session))
    import pyarrow as pa

    held = pa.ipc.open_stream(content).read_all()
    of = value_of(said["type"], session)
    assert isinstance(of, TableType), "the other end sends the type of a table"
    return PlanTable(ArrowScan(held, unpacked_columns(said["columns"])), session, of)


def within_rows(value: Value, most: int) -> Value:
    """The value; reading more than so many rows of a table or items of a list is an error."""
    value = plain(value)
    if isinstance(value, Table):
        table = value
        if isinstance(table, PlanTable):
            if table.row_count() > most:
                raise too_many_rows(most)
            return table
        return RowTable(table.type, lambda: _counted(table.rows(), most))
    if isinstance(value, List):
        items = value
        return List(source=lambda: _counted(items.raw(), most))
    return value


def _counted(items: Iterator[Any], most: int) -> Iterator[Any]:
    yield from islice(items, most)
    if next(items, items) is not items:
        raise too_many_rows(most)


# -- in the process ------------------------------------------------------------------------------------------------


def _answer(request: dict[str, Any]) -> tuple[bytes, Value]:
    """The first line of the answer, and what is to follow it: a text, or a table held as Arrow."""
    session = session_of(request["session"])

    def work() -> tuple[dict[str, Any], Value]:
        value = plain(evaluate_text(request["source"], session, request["source_name"]))
        if request["rows"] is not None:
            value = within_rows(value, request["rows"])
        if isinstance(value, Table):
            try:
                table = settled(value) if isinstance(value, PlanTable) else held_rows(value, session)
            except NotFoldableError:
                return {}, canonical_text(value)  # a column has cells of several kinds
            said = {"type": type_text(value.type), "columns": packed_columns(table.plan.columns)}
            return said, table.reader().read_all()
        return {}, canonical_text(value)

    said, content = on_deep_stack(work)
    return header(said), content


def _send(output: Any, content: Any) -> None:
    if isinstance(content, str):
        output.write(content.encode())
        return
    import pyarrow as pa

    with pa.ipc.new_stream(output, content.schema) as writer:
        writer.write_table(content)


def main() -> None:
    """Read the request, evaluate, answer."""
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no part of the answer
    request = json.loads(sys.stdin.buffer.readline())
    try:
        line, content = _answer(request)
    except HeadwaterError as error:
        output.write(header({"error": packed_error(error)}))
    else:
        output.write(line)
        _send(output, content)
    output.flush()


if __name__ == "__main__":
    main()
