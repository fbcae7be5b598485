"""Every row of a listing that comes a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

__all__ = ["PAGE", "every"]

Row = TypeVar("Row")
Key = TypeVar("Key")

#: How many rows are asked for at once.
PAGE = 500


def every(page: Callable[[Key | None], tuple[Iterable[Row], Key | None]]) -> Iterator[Row]:
    """The rows of all pages; ``page`` gives those after a key, and the key of the next page.

    >>> list(every(lambda after: ([1, 2], 2) if after is None else ([3], None)))
    [1, 2, 3]
    """
    after: Key | None = None
    while True:
        rows, after = page(after)
        yield from rows
        if after is None:
            return
