"""Glossaries, terms and assets to try things with."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from headwater.access import SYSTEM, Actor
from headwater.catalog import AssetRecord, AssetService
from headwater.catalog.glossary import GlossaryService
from headwater.store import Database, tables


def new_glossary(database: Database, name: str = "Glossary") -> str:
    """A glossary; its guid."""
    return str(GlossaryService(database).add_glossary(SYSTEM, {"name": name})["guid"])


def new_term(database: Database, glossary: str, name: str, **more: Any) -> str:
    """A term; its guid."""
    stated = {"name": name, "anchor": {"glossaryGuid": glossary}, **more}
    return str(GlossaryService(database).add_terms(SYSTEM, [stated])[0]["guid"])


def new_asset(database: Database, name: str, collection: str | None = None, type_name: str = "dataset") -> str:
    """An asset; its guid."""
    made = AssetService(database).upsert([AssetRecord(type_name, f"db://{name}", name, collection=collection)])
    (guid,) = made.values()
    return guid


def change_of(database: Database, guid: str) -> int:
    """The number of the last change of an asset."""
    with database.read() as connection:
        found: int = connection.execute(select(tables.assets.c.change).where(tables.assets.c.guid == guid)).scalar_one()
    return found


def told(database: Database, guid: str) -> list[dict[str, Any]]:
    """What the history of an asset says, the oldest first."""
    from headwater.catalog.history import history

    return [dict(each.changes) for each in reversed(history(database, SYSTEM, guid)[1])]


def names(shown: list[dict[str, Any]]) -> list[str]:
    """What a listing shows, by what it calls them."""
    return [str(each.get("displayText", each.get("name"))) for each in shown]


__all__ = ["SYSTEM", "Actor", "change_of", "names", "new_asset", "new_glossary", "new_term", "told"]
