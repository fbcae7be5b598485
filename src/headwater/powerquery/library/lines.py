"""Lines of text: taken apart and put together."""

from __future__ import annotations

import re
from collections.abc import Iterator

from headwater.powerquery.library.arguments import text_of
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.encodings import UTF8, codec_of, encoded, marked_codec
from headwater.powerquery.library.limits import check_size
from headwater.powerquery.values.core import Binary, List, Value, missing_file, plain
from headwater.powerquery.values.operators import cannot_convert

_BREAK = re.compile(r"\r\n|\r|\n")
_QUOTED_OR_BREAK = re.compile(r'"[^"]*(?:"|\Z)|\r\n|\r|\n')
_PIECE = 1024 * 1024
_BREAKS_IN_QUOTES = 1


def lines_of(text: str, *, quoted: bool = False, separators: bool = False) -> Iterator[str]:
    """The lines of a text; ``quoted``: a line break between quotation marks ends none.

    >>> list(lines_of('a,"b\\nc"\\nd\\n', quoted=True))
    ['a,"b\\nc"', 'd']
    """
    start = 0
    for found in (_QUOTED_OR_BREAK if quoted else _BREAK).finditer(text):
        if found[0][0] == '"':
            continue
        yield text[start : found.end() if separators else found.start()]
        start = found.end()
    if start < len(text):
        yield text[start:]


def _breaks_in_quotes(style: Value) -> bool:
    style = plain(style)
    if style is None or style == 0:
        return False
    if style == _BREAKS_IN_QUOTES and not isinstance(style, bool):
        return True
    raise cannot_convert(style, "QuoteStyle.Type")


@function(
    "Lines.FromText(text as text, optional quoteStyle as any, optional includeLineSeparators as nullable logical)"
    " as list",
    examples=[('Lines.FromText("a#(lf)b#(cr,lf)c")', '{"a", "b", "c"}')],
)
def lines_from_text(text: str, style: Value = None, separators: bool | None = None) -> List:
    """The lines of a text; with QuoteStyle.Csv a line break between quotation marks belongs to its line."""
    quoted = _breaks_in_quotes(style)
    return List(source=lambda: lines_of(text, quoted=quoted, separators=bool(separators)))


@function(
    "Lines.FromBinary(binary as binary, optional quoteStyle as any, optional includeLineSeparators as nullable"
    " logical, optional encoding as nullable number) as list",
    examples=[("Lines.FromBinary(#binary({97, 10, 98}))", '{"a", "b"}')],
)
def lines_from_binary(
    binary: Value, style: Value = None, separators: bool | None = None, encoding: Value = None
) -> List:
    """The lines of the text that bytes stand for; a file is read as far as lines are asked for."""
    quoted, codec = _breaks_in_quotes(style), codec_of(encoding)
    return List(source=lambda: _streamed(_chunks(binary, codec), quoted, bool(separators)))


def _chunks(binary: bytes | Binary, codec: str | None) -> Iterator[str]:
    """The text piece by piece, so that the first lines of a large file need no more than its beginning."""
    import codecs
    import io

    try:
        with io.BytesIO(binary) if isinstance(binary, bytes) else binary.path.open("rb") as file:
            head = file.read(4)
            marked = marked_codec(head)
            decoder = codecs.getincrementaldecoder(marked or codec or UTF8)("replace")
            text = decoder.decode(head).removeprefix("\ufeff")
            while piece := file.read(_PIECE):
                yield text
                text = decoder.decode(piece)
            yield text + decoder.decode(b"", final=True)
    except OSError as error:
        assert isinstance(binary, Binary), "bytes in memory can be read"
        raise missing_file(str(binary.path), error) from error


def _streamed(chunks: Iterator[str], quoted: bool, separators: bool) -> Iterator[str]:
    """The lines of a text that comes in chunks: what follows the last line break waits for more."""
    rest = ""
    for chunk in chunks:
        pending = list(lines_of(rest + chunk, quoted=quoted, separators=True))
        rest = pending.pop() if pending else ""
        # A return at the very end may be half of a line break.
        yield from pending if separators else map(_bare, pending)
    yield from lines_of(rest, quoted=quoted, separators=separators)


def _bare(line: str) -> str:
    return line.removesuffix("\n").removesuffix("\r") if line.endswith(("\n", "\r")) else line


def _joined(lines: List, separator: str | None) -> str:
    ending = "\r\n" if separator is None else separator
    pieces: list[str] = []
    size = 0
    for line in lines.plain():
        pieces.append(text_of(line) + ending)
        size += len(pieces[-1])
        check_size(size, "The text of the lines")
    return "".join(pieces)


@function(
    "Lines.ToText(lines as list, optional lineSeparator as nullable text) as text",
    examples=[
        ('Lines.ToText({"a", "b"})', '"a#(cr,lf)b#(cr,lf)"'),
        ('Lines.ToText({"a", "b"}, "; ")', '"a; b; "'),
    ],
)
def lines_to_text(lines: List, separator: str | None = None) -> str:
    """The lines as one text, each ended by the separator: carriage return and line feed if none is given."""
    return _joined(lines, separator)


@function(
    "Lines.ToBinary(lines as list, optional lineSeparator as nullable text, optional encoding as nullable number,"
    " optional includeByteOrderMark as nullable logical) as binary",
    examples=[('Lines.ToBinary({"a", "b"}, "#(lf)")', "#binary({97, 10, 98, 10})")],
)
def lines_to_binary(
    lines: List, separator: str | None = None, encoding: Value = None, mark: bool | None = None
) -> bytes:
    """The bytes of the lines as one text, each ended by the separator."""
    return encoded(_joined(lines, separator), codec_of(encoding), mark=bool(mark))
