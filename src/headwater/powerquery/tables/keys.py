"""Keys of groups, joins and distinct rows: cells that are equal as ``=`` has it, and NaN one value like any other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from headwater.plan import types as p
from headwater.powerquery.values.core import Value
from headwater.powerquery.values.equality import equal, hashable

_T = TypeVar("_T")

UNKEYED = frozenset({p.Kind.RECORD, p.Kind.LIST, p.Kind.DATETIMEZONE})
"""Kinds that engines tell apart by their parts, and M by less: two moments are equal whatever their offsets."""


class KeyIndex(Generic[_T]):
    """Items under the evaluated cells of their keys, in the order in which the keys came.

    >>> found = KeyIndex()
    >>> [found.add(key, item) for key, item in (([float("nan")], "a"), ([float("nan")], "b"), ([None], "c"))]
    [True, False, True]
    >>> [items for _, items in found.groups], found.find([0])
    ([['a', 'b'], ['c']], [])
    """

    def __init__(self) -> None:
        self.groups: list[tuple[Sequence[Value], list[_T]]] = []
        self._buckets: dict[tuple[Any, ...], list[tuple[Sequence[Value], list[_T]]]] = {}

    def find(self, key: Sequence[Value]) -> list[_T]:
        """The items of this key, in the order in which they were added."""
        return next((items for known, items in self._alike(key) if same_cells(known, key)), [])

    def add(self, key: Sequence[Value], item: _T) -> bool:
        """Take in an item; True when it is the first of its key."""
        alike = self._alike(key)
        items = next((items for known, items in alike if same_cells(known, key)), None)
        if items is not None:
            items.append(item)
            return False
        alike.append((key, [item]))
        self.groups.append(alike[-1])
        return True

    def _alike(self, key: Sequence[Value]) -> list[tuple[Sequence[Value], list[_T]]]:
        return self._buckets.setdefault(tuple("nan" if _is_nan(cell) else hashable(cell) for cell in key), [])


def _is_nan(cell: Value) -> bool:
    return isinstance(cell, float) and math.isnan(cell)


def same_cells(left: Sequence[Value], right: Sequence[Value]) -> bool:
    """Whether two keys are equal cell by cell; NaN is like NaN here."""
    return all((_is_nan(a) and _is_nan(b)) or equal(a, b) for a, b in zip(left, right, strict=True))
