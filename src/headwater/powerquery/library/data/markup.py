"""HTML as a tree, and what of it people read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from headwater.errors import MError
from headwater.powerquery.library.encodings import decoded, marked_codec
from headwater.powerquery.values.core import Binary, Value, binary_bytes, plain
from headwater.powerquery.values.operators import cannot_convert

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_UNSEEN = frozenset({"script", "style", "template", "noscript"})
_BLANKS = re.compile(r"[ \t\n\r\f\v]+")


def html_tree(source: Value) -> HtmlElement:
    """The document of a text or a binary; as in browsers, a table's rows are in a body even where none is written.

    Raises:
        MError: Expression.Error, it is neither; DataFormat.Error, there is no HTML in it.
    """
    from lxml import etree, html

    data, encoding = _utf8(plain(source))
    try:
        root = html.document_fromstring(data, parser=html.HTMLParser(encoding=encoding, no_network=True))
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise MError("DataFormat.Error", "The source has no HTML.", hint="Check what it gives.") from error
    for table in root.iter("table"):
        _give_body(table)
    return root


def _utf8(source: Value) -> tuple[bytes, str | None]:
    """The bytes of the source, and their encoding where it is sure: else the document says it, or it is Latin-1."""
    if isinstance(source, str):
        return source.encode("utf-8", "replace"), "utf-8"
    if not isinstance(source, bytes | Binary):
        raise cannot_convert(source, "Text")
    data = binary_bytes(source)
    if marked_codec(data) is not None:
        return decoded(data).encode("utf-8"), "utf-8"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return data, None
    return data, "utf-8"


def _give_body(table: HtmlElement) -> None:
    body: Any = None
    for child in list(table):
        if child.tag != "tr":
            body = None
            continue
        if body is None:
            body = table.makeelement("tbody")
            child.addprevious(body)
        body.append(child)


def seen_text(element: Any) -> str:
    """The text of an element as it is read: blanks run together, ``br`` a line break, scripts and styles left out.

    >>> from lxml import html
    >>> seen_text(html.fromstring("<p> a <b>b</b><br>c</p>"))
    'a b\\nc'
    """
    lines = "".join(_pieces(element)).split("\0")
    return "\n".join(_BLANKS.sub(" ", line).strip() for line in lines).strip()


def _pieces(element: Any) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if isinstance(child.tag, str) and child.tag not in _UNSEEN:
            if child.tag == "br":
                yield "\0"
            yield from _pieces(child)
        yield child.tail or ""
