"""Lists of rows within a description: the forms of Azure's decorators, and those that people write.

A table is what holds one value, list or object for each row. Which columns it has is told by its schema, or where that
does not know them, by the example that the decorators put beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from headwater.models.forms.described import Path
from headwater.models.forms.layouts import Layout
from headwater.models.schemas.openapi.nodes import Node
from headwater.models.schemas.openapi.refusals import refusal
from headwater.models.schemas.openapi.types import Reader, by_example

__all__ = ["Table", "find_tables", "numbered", "read_table"]

_PANDAS = "pandas.DataFrame:"
_NUMPY = "numpy.ndarray"

#: Names of parameters that say nothing of what is in them.
_GENERAL = frozenset({"data", "input", "inputs", "input_data", "raw_data", "instances", "x", "X", ""})


@dataclass(frozen=True, slots=True)
class Table:
    """Rows at ``path``.

    ``columns`` has each column's schema by its name, in order; they have names on the way where the layout says so.
    ``certain`` tells a form of the decorators from an array that may as well be one row's list. ``template`` is sent
    beside the rows. ``shape`` is that of one row's array, where a row is one.
    """

    path: Path
    layout: Layout
    reader: Reader
    columns: Mapping[str, Node]
    certain: bool
    template: Mapping[str, Any] = field(default_factory=dict)
    shape: tuple[int, ...] = ()


def find_tables(node: Node, path: Path = ()) -> Iterator[tuple[Path, Node]]:
    """Where in a body rows can be: its arrays and the frames of pandas, outside of other arrays."""
    if node.kind == "array" or node.format.startswith(_PANDAS):
        yield path, node
    elif node.kind == "object":
        for name, member in node.properties.items():
            yield from find_tables(member, (*path, name))


def read_table(path: Path, node: Node, example: Any, model: str, single: str) -> Table:
    """The table at ``path``.

    Args:
        path: where it is.
        node: its schema.
        example: an example of it, or None.
        model: the function's name, for messages.
        single: what a column is called that has no name; several are numbered.

    Raises:
        SchemaError: nothing tells its columns.
    """
    if node.format.startswith(_PANDAS):
        return _PandasTable(path, node, example, model, single).read()
    if node.format == _NUMPY:
        return _numpy_table(path, node, example, model, single)
    assert node.items is not None, "an array has items"
    if node.items.kind == "object":
        return Table(path, "records", "json", node.items.properties, certain=False)
    return Table(path, "items", "json", {single: node.items}, certain=False)


def numbered(name: str, count: int) -> list[str]:
    """Names for the columns of an array that has none."""
    base = "input" if name in _GENERAL else name
    return [name if name not in _GENERAL else base] if count == 1 else [f"{base}_{i}" for i in range(1, count + 1)]


def _numpy_table(path: Path, node: Node, example: Any, model: str, single: str) -> Table:
    item = node.items
    assert item is not None, "an array has items"
    if item.kind == "object":
        return Table(path, "records", "numpy", item.properties, certain=True)
    if item.kind != "array" or item.items is None:
        return Table(path, "items", "numpy", {single: item}, certain=True)
    shape = _shape(example)[1:]
    if single == "prediction" or item.items.kind == "array":
        return Table(path, "items", "numpy", {single: item}, certain=True, shape=shape)
    if not shape:
        raise _no_example(path, "how many columns it has", model)
    return Table(path, "values", "numpy", dict.fromkeys(numbered(single, shape[0]), item.items), certain=True)


def _shape(example: Any) -> tuple[int, ...]:
    lengths = []
    while isinstance(example, list) and example:
        lengths.append(len(example))
        example = example[0]
    return tuple(lengths)


@dataclass(frozen=True, slots=True)
class _PandasTable:
    """A frame of pandas, by the orient that its format names."""

    path: Path
    node: Node
    example: Any
    model: str
    single: str

    def read(self) -> Table:
        orient = self.node.format.removeprefix(_PANDAS)
        readers = {
            "records": self._records,
            "columns": self._columns,
            "index": self._index,
            "split": self._split,
            "values": self._values,
            "table": self._table,
        }
        if orient not in readers:
            raise refusal("type", f"In the description of {self.model}, the form '{orient}' is not known.", self.model)
        return readers[orient]()

    def _records(self) -> Table:
        items = self.node.items
        return self._made("records", items.properties if items is not None else {})

    def _columns(self) -> Table:
        # Each column is described as an object whose members are the example's rows.
        first = {name: next(iter(column.properties.values()), column) for name, column in self.node.properties.items()}
        return self._made("columns", first)

    def _index(self) -> Table:
        return self._made("index", next((row.properties for row in self.node.properties.values()), {}))

    def _split(self) -> Table:
        example = self.example if isinstance(self.example, dict) else {}
        names, data = example.get("columns"), example.get("data")
        if not isinstance(names, list) or not isinstance(data, list):
            raise _no_example(self.path, "which columns it has", self.model)
        return self._made("split", dict(zip(map(str, names), self._by_example(data, len(names)), strict=True)))

    def _values(self) -> Table:
        shape = _shape(self.example)
        if len(shape) < 2:
            raise _no_example(self.path, "how many columns it has", self.model)
        names = numbered(self.single, shape[1])
        return self._made("values", dict(zip(names, self._by_example(self.example, shape[1]), strict=True)))

    def _table(self) -> Table:
        example = self.example if isinstance(self.example, dict) else {}
        described, data = example.get("schema"), self.node.properties.get("data")
        labels = described.get("primaryKey") if isinstance(described, dict) else None
        if labels != ["index"] or data is None or data.items is None:
            raise _no_example(self.path, "the types of its columns, with whole numbers for labels", self.model)
        columns = {name: column for name, column in data.items.properties.items() if name not in labels}
        return self._made("table", columns, {"schema": described})

    def _by_example(self, data: list[Any], width: int) -> list[Node]:
        rows = [row for row in data if isinstance(row, list) and len(row) == width]
        return [by_example([row[i] for row in rows]) for i in range(width)]

    def _made(self, layout: Layout, columns: Mapping[str, Node], template: Mapping[str, Any] | None = None) -> Table:
        return Table(self.path, layout, "pandas", columns, certain=True, template=template or {})


def _no_example(path: Path, what: str, model: str) -> Exception:
    where = f"'{'.'.join(path)}'" if path else "the body"
    return refusal("no_example", f"The description of {model} does not tell of {where} {what}.", model)
