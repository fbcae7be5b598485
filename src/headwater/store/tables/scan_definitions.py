"""What clients of other catalogs keep here beside the registered sources: scans by name, sources that are only said."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, String, Table, Text, UniqueConstraint

from headwater.store.tables._metadata import metadata, one_of
from headwater.store.types import JsonValue, UtcDateTime

__all__ = ["SCAN_DOCUMENT_KINDS", "declared_sources", "scan_definitions", "scan_documents"]

SCAN_DOCUMENT_KINDS = ("scan_ruleset", "classification_rule")

#: Sources of a kind for which there is no connector: what somebody said of them is kept, and they cannot be scanned.
declared_sources = Table(
    "declared_sources",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(255), nullable=False, unique=True),
    Column("kind", String(64), nullable=False),
    Column("collection_id", Integer, ForeignKey("collections.id"), nullable=False, index=True),
    Column("properties", JsonValue, nullable=False, default=dict),
    Column("created_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
)

#: Scans by name, of a registered source or of one that is only said: both have one space of names.
scan_definitions = Table(
    "scan_definitions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source_name", String(255), nullable=False),
    Column("name", String(255), nullable=False),
    Column("kind", String(64), nullable=False),
    # As it was said: the credential's name, the ruleset's, and whatever else means nothing here.
    Column("properties", JsonValue, nullable=False, default=dict),
    # The filter and the trigger as they were said; NULL: none was. What they come to is in ``schedules`` and jobs.
    Column("filter", JsonValue),
    Column("trigger", JsonValue),
    Column("created_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    UniqueConstraint("source_name", "name"),
)

#: Custom scan rulesets and classification rules, every version of them.
scan_documents = Table(
    "scan_documents",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("name", String(255), nullable=False),
    Column("version", Integer, nullable=False),
    Column("document", JsonValue, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("changed_by", Text, nullable=False),
    UniqueConstraint("kind", "name", "version"),
    one_of("kind", SCAN_DOCUMENT_KINDS),
)
