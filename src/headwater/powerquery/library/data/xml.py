"""XML: as the tree that it is, and as nested tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from headwater.errors import MError
from headwater.powerquery.library.arguments import known_options
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.encodings import codec_of, decoded
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Binary, Record, Thunk, Value, binary_bytes, plain
from headwater.powerquery.values.operators import cannot_convert
from headwater.powerquery.values.table import Table

TEXT_COLUMN = "Element:Text"
_ATTRIBUTE = "Attribute:"


def xml_root(source: Value, encoding: Value = None) -> Any:
    """The root element of a text or binary. Nothing outside of it is read, and no document type is allowed.

    Raises:
        MError: Expression.Error, it is neither; DataFormat.Error, it is no such XML.
    """
    from lxml import etree

    data, codec = _data(plain(source), codec_of(encoding))
    parser = etree.XMLParser(
        encoding=codec, resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        message = str(error).split(" (", 1)[0]
        raise MError("DataFormat.Error", f"The source is not XML: {message}.", hint="Check what it gives.") from error
    if root.getroottree().docinfo.doctype:
        raise MError(
            "DataFormat.Error", "The XML has a document type declaration, which is not allowed.", hint="Take it out."
        )
    return root


def _data(source: Value, codec: str | None) -> tuple[bytes, str | None]:
    """The bytes, and their encoding where it does not stand in them."""
    if isinstance(source, str):
        return source.encode("utf-8", "replace"), "utf-8"
    if not isinstance(source, bytes | Binary):
        raise cannot_convert(source, "Binary")
    data = binary_bytes(source)
    return (data, None) if codec is None else (decoded(data, codec).encode("utf-8"), "utf-8")


def _split(tag: str) -> tuple[str, str]:
    """Namespace and local name."""
    if tag.startswith("{"):
        namespace, _, name = tag[1:].partition("}")
        return namespace, name
    return "", tag


# -- as it is ------------------------------------------------------------------------------------------------------

_TREE = {"Name": t.TEXT, "Namespace": t.TEXT, "Value": t.ANY, "Attributes": t.TABLE}
_ATTRIBUTES = {"Name": t.TEXT, "Namespace": t.TEXT, "Value": t.TEXT}


@function(
    "Xml.Document(contents as any, optional encoding as nullable number) as table",
    examples=[
        ('Xml.Document("<a><b>1</b></a>"){0}[Value]{0}[[Name], [Value]]', '[Name = "b", Value = "1"]'),
        ('Xml.Document("<a n=""1""/>"){0}[Attributes]{0}[[Name], [Value]]', '[Name = "n", Value = "1"]'),
    ],
)
def xml_document(contents: Value, encoding: Value = None) -> Table:
    """The XML as a table of its root: Name, Namespace, Value and Attributes.

    The value is a table of the same form where there are elements inside, else the text. XML with a document type
    declaration is an error.
    """
    return _tree([xml_root(contents, encoding)])


def _tree(elements: Sequence[Any]) -> Table:
    return RowTable.held(table_type(list(_TREE), list(_TREE.values())), [_tree_row(element) for element in elements])


def _tree_row(element: Any) -> list[Value]:
    namespace, name = _split(element.tag)
    children = _children(element)
    value = Thunk(lambda: _tree(children)) if children else str(element.text or "")
    attributes = [[*reversed(_split(key)), str(text)] for key, text in element.attrib.items()]
    attribute_type = table_type(list(_ATTRIBUTES), list(_ATTRIBUTES.values()))
    return [name, namespace, value, RowTable.held(attribute_type, attributes)]


def _children(element: Any) -> list[Any]:
    return [child for child in element if isinstance(child.tag, str)]


# -- as tables -----------------------------------------------------------------------------------------------------


@function(
    "Xml.Tables(contents as any, optional options as nullable record, optional encoding as nullable number) as table",
    examples=[
        (
            'Xml.Tables("<all><row><n>1</n></row><row><n>2</n></row></all>"){[Name = "row"]}[Table]',
            '#table({"n"}, {{"1"}, {"2"}})',
        ),
        ('Xml.Tables("<a id=""7""><b>x</b></a>")', '#table({"Attribute:id", "b"}, {{"7", "x"}})'),
    ],
)
def xml_tables(contents: Value, options: Record | None = None, encoding: Value = None) -> Table:
    """The XML as nested tables: elements of one name inside of another are the rows of a table.

    An element that is nothing but text, and occurs once in each row, is a column of texts; any other a column of
    tables. Attributes are columns called ``Attribute:`` and their name, text beside attributes or elements is
    ``Element:Text``; what is of another namespace than the element around it is in a column called by that namespace.
    A document whose root holds nothing but tables is a table of their Name and Table. There are no options.
    """
    known_options(options, "Xml.Tables")
    whole = _rows_table([_Row.of(xml_root(contents, encoding))])
    if not whole.names or any(of != _TABLE_CELL for of in whole.column_types):
        return whole
    (only,) = whole.rows()
    return RowTable.held(
        table_type(["Name", "Table"], [t.TEXT, t.TABLE]),
        [[name, cell] for name, cell in zip(whole.names, only, strict=True)],
    )


_TABLE_CELL = t.nullable(t.TABLE)
_TEXT_CELL = t.nullable(t.TEXT)


@dataclass(frozen=True, slots=True)
class _Row:
    """An element as a row: texts (attributes and its own text) by column, and child elements by name."""

    texts: dict[str, str]
    children: dict[str, list[Any]]
    groups: dict[str, _Row]

    @classmethod
    def of(cls, element: Any) -> _Row:
        """The row of an element; what is of another namespace is grouped by that."""
        own, _ = _split(element.tag)
        row = cls({}, {}, {})
        for key, value in element.attrib.items():
            namespace, name = _split(key)
            row._group(namespace, "").texts[_ATTRIBUTE + name] = str(value)
        for child in _children(element):
            namespace, name = _split(child.tag)
            row._group(namespace, own).children.setdefault(name, []).append(child)
        text = " ".join(piece for piece in _own_text(element) if piece)
        if text or not (row.texts or row.children or row.groups):
            row.texts[TEXT_COLUMN] = text
        return row

    def _group(self, namespace: str, own: str) -> _Row:
        return self if namespace in ("", own) else self.groups.setdefault(namespace, _Row({}, {}, {}))


def _own_text(element: Any) -> Iterator[str]:
    yield (element.text or "").strip()
    for child in element:
        yield (child.tail or "").strip()


def _is_text(element: Any) -> bool:
    return not element.attrib and not _children(element)


def _rows_table(rows: Sequence[_Row]) -> Table:
    """One table of rows that may differ in what they have; its columns come in the order of first appearance."""
    columns: dict[str, list[Value]] = {}
    for at, row in enumerate(rows):
        for name in (*row.texts, *row.children, *row.groups):
            columns.setdefault(name, [None] * len(rows))
        for name, text in row.texts.items():
            columns[name][at] = text
    tables = _tabular(rows)
    for at, row in enumerate(rows):
        for name, elements in row.children.items():
            columns[name][at] = Thunk(partial(_nested, elements)) if name in tables else str(elements[0].text or "")
        for name, group in row.groups.items():
            columns[name][at] = Thunk(partial(_rows_table, [group]))
    types = [_TABLE_CELL if name in tables else _TEXT_CELL for name in columns]
    return RowTable.held(table_type(list(columns), types), list(zip(*columns.values(), strict=True)) if columns else [])


def _tabular(rows: Sequence[_Row]) -> set[str]:
    """The columns of tables: groups, and elements that repeat in a row or are more than text."""
    found = {name for row in rows for name in row.groups}
    for row in rows:
        for name, elements in row.children.items():
            if len(elements) > 1 or not _is_text(elements[0]):
                found.add(name)
    return found


def _nested(elements: Sequence[Any]) -> Table:
    return _rows_table([_Row.of(element) for element in elements])
