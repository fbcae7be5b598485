"""Rows of text, as a CSV file has them, turned into the arguments of a model by its signature.

An empty cell is null, except where the parameter is text. Bytes are in Base64, lists and records are JSON. A cell that
cannot be read is an error of its row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import orjson
import pyarrow as pa

from headwater.app.functions.json_rows import arguments_schema, carrier, encoded, json_cells
from headwater.models.arrow import Array, compute, nulls
from headwater.models.signature import Parameter

__all__ = ["text_arguments"]

#: What a cell has to be, by the test that tells a type.
_TAKES: Final = (
    (pa.types.is_boolean, "takes true or false"),
    (pa.types.is_integer, "takes whole numbers"),
    (pa.types.is_floating, "takes numbers"),
    (pa.types.is_date, "takes dates, like 2026-01-31"),
    (pa.types.is_timestamp, "takes dates with a time, like 2026-01-31T12:00:00"),
)


def text_arguments(parameters: Sequence[Parameter], function: str, batch: pa.RecordBatch) -> pa.RecordBatch:
    """The arguments in a batch of text columns, which are called as the parameters are.

    >>> from headwater.models.schemas.mlflow import from_mlflow
    >>> signature = from_mlflow([{"name": "n", "type": "long"}], [{"type": "double"}])
    >>> batch = text_arguments(signature.parameters, "demo.m", pa.record_batch({"n": ["1", "2.0", "x", ""]}))
    >>> batch.column("n").to_pylist(), batch.column("n__err").is_null().to_pylist()
    ([1, 2, None, None], [True, True, False, True])
    """
    columns: list[Array] = []
    for parameter in parameters:
        columns += _cells(parameter, function, batch.column(parameter.name))
    return pa.RecordBatch.from_arrays(columns, schema=arguments_schema(parameters))


def _cells(parameter: Parameter, function: str, texts: Array) -> tuple[Array, Array]:
    wire = parameter.wire
    if pa.types.is_string(wire):
        return texts, nulls(len(texts), pa.string())
    texts = compute.if_else(compute.equal(compute.utf8_trim_whitespace(texts), ""), pa.scalar(None, pa.string()), texts)
    takes = next((words for test, words in _TAKES if test(wire)), None)
    if takes is None:
        return _as_json(parameter, function, texts)
    texts = compute.utf8_trim_whitespace(texts)
    if pa.types.is_integer(wire):
        # Tables in which some numbers are missing have the others as 3.0.
        texts = compute.replace_substring_regex(texts, r"\.0+$", "")
    return _cast(texts, carrier(wire), f"The parameter '{parameter.name}' of {function} {takes}")


def _cast(texts: Array, kind: pa.DataType, complaint: str) -> tuple[Array, Array]:
    """The texts as ``kind``. Halves of what cannot be read are tried alone, down to the cells that are to blame."""
    try:
        return texts.cast(kind), nulls(len(texts), pa.string())
    except pa.ArrowInvalid:
        if len(texts) == 1:
            return nulls(1, kind), encoded([complaint])
    half = len(texts) // 2
    first, second = (_cast(part, kind, complaint) for part in (texts.slice(0, half), texts.slice(half)))
    return pa.concat_arrays([first[0], second[0]]), pa.concat_arrays([first[1], second[1]])


def _as_json(parameter: Parameter, function: str, texts: Array) -> tuple[Array, Array]:
    """Cells of a type that text has no form of its own for: bytes in Base64, lists and records as JSON."""
    cells: list[Any] = texts.to_pylist()
    errors: list[str | None] = [None] * len(cells)
    if pa.types.is_nested(parameter.wire):
        for at, cell in enumerate(cells):
            if cell is not None:
                try:
                    cells[at] = orjson.loads(cell)
                except orjson.JSONDecodeError:
                    cells[at], errors[at] = None, f"The parameter '{parameter.name}' of {function} takes JSON"
    return json_cells(parameter, function, cells, errors)
