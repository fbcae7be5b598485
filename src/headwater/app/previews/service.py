"""Previews for people who edit dataflows: who may have them, and where they are evaluated."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from headwater.access import Action, Actor, require
from headwater.app.previews.closed import closed
from headwater.app.previews.evaluating import Draft, PreviewPage, PreviewSummary
from headwater.app.previews.pool import PreviewLimits, PreviewPool
from headwater.app.previews.profile import ColumnProfile
from headwater.catalog.collections import CollectionService
from headwater.dataflows import DataflowService
from headwater.dataflows.definitions.settings import LinkedEntity
from headwater.powerquery.language import parse_expression
from headwater.store import Database, tables

__all__ = ["OpenPreview", "PreviewRequest", "Previews"]


@dataclass(frozen=True, slots=True)
class PreviewRequest:
    """What is to be previewed.

    Attributes:
        window: which of a person's windows asks; what it asked for before is called off.
        queries: M texts by name.
        query: one of these.
        step: one of its steps; None: the whole query.
        dataflow: the dataflow that is edited, where it is saved already.
        collection: where a new one is to be.
        culture, time_zone, linked: as its settings say.
        rows: how many come with the answer.
    """

    window: str
    queries: Mapping[str, str]
    query: str
    step: str | None = None
    dataflow: str | None = None
    collection: str = tables.ROOT_COLLECTION
    culture: str = "en-US"
    time_zone: str = "UTC"
    linked: Mapping[str, LinkedEntity] | None = None
    rows: int = 200


@dataclass(frozen=True, slots=True)
class OpenPreview:
    """A preview with its first rows; ``id`` is what more of it is asked for by."""

    id: str
    summary: PreviewSummary
    page: PreviewPage


class Previews:
    """Previews of the steps of queries. Close it.

    Args:
        database: the metadata database.
        dataflows: finds dataflows.
        collections: finds collections.
        home: the home folder.
        limits: what previews may use.
    """

    def __init__(
        self,
        database: Database,
        dataflows: DataflowService,
        collections: CollectionService,
        home: Path,
        limits: PreviewLimits | None = None,
    ) -> None:
        self._database = database
        self._dataflows = dataflows
        self._collections = collections
        self._pool = PreviewPool(home, limits)

    def open(self, actor: Actor, wanted: PreviewRequest) -> OpenPreview:
        """Evaluate a query up to a step, with the rights of ``actor``.

        Raises:
            NotFoundError: there is no such dataflow or collection to be seen, no such query or step.
            ForbiddenError: the actor may not edit the dataflow, or create one there.
            MSyntaxError: the query cannot be read.
            MError: it is an error, or went beyond a limit.
            ConflictError: it was called off.
            EngineError: its process died.
        """
        if wanted.query in wanted.queries:
            parse_expression(wanted.queries[wanted.query], wanted.query)
        linked = wanted.linked or {}
        draft = Draft(wanted.queries, self._scope(actor, wanted), wanted.culture, wanted.time_zone, linked)
        key = uuid.uuid4().hex
        summary, page = self._pool.call(
            actor, wanted.window, "open", key, draft, wanted.query, wanted.step, wanted.rows
        )
        return OpenPreview(f"{wanted.window}.{key}", summary, page)

    def rows(self, actor: Actor, preview: str, offset: int, limit: int) -> PreviewPage:
        """More rows of a preview.

        Raises:
            NotFoundError: it is not open any more (``preview.closed``).
            MError, ConflictError, EngineError: as :meth:`open` says.
        """
        window, key = self._parts(actor, preview)
        found: PreviewPage = self._pool.call(actor, window, "page", key, offset, limit)
        return found

    def count(self, actor: Actor, preview: str) -> int:
        """How many rows a preview has. Raises as :meth:`rows`."""
        window, key = self._parts(actor, preview)
        return int(self._pool.call(actor, window, "count", key))

    def profile(
        self, actor: Actor, preview: str, columns: Sequence[str], *, whole: bool = False
    ) -> Mapping[str, ColumnProfile]:
        """What columns hold, in the first thousand rows or in all. Raises as :meth:`rows`."""
        window, key = self._parts(actor, preview)
        found: Mapping[str, ColumnProfile] = self._pool.call(actor, window, "profile", key, columns, whole=whole)
        return found

    def call_off(self, actor: Actor, window: str) -> None:
        """End what is under way for a window.

        Raises:
            NotFoundError: none of its previews is open (``preview.closed``).
        """
        if not self._pool.is_open(actor, window):
            raise closed(window)
        self._pool.call_off(actor, window)

    def warm(self) -> None:
        """Get ready for the first preview, in the background."""
        self._pool.warm()

    def close(self) -> None:
        """End all of them."""
        self._pool.close()

    def _scope(self, actor: Actor, wanted: PreviewRequest) -> int:
        if wanted.dataflow is not None:
            scope, action = self._dataflows.get(actor, wanted.dataflow).scope_id, Action.DATAFLOW_EDIT
        else:
            scope, action = self._collections.get(actor, wanted.collection).scope_id, Action.DATAFLOW_CREATE
        with self._database.read() as connection:
            require(connection, actor, action, scope)
        return scope

    def _parts(self, actor: Actor, preview: str) -> tuple[str, str]:
        window, _, key = preview.rpartition(".")
        if not self._pool.is_open(actor, window):
            raise closed(preview)
        return window, key
