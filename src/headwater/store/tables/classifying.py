"""Rules that suggest classifications, and what of each asset they have looked at."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, ForeignKey, Integer, String, Table, Text, true

from headwater.store.tables._metadata import metadata
from headwater.store.types import BigId, Name, UtcDateTime

__all__ = ["classification_rules", "classified_assets"]

#: An organisation's own rules, beside those that are built in.
classification_rules = Table(
    "classification_rules",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Name, nullable=False, unique=True),
    # What it suggests: the name of a classification type.
    Column("classification", String(255), nullable=False),
    # Regular expressions (RE2) for a column's name and for its values; at least one of them is there.
    Column("name_pattern", Text),
    Column("value_pattern", Text),
    # How many of the values have to match, from 0 to 1.
    Column("least_share", Float, nullable=False),
    Column("enabled", Boolean, nullable=False, default=True, server_default=true()),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("changed_by", Text, nullable=False),
)

#: What was looked at when: an asset is looked at again when its data or the rules have changed.
classified_assets = Table(
    "classified_assets",
    metadata,
    Column("asset_id", BigId, ForeignKey("assets.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    # Digests of what its data was, and of the rules.
    Column("state", String(64), nullable=False),
    Column("rules", String(64), nullable=False),
    Column("rows", Integer, nullable=False),
    # Why nothing could be read of it; "" where something could.
    Column("problem", Text, nullable=False, default="", server_default=""),
    Column("at", UtcDateTime, nullable=False),
)
