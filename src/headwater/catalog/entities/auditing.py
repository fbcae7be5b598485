"""What was done to an entity, as Atlas tells it: the newest first, its creation last."""

from __future__ import annotations

import json
from typing import Any, Final

from sqlalchemy import select

from headwater.access import Actor
from headwater.catalog.entities.finding import find_by_guid
from headwater.catalog.entities.reading import milliseconds
from headwater.store import Database, tables

__all__ = ["audit_events"]

_history = tables.asset_history.c
_MOST: Final = 1_000
_ACTIONS: Final = {
    "update": "ENTITY_UPDATE",
    "delete": "ENTITY_DELETE",
    "classification.add": "CLASSIFICATION_ADD",
    "classification.update": "CLASSIFICATION_UPDATE",
    "classification.set": "CLASSIFICATION_UPDATE",
    "classification.remove": "CLASSIFICATION_DELETE",
    "labels": "LABEL_ADD",
    "business_attributes": "BUSINESS_ATTRIBUTE_UPDATE",
    "custom_attributes": "CUSTOM_ATTRIBUTE_UPDATE",
}
_CREATED: Final = "ENTITY_CREATE"


def audit_events(
    database: Database,
    actor: Actor,
    guid: str,
    *,
    action: str | None = None,
    start: str | None = None,
    count: int = 100,
) -> list[dict[str, Any]]:
    """At most ``count`` events of an entity, from the one on whose ``eventKey`` is ``start``.

    Raises:
        NotFoundError: there is no such entity to be seen.
    """
    with database.read() as connection:
        row = find_by_guid(connection, actor, [guid])[guid]
        query = select(tables.asset_history).where(_history.asset_id == row.id).order_by(_history.id.desc())
        first = (start or "").rpartition(":")[2]
        if first.isdecimal():
            query = query.where(_history.id <= int(first))
        found = [
            _event(
                guid, each.at, each.by, _ACTIONS.get(each.action, "ENTITY_UPDATE"), number=each.id, changes=each.changes
            )
            for each in connection.execute(query.limit(_MOST))
        ]
        found.append(_event(guid, row.created_at, row.created_by, _CREATED))
    wanted = [each for each in found if action in {None, "", each["action"]}]
    return wanted[: max(0, count)]


def _event(guid: str, at: Any, by: str, action: str, *, number: int = 0, changes: Any = None) -> dict[str, Any]:
    told = milliseconds(at)
    return {
        "entityId": guid,
        "timestamp": told,
        "user": by,
        "action": action,
        "details": json.dumps(changes or {}, ensure_ascii=False),
        "eventKey": f"{guid}:{told}:{number}",
        "type": "ENTITY_AUDIT_V2",
    }
