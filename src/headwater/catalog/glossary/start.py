"""The glossary that an installation starts with."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from sqlalchemy import Connection, insert, select

from headwater.catalog.writing import HEADWATER
from headwater.store import tables
from headwater.store.database import exclusive

__all__ = ["DEFAULT_GLOSSARY", "ensure_glossary"]

#: What Purview's clients look for where they name no glossary.
DEFAULT_GLOSSARY = "Glossary"


def ensure_glossary(connection: Connection, *, now: datetime) -> None:
    """Make the first glossary, where there is none at all."""
    if connection.scalar(select(tables.glossaries.c.id).limit(1)) is not None:
        return
    exclusive(connection, "catalog")
    if connection.scalar(select(tables.glossaries.c.id).limit(1)) is None:
        by = {"created_at": now, "created_by": HEADWATER, "updated_at": now, "updated_by": HEADWATER}
        values = {"guid": str(uuid4()), "name": DEFAULT_GLOSSARY, "definition": {}, **by}
        connection.execute(insert(tables.glossaries).values(values))
