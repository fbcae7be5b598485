"""What rules suggest, for whoever may see the columns; accepted and rejected by whoever may annotate them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from headwater.access import Action, Actor
from headwater.catalog.annotations.chosen import chosen
from headwater.catalog.annotations.said import read_said, write_said
from headwater.catalog.annotations.saying import Saying, said_after
from headwater.catalog.annotations.service import MOST_ASSETS
from headwater.catalog.seeing import may_read
from headwater.catalog.writing import begin_writing
from headwater.errors import NotFoundError, UsageError
from headwater.store import Database, tables, utc_now

__all__ = ["Decision", "SuggestedClassification", "SuggestionService"]

_kind, _link = tables.asset_classifications.c, tables.asset_columns.c
_column, _holder = tables.assets.alias("suggested_column"), tables.assets.alias("suggested_holder")


@dataclass(frozen=True, slots=True)
class SuggestedClassification:
    """A suggestion that waits for somebody. ``guid`` is the column's, ``asset_guid`` that of what it is a column of."""

    guid: str
    column: str
    classification: str
    confidence: float
    reason: str
    suggested_at: datetime
    asset_guid: str
    asset_name: str
    asset_type: str
    asset_qualified_name: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody says to a suggestion: of a column, by its guid, and a classification."""

    guid: str
    classification: str


class SuggestionService:
    """Lists suggestions, accepts and rejects them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(
        self,
        actor: Actor,
        *,
        classification: str | None = None,
        asset: str | None = None,
        least_confidence: float = 0.0,
        limit: int = 50,
        offset: int = 0,
    ) -> tuple[int, Sequence[SuggestedClassification]]:
        """A page of them, the surest first, and how many there are.

        Args:
            actor: who asks; columns that they may not see are left out, and not counted.
            classification: only of this.
            asset: only of this asset's columns, by its guid.
            least_confidence: only those as sure as this.
            limit: how many on the page.
            offset: how many come before it.
        """
        query = _seen(actor).where(_kind.confidence >= least_confidence)
        if classification is not None:
            query = query.where(_kind.type_name == classification)
        if asset is not None:
            query = query.where(_holder.c.guid == asset)
        order = (_kind.confidence.desc(), _holder.c.qualified_name, _column.c.qualified_name, _kind.type_name)
        with self._database.read() as connection:
            total = connection.execute(select(func.count()).select_from(query.subquery())).scalar_one()
            rows = connection.execute(query.order_by(*order).limit(limit).offset(offset))
            return total, [SuggestedClassification(*row) for row in rows]

    def decide(
        self, actor: Actor, *, accept: Sequence[Decision] = (), reject: Sequence[Decision] = ()
    ) -> Sequence[str]:
        """Accept suggestions and reject others, all of them or none; returns the guids of the columns that changed.

        What is accepted is the actor's word from then on; what is rejected is not suggested again.

        Raises:
            UsageError: none, or too many.
            NotFoundError: a column that may not be seen, a classification that nobody suggested of it.
            ForbiddenError: a column that the actor may not annotate.
        """
        guids = list(dict.fromkeys(each.guid for each in (*accept, *reject)))
        if not 0 < len(guids) <= MOST_ASSETS:
            raise UsageError(f"Between 1 and {MOST_ASSETS:,} columns are decided at once.", hint="Choose fewer.")
        sayings = {
            guid: Saying(
                accept=[each.classification for each in accept if each.guid == guid],
                reject=[each.classification for each in reject if each.guid == guid],
            )
            for guid in guids
        }
        with self._database.begin() as connection:
            writing = begin_writing(connection, now=utc_now(), by=actor.name, by_id=actor.user_id)
            assets = chosen(connection, actor, guids, Action.ASSET_ANNOTATE)
            before = read_said(connection, (asset.id for asset in assets.values()))
            for guid, saying in sayings.items():
                _check_suggested(before[assets[guid].id].classifications, saying)
            after = {
                assets[guid].id: said_after(before[assets[guid].id], saying, {}) for guid, saying in sayings.items()
            }
            changed = set(write_said(writing, before, after))
            return [guid for guid, asset in assets.items() if asset.id in changed]


def _check_suggested(there: Any, saying: Saying) -> None:
    for name in (*saying.accept, *saying.reject):
        if name not in there:
            raise NotFoundError(
                f"Nobody suggested the classification '{name}'.", hint="List the suggestions there are."
            )


def _seen(actor: Actor) -> Select[Any]:
    return (
        select(
            _column.c.guid,
            _column.c.display_name,
            _kind.type_name,
            _kind.confidence,
            _kind.reason,
            _kind.created_at,
            _holder.c.guid,
            _holder.c.display_name,
            _holder.c.type_name,
            _holder.c.qualified_name,
        )
        .select_from(tables.asset_classifications)
        .join(_column, _column.c.id == _kind.asset_id)
        .join(tables.asset_columns, _link.column_id == _column.c.id)
        .join(_holder, _holder.c.id == _link.asset_id)
        .where(_kind.state == "suggested", _kind.by_what == "rule", _holder.c.status == "active")
        .where(may_read(actor, _column.c), may_read(actor, _holder.c))
    )
