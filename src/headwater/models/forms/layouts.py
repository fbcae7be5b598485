"""The ways in which rows lie in JSON: written from columns, and read as columns.

A row that a service labels (``columns``, ``index``; ``split`` and ``table`` where they tell the label) is found by its
label; in all other layouts the order is that of the batch.

============  ===========================================================================  ============
layout        two rows of columns a and b                                                  names columns
============  ===========================================================================  ============
``records``   [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]                                       yes
``values``    [[1, "x"], [2, "y"]]                                                           no
``items``     [1, 2]: one column alone                                                       no
``lists``     {"a": [1, 2], "b": ["x", "y"]}                                                 yes
``split``     {"columns": ["a", "b"], "index": [0, 1], "data": [[1, "x"], [2, "y"]]}         yes
``columns``   {"a": {"0": 1, "1": 2}, "b": {"0": "x", "1": "y"}}                             yes
``index``     {"0": {"a": 1, "b": "x"}, "1": {"a": 2, "b": "y"}}                             yes
``table``     {"data": [{"index": 0, "a": 1, "b": "x"}, …]}, beside its "schema"             yes
``classic``   {"ColumnNames": ["a", "b"], "Values": [["1", "x"], ["2", "y"]]}                yes
``row``       {"a": 1, "b": "x"}: one row alone                                              yes
``value``     1: one column of one row alone                                                 no
============  ===========================================================================  ============
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal, TypeAlias, get_args

from headwater.models.forms.base import FormError, LengthError

__all__ = ["LAYOUTS", "Columns", "Layout", "read_rows", "single_row", "write_rows"]

Layout: TypeAlias = Literal[
    "records", "values", "items", "lists", "split", "columns", "index", "table", "classic", "row", "value"
]

LAYOUTS: frozenset[Layout] = frozenset(get_args(Layout))

Columns: TypeAlias = list[list[Any]]
"""JSON values column by column."""

#: What pandas calls the labels of rows that have no name of their own.
_LABEL = "index"


def single_row(layout: Layout) -> bool:
    """Whether this layout holds one row and no more."""
    return layout in {"row", "value"}


def write_rows(layout: Layout, names: Sequence[str], columns: Columns, *, omit: Collection[str] = ()) -> Any:
    """The rows of ``columns`` in this layout; where a column in ``omit`` is null, its name is left out.

    >>> write_rows("split", ["a", "b"], [[1, 2], ["x", "y"]])
    {'columns': ['a', 'b'], 'index': [0, 1], 'data': [(1, 'x'), (2, 'y')]}
    """
    match layout:
        case "items" | "value":
            return columns[0] if layout == "items" else columns[0][0]
        case "lists":
            return dict(zip(names, columns, strict=True))
        case "columns":
            labels = [str(i) for i in range(len(columns[0]))]
            return {name: dict(zip(labels, column, strict=True)) for name, column in zip(names, columns, strict=True)}
        case "records" | "row" | "index" | "table":
            return _write_objects(layout, _objects(names, columns, omit))
        case "values" | "split" | "classic":
            return _write_arrays(layout, names, list(zip(*columns, strict=True)))


def _objects(names: Sequence[str], columns: Columns, omit: Collection[str]) -> list[dict[str, Any]]:
    rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    for name in omit:
        for row in rows:
            if row[name] is None:
                del row[name]
    return rows


def _write_objects(layout: Layout, rows: list[dict[str, Any]]) -> Any:
    if layout == "records":
        return rows
    if layout == "row":
        return rows[0]
    if layout == "index":
        return {str(i): row for i, row in enumerate(rows)}
    return {"data": [{_LABEL: i, **row} for i, row in enumerate(rows)]}


def _write_arrays(layout: Layout, names: Sequence[str], rows: list[tuple[Any, ...]]) -> Any:
    if layout == "values":
        return rows
    if layout == "split":
        return {"columns": list(names), "index": list(range(len(rows))), "data": rows}
    return {"ColumnNames": list(names), "Values": [[_text(value) for value in row] for row in rows]}


def _text(value: Any) -> str | None:
    """A cell of a classic web service: all of them are texts."""
    if value is None or isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else repr(value)


def read_rows(layout: Layout, value: Any, names: Sequence[str], rows: int) -> Columns:
    """The columns ``names`` of an answer in this layout, ``rows`` values each.

    Raises:
        FormError: it is not laid out so, or lacks a column.
        LengthError: it has another number of rows.

    >>> read_rows("columns", {"p": {"1": 20, "0": 10}}, ["p"], 2)
    [[10, 20]]
    """
    return _READERS[layout](value, names, rows)


def _read_items(value: Any, names: Sequence[str], rows: int) -> Columns:
    return [_counted(_listed(value), rows)]


def _read_value(value: Any, names: Sequence[str], rows: int) -> Columns:
    return [_counted([value], rows)]


def _read_row(value: Any, names: Sequence[str], rows: int) -> Columns:
    return _by_name(_counted([value], rows), names)


def _read_records(value: Any, names: Sequence[str], rows: int) -> Columns:
    return _by_name(_counted(_listed(value), rows), names)


def _read_values(value: Any, names: Sequence[str], rows: int) -> Columns:
    return _by_position(_counted(_listed(value), rows), len(names))


def _read_lists(value: Any, names: Sequence[str], rows: int) -> Columns:
    return [_counted(_listed(column), rows) for column in _members(_mapped(value), names)]


def _read_columns(value: Any, names: Sequence[str], rows: int) -> Columns:
    return [_by_label(_mapped(column), rows) for column in _members(_mapped(value), names)]


def _read_index(value: Any, names: Sequence[str], rows: int) -> Columns:
    return _by_name(_by_label(_mapped(value), rows), names)


def _read_table(value: Any, names: Sequence[str], rows: int) -> Columns:
    records = _counted(_listed(_mapped(value).get("data")), rows)
    labels = [record.get(_LABEL) if isinstance(record, dict) else None for record in records]
    return _by_name(_in_order(records, labels), names)


def _read_split(value: Any, names: Sequence[str], rows: int) -> Columns:
    answer = _mapped(value)
    data = _counted(_listed(answer.get("data")), rows)
    found = answer.get("columns")
    labels = answer.get("index")
    ordered = _in_order(data, labels if isinstance(labels, list) else [])
    return _by_position(ordered, len(names), _positions(found, names))


def _read_classic(value: Any, names: Sequence[str], rows: int) -> Columns:
    answer = _mapped(value)
    table = answer.get("value", answer)
    data = _counted(_listed(_mapped(table).get("Values")), rows)
    positions = _positions(table.get("ColumnNames"), names)
    if positions is None:
        raise FormError("the answer does not name its columns")
    return _by_position(data, len(names), positions)


_READERS: Mapping[Layout, Callable[[Any, Sequence[str], int], Columns]] = {
    "records": _read_records,
    "values": _read_values,
    "items": _read_items,
    "lists": _read_lists,
    "split": _read_split,
    "columns": _read_columns,
    "index": _read_index,
    "table": _read_table,
    "classic": _read_classic,
    "row": _read_row,
    "value": _read_value,
}


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise FormError("the answer has no list of rows where one should be")
    return value


def _mapped(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise FormError("the answer has no object where one should be")
    return value


def _counted(values: list[Any], rows: int) -> list[Any]:
    if len(values) != rows:
        raise LengthError(f"{len(values)} rows for {rows}")
    return values


def _members(answer: Mapping[str, Any], names: Sequence[str]) -> list[Any]:
    missing = [name for name in names if name not in answer]
    if missing:
        raise FormError(f"the answer lacks {', '.join(repr(name) for name in missing)}")
    return [answer[name] for name in names]


def _by_name(records: list[Any], names: Sequence[str]) -> Columns:
    try:
        return [[record[name] for record in records] for name in names]
    except (KeyError, TypeError, IndexError):
        raise FormError(f"not every row of the answer is an object with {', '.join(map(repr, names))}") from None


def _by_position(data: list[Any], width: int, positions: Sequence[int] | None = None) -> Columns:
    wanted = range(width) if positions is None else positions
    least = max(wanted, default=-1) + 1
    for row in data:
        if not isinstance(row, list) or len(row) < least or (positions is None and len(row) != width):
            raise FormError(f"not every row of the answer is a list of {width} values")
    return [[row[i] for row in data] for i in wanted]


def _positions(found: Any, names: Sequence[str]) -> list[int] | None:
    """Where each column is; None where the answer names none of them."""
    if not isinstance(found, list):
        return None
    missing = [name for name in names if name not in found]
    if missing:
        raise FormError(f"the answer lacks {', '.join(repr(name) for name in missing)}")
    return [found.index(name) for name in names]


def _by_label(labelled: Mapping[str, Any], rows: int) -> list[Any]:
    """The values in the order of the labels that were sent: "0", "1", …"""
    _counted(list(labelled), rows)
    try:
        return [labelled[str(i)] for i in range(rows)]
    except KeyError:
        raise FormError("the rows of the answer have other labels than those that were sent") from None


def _in_order(data: list[Any], labels: list[Any]) -> list[Any]:
    """The rows as they were sent, where the answer says by their labels that it has them in another order."""
    if labels == list(range(len(data))) or not all(isinstance(label, int) for label in labels):
        return data
    if sorted(labels) != list(range(len(data))):
        return data
    return [row for _, row in sorted(zip(labels, data, strict=True), key=lambda pair: pair[0])]
