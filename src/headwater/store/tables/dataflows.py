"""Dataflows, their refreshes, and the pointer that says which tables are published."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    Text,
    false,
)

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
    "refresh_errors",
    "refreshes",
    "table_pins",
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
    # Why it was saved, in the words of whoever did.
    Column("comment", Text, nullable=False, default="", server_default=""),
)

#: The id of a refresh is that of the job that carries it out. Its row is written when the job begins, or when it ends
#: without having begun, and outlives it.
refreshes = Table(
    "refreshes",
    metadata,
    Column("id", GUID, primary_key=True),
    Column("dataflow_id", Integer, ForeignKey("dataflows.id", ondelete="CASCADE"), nullable=False),
    Column("status", String(16), nullable=False),
    Column("trigger", String(64), nullable=False),
    # Whoever asked for it, and the version of the definition that it ran.
    Column("requested_by", Text, nullable=False, default="", server_default=""),
    Column("definition_version", Integer),
    # Everything was read and computed anew, whatever the settings of the entities say.
    Column("full", Boolean, nullable=False, default=False, server_default=false()),
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
    # NULL: nobody knows.
    Column("rows_read", BigInteger, default=0),
    Column("rows_written", BigInteger, nullable=False, default=0),
    Column("rows_scored", BigInteger, nullable=False, default=0),
    Column("rows_reused", BigInteger, nullable=False, default=0),
    # Rows that were left as they were, because what they are made of had not changed.
    Column("rows_skipped", BigInteger, nullable=False, default=0, server_default="0"),
    # By key, against the version before; NULL where the mode does not compare.
    Column("rows_inserted", BigInteger),
    Column("rows_updated", BigInteger),
    Column("rows_deleted", BigInteger),
    Column("errors", BigInteger, nullable=False, default=0),
    Column("bytes", BigInteger, nullable=False, default=0),
    Column("seconds", Float, nullable=False, default=0.0),
    # NULL: the entity was not published by this refresh.
    Column("delta_version", BigInteger),
    # {model function: the immutable version it stood for}.
    Column("model_versions", JsonValue, nullable=False, default=dict),
    # {model function: which rule said that its earlier predictions hold}.
    Column("reuse", JsonValue, nullable=False, default=dict, server_default="{}"),
    Column("mode", String(16), nullable=False, default="full", server_default="full"),
    Column("engine", String(64), nullable=False, default="", server_default=""),
    # [{change: added | removed | retyped, column, before, after}], against the version before.
    Column("schema_changes", JsonValue, nullable=False, default=list, server_default="[]"),
    # {code, message, where, hint} of an entity that failed.
    Column("error", JsonValue),
)

#: Error cells of an entity, the first ones: enough to find them by. Keys and values are rows of somebody's table, so
#: only who may read the table sees them, and they are emptied after some days.
refresh_errors = Table(
    "refresh_errors",
    metadata,
    Column("refresh_id", GUID, primary_key=True),
    Column("entity", String(255), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("column", Text, nullable=False),
    Column("row", BigInteger, nullable=False),
    Column("key", JsonValue),
    Column("reason", Text, nullable=False),
    Column("message", Text),
    ForeignKeyConstraint(
        ["refresh_id", "entity"], ["refresh_entities.refresh_id", "refresh_entities.entity"], ondelete="CASCADE"
    ),
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
    # What the next refresh needs to go on from this version: its partitions, the digests of its rows.
    Column("state", JsonValue, nullable=False, default=dict, server_default="{}"),
    scope_column(),
)

#: Versions that somebody is reading: their files stay until then.
table_pins = Table(
    "table_pins",
    metadata,
    Column("id", GUID, primary_key=True),
    Column("dataflow_id", Integer, ForeignKey("dataflows.id", ondelete="CASCADE"), nullable=False),
    Column("entity", String(255), nullable=False),
    Column("delta_version", BigInteger, nullable=False),
    Column("until", UtcDateTime, nullable=False),
    Index(None, "dataflow_id", "entity"),
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
