"""What was changed about assets, by whom and when: written with each change, and read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update

from headwater.access import Actor
from headwater.catalog.chunks import chunked
from headwater.catalog.plain import plain
from headwater.catalog.seeing import may_read
from headwater.catalog.writing import Writing
from headwater.errors import NotFoundError
from headwater.store import Database, tables

__all__ = ["Changed", "HistoryEntry", "history", "record_changes"]

_history = tables.asset_history.c


@dataclass(frozen=True, slots=True)
class Changed:
    """What a value was, and what it is."""

    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One change. ``action`` is ``update``, ``annotate``, ``merge`` …; ``changes`` has values before and after."""

    id: int
    at: datetime
    action: str
    by: str
    by_id: str | None
    changes: Mapping[str, Any]


def record_changes(writing: Writing, action: str, changes: Mapping[int, Mapping[str, Any]], **values: Any) -> list[int]:
    """Put changes of assets, by number, on record, and number the change, so that indexes are told of it.

    Args:
        writing: the write under way.
        action: what was done: ``annotate``, ``merge``, ``labels`` …
        changes: what is told of each asset, as JSON. A :class:`Changed` that changes nothing is left out, and an asset
            of which nothing is left is as it was.
        values: set in the rows of all these assets besides.

    Returns:
        the assets of which anything changed.
    """
    who = {"at": writing.now, "action": action, "by": writing.by, "by_id": writing.by_id}
    changed = {number: told for number, each in changes.items() if (told := _told(each))}
    stamp = {"change": writing.change, "updated_at": writing.now, "updated_by": writing.by} | values
    asset = tables.assets.c
    for chunk in chunked(changed.items()):
        rows = [{"asset_id": number, "changes": told, **who} for number, told in chunk]
        writing.connection.execute(insert(tables.asset_history), rows)
        these = update(tables.assets).where(asset.id.in_([number for number, _ in chunk]))
        writing.connection.execute(these.values(stamp | {"version": asset.version + 1}))
    return list(changed)


def _told(changes: Mapping[str, Any]) -> dict[str, Any]:
    """What of these changes is to be told, as JSON."""
    found = {}
    for name, value in changes.items():
        if not isinstance(value, Changed):
            found[name] = value
        elif value.before != value.after:
            found[name] = {"before": plain(value.before), "after": plain(value.after)}
    return found


def history(
    database: Database, actor: Actor, guid: str, *, limit: int = 50, offset: int = 0
) -> tuple[int, Sequence[HistoryEntry]]:
    """The changes of an asset, the newest first, a page of them and how many there are.

    Raises:
        NotFoundError: there is no such asset to be seen.
    """
    asset = tables.assets.c
    with database.read() as connection:
        number = connection.scalar(select(asset.id).where(asset.guid == guid, may_read(actor)))
        if number is None:
            raise NotFoundError(f"There is no asset '{guid}'.", hint="List the assets, or search for it.")
        of_it = _history.asset_id == number
        total = connection.scalar(select(func.count()).select_from(tables.asset_history).where(of_it)) or 0
        columns = (_history.id, _history.at, _history.action, _history.by, _history.by_id, _history.changes)
        query = select(*columns).where(of_it).order_by(_history.id.desc()).limit(limit).offset(offset)
        return total, [HistoryEntry(*row) for row in connection.execute(query)]
