"""How far the catalog has been pushed to others."""

from __future__ import annotations

from sqlalchemy import Column, String, Table

from headwater.store.tables._metadata import metadata
from headwater.store.types import BigId, JsonValue, UtcDateTime

__all__ = ["catalog_pushes"]

#: A row for each catalog that something was pushed to. ``change`` is the last change of ours that it has.
catalog_pushes = Table(
    "catalog_pushes",
    metadata,
    Column("name", String(64), primary_key=True),
    # Of its settings: when they change, everything is pushed anew.
    Column("fingerprint", String(64), nullable=False),
    Column("change", BigId, nullable=False),
    Column("pushed_at", UtcDateTime, nullable=False),
    # What the last push did: counts and warnings, never a value.
    Column("report", JsonValue, nullable=False),
)
