"""Finding assets: the search index asked with somebody's rights, and what is found read from the database."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock, Thread
from typing import Any

from sqlalchemy import func, select

from headwater.access import Action, Actor, Via, allowed_to
from headwater.catalog.chunks import chunked
from headwater.catalog.indexing import catch_up
from headwater.catalog.search import FacetValue, Filter, Hit, SearchIndex, SearchRequest
from headwater.catalog.seeing import may_read
from headwater.errors import HeadwaterError
from headwater.store import Database, tables

__all__ = ["Found", "FoundAsset", "Search"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FoundAsset:
    """An asset that was found; ``highlights``: by field, the text in which the words stand."""

    id: int
    guid: str
    type_name: str
    qualified_name: str
    display_name: str
    description: str
    collection: str
    updated_at: datetime
    score: float
    highlights: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Found:
    """A page of what was found, with how many there are in all and how they divide.

    ``corrected`` is what was searched for in place of words that nothing has; "" where nothing was corrected.
    ``continuation`` asks for the next page; "" on the last.
    """

    total: int
    assets: Sequence[FoundAsset]
    facets: Mapping[str, Sequence[FacetValue]]
    corrected: str
    continuation: str = ""


class Search:
    """The search over a catalog, trimmed for whoever asks.

    Args:
        database: the metadata database.
        index: the index derived from it, which is brought up to date before it is asked.
    """

    def __init__(self, database: Database, index: SearchIndex) -> None:
        self._database = database
        self._index = index
        self._catching_up = Lock()
        self._following = Lock()
        self._follower: Thread | None = None

    def search(self, actor: Actor, request: SearchRequest) -> Found:
        """What the request matches of what ``actor`` may see; its ``scopes`` are theirs, whatever it says.

        Raises:
            UsageError: the keywords or the filter cannot be read.
        """
        self.catch_up()
        result = self._index.search(replace(request, scopes=self._scopes(actor)))
        assets = self._assets(actor, result.hits)
        return Found(result.total, assets, result.facets, result.corrected, result.continuation)

    def suggest(self, actor: Actor, text: str, limit: int = 10, filter: Filter | None = None) -> list[FoundAsset]:
        """Assets whose names begin like ``text``, for a search box."""
        self.catch_up()
        return list(self._assets(actor, self._index.suggest(text, self._scopes(actor), limit, filter)))

    def autocomplete(self, actor: Actor, text: str, limit: int = 10, filter: Filter | None = None) -> list[str]:
        """Words that ``text`` may become."""
        self.catch_up()
        return self._index.autocomplete(text, self._scopes(actor), limit, filter)

    def close(self) -> None:
        """Let go of the index."""
        with self._following:
            follower = self._follower
        if follower is not None:
            follower.join()
        self._index.close()

    def catch_up(self) -> None:
        """Have the index know every change that is committed."""
        with self._catching_up:
            catch_up(self._database, self._index)

    def catch_up_soon(self) -> None:
        """Have the index learn beside the caller what was just committed, so that the next search need not wait for it.

        Nothing depends on it: each search catches up with what is missing. While the database writes, this works.
        """
        with self._following:
            if self._follower is None or not self._follower.is_alive():
                self._follower = Thread(target=self._follow, name="headwater-search-follower", daemon=True)
                self._follower.start()

    def _follow(self) -> None:
        try:
            self.catch_up()
        except HeadwaterError as error:
            logger.warning("The search index could not be brought up to date; the next search tries again: %s", error)

    def _scopes(self, actor: Actor) -> frozenset[int] | None:
        """Where somebody may see assets; None: everywhere."""
        if actor.via is Via.SYSTEM:
            return None
        with self._database.read() as connection:
            found = frozenset(connection.scalars(allowed_to(actor, Action.ASSET_READ)))
            every = connection.scalar(select(func.count()).select_from(tables.scopes))
        return None if len(found) == every else found

    def _assets(self, actor: Actor, hits: Sequence[Hit]) -> list[FoundAsset]:
        """What was found, as the database has it now: what was hidden meanwhile is left out."""
        rows = self._rows(actor, [hit.id for hit in hits])
        return [
            FoundAsset(**rows[hit.id], score=hit.score, highlights=hit.highlights) for hit in hits if hit.id in rows
        ]

    def _rows(self, actor: Actor, numbers: Sequence[int]) -> dict[int, dict[str, Any]]:
        asset, place = tables.assets.c, tables.collections.c
        described = func.coalesce(asset.user_description, asset.attributes["description"].as_string(), "")
        shown = (asset.id, asset.guid, asset.type_name, asset.qualified_name, asset.display_name)
        query = (
            select(*shown, described.label("description"), place.name.label("collection"), asset.updated_at)
            .join(tables.collections, place.id == asset.collection_id)
            .where(asset.status == "active", may_read(actor))
        )
        found: dict[int, dict[str, Any]] = {}
        with self._database.read() as connection:
            for chunk in chunked(numbers):
                rows = connection.execute(query.where(asset.id.in_(chunk)))
                found |= {row.id: dict(row._mapping) for row in rows}
        return found
