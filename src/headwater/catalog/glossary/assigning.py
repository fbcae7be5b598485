"""Giving terms to assets and taking them away again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from headwater.access import Action, Actor
from headwater.catalog.annotations.chosen import chosen
from headwater.catalog.chunks import chunked
from headwater.catalog.history import Changed, record_changes
from headwater.catalog.writing import Writing
from headwater.store import tables

__all__ = ["assign", "renumber_assigned", "take_away", "term_names", "terms_given", "unassign", "write_terms"]

_given, _term = tables.asset_terms.c, tables.glossary_terms.c


def terms_given(connection: Connection, assets: Iterable[int]) -> dict[int, dict[int, str]]:
    """The terms of each of some assets: number and name, by name; none for those that have none."""
    found: dict[int, dict[int, str]] = {}
    for chunk in chunked(assets):
        query = (
            select(_given.asset_id, _term.id, _term.name)
            .join(tables.glossary_terms, _term.id == _given.term_id)
            .where(_given.asset_id.in_(chunk))
            .order_by(_term.name, _term.id)
        )
        for row in connection.execute(query):
            found.setdefault(row.asset_id, {})[row.id] = row.name
    return found


def term_names(connection: Connection, numbers: Iterable[int]) -> dict[int, str]:
    """The names of some terms."""
    found: dict[int, str] = {}
    for chunk in chunked(numbers):
        query = select(_term.id, _term.name).where(_term.id.in_(chunk))
        found |= {row.id: row.name for row in connection.execute(query)}
    return found


def write_terms(
    writing: Writing,
    wanted: Mapping[int, Iterable[int]],
    details: Mapping[str, Any] | None = None,
) -> dict[int, Changed]:
    """Make these the terms of each asset, by number; returns what that changed, as names."""
    connection, before = writing.connection, terms_given(writing.connection, wanted)
    names = term_names(connection, {number for each in wanted.values() for number in each})
    rows: list[dict[str, Any]] = []
    changed: dict[int, Changed] = {}
    for asset_id, numbers in wanted.items():
        now, then = set(numbers), before.get(asset_id, {})
        for chunk in chunked(sorted(then.keys() - now)):
            gone = (_given.asset_id == asset_id, _given.term_id.in_(chunk))
            connection.execute(delete(tables.asset_terms).where(*gone))
        by = {"details": dict(details) if details else None, "created_at": writing.now, "created_by": writing.by}
        rows += [{"asset_id": asset_id, "term_id": number, **by} for number in sorted(now - then.keys())]
        changed[asset_id] = Changed(sorted(then.values()), sorted(names[number] for number in now))
    for row_chunk in chunked(rows):
        connection.execute(insert(tables.asset_terms), row_chunk)
    return changed


def assign(
    writing: Writing, actor: Actor, term_id: int, guids: Sequence[str], details: Mapping[str, Any] | None = None
) -> None:
    """Give a term to assets.

    Raises:
        NotFoundError: an asset that may not be seen.
        ForbiddenError: an asset that the actor may not annotate.
    """
    assets = chosen(writing.connection, actor, guids, Action.ASSET_ANNOTATE)
    numbers = [asset.id for asset in assets.values()]
    given = terms_given(writing.connection, numbers)
    changed = write_terms(writing, {each: {*given.get(each, {}), term_id} for each in numbers}, details)
    record_changes(writing, "annotate", {number: {"terms": change} for number, change in changed.items()})


def unassign(writing: Writing, actor: Actor, term_id: int, guids: Sequence[str]) -> None:
    """Take a term from assets; one that has it not is left as it is. Raises as :func:`assign` does."""
    assets = chosen(writing.connection, actor, guids, Action.ASSET_ANNOTATE)
    take_away(writing, term_id, [asset.id for asset in assets.values()])


def take_away(writing: Writing, term_id: int, assets: Sequence[int]) -> None:
    """Take a term from assets, by number, whoever may see them."""
    given = terms_given(writing.connection, assets)
    changed = write_terms(writing, {each: given.get(each, {}).keys() - {term_id} for each in assets})
    record_changes(writing, "annotate", {number: {"terms": change} for number, change in changed.items()})


def renumber_assigned(writing: Writing, terms: Iterable[int]) -> None:
    """Number a change of every asset that has one of these terms: what is found by a term's name may be out of date."""
    for chunk in chunked(terms):
        assets = select(_given.asset_id).where(_given.term_id.in_(chunk))
        changed = update(tables.assets).where(tables.assets.c.id.in_(assets))
        writing.connection.execute(changed.values(change=writing.change))
