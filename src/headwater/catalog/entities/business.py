"""Business attributes: groups of values that an organisation keeps of its assets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from headwater.access import Action, Actor
from headwater.catalog.entities.changing import changing
from headwater.catalog.entities.finding import Target
from headwater.catalog.history import record_changes
from headwater.catalog.plain import plain
from headwater.catalog.types import Types
from headwater.errors import UsageError
from headwater.store import Database

__all__ = ["Groups", "check_groups", "merged_groups", "put_groups", "read_groups", "remove_groups"]

Groups = Mapping[str, Mapping[str, Any]]


def read_groups(stated: Any) -> dict[str, dict[str, Any]]:
    """Business attributes as they are sent: values by name, by group.

    Raises:
        UsageError: they are not.
    """
    if not isinstance(stated, Mapping) or not all(isinstance(each, Mapping) for each in stated.values()):
        raise UsageError(
            "The business attributes are not as they have to be.", hint='Write them as {"group": {"name": value}}.'
        )
    return {str(group): plain(values) for group, values in stated.items()}


def merged_groups(before: Groups | None, stated: Any) -> dict[str, dict[str, Any]]:
    """What is sent over what there is; a value of None takes one away.

    >>> merged_groups({"cost": {"centre": "12", "year": 1}}, {"cost": {"year": None}, "use": {"by": "all"}})
    {'cost': {'centre': '12'}, 'use': {'by': 'all'}}
    """
    merged = {group: dict(values) for group, values in (before or {}).items()}
    for group, values in read_groups(stated).items():
        merged[group] = {**merged.get(group, {}), **values}
    kept = {group: {name: value for name, value in each.items() if value is not None} for group, each in merged.items()}
    return {group: each for group, each in kept.items() if each}


def put_groups(database: Database, actor: Actor, target: Target, stated: Any, *, overwrite: bool = False) -> None:
    """Set business attributes of an entity: over those that it has, or in their place.

    Raises:
        NotFoundError: there is no such entity to be seen.
        UsageError: they are not as they have to be, or their group has no such attribute (``catalog.business``).
        ForbiddenError: the actor may not annotate it.
    """
    _change(database, actor, target, lambda before: merged_groups({} if overwrite else before, stated), stated)


def remove_groups(database: Database, actor: Actor, target: Target, stated: Any) -> None:
    """Take away those attributes that ``stated`` names, whatever values it gives; of a group without any, all.

    Errors as those of :func:`put_groups`.
    """

    def without(before: Groups) -> dict[str, dict[str, Any]]:
        gone = read_groups(stated)
        kept = {
            group: {name: value for name, value in values.items() if gone.get(group) and name not in gone[group]}
            if group in gone
            else dict(values)
            for group, values in before.items()
        }
        return {group: values for group, values in kept.items() if values}

    _change(database, actor, target, without)


def _change(
    database: Database,
    actor: Actor,
    target: Target,
    change_groups: Callable[[Groups], dict[str, dict[str, Any]]],
    stated: Any = None,
) -> None:
    with changing(database, actor, [target], Action.ASSET_ANNOTATE) as change:
        (row,) = change.rows
        if stated is not None:
            check_groups(change.writing.types, read_groups(stated))
        before = row.business_attributes or {}
        after = change_groups(before)
        if after == before:
            return
        changes = {row.id: {"businessAttributes": {"before": before, "after": after}}}
        record_changes(change.writing, "business_attributes", changes, business_attributes=after)


def check_groups(types: Types, stated: Groups) -> None:
    """Of groups that are defined, only what is defined can be set; UsageError says what is not."""
    for group, values in stated.items():
        known = types.business.get(group)
        unknown = next((name for name in values if known is not None and name not in known), None)
        if unknown is not None:
            raise UsageError(
                f"The business metadata '{group}' has no attribute '{unknown}'.",
                code="catalog.business",
                hint="Use one that its definition has, or add it there.",
            )
