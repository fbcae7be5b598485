"""Data that R saved, by the package rdata."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import warnings
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from headwater.errors import MError
from headwater.powerquery.library import limits
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.limits import check_size
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import List, Record, Value, binary_bytes
from headwater.powerquery.values.table import Table
from headwater.powerquery.values.times import Date, DateTime, Duration

if TYPE_CHECKING:
    import pandas as pd

_PACKED = ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ", lzma.open))
_BY_CHANCE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, AssertionError, OSError, EOFError)
"""What the parser ends in on bytes that are no R data, which it does not check for."""


@function("RData.FromBinary(stream as binary) as any")
def rdata_from_binary(stream: Value) -> Value:
    """What R saved: a record of the objects of an RData file, or the one object of an RDS file.

    Data frames are tables, named lists records, other lists and vectors lists; factors are texts, and NA is null.
    """
    return _value(_converted(_unpacked(binary_bytes(stream))))


def _unpacked(data: bytes) -> bytes:
    """The bytes without the compression around them, so that their size is known before they are read."""
    opener = next((opener for mark, opener in _PACKED if data.startswith(mark)), None)
    if opener is None:
        return data
    try:
        with opener(io.BytesIO(data)) as stream:
            result: bytes = stream.read(limits.MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise _damaged() from error
    check_size(len(result), "The decompressed R data")
    if any(result.startswith(mark) for mark, _ in _PACKED):  # the parser would unpack that without a limit
        raise _damaged()
    return result


def _damaged() -> MError:
    return MError("DataFormat.Error", "The source is no data that R saved, or damaged.", hint="Check what it gives.")


def _converted(data: bytes) -> Any:
    import rdata

    try:
        with warnings.catch_warnings():  # they show what is in the file
            warnings.simplefilter("ignore")
            return rdata.conversion.convert(rdata.parser.parse_data(data), default_encoding="utf-8")
    except (NotImplementedError, struct.error, RecursionError, *_BY_CHANCE) as error:
        raise _damaged() from error


def _value(found: Any) -> Value:
    import numpy as np
    import pandas as pd

    if isinstance(found, pd.DataFrame):
        return _table(found)
    if isinstance(found, dict):
        return Record.of({str(name): _value(member) for name, member in found.items()})
    if isinstance(found, pd.Series | pd.Categorical | np.ndarray):
        return List(_cells(pd.Series(np.ravel(found) if isinstance(found, np.ndarray) else found)))
    if isinstance(found, list | tuple):
        return List([_value(member) for member in found])
    return _cell(found)


def _table(frame: pd.DataFrame) -> Table:
    columns = [_cells(frame.iloc[:, at]) for at in range(frame.shape[1])]
    names = [str(name) for name in frame.columns]
    types = [_type(column) for column in columns]
    return RowTable.held(table_type(names, types), list(zip(*columns, strict=True)))


def _cells(column: pd.Series[Any]) -> list[Value]:
    import pandas as pd

    missing: Sequence[bool] = pd.isna(column).tolist()
    # R's NA is one of the NaNs, and nobody can tell it from the others any more.
    return [None if gone else _cell(cell) for cell, gone in zip(column.tolist(), missing, strict=True)]


def _cell(cell: Any) -> Value:
    import numpy as np
    import pandas as pd

    if isinstance(cell, np.generic):
        cell = cell.item()
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return None
    if isinstance(cell, pd.Timestamp):
        return DateTime(Date.of(1970, 1, 1).ticks + cell.value // 100)
    if isinstance(cell, pd.Timedelta):
        return Duration(cell.value // 100)
    if isinstance(cell, bool | int | float | str | bytes):
        return cell
    raise MError("DataFormat.Error", f"R's kind of value '{type(cell).__name__}' has no like in M.")


def _type(cells: Sequence[Value]) -> t.Type:
    kinds = {t.kind_of(cell) for cell in cells if cell is not None}
    return t.nullable(t.PRIMITIVES[kinds.pop()]) if len(kinds) == 1 else t.ANY
