"""Collections, the sources registered in them, and the scans of those sources."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, text

from headwater.store.tables._metadata import metadata, one_of
from headwater.store.tables.access import scope_column
from headwater.store.types import GUID, JsonValue, UtcDateTime

__all__ = [
    "CREDENTIAL_MODES",
    "ROOT_COLLECTION",
    "SCAN_KINDS",
    "SCAN_STATUSES",
    "collections",
    "scans",
    "source_credentials",
    "source_webhooks",
    "sources",
]

#: ``collections.name`` of the one collection that has no parent and always exists.
ROOT_COLLECTION = "root"
#: Whose credential is used: the one that Headwater keeps for the source, or each person's own.
CREDENTIAL_MODES = ("service", "personal")
SCAN_KINDS = ("full", "incremental")
SCAN_STATUSES = ("running", "succeeded", "failed", "cancelled")

collections = Table(
    "collections",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(255), nullable=False, unique=True),
    Column("display_name", Text, nullable=False),
    Column("parent_id", Integer, ForeignKey("collections.id"), index=True),
    scope_column(),
    Column("description", Text, nullable=False, default=""),
    Column("created_at", UtcDateTime),
    Column("created_by", Text, nullable=False, default=""),
)

sources = Table(
    "sources",
    metadata,
    Column("id", Integer, primary_key=True),
    # The M identifier under which the source's models are called: ``<name>.<model>``.
    Column("name", String(255), nullable=False, unique=True),
    Column("display_name", Text, nullable=False),
    Column("kind", String(64), nullable=False),
    Column("url", Text, nullable=False),
    Column("collection_id", Integer, ForeignKey("collections.id"), nullable=False, index=True),
    Column("settings", JsonValue, nullable=False, default=dict),
    Column("created_at", UtcDateTime, nullable=False),
    scope_column(),
    Column("credential_mode", String(16), nullable=False, default="service"),
    # Networks that are not public and that its address may lead into, as an administrator allowed.
    Column("private_networks", JsonValue, nullable=False, default=list),
    # Whether its models may run code on this machine, as an administrator allowed.
    Column("trusted", Boolean, nullable=False, default=False),
    one_of("credential_mode", CREDENTIAL_MODES),
)

#: Who Headwater is to a source. A secret is in ``secrets`` or elsewhere; here is only what leads to it.
source_credentials = Table(
    "source_credentials",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source_id", Integer, ForeignKey("sources.id", ondelete="CASCADE"), nullable=False),
    # Whose it is; NULL: the service credential.
    Column("user_id", GUID, ForeignKey("users.id", ondelete="CASCADE"), index=True),
    # The one origin that it may be sent to.
    Column("origin", Text, nullable=False),
    Column("kind", String(64), nullable=False),
    Column("fields", JsonValue, nullable=False, default=dict),
    Column("secret_ref", Text),
    Column("changed_at", UtcDateTime, nullable=False),
    Index("uq_source_credentials_source_id_user_id", "source_id", "user_id", unique=True),
    # NULLs are distinct from one another, so the index above lets any number of service credentials pass.
    Index(
        "uq_source_credentials_service",
        "source_id",
        unique=True,
        sqlite_where=text("user_id IS NULL"),
        postgresql_where=text("user_id IS NULL"),
    ),
)

#: Sources that tell us when something happened; ``secret_ref`` leads to what they sign it with.
source_webhooks = Table(
    "source_webhooks",
    metadata,
    Column("source_id", Integer, ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("secret_ref", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("last_event_at", UtcDateTime),
)

scans = Table(
    "scans",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source_id", Integer, ForeignKey("sources.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    # {type name: assets seen} and a list of {code, message, where, hint}, one per item that was skipped.
    Column("counts", JsonValue, nullable=False, default=dict),
    Column("warnings", JsonValue, nullable=False, default=list),
    # What was asked for: the scope, what else than registered models …; and how far what is read afterwards has come.
    Column("options", JsonValue, nullable=False, default=dict),
    Column("details", JsonValue, nullable=False, default=dict),
    one_of("kind", SCAN_KINDS),
    one_of("status", SCAN_STATUSES),
    Index(None, "source_id", "started_at"),
)
