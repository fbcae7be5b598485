"""Labels that flow down lineage: the policies that say so, what came of them, what people rejected of that."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint, false

from headwater.store.tables._metadata import metadata, one_of
from headwater.store.types import BigId, UtcDateTime

__all__ = ["LABEL_KINDS", "inherited_labels", "inherited_rejections", "label_flow_state", "label_policies"]

LABEL_KINDS = ("classification", "label", "sensitivity")

#: What assets at a scope, or below it, inherit. The policy of the nearest scope holds; there, the one that names the
#: label goes before the one for all ("*").
label_policies = Table(
    "label_policies",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("scope_id", BigId, ForeignKey("scopes.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("name", String(255), nullable=False),
    Column("flows", Boolean, nullable=False),
    Column("through_models", Boolean, nullable=False, default=False, server_default=false()),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("changed_by", Text, nullable=False),
    UniqueConstraint("scope_id", "kind", "name"),
    one_of("kind", LABEL_KINDS),
)

#: Derived, and apart from what people say of an asset: written anew when lineage, labels or policies change.
inherited_labels = Table(
    "inherited_labels",
    metadata,
    Column("asset_id", BigId, ForeignKey("assets.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("kind", String(16), primary_key=True),
    Column("name", String(255), primary_key=True),
    # The nearest of the assets that it comes from.
    Column("from_id", BigId, ForeignKey("assets.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("through_model", Boolean, nullable=False),
    one_of("kind", LABEL_KINDS),
    Index(None, "kind", "name"),
)

#: What somebody says an asset does not inherit, whatever flows to it; from there it flows no further.
inherited_rejections = Table(
    "inherited_rejections",
    metadata,
    Column("asset_id", BigId, ForeignKey("assets.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("kind", String(16), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("by", Text, nullable=False),
    one_of("kind", LABEL_KINDS),
)

#: One row: the change of the catalog that inherited labels were worked out for.
label_flow_state = Table(
    "label_flow_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("change", BigId, nullable=False),
)
