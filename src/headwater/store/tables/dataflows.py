"""Dataflows, their refreshes, and the pointer that says which tables are published."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from headwater.store.tables._metadata import metadata, one_of
from headwater.store.tables.access import scope_column
from headwater.store.types import GUID, JsonValue, UtcDateTime

__all__ = [
    "INTENT_STATES",
    "REFRESH_STATUSES",
    "dataflow_versions",
    "dataflows",
    "publish_intents",
    "published_tables",
    "refresh_entities",
    "refreshes",
]

REFRESH_STATUSES = ("running", "succeeded", "failed", "cancelled")
INTENT_STATES = ("pending", "done")

dataflows = Table(
    "dataflows",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(255), nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("current_version", Integer, nullable=False),
    Column("collection_id", Integer, ForeignKey("collections.id"), index=True),
    scope_column(),
)

dataflow_versions = Table(
    "dataflow_versions",
    metadata,
    Column("dataflow_id", Integer, ForeignKey("dataflows.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("definition", JsonValue, nullable=False),
    # What its runs may do is what this user may do; NULL is whoever may use the machine's command line.
    Column("saved_by_id", GUID, ForeignKey("users.id")),
    Column("saved_by", Text, nullable=False),
    Column("saved_at", UtcDateTime, nullable=False),
)

refreshes = Table(
    "refreshes",
    metadata,
    Column("id", GUID, primary_key=True),
    Column("dataflow_id", Integer, ForeignKey("dataflows.id", ondelete="CASCADE"), nullable=False),
    Column("status", String(16), nullable=False),
    Column("trigger", String(64), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    # {code, message, where, hint}; NULL while running and after success.
    Column("error", JsonValue),
    one_of("status", REFRESH_STATUSES),
    Index(None, "dataflow_id", "started_at"),
    Index(None, "started_at"),
)

refresh_entities = Table(
    "refresh_entities",
    metadata,
    Column("refresh_id", GUID, ForeignKey("refreshes.id", ondelete="CASCADE"), primary_key=True),
    Column("entity", String(255), primary_key=True),
    Column("rows_read", BigInteger, nullable=False, default=0),
    Column("rows_written", BigInteger, nullable=False, default=0),
    Column("rows_scored", BigInteger, nullable=False, default=0),
    Column("rows_reused", BigInteger, nullable=False, default=0),
    Column("errors", BigInteger, nullable=False, default=0),
    Column("bytes", BigInteger, nullable=False, default=0),
    Column("seconds", Float, nullable=False, default=0.0),
    # NULL: the entity was not published by this refresh.
    Column("delta_version", BigInteger),
    # {model function: the immutable version it stood for}.
    Column("model_versions", JsonValue, nullable=False, default=dict),
)

#: THE pointer: Headwater's own readers read exactly the Delta versions named here, so that all entities of a
#: dataflow switch in the one transaction that rewrites its rows.
published_tables = Table(
    "published_tables",
    metadata,
    Column("dataflow_id", Integer, ForeignKey("dataflows.id", ondelete="CASCADE"), primary_key=True),
    Column("entity", String(255), primary_key=True),
    Column("path", Text, nullable=False),
    Column("delta_version", BigInteger, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("schema", JsonValue, nullable=False),
    Column("refresh_id", GUID, ForeignKey("refreshes.id"), nullable=False, index=True),
    Column("published_at", UtcDateTime, nullable=False),
    scope_column(),
)

#: Written before the Delta logs are committed, so that a crash between two of them can be rolled forward.
publish_intents = Table(
    "publish_intents",
    metadata,
    Column("refresh_id", GUID, ForeignKey("refreshes.id", ondelete="CASCADE"), primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("payload", JsonValue, nullable=False),
    Column("state", String(16), nullable=False, default="pending"),
    one_of("state", INTENT_STATES),
    Index(None, "state"),
)
