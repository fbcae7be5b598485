"""What people are told in the app, and what is told to others as OpenLineage."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, String, Table, Text

from headwater.store.tables._metadata import metadata
from headwater.store.types import GUID, BigId, JsonValue, UtcDateTime

__all__ = ["notifications", "openlineage_events"]

notifications = Table(
    "notifications",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("user_id", GUID, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(64), nullable=False),
    # What it is about, e.g. "dataflow:flights"; and the refresh, where it is about one.
    Column("subject", Text, nullable=False),
    Column("refresh_id", GUID, ForeignKey("refreshes.id", ondelete="CASCADE")),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("read_at", UtcDateTime),
    Index(None, "user_id", "created_at"),
)

#: Events in the order in which they happened, as they were or will be sent.
openlineage_events = Table(
    "openlineage_events",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("run_id", GUID, nullable=False, index=True),
    Column("event_type", String(16), nullable=False),
    Column("event_time", UtcDateTime, nullable=False),
    Column("event", JsonValue, nullable=False),
)
