"""Searches that people keep, each their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, delete, insert, select, update

from headwater.access import Actor
from headwater.errors import ConflictError, ForbiddenError, NotFoundError, UsageError
from headwater.store import Database, tables, utc_now

__all__ = ["SavedSearches"]

_saved = tables.saved_searches.c
_KEPT = ("searchType", "searchParameters", "uiParameters")


class SavedSearches:
    """Searches as Atlas's AtlasUserSavedSearch; nobody sees another's."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, actor: Actor) -> list[dict[str, Any]]:
        """Whoever asks' own, by name."""
        with self._database.read() as connection:
            query = select(tables.saved_searches).where(_saved.user_id == _owner(actor)).order_by(_saved.name)
            return [_shown(actor, row) for row in connection.execute(query)]

    def get(self, actor: Actor, *, name: str = "", guid: str = "") -> dict[str, Any]:
        """One of them, by name or guid; NotFoundError where there is none."""
        by = _saved.guid == guid if guid else _saved.name == name
        with self._database.read() as connection:
            query = select(tables.saved_searches).where(_saved.user_id == _owner(actor), by)
            row = connection.execute(query).one_or_none()
        if row is None:
            raise _unknown()
        return _shown(actor, row)

    def add(self, actor: Actor, stated: Mapping[str, Any]) -> dict[str, Any]:
        """Keep a search.

        Raises:
            UsageError: it has no name.
            ConflictError: there is one of that name.
        """
        name, now, guid = _name(stated), utc_now(), str(uuid4())
        with self._database.begin() as connection:
            same = (_saved.user_id == _owner(actor), _saved.name == name)
            if connection.scalar(select(_saved.guid).where(*same)) is not None:
                raise ConflictError(f"There is a search '{name}' already.", hint="Choose another name, or change it.")
            values = {"guid": guid, "user_id": _owner(actor), "name": name, "definition": _kept(stated)}
            connection.execute(insert(tables.saved_searches).values(**values, created_at=now, updated_at=now))
        return self.get(actor, guid=guid)

    def update(self, actor: Actor, stated: Mapping[str, Any]) -> dict[str, Any]:
        """Change one, by its guid or else by its name; NotFoundError where there is none."""
        found = self.get(actor, guid=str(stated.get("guid") or ""), name=_name(stated))
        changed = {"name": _name(stated), "definition": _kept(stated), "updated_at": utc_now()}
        with self._database.begin() as connection:
            connection.execute(update(tables.saved_searches).where(_saved.guid == found["guid"]).values(changed))
        return self.get(actor, guid=found["guid"])

    def remove(self, actor: Actor, guid: str) -> None:
        """Forget one; NotFoundError where there is none."""
        gone = (_saved.guid == guid, _saved.user_id == _owner(actor))
        with self._database.begin() as connection:
            if not connection.execute(delete(tables.saved_searches).where(*gone)).rowcount:
                raise _unknown()


def _owner(actor: Actor) -> str:
    if actor.user_id is None:
        raise ForbiddenError("Searches are kept for people.", hint="Sign in, or show a person's token.")
    return actor.user_id


def _name(stated: Mapping[str, Any]) -> str:
    name = stated.get("name")
    if not isinstance(name, str) or not 0 < len(name) <= 255 or "\0" in name:
        raise UsageError("A saved search has no name.", hint="Name it, in 255 characters at most.")
    return name


def _kept(stated: Mapping[str, Any]) -> dict[str, Any]:
    return {key: stated[key] for key in _KEPT if stated.get(key) is not None}


def _shown(actor: Actor, row: Row[Any]) -> dict[str, Any]:
    return {"guid": row.guid, "ownerName": actor.name, "name": row.name, "searchType": "BASIC", **row.definition}


def _unknown() -> NotFoundError:
    return NotFoundError("There is no such saved search.", hint="List your saved searches.")
