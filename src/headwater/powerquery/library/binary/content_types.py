"""What bytes look like: a guess at their kind by how they begin."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from operator import itemgetter

from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.encodings import decoded, marked_codec
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Binary, Record, Value, missing_file

_SIGNATURES = (
    (b"%PDF-", "application/pdf"),
    (b"PAR1", "application/vnd.apache.parquet"),
    (b"\x1f\x8b", "application/x-gzip"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/vnd.ms-excel"),
    (b"PK\x03\x04", "application/zip"),
)
_PACKAGES = (
    (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (b"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
)
_LOOKED_AT = 64 * 1024
_DELIMITERS = (",", "\t", ";", "|", ":")


@function(
    "Binary.InferContentType(source as binary) as record",
    examples=[
        ('Binary.InferContentType(Text.ToBinary("[1, 2]"))[Content.Type]', '"application/json"'),
        (
            'Binary.InferContentType(Text.ToBinary("a;b#(lf)1;2"))[Csv.PotentialDelimiter]',
            '#table(type table [Delimiter = text, Columns = number], {{";", 2}})',
        ),
    ],
)
def binary_infer_content_type(source: Value) -> Record:
    """What the bytes probably are: Content.Type, and Content.Encoding where they are text.

    Delimited text has Csv.PotentialDelimiter too: what may part it, and into how many columns.
    """
    head = _head(source)
    found = _by_signature(head)
    if found is not None:
        return Record.of({"Content.Type": found})
    codec = marked_codec(head) or _unmarked_codec(head)
    if codec is None:
        return Record.of({"Content.Type": "application/octet-stream"})
    return _of_text(decoded(head, codec), _CODE_PAGES.get(codec, 1252))


_CODE_PAGES = {"utf-8": 65001, "utf-16-le": 1200, "utf-16-be": 1201, "utf-32-le": 12000, "utf-32-be": 12001}


def _head(source: bytes | Binary) -> bytes:
    if isinstance(source, bytes):
        return source[:_LOOKED_AT]
    try:
        with source.path.open("rb") as file:
            return file.read(_LOOKED_AT)
    except OSError as error:
        raise missing_file(str(source.path), error) from error


def _by_signature(head: bytes) -> str | None:
    found = next((kind for mark, kind in _SIGNATURES if head.startswith(mark)), None)
    if found == "application/zip":
        return next((kind for part, kind in _PACKAGES if part in head), found)
    return found


def _unmarked_codec(head: bytes) -> str | None:
    """UTF-8 if it can be read so, nothing if it holds what no text has, else Windows' western code page."""
    if b"\x00" in head:
        return None
    try:
        cut = len(head) == _LOOKED_AT  # perhaps in the middle of a character
        codecs.getincrementaldecoder("utf-8")().decode(head, final=not cut)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _of_text(text: str, page: int) -> Record:
    start = text.lstrip()
    if start.startswith(("{", "[")):
        kind = "application/json"
    elif re.match(r"(?is)<!doctype html|<html", start):
        kind = "text/html"
    elif start.startswith("<"):
        kind = "text/xml"
    else:
        return _of_lines(text, page)
    return Record.of({"Content.Type": kind, "Content.Encoding": page})


def _of_lines(text: str, page: int) -> Record:
    lines = [line for line in text.splitlines()[:100] if line]
    found = [(delimiter, _columns(lines, delimiter)) for delimiter in _DELIMITERS]
    delimiters = [(delimiter, columns) for delimiter, columns in found if columns > 1]
    if not delimiters:
        return Record.of({"Content.Type": "text/plain", "Content.Encoding": page})
    table = RowTable.held(table_type(["Delimiter", "Columns"], [t.TEXT, t.NUMBER]), delimiters)
    return Record.of({"Content.Type": "text/csv", "Content.Encoding": page, "Csv.PotentialDelimiter": table})


def _columns(lines: list[str], delimiter: str) -> int:
    """Into how many parts the delimiter cuts most lines; 1 where it does not cut most of them alike."""
    counts = Counter(line.count(delimiter) for line in lines)
    often, lines_so = max(counts.items(), key=itemgetter(1), default=(0, 0))
    return often + 1 if lines_so * 2 > len(lines) else 1
