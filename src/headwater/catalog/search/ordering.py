"""Which of the found rows come first, and where the next page begins."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwater.catalog.search.requests import ORDERS, Direction
from headwater.catalog.search.rows import Rows
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
        self._scores = scores
        self._keys: list[tuple[str, bool]] = []
        for name, direction in order_by or [("relevance", "desc")]:
            if name not in ORDERS or direction not in ("asc", "desc"):
                raise UsageError(
                    f"There is no order '{str(name)[:80]}'.", hint=f"Orders are {', '.join(ORDERS)}, asc or desc."
                )
            self._keys.append((ORDERS[name], direction == "desc"))

    def page(self, found: NDArray[np.int64], offset: int, limit: int) -> list[int]:
        """The rows of a page, in order."""
        return self._first(found, offset + limit)[offset:]

    def following(self, found: NDArray[np.int64], token: str, limit: int) -> list[int]:
        """The rows that follow the one that a token was made of, whether or not it is still there.

        Raises:
            UsageError: the token is none of this order's.
        """
        last = self._read(token)
        primary = self._primary(found)
        edge = self._edge(last)
        beyond = found[primary > edge]
        level = [row for row in found[primary == edge].tolist() if self._comparable(row) > self._comparable_key(last)]
        if len(level) >= limit:
            return sorted(level, key=self._comparable)[:limit]
        return sorted(level, key=self._comparable) + self._first(beyond, limit - len(level))

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

    def _first(self, found: NDArray[np.int64], count: int) -> list[int]:
        """The first rows in order: a cut by the first key, which is a number, and the rest exactly."""
        import numpy as np

        if count <= 0:
            return []
        if count < len(found):
            primary = self._primary(found)
            edge = np.partition(primary, count - 1)[count - 1]
            found = found[primary <= edge]
        return sorted(found.tolist(), key=self._comparable)[:count]

    def _primary(self, found: NDArray[np.int64]) -> NDArray[Any]:
        """The first key as numbers, the smaller the earlier; equal where it is a name that begins alike."""
        name, descending = self._keys[0]
        if name == "name":
            heads = self._rows.name_heads[found]
            return ~heads if descending else heads
        values: NDArray[Any]
        if name == "relevance":
            values = self._scores[found]
        else:
            values = {"updated": self._rows.updated, "created": self._rows.created, "id": self._rows.ids}[name][found]
        return -values if descending else values

    def _edge(self, key: _Key) -> Any:
        import numpy as np

        name, descending = self._keys[0]
        if name == "name":
            head = np.uint64(int.from_bytes(key[0].encode()[:8].ljust(8, b"\0"), "big"))
            return ~head if descending else head
        value = np.float32(key[0]) if name == "relevance" else np.int64(key[0])
        return -value if descending else value

    def _key(self, row: int) -> _Key:
        return (*(self._value(name, row) for name, _ in self._keys), int(self._rows.ids[row]))

    def _value(self, name: str, row: int) -> Any:
        if name == "name":
            return self._rows.names[row]
        if name == "relevance":
            return float(self._scores[row])
        return int({"updated": self._rows.updated, "created": self._rows.created, "id": self._rows.ids}[name][row])

    def _comparable(self, row: int) -> _Key:
        return self._comparable_key(self._key(row))

    def _comparable_key(self, key: _Key) -> _Key:
        turned = [
            (_Reversed(value) if name == "name" else -value) if descending else value
            for (name, descending), value in zip(self._keys, key, strict=False)
        ]
        return (*turned, key[-1])
