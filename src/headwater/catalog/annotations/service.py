"""Saying something of assets, of one or of many at once: described, labelled, classified, given terms and contacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from headwater.access import Action, Actor
from headwater.catalog.annotations.chosen import chosen
from headwater.catalog.annotations.said import Said, read_said, write_said
from headwater.catalog.annotations.saying import Saying, check_saying, said_after
from headwater.catalog.glossary.finding import find_all, require_reader
from headwater.catalog.history import HistoryEntry, history
from headwater.catalog.seeing import may_read
from headwater.catalog.writing import begin_writing
from headwater.errors import NotFoundError, UsageError
from headwater.store import Database, tables, utc_now

__all__ = ["MOST_ASSETS", "AnnotatedAsset", "AnnotationService", "resolve_terms"]

#: How many assets one call changes at most.
MOST_ASSETS = 10_000


@dataclass(frozen=True, slots=True)
class AnnotatedAsset:
    """An asset with what people say of it. ``terms`` are the names of its terms, by their guids."""

    guid: str
    type_name: str
    qualified_name: str
    display_name: str
    said: Said
    terms: Mapping[str, str]


class AnnotationService:
    """Reads and writes what people say of assets."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, actor: Actor, guid: str) -> AnnotatedAsset:
        """What is said of an asset; NotFoundError where there is none to be seen."""
        asset = tables.assets.c
        with self._database.read() as connection:
            columns = (asset.id, asset.guid, asset.type_name, asset.qualified_name, asset.display_name)
            row = connection.execute(select(*columns).where(asset.guid == guid, may_read(actor))).one_or_none()
            if row is None:
                raise NotFoundError(f"There is no asset '{guid}'.", hint="List the assets, or search for it.")
            said = read_said(connection, [row.id])[row.id]
            return AnnotatedAsset(*row[1:], said, _term_guids(connection, said))

    def annotate(self, actor: Actor, guids: Sequence[str], saying: Saying) -> list[str]:
        """Say something of assets, of all of them or of none; returns the guids of those of which anything changed.

        Raises:
            UsageError: no asset or too many, or something that cannot be kept.
            NotFoundError: an asset that may not be seen, a term that there is not, a suggestion that nobody made.
            ForbiddenError: an asset that the actor may not annotate.
        """
        check_saying(saying)
        if not 0 < len(guids) <= MOST_ASSETS:
            raise UsageError(f"Between 1 and {MOST_ASSETS:,} assets are changed at once.", hint="Choose fewer.")
        with self._database.begin() as connection:
            writing = begin_writing(connection, now=utc_now(), by=actor.name, by_id=actor.user_id)
            assets = chosen(connection, actor, guids, Action.ASSET_ANNOTATE)
            terms = resolve_terms(connection, actor, saying.term_guids())
            before = read_said(connection, (asset.id for asset in assets.values()))
            after = {number: said_after(said, saying, terms) for number, said in before.items()}
            changed = set(write_said(writing, before, after))
            return [guid for guid, asset in assets.items() if asset.id in changed]

    def history(
        self, actor: Actor, guid: str, *, limit: int = 50, offset: int = 0
    ) -> tuple[int, Sequence[HistoryEntry]]:
        """Who changed what of an asset, and when; see :func:`headwater.catalog.history.history`."""
        return history(self._database, actor, guid, limit=limit, offset=offset)


def resolve_terms(connection: Connection, actor: Actor, guids: Sequence[str]) -> dict[str, tuple[int, str]]:
    """Number and name of each of these terms, by guid; NotFoundError where there is none of one."""
    if not guids:
        return {}
    require_reader(connection, actor)
    return {guid: (row.id, row.name) for guid, row in find_all(connection, tables.glossary_terms, guids).items()}


def _term_guids(connection: Connection, said: Said) -> dict[str, str]:
    term = tables.glossary_terms.c
    query = select(term.guid, term.name).where(term.id.in_(said.terms)).order_by(term.name, term.id)
    return {row.guid: row.name for row in connection.execute(query)}
