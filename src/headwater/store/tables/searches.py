"""Searches that people keep."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, String, Table, UniqueConstraint

from headwater.store.tables._metadata import metadata
from headwater.store.types import GUID, JsonValue, UtcDateTime

__all__ = ["saved_searches"]

#: ``definition`` is as Atlas writes a search: its kind, its parameters, and what a browser keeps with it.
saved_searches = Table(
    "saved_searches",
    metadata,
    Column("guid", GUID, primary_key=True),
    Column("user_id", GUID, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("name", String(255), nullable=False),
    Column("definition", JsonValue, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("user_id", "name"),
)
