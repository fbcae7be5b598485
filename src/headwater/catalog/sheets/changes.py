"""What importing a sheet changes, or would change, line by line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection

from headwater.catalog.history import Changed
from headwater.store import Database

__all__ = ["LineChanges", "carried_out"]

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class LineChanges:
    """What one line of a file changes of what it is about: by name, what it was and what it is."""

    line: int
    about: str
    guid: str
    changes: Mapping[str, Changed]


def carried_out(database: Database, work: Callable[[Connection], Result], *, dry_run: bool) -> Result:
    """Do some work in a transaction; on a dry run all of it is undone, and what it told remains."""
    with database.begin() as connection, connection.begin_nested() as savepoint:
        result = work(connection)
        if dry_run:
            savepoint.rollback()
        return result
