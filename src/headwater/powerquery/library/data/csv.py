"""Delimited text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from headwater.engines.csv import csv_first_row
from headwater.errors import MError
from headwater.plan.nodes import CsvScan, text_columns
from headwater.powerquery.library.arguments import known_options, names_of, whole
from headwater.powerquery.library.data.delimited import Format, delimiter_of, rows_by
from headwater.powerquery.library.declarations import enumeration, function
from headwater.powerquery.library.encodings import UTF8, codec_of, marked_codec, text_from
from headwater.powerquery.library.options import choice_option, logical_option
from headwater.powerquery.tables.columns import unique_or_error
from headwater.powerquery.tables.plan_table import PlanTable
from headwater.powerquery.tables.row_table import OutsideEngine, RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Binary, List, Record, Thunk, Value, missing_file, plain
from headwater.powerquery.values.operators import cannot_convert, is_number
from headwater.powerquery.values.table import Table

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session

enumeration(
    "TextEncoding",
    {"Utf8": 65001, "Utf16": 1200, "Unicode": 1200, "BigEndianUnicode": 1201, "Windows": 1252, "Ascii": 20127},
    summary="How text is written in bytes.",
)
enumeration("QuoteStyle", {"None": 0, "Csv": 1}, summary="Whether a line break in quotes ends a row (None) or not.")
EXTRA_LIST, EXTRA_ERROR, EXTRA_IGNORE = 0, 1, 2
enumeration(
    "ExtraValues",
    {"List": EXTRA_LIST, "Error": EXTRA_ERROR, "Ignore": EXTRA_IGNORE},
    summary="What becomes of more fields than there are columns.",
)

_OPTIONS = ("Columns", "CsvStyle", "Delimiter", "Encoding", "ExtraValues", "IncludeByteOrderMark", "QuoteStyle")


@function(
    "Csv.Document(source as any, optional columns as any, optional delimiter as any, optional extraValues as nullable"
    " number, optional encoding as nullable number) as table",
    examples=[
        ('Csv.Document("a,b#(lf)1,2")', '#table({"Column1", "Column2"}, {{"a", "b"}, {"1", "2"}})'),
        ('Csv.Document("a;b", [Delimiter = ";"])', '#table({"Column1", "Column2"}, {{"a", "b"}})'),
        ('Csv.Document("a  b", {"x", "y"}, "")', '#table({"x", "y"}, {{"a", "b"}})'),
    ],
    session=True,
)
def csv_document(
    session: Session, source: Value, columns: Value = None, delimiter: Value = None, extra: Value = None,
    encoding: Value = None,
) -> Table:  # fmt: skip
    """The rows of delimited text, every cell text; the second argument may be an options record.

    The columns are a number of them, a list of names or a table type; else as many as the first row has fields. A field
    that a row lacks is empty text. The delimiter is a text, a list of texts, "" for any blanks, or a list of the places
    at which the fields of a line begin. Of more fields than columns the last column gets a list (ExtraValues.List), or
    they are an error (ExtraValues.Error), or they are left out, which is the default.

    Options: Columns, Delimiter, ExtraValues and Encoding as the arguments; QuoteStyle.None ends a row at a line break
    in quotes too; CsvStyle.QuoteAlways lets a quotation mark in the middle of a field open a quoted part.
    IncludeByteOrderMark is about writing, and changes nothing here.
    """
    given = plain(columns)
    options = known_options(given if isinstance(given, Record) else None, "Csv.Document", *_OPTIONS)
    if isinstance(given, Record):
        given, delimiter, encoding = (options.get(name) for name in ("Columns", "Delimiter", "Encoding"))
    else:
        options["ExtraValues"] = plain(extra)
    logical_option(options, "IncludeByteOrderMark", False)
    form = Format(
        delimiter_of(plain(delimiter)),
        quoted_breaks=choice_option(options, "QuoteStyle", (0, 1), 1) != 0,
        quotes_anywhere=choice_option(options, "CsvStyle", (0, 1), 0) == 1,
    )
    kept = choice_option(options, "ExtraValues", (0, 1, 2), EXTRA_IGNORE)
    source, codec = plain(source), codec_of(encoding)
    if isinstance(source, Binary) and form.ordinary and kept == EXTRA_IGNORE:
        return _scan(session, source, given, form, codec)
    table = _rows(text_from(source, encoding), given, form, kept)
    table.outside = OutsideEngine(session, "Csv.Document", None)
    return table


def _names(columns: Value, width: int) -> tuple[list[str], list[t.Type]]:
    """The columns' names and types: as asked for, else as many as the first row is wide, of an empty text one."""
    if isinstance(columns, t.TableType):
        names, types = [f.name for f in columns.row.fields], [f.type for f in columns.row.fields]
    elif isinstance(columns, List):
        names = unique_or_error(names_of(columns))
        types = [t.TEXT] * len(names)
    elif columns is None or is_number(columns):
        count = max(width, 1) if columns is None else whole(columns, "columns", least=1)
        names = [f"Column{at}" for at in range(1, count + 1)]
        types = [t.TEXT] * count
    else:
        raise cannot_convert(columns, "List")
    if not names:
        raise MError("Expression.Error", "Csv.Document is given no columns.")
    return names, types


_STREAMED = {"utf-16-le": "utf-16", "utf-16-be": "utf-16", "utf-32-le": "utf-32", "utf-32-be": "utf-32"}
"""Under these names Python leaves out the byte order mark."""


def _scan(session: Session, source: Binary, columns: Value, form: Format, codec: str | None) -> Table:
    assert isinstance(form.delimiter, str), "an ordinary delimiter is a character"
    path = str(source.path)
    try:
        with source.path.open("rb") as file:
            marked = marked_codec(file.read(4))
    except OSError as error:
        raise missing_file(path, error) from error
    encoding = _STREAMED.get(marked, marked) if marked is not None else codec or UTF8
    first = csv_first_row(
        path, delimiter=form.delimiter, quote=True, encoding=encoding, quoted_breaks=form.quoted_breaks
    )
    names, types = _names(columns, len(first))
    scan = CsvScan(
        path, text_columns(names), form.delimiter, quote=True, encoding=encoding, quoted_breaks=form.quoted_breaks
    )
    return PlanTable(scan, session, table_type(names, types))


def _rows(text: str, columns: Value, form: Format, extra: int) -> RowTable:
    names, types = _names(columns, len(next(rows_by(form, text), ())))
    if extra == EXTRA_LIST:
        types = [*types[:-1], t.ANY]
    fit = _FITS[extra]

    def rows() -> Iterator[Sequence[Value]]:
        width = len(names)
        for row in rows_by(form, text):
            yield [*row, *[""] * (width - len(row))] if len(row) <= width else fit(row, width)

    return RowTable(table_type(names, types), rows)


def _failed(row: list[str], width: int) -> list[Value]:
    error = MError(
        "DataFormat.Error",
        f"A row has {len(row)} fields, and there are {width} columns.",
        Record.of({"Count": len(row)}),
        hint="Give more columns, or another value of ExtraValues.Type.",
    )
    return [Thunk.failed(error)] * width


_FITS: dict[int, Callable[[list[str], int], list[Value]]] = {
    EXTRA_LIST: lambda row, width: [*row[: width - 1], List(row[width - 1 :])],
    EXTRA_ERROR: _failed,
    EXTRA_IGNORE: lambda row, width: list(row[:width]),
}
