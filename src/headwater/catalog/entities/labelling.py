"""Labels of entities: set, added, taken away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from headwater.access import Action, Actor
from headwater.catalog.annotations.annotating import annotate
from headwater.catalog.entities.changing import changing
from headwater.catalog.entities.finding import Target
from headwater.catalog.history import record_changes
from headwater.errors import UsageError
from headwater.store import Database, tables

__all__ = ["add_labels", "remove_labels", "set_labels"]

_label = tables.asset_labels.c
_LONGEST = 255


def set_labels(database: Database, actor: Actor, target: Target, labels: Any) -> None:
    """Make these the labels of an entity.

    Raises:
        NotFoundError: there is no such entity to be seen.
        UsageError: the labels are no list of texts, or too long.
        ForbiddenError: the actor may not annotate it.
    """
    _change(database, actor, target, labels, lambda _, given: given)


def add_labels(database: Database, actor: Actor, target: Target, labels: Any) -> None:
    """Give an entity these labels, too; errors as those of :func:`set_labels`."""
    _change(database, actor, target, labels, lambda before, given: [*before, *given])


def remove_labels(database: Database, actor: Actor, target: Target, labels: Any) -> None:
    """Take these labels away from an entity; errors as those of :func:`set_labels`."""
    _change(database, actor, target, labels, lambda before, given: [each for each in before if each not in given])


def _change(
    database: Database, actor: Actor, target: Target, labels: Any, combine: Callable[[list[str], list[str]], list[str]]
) -> None:
    given = _read(labels)
    with changing(database, actor, [target], Action.ASSET_ANNOTATE) as change:
        (row,) = change.rows
        query = select(_label.label).where(_label.asset_id == row.id).order_by(_label.label)
        before = list(change.writing.connection.scalars(query))
        after = sorted(set(combine(before, given)))
        if after == before:
            return
        annotate(change.writing, {row.id: {"labels": after}})
        record_changes(change.writing, "labels", {row.id: {"labels": {"before": before, "after": after}}})


def _read(labels: Any) -> list[str]:
    stated = [] if labels is None else labels
    if not isinstance(stated, list) or not all(isinstance(each, str) for each in stated):
        raise UsageError("The labels are no list of texts.", hint='Write them as ["a", "b"].')
    if any(not 0 < len(each) <= _LONGEST for each in stated):
        raise UsageError("A label is empty, or too long.", hint=f"Use 1 to {_LONGEST} characters.")
    return stated
