"""Delimited text."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from headwater.engines.csv import NO_DELIMITERS, csv_first_row, rows_of_text
from headwater.errors import MError
from headwater.plan.nodes import CsvScan, text_columns
from headwater.powerquery.library.arguments import names_of, option, whole
from headwater.powerquery.library.declarations import enumeration, function
from headwater.powerquery.tables.columns import unique_or_error
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
    if isinstance(source, bytes):
        source = source.decode("utf-8-sig" if code == "utf-8" else code, errors="replace")
    if isinstance(source, str):
        return _parsed(source, columns, separator, quoted)
    raise cannot_convert(source, "Binary")


def _delimiter(value: Value) -> str:
    if value is None:
        return ","
    if isinstance(value, str) and len(value) == 1 and value not in NO_DELIMITERS:
        return value
    raise MError(
        "Expression.Error", "The delimiter of Csv.Document is one character, and no quote or line break.", value
    )


def _encoding(value: Value) -> _Encoding:
    if value is None:
        return "utf-8"
    found = _ENCODINGS.get(value)
    if found is None:
        raise MError("Expression.Error", f"Text encoding {value} is not supported.", value)
    return found


def _names(columns: Value, width: int) -> tuple[list[str], list[t.Type]]:
    """The columns' names and types: as asked for, else as many as the first row is wide, of an empty text one."""
    if isinstance(columns, t.TableType):
        names, types = [f.name for f in columns.row.fields], [f.type for f in columns.row.fields]
    elif isinstance(columns, List):
        names = unique_or_error(names_of(columns))
        types = [t.TEXT] * len(names)
    else:
        count = whole(columns, "columns", least=1) if is_number(columns) else max(width, 1)
        names = [f"Column{at}" for at in range(1, count + 1)]
        types = [t.TEXT] * count
    if not names:
        raise MError("Expression.Error", "Csv.Document is given no columns.")
    return names, types


def _scan(session: Session, source: Binary, columns: Value, delimiter: str, encoding: _Encoding, quoted: bool) -> Table:
    path = str(source.path)
    width = len(csv_first_row(path, delimiter=delimiter, quote=quoted, encoding=encoding))
    names, types = _names(columns, width)
    scan = CsvScan(path, text_columns(names), delimiter, quoted, encoding)
    return PlanTable(scan, session, table_type(names, types))


def _parsed(text: str, columns: Value, delimiter: str, quoted: bool) -> Table:
    rows = list(rows_of_text(io.StringIO(text, newline=""), delimiter, quoted))
    names, types = _names(columns, len(rows[0]) if rows else 0)

    def cells() -> Iterator[Sequence[Value]]:
        for row in rows:
            yield [*row, *[None] * (len(names) - len(row))][: len(names)]

    return RowTable(table_type(names, types), cells)
