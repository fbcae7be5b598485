"""The audit log. Triggers keep it append-only; see the migration that makes it."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table, Text

from headwater.store.tables._metadata import metadata, one_of
from headwater.store.types import GUID, BigId, JsonValue, UtcDateTime

__all__ = ["AUDIT_RESULTS", "audit_events", "audit_retentions"]

AUDIT_RESULTS = ("succeeded", "denied", "failed")

#: No foreign keys: what happened stays on record after whoever did it, and what it was done to, is gone.
audit_events = Table(
    "audit_events",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("event", String(64), nullable=False),
    Column("result", String(16), nullable=False),
    # NULL: nobody is known, as when signing in failed.
    Column("actor_id", GUID),
    Column("actor_name", Text, nullable=False),
    Column("via", String(32), nullable=False),
    # The session or token that was used.
    Column("credential_id", GUID),
    Column("target", Text),
    Column("scope_id", BigId),
    Column("request_id", String(64)),
    Column("address", String(64)),
    Column("details", JsonValue, nullable=False, default=dict),
    one_of("result", AUDIT_RESULTS),
    Index(None, "actor_id", "id"),
    Index(None, "event", "id"),
    Index(None, "scope_id", "id"),
    # An id is never handed out twice, even after the newest event was removed.
    sqlite_autoincrement=True,
)

#: What retention removed: every event before ``cutoff``. The trigger lets nothing else be deleted.
audit_retentions = Table(
    "audit_retentions",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("cutoff", UtcDateTime, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
