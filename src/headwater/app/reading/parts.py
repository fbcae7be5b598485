"""Parts of tables that were just decoded, kept in memory while pages are taken from them.

A table's files are read a row group at a time, and a page is less: without this, each page would decode a group anew.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import partial
from typing import Final

import pyarrow as pa

__all__ = ["PART_ROWS", "Parts"]

PART_ROWS: Final = 131_072
"""How many rows a part has: as many as a row group."""


class Parts:
    """The parts that were used last, as far as they fit into ``most_bytes``."""

    def __init__(self, most_bytes: int = 256 << 20) -> None:
        self._most_bytes = most_bytes
        self._parts: OrderedDict[Hashable, pa.Table] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def rows(self, name: Hashable, offset: int, limit: int, read: Callable[[int, int], pa.Table]) -> pa.Table:
        """Rows from ``offset``, at most ``limit``; ``read(offset, limit)`` gives those that are not here.

        Args:
            name: what the rows are of; what another table or version would be called the same by must not be.
            offset: how many rows to pass over.
            limit: how many to give, at most.
            read: reads rows.
        """
        found = []
        for number in range(offset // PART_ROWS, max(offset + limit - 1, offset) // PART_ROWS + 1):
            start = number * PART_ROWS
            part = self._part((name, number), partial(read, start, PART_ROWS))
            first = max(offset - start, 0)
            found.append(part.slice(first, offset + limit - start - first))
            if part.num_rows < PART_ROWS:
                break
        return pa.concat_tables(found)

    def _part(self, name: Hashable, read: Callable[[], pa.Table]) -> pa.Table:
        with self._lock:
            if name in self._parts:
                self._parts.move_to_end(name)
                return self._parts[name]
        part = read()
        with self._lock:
            if name not in self._parts:
                self._parts[name] = part
                self._bytes += part.nbytes
            while self._bytes > self._most_bytes:
                _, oldest = self._parts.popitem(last=False)
                self._bytes -= oldest.nbytes
        return part
