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


def record_changes(
    writing: Writing, changes: Mapping[int, Mapping[str, Changed]], action: str = "annotate"
) -> list[int]:
    """Write down what changed of assets, by number, and number the change; what is as it was is left out.

    Returns the assets of which anything changed.
    """
    rows: list[dict[str, Any]] = []
    for asset_id, each in changes.items():
        told = {
            name: {"before": plain(value.before), "after": plain(value.after)}
            for name, value in each.items()
            if value.before != value.after
        }
        if told:
            who = {"at": writing.now, "by": writing.by, "by_id": writing.by_id}
            rows.append({"asset_id": asset_id, "action": action, "changes": told, **who})
    stamp = {"change": writing.change, "updated_at": writing.now, "updated_by": writing.by}
    for chunk in chunked(rows):
        writing.connection.execute(insert(tables.asset_history), chunk)
        numbers = [row["asset_id"] for row in chunk]
        writing.connection.execute(update(tables.assets).where(tables.assets.c.id.in_(numbers)).values(stamp))
    return [row["asset_id"] for row in rows]


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
