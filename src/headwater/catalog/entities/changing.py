"""One change to assets that there are, and who may make it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from headwater.access import Action, Actor
from headwater.catalog.entities.finding import Target, check_rights, find_all
from headwater.catalog.writing import Writing, begin_writing
from headwater.store import Database, utc_now

__all__ = ["Changing", "changing"]


@dataclass(frozen=True, slots=True)
class Changing:
    """A change under way: its transaction, and the rows of the assets as they were."""

    writing: Writing
    rows: Sequence[Row[Any]]


@contextmanager
def changing(database: Database, actor: Actor, targets: Sequence[Target], action: Action) -> Iterator[Changing]:
    """A transaction in which these assets may be changed; they are as they were read until it ends.

    Raises:
        NotFoundError: one of them is not there, or may not be seen.
        ForbiddenError: the actor may not do ``action`` with one of them.
    """
    with database.begin() as connection:
        writing = begin_writing(connection, now=utc_now(), by=actor.name, by_id=actor.user_id)
        rows = find_all(connection, actor, writing.types, targets)
        check_rights(connection, actor, action, rows)
        yield Changing(writing, rows)
