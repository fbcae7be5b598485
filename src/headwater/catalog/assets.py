"""Assets: written by whoever sees them, read by everybody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

from headwater.access import Action, Actor, allowed_to
from headwater.catalog.columns import columns_of
from headwater.catalog.records import AssetRecord, AssetRef, ColumnRecord
from headwater.catalog.writing import write_assets
from headwater.errors import NotFoundError
from headwater.store import Database, tables, utc_now

__all__ = ["Asset", "AssetService", "AssetSummary"]

MAX_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class AssetSummary:
    """An asset as a listing shows it. ``collection`` is the collection's name."""

    guid: str
    type_name: str
    qualified_name: str
    display_name: str
    collection: str


@dataclass(frozen=True, slots=True)
class Asset(AssetSummary):
    """An asset in full. ``status`` is ``active``, ``missing`` or ``deleted``."""

    attributes: Mapping[str, Any]
    columns: tuple[ColumnRecord, ...]
    status: str
    created_at: datetime
    updated_at: datetime


class AssetService:
    """Writes and reads assets."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def upsert(self, batch: Iterable[AssetRecord]) -> dict[AssetRef, str]:
        """Write sightings in one transaction; returns each asset's guid.

        Writing the same batch again changes nothing but when the assets were last seen.

        Raises:
            UsageError: an unknown type or collection, or no name.
            NotFoundError: a parent that does not exist.
        """
        with self._database.begin() as connection:
            return write_assets(connection, batch, now=utc_now())

    def get(self, actor: Actor, guid: str) -> Asset:
        """One asset by its guid, also one that is missing or deleted; NotFoundError when there is none to be seen."""
        found = self._one(actor, tables.assets.c.guid == guid)
        if found is None:
            raise NotFoundError(f"There is no asset '{guid}'.", hint="List the assets, or look at the lineage anew.")
        return found

    def find(self, actor: Actor, type_name: str, qualified_name: str) -> Asset | None:
        """One asset by its identity, also one that is missing or deleted; None when there is none to be seen."""
        asset = tables.assets.c
        return self._one(actor, asset.type_name == type_name, asset.qualified_name == qualified_name)

    def counts_by_type(self, actor: Actor, collection: str | None = None) -> dict[str, int]:
        """How many active assets there are to be seen of each type that has any."""
        listed = _listing(actor, None, collection).subquery()
        query = select(listed.c.type_name, func.count()).group_by(listed.c.type_name).order_by(listed.c.type_name)
        with self._database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def list(
        self, actor: Actor, type: str | None = None, collection: str | None = None, *, limit: int = 50, offset: int = 0
    ) -> tuple[int, Sequence[AssetSummary]]:
        """A page of the active assets, by type and name, with how many there are to be seen in all.

        ``limit`` is at most 1,000.
        """
        listed, asset = _listing(actor, type, collection), tables.assets.c
        page = listed.order_by(asset.type_name, asset.display_name, asset.qualified_name)
        with self._database.read() as connection:
            total = connection.scalar(select(func.count()).select_from(listed.subquery())) or 0
            rows = connection.execute(page.limit(max(0, min(limit, MAX_PAGE))).offset(max(0, offset)))
            return total, [AssetSummary(**row._mapping) for row in rows]

    def _one(self, actor: Actor, *conditions: Any) -> Asset | None:
        asset = tables.assets.c
        query = (
            _summaries(actor)
            .add_columns(asset.id, asset.attributes, asset.status, asset.created_at, asset.updated_at)
            .where(*conditions)
        )
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
            return None if row is None else _asset(connection, row)


def _summaries(actor: Actor) -> Select[Any]:
    """The one query behind every reading of assets."""
    asset = tables.assets.c
    return (
        select(
            asset.guid,
            asset.type_name,
            asset.qualified_name,
            asset.display_name,
            tables.collections.c.name.label("collection"),
        )
        .join(tables.collections, tables.collections.c.id == asset.collection_id)
        .where(asset.scope_id.in_(allowed_to(actor, Action.ASSET_READ)))
    )


def _listing(actor: Actor, type_name: str | None, collection: str | None) -> Select[Any]:
    """The one query behind every listing and count of assets."""
    query = _summaries(actor).where(tables.assets.c.status == "active")
    if type_name is None:
        # Columns are listed with what they are of.
        query = query.where(tables.assets.c.type_name != "column")
    else:
        query = query.where(tables.assets.c.type_name == type_name)
    if collection is not None:
        query = query.where(tables.collections.c.name == collection)
    return query


def _asset(connection: Connection, row: Row[Any]) -> Asset:
    found = dict(row._mapping)
    columns = columns_of(connection, [found["id"]]).get(found.pop("id"), ())
    return Asset(**found, columns=tuple(columns))
