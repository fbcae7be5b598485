"""What people say about models as functions, beyond what their workspaces tell."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, Table, Text, UniqueConstraint

from headwater.store.tables._metadata import metadata
from headwater.store.types import JsonValue, UtcDateTime

__all__ = ["function_settings"]

function_settings = Table(
    "function_settings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source_id", Integer, ForeignKey("sources.id", ondelete="CASCADE"), nullable=False),
    # The model's or endpoint's name in its workspace.
    Column("model", Text, nullable=False),
    # The schema that somebody supplied; NULL: the workspace's own counts.
    Column("schema", JsonValue),
    # How long predictions of a service whose revision is not known may be used again; NULL: never.
    Column("reuse_seconds", BigInteger),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("changed_by", Text, nullable=False),
    UniqueConstraint("source_id", "model"),
)
