"""Which of the found rows come first, and where the next page begins."""

from __future__ import annotations

import base64
import binascii
import heapq
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwater.catalog.search.requests import ORDERS, Direction
from headwater.catalog.search.rows import Rows, name_head
from headwater.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Ordering"]

_Key = tuple[Any, ...]
_KINDS: dict[str, tuple[type, ...]] = {"name": (str,), "relevance": (int, float)}


@dataclass(frozen=True, slots=True, order=False)
class _Reversed:
    """Text that sorts the other way round."""

    text: str

    def __lt__(self, other: _Reversed) -> bool:
        return other.text < self.text


class Ordering:
    """An order over rows: several keys, and ties by the document's number.

    Raises:
        UsageError: there is no such order.
    """

    def __init__(self, rows: Rows, scores: NDArray[np.float32], order_by: Sequence[tuple[str, Direction]]) -> None:
        self._rows = rows
        self._columns: dict[str, NDArray[Any]] = {
            "relevance": scores,
            "updated": rows.updated,
            "created": rows.created,
            "id": rows.ids,
        }
        self._keys: list[tuple[str, bool]] = []
        for name, direction in order_by or [("relevance", "desc")]:
            if name not in ORDERS or direction not in ("asc", "desc"):
                raise UsageError(
                    f"There is no order '{str(name)[:80]}'.", hint=f"Orders are {', '.join(ORDERS)}, asc or desc."
                )
            self._keys.append((ORDERS[name], direction == "desc"))

    def page(self, found: NDArray[np.int64], offset: int, limit: int) -> list[int]:
        """The rows of a page, in order. Only they are sorted: those before them are told apart and left out."""
        import numpy as np

        first = self._first(found, offset + limit)
        if offset:
            first = np.setdiff1d(first, self._first(found, offset), assume_unique=True)
        return sorted(first.tolist(), key=self._comparable)

    def following(self, found: NDArray[np.int64], token: str, limit: int) -> list[int]:
        """The rows that follow the one that a token was made of, whether or not it is still there.

        Raises:
            UsageError: the token is none of this order's.
        """
        import numpy as np

        last = self._read(token)
        primary, edge = self._numbers(0, found), self._edge(last)
        bound = self._comparable_key(last)
        level = [row for row in found[primary == edge].tolist() if self._comparable(row) > bound]
        return self.page(np.concatenate([np.array(level, dtype=np.int64), found[primary > edge]]), 0, limit)

    def token(self, row: int) -> str:
        """What asks for the rows after this one."""
        text = json.dumps([self._keys, self._key(row)])
        return base64.urlsafe_b64encode(text.encode()).decode()

    def _read(self, token: str) -> _Key:
        try:
            keys, last = json.loads(base64.urlsafe_b64decode(token.encode()))
            if [tuple(key) for key in keys] == self._keys and self._is_key(last):
                return tuple(last)
        except (binascii.Error, ValueError, TypeError):
            pass
        raise UsageError(
            "The continuation is not one of this search.",
            hint="Send back what the last page gave, with the same order.",
        )

    def _is_key(self, last: Any) -> bool:
        kinds = [_KINDS.get(name, (int,)) for name, _ in self._keys] + [(int,)]
        return (
            isinstance(last, list)
            and len(last) == len(kinds)
            and all(isinstance(value, kind) for value, kind in zip(last, kinds, strict=True))
        )

    def _first(self, found: NDArray[np.int64], count: int) -> NDArray[np.int64]:
        """The rows that come first, in no order: cut by the first key, those on the edge by the next, and so on."""
        import numpy as np

        certain = [found[:0]]
        for key in range(len(self._keys)):
            if len(found) > count > 0:
                before, found = self._cut(self._numbers(key, found), found, count)
                certain.append(before)
                count -= len(before)
            if len(found) > count > 0 and self._keys[key][0] == "name":
                before, found = self._cut_by_name(self._keys[key][1], found, count)
                certain.append(before)
                count -= len(before)
        if len(found) > count > 0:
            found = found[np.argpartition(self._rows.ids[found], count - 1)]
        return np.concatenate([*certain, found[: max(count, 0)]])

    @staticmethod
    def _cut(values: NDArray[Any], found: NDArray[np.int64], count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows that are certainly among the first, and those that tie for the rest."""
        import numpy as np

        edge = np.partition(values, count - 1)[count - 1]
        return found[values < edge], found[values == edge]

    def _cut_by_name(
        self, descending: bool, found: NDArray[np.int64], count: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The same for names that begin alike."""
        import numpy as np

        names = [self._rows.names[row] for row in found.tolist()]
        edge = (heapq.nlargest if descending else heapq.nsmallest)(count, names)[-1]
        before = [name > edge for name in names] if descending else [name < edge for name in names]
        return found[np.array(before)], found[np.array([name == edge for name in names])]

    def _numbers(self, key: int, found: NDArray[np.int64]) -> NDArray[Any]:
        """A key as numbers, the smaller the earlier; equal where it is a name that begins alike."""
        name, descending = self._keys[key]
        if name == "name":
            heads = _as_numbers(self._rows.name_heads[found])
            return ~heads if descending else heads
        values: NDArray[Any] = self._columns[name][found]
        return -values if descending else values

    def _edge(self, key: _Key) -> Any:
        import numpy as np

        name, descending = self._keys[0]
        if name == "name":
            head = _as_numbers(np.frombuffer(name_head(key[0]), dtype=np.uint8).reshape(1, -1))[0]
            return ~head if descending else head
        value = np.float32(key[0]) if name == "relevance" else np.int64(key[0])
        return -value if descending else value

    def _key(self, row: int) -> _Key:
        return (*(self._value(name, row) for name, _ in self._keys), int(self._rows.ids[row]))

    def _value(self, name: str, row: int) -> Any:
        return self._rows.names[row] if name == "name" else self._columns[name][row].item()

    def _comparable(self, row: int) -> _Key:
        return self._comparable_key(self._key(row))

    def _comparable_key(self, key: _Key) -> _Key:
        turned = [
            (_Reversed(value) if name == "name" else -value) if descending else value
            for (name, descending), value in zip(self._keys, key, strict=False)
        ]
        return (*turned, key[-1])


def _as_numbers(heads: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """The first eight bytes of names as numbers that sort as they do."""
    import numpy as np

    return np.ascontiguousarray(heads[:, :8]).view(">u8").ravel().astype(np.uint64)
