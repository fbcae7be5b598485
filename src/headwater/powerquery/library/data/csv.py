"""Delimited text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from headwater.engines.csv import csv_first_row
from headwater.errors import MError
from headwater.plan.nodes import CsvScan, text_columns
from headwater.powerquery.library.arguments import names_of, option, whole
from headwater.powerquery.library.declarations import enumeration, function
from headwater.powerquery.tables.plan_table import PlanTable
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Binary, List, Record, Value, plain
from headwater.powerquery.values.operators import cannot_convert, is_number
from headwater.powerquery.values.table import Table

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session

enumeration(
    "TextEncoding",
    {"Utf8": 65001, "Utf16": 1200, "Unicode": 1200, "BigEndianUnicode": 1201, "Windows": 1252, "Ascii": 20127},
    summary="How text is written in bytes.",
)
enumeration("QuoteStyle", {"None": 0, "Csv": 1}, summary="What a quotation mark means in delimited text.")

_Encoding = Literal["utf-8", "latin-1", "utf-16"]
_ENCODINGS: dict[int, _Encoding] = {65001: "utf-8", 1200: "utf-16", 28591: "latin-1", 20127: "utf-8"}


@function(
    "Csv.Document(source as any, optional columns as any, optional delimiter as any, optional extraValues as nullable"
    " number, optional encoding as nullable number) as table",
    examples=[
        ('Csv.Document("a,b#(lf)1,2")', '#table({"Column1", "Column2"}, {{"a", "b"}, {"1", "2"}})'),
        ('Csv.Document("a;b", [Delimiter = ";"])', '#table({"Column1", "Column2"}, {{"a", "b"}})'),
    ],
    session=True,
)
def csv_document(
    session: Session, source: Value, columns: Value = None, delimiter: Value = None, _extra: Value = None,
    encoding: Value = None,
) -> Table:  # fmt: skip
    """The rows of delimited text, every cell text; the second argument may be an options record."""
    source, columns = plain(source), plain(columns)
    options = columns if isinstance(columns, Record) else None
    if options is not None:
        columns, delimiter = options.plain("Columns"), options.plain("Delimiter")
        encoding = options.plain("Encoding")
    separator = _delimiter(plain(delimiter))
    code = _encoding(plain(encoding))
    quoted = option(options, "QuoteStyle", 1) != 0
    if isinstance(source, Binary):
        return _scan(session, source, columns, separator, code, quoted)
    if isinstance(source, str | bytes):
        text = source if isinstance(source, str) else source.decode("utf-8-sig" if code == "utf-8" else code)
        return _parsed(text, columns, separator, quoted)
    raise cannot_convert(source, "Binary")


def _delimiter(value: Value) -> str:
    if value is None:
        return ","
    if isinstance(value, str) and len(value) == 1:
        return value
    raise MError("Expression.Error", "The delimiter of Csv.Document is a text of one character.", value)


def _encoding(value: Value) -> _Encoding:
    if value is None:
        return "utf-8"
    found = _ENCODINGS.get(value)
    if found is None:
        raise MError("Expression.Error", f"Text encoding {value} is not supported.", value)
    return found


def _names(columns: Value, width: int) -> tuple[list[str], list[t.Type]]:
    if isinstance(columns, t.TableType):
        return [f.name for f in columns.row.fields], [f.type for f in columns.row.fields]
    if isinstance(columns, List):
        names = names_of(columns)
    else:
        count = whole(columns, "columns") if is_number(columns) else width
        names = [f"Column{at}" for at in range(1, count + 1)]
    return names, [t.TEXT] * len(names)


def _scan(session: Session, source: Binary, columns: Value, delimiter: str, encoding: _Encoding, quoted: bool) -> Table:
    path = str(source.path)
    width = len(csv_first_row(path, delimiter=delimiter, quote=quoted, encoding=encoding))
    names, types = _names(columns, width)
    scan = CsvScan(path, text_columns(names), delimiter, quoted, encoding)
    return PlanTable(scan, session, table_type(names, types))


def _parsed(text: str, columns: Value, delimiter: str, quoted: bool) -> Table:
    dialect: dict[str, Any] = {"delimiter": delimiter}
    if not quoted:
        dialect |= {"quoting": csv.QUOTE_NONE}
    rows = list(csv.reader(io.StringIO(text, newline=""), **dialect))
    names, types = _names(columns, len(rows[0]) if rows else 0)

    def cells() -> Iterator[Sequence[Value]]:
        for row in rows:
            yield [*row, *[None] * (len(names) - len(row))][: len(names)]

    return RowTable(table_type(names, types), cells)
