"""The history of refreshes as a table that people open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from headwater.access import Actor
from headwater.app.refreshing import Refreshing
from headwater.dataflows import EntitySummary, RefreshSummary

__all__ = ["history_csv", "safe_cell"]

_REFRESH = ("id", "dataflow", "status", "trigger", "requested_by", "full", "started_at", "ended_at")
_ENTITY = (
    "entity", "mode", "engine", "rows_read", "rows_written", "rows_scored", "rows_reused", "rows_skipped",
    "rows_inserted", "rows_updated", "rows_deleted", "errors", "bytes", "seconds", "delta_version",
)  # fmt: skip
_PAGE = 500

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def history_csv(refreshing: Refreshing, actor: Actor, name: str) -> str:
    """The refreshes of a dataflow, newest first: a line for each entity, or one for a refresh that has none."""
    written = io.StringIO()
    out = csv.writer(written)
    out.writerow((*_REFRESH, *_ENTITY, "error"))
    for refresh in _every(refreshing, actor, name):
        entities: tuple[EntitySummary | None, ...] = (*refreshing.entities(actor, refresh.id),)
        for entity in entities or (None,):
            out.writerow([safe_cell(cell) for cell in _line(refresh, entity)])
    return written.getvalue()


def safe_cell(value: object) -> object:
    """A cell that no spreadsheet takes for a formula: a text that begins like one gets a ``'`` before it.

    >>> safe_cell('=HYPERLINK("x")'), safe_cell(-1), safe_cell("flights")
    ('\\'=HYPERLINK("x")', -1, 'flights')
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _every(refreshing: Refreshing, actor: Actor, name: str) -> Iterator[RefreshSummary]:
    after = None
    while page := refreshing.list(actor, name, limit=_PAGE, after=after):
        yield from page
        after = page[-1].id


def _line(refresh: RefreshSummary, entity: EntitySummary | None) -> Iterator[object]:
    yield from (getattr(refresh, name) for name in _REFRESH)
    yield from ("" if entity is None else getattr(entity, name) for name in _ENTITY)
    error = refresh.error if entity is None else entity.error
    yield "" if error is None else error["message"]
