"""Insights, for whoever asks: every number is of what they may see."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from headwater.access import Actor
from headwater.app.insights.counting import AssetCounts, counted, labels_counted, readable, readable_assets
from headwater.app.insights.models import ModelUse, ScoringDay, model_use, scoring
from headwater.app.insights.scans import ScanHealth, scan_health
from headwater.app.insights.snapshots import DayCounts, days
from headwater.errors import UsageError
from headwater.store import Database, tables, utc_now

__all__ = ["Insights", "LabelCount", "TermCounts", "UnownedAsset", "as_csv"]

_asset = tables.assets.c
_MOST_DAYS = 800


@dataclass(frozen=True, slots=True)
class LabelCount:
    """Of how many assets and columns there is a label; ``how``: accepted, suggested, rejected or inherited."""

    kind: str
    name: str
    how: str
    count: int


@dataclass(frozen=True, slots=True)
class TermCounts:
    """The terms of a glossary in a status, and how many of them any asset that may be seen has."""

    glossary: str
    status: str
    terms: int
    used: int


@dataclass(frozen=True, slots=True)
class UnownedAsset:
    """An asset that has no owner."""

    guid: str
    type_name: str
    display_name: str
    qualified_name: str
    collection: str
    created_at: datetime


class Insights:
    """Counts of the catalog, and of the use of models."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def assets(self, actor: Actor) -> Sequence[AssetCounts]:
        """Assets as they are now, by collection and type, with what is said of them."""
        place = tables.collections.c.name
        query = counted(place, _asset.type_name).where(readable_assets(actor)).order_by(place, _asset.type_name)
        with self._database.read() as connection:
            return [AssetCounts(*row) for row in connection.execute(query)]

    def assets_over_time(self, actor: Actor, *, for_days: int = 90) -> Sequence[DayCounts]:
        """Assets day by day, and today as they are now: what was counted then of what may be seen now.

        Raises:
            UsageError: more days than are kept.
        """
        today = f"{utc_now():%Y-%m-%d}"
        with self._database.read() as connection:
            before = [each for each in days(connection, actor, _since(for_days)) if each.day < today]
        live = [DayCounts(today, *(getattr(each, field.name) for field in fields(each))) for each in self.assets(actor)]
        return [*before, *live]

    def labels(self, actor: Actor) -> Sequence[LabelCount]:
        """Classifications, labels and sensitivity labels, and of how many assets and columns they are."""
        with self._database.read() as connection:
            return [LabelCount(*each) for each in labels_counted(connection, actor)]

    def terms(self, actor: Actor) -> Sequence[TermCounts]:
        """The terms of glossaries by their status; nothing for who may see no asset."""
        with self._database.read() as connection:
            if not connection.scalar(select(func.count()).where(readable_assets(actor))):
                return []
            return _terms(connection, actor)

    def unowned(self, actor: Actor, *, limit: int = 100, offset: int = 0) -> tuple[int, Sequence[UnownedAsset]]:
        """Assets without an owner, a page of them, and how many there are."""
        contact, place = tables.asset_contacts.c, tables.collections.c
        owned = select(contact.asset_id).where(func.lower(contact.kind) == "owner")
        columns = (_asset.guid, _asset.type_name, _asset.display_name, _asset.qualified_name)
        query = (
            select(*columns, place.name, _asset.created_at)
            .join(tables.collections, place.id == _asset.collection_id)
            .where(readable_assets(actor), _asset.id.not_in(owned))
        )
        with self._database.read() as connection:
            total = connection.execute(select(func.count()).select_from(query.subquery())).scalar_one()
            rows = connection.execute(query.order_by(_asset.type_name, _asset.id).limit(limit).offset(offset))
            return total, [UnownedAsset(*row) for row in rows]

    def models(self, actor: Actor, *, for_days: int = 90, stale_days: int = 90) -> Sequence[ModelUse]:
        """Models with their use of the last days, the most used first; UsageError for more days than are kept."""
        _since(stale_days)
        with self._database.read() as connection:
            return model_use(connection, actor, since=_since(for_days), stale_days=stale_days)

    def scoring(self, actor: Actor, *, for_days: int = 90) -> Sequence[ScoringDay]:
        """What calls of models came to, by day, model, version and dataflow; UsageError as above."""
        with self._database.read() as connection:
            return scoring(connection, actor, _since(for_days))

    def scans(self, actor: Actor) -> Sequence[ScanHealth]:
        """How the scans of each source go, those that fail first."""
        with self._database.read() as connection:
            return scan_health(connection, actor)


def as_csv(kind: type[Any], rows: Iterable[Any]) -> str:
    """Rows of an insight as CSV, the names of its fields first.

    >>> as_csv(LabelCount, [LabelCount("label", "a,b", "accepted", 2)]).splitlines()
    ['kind,name,how,count', 'label,"a,b",accepted,2']
    """
    names = [field.name for field in fields(kind)]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(names)
    writer.writerows([_cell(getattr(row, name)) for name in names] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    # A sheet takes what begins so for a formula, which somebody may have put into a name.
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def _since(for_days: int) -> str:
    if not 1 <= for_days <= _MOST_DAYS:
        raise UsageError(f"Between 1 and {_MOST_DAYS} days are looked at.", hint="Ask for fewer.")
    return f"{utc_now() - timedelta(days=for_days):%Y-%m-%d}"


def _terms(connection: Connection, actor: Actor) -> Sequence[TermCounts]:
    given, term, glossary = tables.asset_terms.c, tables.glossary_terms.c, tables.glossaries.c
    seen = select(given.term_id).join(tables.assets, _asset.id == given.asset_id).where(readable(actor))
    used = func.count().filter(term.id.in_(seen))
    query = (
        select(glossary.name, term.status, func.count(), used)
        .join(tables.glossaries, glossary.id == term.glossary_id)
        .group_by(glossary.name, term.status)
        .order_by(glossary.name, term.status)
    )
    return [TermCounts(*row) for row in connection.execute(query)]
