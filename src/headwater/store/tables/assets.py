"""Assets, the changes made to them, and the types that people and tools define beside the built-in ones."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from headwater.store.tables._metadata import metadata, one_of
from headwater.store.tables.access import scope_column
from headwater.store.types import GUID, BigId, JsonValue, Name, UtcDateTime

__all__ = [
    "ASSET_STATUSES",
    "TYPE_CATEGORIES",
    "asset_columns",
    "asset_history",
    "asset_names",
    "asset_tombstones",
    "assets",
    "catalog_state",
    "type_definitions",
]

#: ``missing``: absent from a complete listing of its source; kept with its annotations, restored when seen again.
ASSET_STATUSES = ("active", "missing", "deleted")
TYPE_CATEGORIES = ("ENTITY", "CLASSIFICATION", "ENUM", "STRUCT", "RELATIONSHIP", "BUSINESS_METADATA")

#: Every thing of the catalog, columns too. Other tables refer to ``id``, which is short; what people, tools and other
#: systems are shown is ``guid``.
assets = Table(
    "assets",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("guid", GUID, nullable=False, unique=True),
    Column("type_name", String(255), nullable=False),
    Column("qualified_name", Name, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("collection_id", Integer, ForeignKey("collections.id"), nullable=False),
    # The source whose scan owns the asset; NULL for what no scan owns (datasets, dataflows, tables).
    Column("source_id", Integer, ForeignKey("sources.id", ondelete="SET NULL")),
    # What was seen of it: a scan, a refresh or a tool writes these, and the next one writes them anew.
    Column("attributes", JsonValue, nullable=False, default=dict),
    # What people say of it, which nobody else writes: NULL where they said nothing.
    Column("user_description", Text),
    Column("sensitivity", String(255)),
    Column("endorsement", String(64)),
    Column("custom_attributes", JsonValue),
    Column("business_attributes", JsonValue),
    Column("status", String(16), nullable=False, default="active"),
    Column("version", Integer, nullable=False, default=1),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("updated_by", Text, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("last_scan_id", Integer),
    # The number of the change that wrote it last, out of ``catalog_state``: what indexes beside the database go by.
    Column("change", BigId, nullable=False, index=True),
    scope_column(),
    # The name comes first: a dataset is looked up by its name alone when files are matched to folders.
    UniqueConstraint("qualified_name", "type_name"),
    one_of("status", ASSET_STATUSES),
    Index(None, "collection_id", "type_name"),
    Index(None, "source_id", "last_scan_id"),
    # An id is never handed out twice: an index beside the database must not take a new asset for an old one.
    sqlite_autoincrement=True,
)

#: Further names of an asset: an address by which others know the same data, the name it had before it was renamed,
#: the name of another asset that a steward merged into it (``merged``: that asset, to be taken apart again).
asset_names = Table(
    "asset_names",
    metadata,
    Column("type_name", String(255), primary_key=True),
    Column("qualified_name", Name, primary_key=True),
    Column("asset_id", BigId, ForeignKey("assets.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("reason", String(16), nullable=False),
    Column("merged", JsonValue),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Text, nullable=False),
    one_of("reason", ("alias", "renamed", "merged")),
)

#: The columns that an asset has now, in order; each is an asset of its own, so that people can say something of it.
asset_columns = Table(
    "asset_columns",
    metadata,
    Column("asset_id", BigId, ForeignKey("assets.id", ondelete="CASCADE"), primary_key=True),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("column_id", BigId, ForeignKey("assets.id", ondelete="CASCADE"), nullable=False, index=True),
)

#: What was changed about an asset after it was created. ``changes`` says what was before and after, never a secret.
asset_history = Table(
    "asset_history",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("asset_id", BigId, ForeignKey("assets.id", ondelete="CASCADE"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("action", String(64), nullable=False),
    Column("by_id", GUID),
    Column("by", Text, nullable=False),
    Column("changes", JsonValue, nullable=False),
    Index(None, "asset_id", "id"),
)

#: One row: the number of the last change of the catalog, and of its types. Whoever changes something holds
#: ``exclusive("catalog")``, so the numbers become visible in their order.
catalog_state = Table(
    "catalog_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("change", BigId, nullable=False),
    Column("types", BigId, nullable=False),
)

#: Assets that are no more, for indexes beside the database.
asset_tombstones = Table(
    "asset_tombstones",
    metadata,
    Column("asset_id", BigId, primary_key=True, autoincrement=False),
    Column("change", BigId, nullable=False, index=True),
)

#: Types that were defined here by people and tools, as Atlas writes them; the built-in ones are in the code.
type_definitions = Table(
    "type_definitions",
    metadata,
    Column("guid", GUID, primary_key=True),
    Column("name", String(255), nullable=False, unique=True),
    Column("category", String(32), nullable=False),
    Column("definition", JsonValue, nullable=False),
    Column("version", Integer, nullable=False, default=1),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("updated_by", Text, nullable=False),
    one_of("category", TYPE_CATEGORIES),
)
