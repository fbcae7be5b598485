"""Which rows of a table equal which given rows: the argument ``equationCriteria`` of functions on tables.

It names columns, or gives a function of the row, a comparer, or pairs of a column (or function) and a comparer. Without
it, rows are equal where the fields of the given row are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from headwater.errors import MError
from headwater.powerquery.library.arguments import caller, function_of
from headwater.powerquery.library.collation import text_key
from headwater.powerquery.library.criteria import Equation, equation_of
from headwater.powerquery.tables.columns import missing_column
from headwater.powerquery.values.core import List, Record, Value, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.operators import cannot_convert
from headwater.powerquery.values.table import Table

Part = tuple[Callable[[Record], Value], Equation]
"""What to look at in a row, and how two of those are told apart."""


def _field(name: str) -> Callable[[Record], Value]:
    def read(row: Record) -> Value:
        if name not in row:
            raise MError("Expression.Error", f"The field '{name}' of the record wasn't found.", row)
        return row.get(name)

    return read


def _whole_row(row: Record) -> Value:
    return row


def parts_of(criteria: Value, table: Table, given: Sequence[str]) -> list[Part]:
    """What rows of ``table`` and a row with the fields ``given`` are compared by.

    Raises:
        MError: Expression.Error, the criteria are of no form that the head of this module lists, or name a column that
            is not there.
    """
    criteria = plain(criteria)
    if criteria is None:
        return [_part(name, None, table, given) for name in given]
    if not isinstance(criteria, List):
        return _single(criteria, table, given)
    items = list(criteria.plain())
    if len(items) == 2 and isinstance(items[0], str | Function) and _is_comparer(items[1]):
        return [_part(items[0], items[1], table, given)]
    return [part for item in items for part in _listed(item, table, given)]


def _is_comparer(value: Value) -> bool:
    return isinstance(value, Function) and (_compares_texts(value) or not equation_of(value).hashes)


def _compares_texts(value: Value) -> bool:
    return isinstance(value, Function) and text_key(value) is not None


def _listed(item: Value, table: Table, given: Sequence[str]) -> list[Part]:
    if not isinstance(item, List):
        return _single(item, table, given)
    key, *comparer = list(item.plain())
    return [_part(key, comparer[0] if comparer else None, table, given)]


def _single(criterion: Value, table: Table, given: Sequence[str]) -> list[Part]:
    if isinstance(criterion, str):
        return [_part(criterion, None, table, given)]
    if _compares_texts(criterion):  # a comparer of texts compares the texts within rows
        return [_part(name, criterion, table, given) for name in given]
    return [(_whole_row, equation_of(function_of(criterion)))]


def _part(key: Value, comparer: Value, table: Table, given: Sequence[str]) -> Part:
    equation = equation_of(comparer)
    if isinstance(key, str):
        if key not in table.index:
            raise missing_column(key)
        return _field(key), equation
    if isinstance(key, Function):
        return caller(key, 1), equation
    raise cannot_convert(key, "Function")


class GivenRows:
    """Given rows, to be found among those of a table."""

    def __init__(self, table: Table, rows: Sequence[Record], criteria: Value) -> None:
        self._groups: dict[tuple[str, ...], _Group] = {}
        for at, row in enumerate(rows):
            if row.names not in self._groups:
                self._groups[row.names] = _Group(parts_of(criteria, table, row.names))
            self._groups[row.names].add(row, at)

    def like(self, row: Record) -> Iterator[int]:
        """The places of the given rows that a row equals."""
        for group in self._groups.values():
            yield from group.like(row)

    def has(self, row: Record) -> bool:
        """Whether a row equals one of the given rows."""
        return next(self.like(row), None) is not None


class _Group:
    """Given rows that have the same fields, under keys that hash where the criteria let them."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        self._buckets: dict[tuple[Any, ...], list[tuple[list[Value], int]]] = {}

    def _keys(self, row: Record) -> tuple[list[Value], tuple[Any, ...]]:
        keys = [equation.key(read(row)) for read, equation in self._parts]
        return keys, tuple(equation.bucket(key) for key, (_, equation) in zip(keys, self._parts, strict=True))

    def add(self, row: Record, at: int) -> None:
        """Take in a given row."""
        keys, bucket = self._keys(row)
        self._buckets.setdefault(bucket, []).append((keys, at))

    def like(self, row: Record) -> Iterator[int]:
        """The places of the given rows that a row equals."""
        keys, bucket = self._keys(row)
        for given, at in self._buckets.get(bucket, ()):
            if all(e.test(key, other) for key, other, (_, e) in zip(keys, given, self._parts, strict=True)):
                yield at
