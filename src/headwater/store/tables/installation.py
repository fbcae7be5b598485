"""Who this database belongs to."""

from __future__ import annotations

from sqlalchemy import Column, Table

from headwater.store.tables._metadata import metadata
from headwater.store.types import GUID, UtcDateTime

__all__ = ["installation"]

#: Exactly one row, made with the database: the INSTALLATION of ``headwater://INSTALLATION/…`` names.
installation = Table(
    "installation",
    metadata,
    Column("id", GUID, primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
)
