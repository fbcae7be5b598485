"""Scopes, role definitions, and who has which role where."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, String, Table, Text, UniqueConstraint

from headwater.store.tables._metadata import metadata, one_of
from headwater.store.types import GUID, BigId, JsonValue, Name, UtcDateTime

__all__ = [
    "SCOPE_KINDS",
    "role_actions",
    "role_assignments",
    "role_definitions",
    "scope_ancestors",
    "scope_column",
    "scopes",
]

SCOPE_KINDS = (
    "server",
    "collection",
    "subscription",
    "workspace",
    "model",
    "scoring_service",
    "connection",
    "dataflow",
    "published_table",
)


def scope_column() -> Column[int]:
    """The column by which rows of a table are trimmed. A row without a scope is seen by nobody."""
    return Column("scope_id", BigId, ForeignKey("scopes.id"), index=True)


#: What roles are given at. Other tables carry ``scopes.id`` as their ``scope_id``: an integer, because every trimmed
#: listing joins by it.
scopes = Table(
    "scopes",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("name", Name, nullable=False),
    # NULL for the server, which is the one root.
    Column("parent_id", BigId, ForeignKey("scopes.id")),
    # The Azure subscription that a workspace belongs to beside its collection: its second parent.
    Column("subscription_id", BigId, ForeignKey("scopes.id"), index=True),
    # Inheritance is cut here: from above, only roles with ``survives_cut`` reach it and what lies below.
    Column("restricted", Boolean, nullable=False, default=False),
    # Grows with every role that is given or taken right here, and with every cut: who changes a policy that was read
    # elsewhere says which one it was.
    Column("policy_version", BigId, nullable=False, default=0, server_default="0"),
    UniqueConstraint("parent_id", "kind", "name"),
    one_of("kind", SCOPE_KINDS),
    CheckConstraint("(kind = 'server') = (parent_id IS NULL)", name="root"),
    # An id is never handed out twice: a token or an audit event that names a removed scope must not mean a new one.
    sqlite_autoincrement=True,
)

#: Every scope with everything above it, and with itself; kept up by headwater.access in the transaction that changes
#: the tree. ``cut``: a restricted collection lies between the two, or is the scope.
scope_ancestors = Table(
    "scope_ancestors",
    metadata,
    Column("ancestor_id", BigId, ForeignKey("scopes.id", ondelete="CASCADE"), primary_key=True),
    Column("scope_id", BigId, ForeignKey("scopes.id", ondelete="CASCADE"), primary_key=True),
    Column("cut", Boolean, nullable=False, default=False),
    Index(None, "scope_id", "ancestor_id"),
    # The rows are their own index: trimming reads them in the order of the key.
    sqlite_with_rowid=False,
)

role_definitions = Table(
    "role_definitions",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("name", Name, nullable=False, unique=True),
    Column("description", Text, nullable=False),
    Column("built_in", Boolean, nullable=False),
    # Whether what is assigned above a restricted collection holds in it: collection administrators only.
    Column("survives_cut", Boolean, nullable=False, default=False),
    # As written, with wildcards. ``role_actions`` has what they come to.
    Column("actions", JsonValue, nullable=False),
    Column("not_actions", JsonValue, nullable=False),
    sqlite_autoincrement=True,
)

#: The known actions that a role comes to, so that trimming is a join and never matches a pattern.
role_actions = Table(
    "role_actions",
    metadata,
    Column("role_id", BigId, ForeignKey("role_definitions.id", ondelete="CASCADE"), primary_key=True),
    Column("action", String(64), primary_key=True),
    Index(None, "action"),
    sqlite_with_rowid=False,
)

role_assignments = Table(
    "role_assignments",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("principal_id", GUID, ForeignKey("principals.id", ondelete="CASCADE"), nullable=False),
    Column("role_id", BigId, ForeignKey("role_definitions.id"), nullable=False, index=True),
    Column("scope_id", BigId, ForeignKey("scopes.id", ondelete="CASCADE"), nullable=False, index=True),
    # Who gave it; NULL for what Headwater itself gave at its first start.
    Column("granted_by", GUID),
    Column("granted_at", UtcDateTime, nullable=False),
    UniqueConstraint("principal_id", "role_id", "scope_id"),
    sqlite_autoincrement=True,
)
