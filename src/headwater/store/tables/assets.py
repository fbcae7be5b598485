"""Assets, their columns, and what contains what."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from headwater.store.tables._metadata import metadata, one_of
from headwater.store.tables.access import scope_column
from headwater.store.types import GUID, JsonValue, Name, UtcDateTime

__all__ = ["ASSET_STATUSES", "asset_columns", "assets", "containment"]

#: ``missing``: absent from a complete listing of its source; kept with its annotations, restored when seen again.
ASSET_STATUSES = ("active", "missing", "deleted")

assets = Table(
    "assets",
    metadata,
    Column("guid", GUID, primary_key=True),
    Column("type_name", String(255), nullable=False),
    Column("qualified_name", Name, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("collection_id", Integer, ForeignKey("collections.id"), nullable=False),
    # The source whose scan owns the asset; NULL for what no scan owns (datasets, dataflows, tables).
    Column("source_id", Integer, ForeignKey("sources.id", ondelete="SET NULL")),
    Column("attributes", JsonValue, nullable=False, default=dict),
    Column("status", String(16), nullable=False, default="active"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("last_scan_id", Integer, ForeignKey("scans.id", ondelete="SET NULL")),
    scope_column(),
    UniqueConstraint("type_name", "qualified_name"),
    one_of("status", ASSET_STATUSES),
    # A dataset is looked up by its name alone when files are matched to folders.
    Index(None, "qualified_name"),
    Index(None, "collection_id", "type_name"),
    Index(None, "source_id", "last_scan_id"),
    Index(None, "last_scan_id"),
)

asset_columns = Table(
    "asset_columns",
    metadata,
    Column("asset_guid", GUID, ForeignKey("assets.guid", ondelete="CASCADE"), primary_key=True),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    # Not unique: a model version may have an input and an output of one name (attributes.role tells them apart).
    Column("name", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("attributes", JsonValue, nullable=False, default=dict),
)

#: COMPOSITION: workspace → models, jobs; model → versions; dataflow → tables; folder → files.
containment = Table(
    "containment",
    metadata,
    Column("parent_guid", GUID, ForeignKey("assets.guid", ondelete="CASCADE"), primary_key=True),
    Column("child_guid", GUID, ForeignKey("assets.guid", ondelete="CASCADE"), primary_key=True, index=True),
)
