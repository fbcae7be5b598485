"""The rows beside the index: what filters, facets and orders need of every document, in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from headwater.catalog.search.columns import Column, grown
from headwater.catalog.search.documents import COLUMNS, fields
from headwater.catalog.search.words import fold

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["NAME_HEAD", "Rows", "name_head"]


NAME_HEAD = 16


def name_head(name: str) -> bytes:
    """The first bytes of a folded name."""
    return name[:NAME_HEAD].encode()[:NAME_HEAD].ljust(NAME_HEAD, b"\0")


class Rows:
    """Every document as a row. A row keeps its number while its document lives; then another may have it."""

    def __init__(self) -> None:
        import numpy as np

        self._row_of: dict[int, int] = {}
        self._free: list[int] = []
        self.used = 0
        self._ids: NDArray[np.int64] = np.zeros(1024, dtype=np.int64)
        self._alive: NDArray[np.bool_] = np.zeros(1024, dtype=np.bool_)
        self._created: NDArray[np.int64] = np.zeros(1024, dtype=np.int64)
        self._updated: NDArray[np.int64] = np.zeros(1024, dtype=np.int64)
        # The first bytes of each name, filled up with zeros: they sort as names do, as far as they go.
        self.name_heads: NDArray[np.uint8] = np.zeros((1024, NAME_HEAD), dtype=np.uint8)
        self._scopes: NDArray[np.int32] = np.zeros(1024, dtype=np.int32)
        self._scope_numbers: dict[int, int] = {}
        self.columns = {name: Column() for name in COLUMNS}
        self.guids: list[str] = []
        self.names: list[str] = []
        self.qualified_names: list[str] = []
        self._order: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None

    def __len__(self) -> int:
        return len(self._row_of)

    def __contains__(self, identity: int) -> bool:
        return identity in self._row_of

    @property
    def ids(self) -> NDArray[np.int64]:
        return self._ids[: self.used]

    @property
    def created(self) -> NDArray[np.int64]:
        return self._created[: self.used]

    @property
    def updated(self) -> NDArray[np.int64]:
        return self._updated[: self.used]

    def put(self, records: Sequence[str]) -> None:
        """Add records, as ``documents.encode`` writes them, or set those that are there anew.

        Raises:
            ValueError: they are of another shape.
        """
        import numpy as np

        if not records:
            return
        ids, scopes, created, updated, guids, names, qualified, *values = zip(*map(fields, records), strict=True)
        rows = np.array([self._row(int(identity)) for identity in ids], dtype=np.int64)
        self._make_room()
        self._ids[rows] = list(map(int, ids))
        self._alive[rows] = True
        self._created[rows] = list(map(int, created))
        self._updated[rows] = list(map(int, updated))
        numbers = self._scope_numbers
        self._scopes[rows] = [numbers.setdefault(int(scope), len(numbers)) for scope in scopes]
        for column, joined in zip(self.columns.values(), values, strict=False):
            column.put(rows, joined)
        self._put_names(rows, guids, names, qualified)
        self._order = None

    def _put_names(
        self, rows: NDArray[np.int64], guids: Sequence[str], names: Sequence[str], qualified: Sequence[str]
    ) -> None:
        import numpy as np

        folded = list(map(fold, names))
        for row, guid, name, address in zip(rows.tolist(), guids, folded, map(fold, qualified), strict=True):
            self.guids[row] = guid
            self.names[row] = name
            self.qualified_names[row] = address
        heads = b"".join(map(name_head, folded))
        self.name_heads[rows] = np.frombuffer(heads, dtype=np.uint8).reshape(-1, NAME_HEAD)

    def _row(self, identity: int) -> int:
        row = self._row_of.get(identity)
        if row is None:
            row = self._free.pop() if self._free else self.used
            self._row_of[identity] = row
            self.used = max(self.used, row + 1)
        return row

    def _make_room(self) -> None:
        self._ids = grown(self._ids, self.used)
        self._alive = grown(self._alive, self.used)
        self._created = grown(self._created, self.used)
        self._updated = grown(self._updated, self.used)
        self.name_heads = grown(self.name_heads, self.used)
        self._scopes = grown(self._scopes, self.used)
        missing = self.used - len(self.guids)
        for texts in (self.guids, self.names, self.qualified_names):
            texts.extend([""] * missing)

    def remove(self, identities: Iterable[int]) -> None:
        """Take documents out; those that are not there are none's concern."""
        for identity in identities:
            row = self._row_of.pop(identity, None)
            if row is not None:
                self._alive[row] = False
                self._free.append(row)
        self._order = None

    def keep(self, identities: set[int]) -> None:
        """Take out all but these."""
        self.remove([identity for identity in self._row_of if identity not in identities])

    def readable(self, scopes: frozenset[int] | None) -> NDArray[np.bool_]:
        """Which rows lie in one of the scopes (None: in any)."""
        import numpy as np

        alive = self._alive[: self.used]
        if scopes is None:
            return alive.copy()
        allowed = np.zeros(len(self._scope_numbers) + 1, dtype=np.bool_)
        allowed[list(map(self._scope_numbers.__getitem__, scopes & self._scope_numbers.keys()))] = True
        return alive & allowed[self._scopes[: self.used]]

    def of_ids(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows of documents that are there."""
        import numpy as np

        sorted_ids, rows = self._sorted()
        return rows[np.searchsorted(sorted_ids, ids)]

    def _sorted(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        import numpy as np

        if self._order is None:
            rows = np.flatnonzero(self._alive[: self.used])
            rows = rows[np.argsort(self._ids[rows], kind="stable")]
            self._order = self._ids[rows], rows
        return self._order
