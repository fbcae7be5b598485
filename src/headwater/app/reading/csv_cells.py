"""Rows as CSV that a spreadsheet takes for data, whatever somebody wrote into a cell.

A text that a spreadsheet would read as a formula (it begins with ``=``, ``+``, ``-``, ``@``, a tab or a line break)
gets an apostrophe before it. Numbers are left as they are: none of them is a formula. Null is an empty field, and an
empty text is one in quotes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute

from headwater.app.reading.json_columns import JsonColumns, joined, single, written
from headwater.plan.types import DataType, Kind

__all__ = ["csv_header", "csv_rows", "safe_text"]

# pyarrow's stubs know too few of these functions.
pc: Any = pyarrow.compute
Array = Any

#: Ends every row, as RFC 4180 has it.
_END: Final = "\r\n"
_FORMULA: Final = "^[=+\\-@\\t\\r\\n\uff1d\uff0b\uff0d\uff20]"
_TO_QUOTE: Final = '[",\\r\\n]|^$'


def csv_header(names: Sequence[str]) -> bytes:
    r"""The first line: the names of the columns.

    >>> csv_header(["id", "a,b"]).decode()
    'id,"a,b"\r\n'
    """
    cells = _safe(pa.array(names, pa.string()))
    return (",".join(cells.to_pylist()) + _END).encode()


def csv_rows(rows: pa.Table, types: Sequence[DataType]) -> bytes:
    r"""The rows as lines; ``types`` are those of the columns.

    >>> from headwater.plan.types import INT64, TEXT
    >>> csv_rows(pa.table({"n": [-1, None], "t": ["=cmd()", "a, b"]}), [INT64, TEXT]).decode().splitlines()
    ["-1,'=cmd()", ',"a, b"']
    """
    if not rows.num_rows:
        return b""
    cells = [_cells(single(column), of) for column, of in zip(rows.columns, types, strict=True)]
    pieces = [piece for cell in cells for piece in (",", cell)][1:]
    lines = pc.binary_join_element_wise(*pieces, _END, "", null_handling="replace", null_replacement="")
    return joined(lines).tobytes()


def safe_text(text: str) -> str:
    """One text, so that no spreadsheet takes it for a formula.

    >>> safe_text("=1+1"), safe_text("1+1")
    ("'=1+1", '1+1')
    """
    return f"'{text}" if re.match(_FORMULA, text) else text


def _cells(array: Array, of: DataType) -> Array:
    match of.kind:
        case Kind.TEXT:
            return _safe(array)
        case Kind.RECORD | Kind.LIST:
            return _safe(JsonColumns().values(array, of))
        case Kind.DATETIME:
            # Of a clock in no zone; the last character says UTC.
            return pc.utf8_slice_codeunits(written(array, of), 0, 26)
        case _:
            return written(array, of)


def _safe(texts: Array) -> Array:
    """Texts as fields: no formula, and quoted where they have to be."""
    formulas = pc.match_substring_regex(texts, _FORMULA)
    if pc.any(formulas).as_py():
        texts = pc.if_else(formulas, pc.binary_join_element_wise("'", texts, ""), texts)
    quoted = pc.match_substring_regex(texts, _TO_QUOTE)
    if not pc.any(quoted).as_py():
        return texts
    doubled = pc.binary_join_element_wise('"', pc.replace_substring(texts, '"', '""'), '"', "")
    return pc.if_else(quoted, doubled, texts)
