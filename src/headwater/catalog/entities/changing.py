"""One change to assets that there are: who may make it, what is on record of it, what indexes are told of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, insert, update

from headwater.access import Action, Actor
from headwater.catalog.chunks import chunked
from headwater.catalog.entities.finding import Target, check_rights, find_all
from headwater.catalog.writing import Writing, begin_writing
from headwater.store import Database, tables, utc_now

__all__ = ["Changing", "changing", "record_changes"]


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


def record_changes(writing: Writing, what: str, changes: Mapping[int, Mapping[str, Any]], **values: Any) -> None:
    """Put changes of assets, by number, on record, and tell indexes of them; ``values`` are set in all the rows."""
    asset = tables.assets.c
    told = {"change": writing.change, "updated_at": writing.now, "updated_by": writing.by} | values
    for chunk in chunked(changes.items()):
        numbers = [number for number, _ in chunk]
        changed = update(tables.assets).where(asset.id.in_(numbers)).values(told | {"version": asset.version + 1})
        writing.connection.execute(changed)
        by = {"at": writing.now, "action": what, "by_id": writing.by_id, "by": writing.by}
        rows = [{"asset_id": number, "changes": dict(change), **by} for number, change in chunk]
        writing.connection.execute(insert(tables.asset_history), rows)
