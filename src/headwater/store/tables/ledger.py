"""The prediction ledger's metadata: which immutable files hold the predictions of which call."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, String, Table, Text

from headwater.store.tables._metadata import metadata
from headwater.store.types import BigId, JsonValue, UtcDateTime

__all__ = ["ledger_files", "ledger_fingerprints"]

#: What a call is: model version, mapping, constants, parameters, schema; ``description`` spells it out.
ledger_fingerprints = Table(
    "ledger_fingerprints",
    metadata,
    Column("fingerprint", String(128), primary_key=True),
    Column("description", JsonValue, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

#: A file is part of the ledger from the moment its row is committed; a file without a row does not exist.
ledger_files = Table(
    "ledger_files",
    metadata,
    Column("id", BigId, primary_key=True),
    Column(
        "fingerprint",
        String(128),
        ForeignKey("ledger_fingerprints.fingerprint", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("path", Text, nullable=False, unique=True),
    Column("rows", BigInteger, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)
