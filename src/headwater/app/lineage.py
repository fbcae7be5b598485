"""Lineage as people ask for it: around an asset, now or as of a moment or a refresh."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from headwater import catalog
from headwater.access import Actor
from headwater.app.lineage_formats import FORMS, written
from headwater.catalog import Change, Impact, Lineage, LineageDirection, NeighboursPage, Reached
from headwater.dataflows import history
from headwater.dataflows.history import RefreshSummary
from headwater.errors import UsageError
from headwater.store import Database, utc_now

__all__ = ["LineageService"]


@dataclass(frozen=True, slots=True)
class LineageService:
    """Lineage of what may be seen. ``as_of`` is a moment in ISO 8601, or the id of a refresh: what flowed then.

    All methods raise:
        NotFoundError: there is no such asset or refresh to be seen.
        UsageError: a limit is out of range, ``as_of`` is neither, or the refresh has not ended.
    """

    database: Database

    def graph(
        self,
        actor: Actor,
        guid: str,
        direction: LineageDirection = "both",
        *,
        depth: int = 5,
        width: int = 100,
        as_of: str | None = None,
    ) -> Lineage:
        """The lineage graph around an asset."""
        at = self._moment(actor, as_of)
        return catalog.lineage(self.database, actor, guid, direction, depth=depth, width=width, at=at)

    def reached(
        self, actor: Actor, guid: str, direction: LineageDirection = "both", *, depth: int = 6, as_of: str | None = None
    ) -> Reached:
        """The guids alone of what is up and down of an asset."""
        return catalog.reached(self.database, actor, guid, direction, depth=depth, at=self._moment(actor, as_of))

    def neighbours(
        self,
        actor: Actor,
        guid: str,
        direction: Literal["input", "output"],
        *,
        offset: int = 0,
        limit: int = 100,
        as_of: str | None = None,
    ) -> NeighboursPage:
        """Some of what is one edge away from an asset."""
        at = self._moment(actor, as_of)
        return catalog.neighbours_of(self.database, actor, guid, direction, offset=offset, limit=limit, at=at)

    def impact(self, actor: Actor, guid: str, change: Change = "retire", column: str | None = None) -> Impact:
        """What retiring an asset, or changing one of its columns, hits; NotFoundError: it has no such column."""
        return catalog.impact(self.database, actor, guid, change, column)

    def export(
        self,
        actor: Actor,
        guid: str,
        form: str = "csv",
        direction: str = "both",
        *,
        depth: int | None = None,
        as_of: str | None = None,
    ) -> Iterator[str]:
        """The graph around an asset as text of a form, piece by piece; all that is wrong is told before the first."""
        if form not in FORMS:
            raise UsageError(f"'{form}' is no form of lineage.", hint=f"Use one of {', '.join(FORMS)}.")
        at = self._moment(actor, as_of)
        found = catalog.export_lineage(self.database, actor, guid, direction, depth=depth, at=at)
        return written(found, form, at or utc_now())

    def _moment(self, actor: Actor, as_of: str | None) -> datetime | None:
        if as_of is None:
            return None
        if _is_guid(as_of):
            return _ended(history.get(self.database, actor, as_of))
        try:
            moment = datetime.fromisoformat(as_of)
        except ValueError as error:
            raise UsageError(
                f"'{as_of}' is no moment, and no id of a refresh.", hint="Write it as 2026-03-01T12:00:00Z."
            ) from error
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _ended(refresh: RefreshSummary) -> datetime:
    if refresh.ended_at is None:
        raise UsageError("The refresh has not ended.", hint="Leave as_of out: lineage is of the refresh before it.")
    return refresh.ended_at


def _is_guid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
