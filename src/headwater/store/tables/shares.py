"""Published tables that were shared by a link."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text

from headwater.store.tables._metadata import metadata
from headwater.store.types import GUID, JsonValue, UtcDateTime

__all__ = ["table_shares"]

#: Of the link's secret only a digest is kept. What a share gives is decided anew at each use, by the sharer's rights.
table_shares = Table(
    "table_shares",
    metadata,
    Column("id", GUID, primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    # The beginning of the secret, as a list shows it.
    Column("prefix", String(16), nullable=False),
    Column("name", Text, nullable=False),
    Column("dataflow_id", Integer, ForeignKey("dataflows.id", ondelete="CASCADE"), nullable=False),
    Column("entity", String(255), nullable=False),
    Column("sharer_id", GUID, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    # The columns that are given; NULL: all that the sharer may read.
    Column("columns", JsonValue),
    # The first rows that are given, so many; NULL: all.
    Column("row_limit", BigInteger),
    # The version when it was shared: rows that were there before and are no more are not given.
    Column("first_version", BigInteger, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    Column("last_used_at", UtcDateTime),
    Column("uses", BigInteger, nullable=False, default=0, server_default="0"),
    Index(None, "dataflow_id", "entity"),
)
