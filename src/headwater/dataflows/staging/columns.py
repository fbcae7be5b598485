"""Columns against those that are published: what changed, and whether it may."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headwater.dataflows.staging.work import EntityWork
from headwater.errors import RefreshError
from headwater.tables import PublishedColumn, PublishedSchema, restored, type_to_json

__all__ = ["check_columns", "same_columns", "schema_changes"]


def schema_changes(before: Sequence[PublishedColumn], after: Sequence[PublishedColumn]) -> list[dict[str, Any]]:
    """What was added, removed, and given another type; another order is no change.

    >>> from headwater.plan.types import INT64, TEXT
    >>> schema_changes([PublishedColumn("a", INT64)], [PublishedColumn("b", TEXT), PublishedColumn("a", TEXT)])
    [{'change': 'retyped', 'column': 'a', 'before': 'int64', 'after': 'text'},
     {'change': 'added', 'column': 'b', 'before': None, 'after': 'text'}]
    """
    old = {column.name: type_to_json(restored(column.type)) for column in before}
    new = {column.name: type_to_json(restored(column.type)) for column in after}
    changes = [
        {"change": "retyped" if name in new else "removed", "column": name, "before": old[name], "after": new.get(name)}
        for name in old
        if old[name] != new.get(name)
    ]
    added = [name for name in new if name not in old]
    return changes + [{"change": "added", "column": name, "before": None, "after": new[name]} for name in added]


def same_columns(before: Sequence[PublishedColumn], after: Sequence[PublishedColumn]) -> bool:
    """Whether rows of the one are rows of the other as they are stored."""
    return [(c.name, restored(c.type)) for c in before] == [(c.name, restored(c.type)) for c in after]


def check_columns(work: EntityWork, schema: PublishedSchema) -> tuple[dict[str, Any], ...]:
    """How an entity's columns differ from those that are published, where its policy allows it.

    Raises:
        RefreshError: it does not (``refresh.schema_changed``).
    """
    if work.previous is None:
        return ()
    changes = schema_changes(work.previous.columns, schema.columns)
    refused = [one for one in changes if work.schema_changes == "fail" or one["change"] != "added"]
    if work.schema_changes == "follow" or not refused:
        return tuple(changes)
    listed = ", ".join(f"'{one['column']}' was {one['change']}" for one in refused)
    raise RefreshError(
        f"The columns of the entity have changed: {listed}.",
        place=work.name,
        hint='Correct the query, or allow it: schema_changes = "follow".',
        code="refresh.schema_changed",
    )
