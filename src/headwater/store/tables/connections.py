"""Connections to the data sources of M."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, String, Table, Text

from headwater.store.tables._metadata import metadata, one_of
from headwater.store.tables.access import scope_column
from headwater.store.types import JsonValue, UtcDateTime

__all__ = ["PRIVACY_LEVELS", "connections"]

#: To whom a source's data may go, in M's words; ``None``: nobody has said.
PRIVACY_LEVELS = ("None", "Public", "Organizational", "Private")

connections = Table(
    "connections",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(255), nullable=False, unique=True),
    # Power Query's: ``Web`` with an address, ``PostgreSQL`` with ``server;database``, ``Folder`` with a path.
    Column("kind", String(64), nullable=False),
    Column("path", Text, nullable=False),
    Column("privacy", String(16), nullable=False, default="None"),
    Column("collection_id", Integer, ForeignKey("collections.id"), nullable=False, index=True),
    Column("private_networks", JsonValue, nullable=False, default=list),
    Column("credential_kind", String(64), nullable=False),
    Column("credential_fields", JsonValue, nullable=False, default=dict),
    Column("secret_ref", Text),
    Column("credential_changed_at", UtcDateTime, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    scope_column(),
    one_of("privacy", PRIVACY_LEVELS),
    # An id is never handed out twice: what a dataflow was allowed to use must not come to mean something else.
    sqlite_autoincrement=True,
)
