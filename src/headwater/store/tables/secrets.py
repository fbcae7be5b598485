"""Secrets at rest."""

from __future__ import annotations

from sqlalchemy import Column, String, Table, Text

from headwater.store.tables._metadata import metadata
from headwater.store.types import GUID, UtcDateTime

__all__ = ["secrets"]

secrets = Table(
    "secrets",
    metadata,
    Column("id", GUID, primary_key=True),
    Column("ciphertext", Text, nullable=False),
    # Which key it is encrypted with (the beginning of the key's digest): tells a lost key from a damaged row.
    Column("key_id", String(16), nullable=False, index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)
