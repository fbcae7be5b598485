"""Scopes with everything above them, role definitions and assignments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_SCOPE_KINDS = (
    "'server', 'collection', 'subscription', 'workspace', 'model', 'scoring_service', 'connection', 'dataflow', "
    "'published_table'"
)


def upgrade() -> None:
    """Create every table."""
    _create_scopes()
    _create_scope_ancestors()
    _create_roles()
    _create_assignments()


def _create_scopes() -> None:
    op.create_table(
        "scopes",
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("name", _NAME, nullable=False),
        sa.Column("parent_id", _BIG_ID, nullable=True),
        sa.Column("subscription_id", _BIG_ID, nullable=True),
        sa.Column("restricted", sa.Boolean(), nullable=False),
        sa.CheckConstraint(f"kind IN ({_SCOPE_KINDS})", name=op.f("ck_scopes_kind")),
        sa.CheckConstraint("(kind = 'server') = (parent_id IS NULL)", name=op.f("ck_scopes_root")),
        sa.ForeignKeyConstraint(["parent_id"], ["scopes.id"], name=op.f("fk_scopes_parent_id")),
        sa.ForeignKeyConstraint(["subscription_id"], ["scopes.id"], name=op.f("fk_scopes_subscription_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scopes")),
        sa.UniqueConstraint("parent_id", "kind", "name", name=op.f("uq_scopes_parent_id_kind_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_scopes_subscription_id"), "scopes", ["subscription_id"], unique=False)


def _create_scope_ancestors() -> None:
    op.create_table(
        "scope_ancestors",
        sa.Column("ancestor_id", _BIG_ID, nullable=False),
        sa.Column("scope_id", _BIG_ID, nullable=False),
        sa.Column("cut", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ancestor_id"], ["scopes.id"], name=op.f("fk_scope_ancestors_ancestor_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["scope_id"], ["scopes.id"], name=op.f("fk_scope_ancestors_scope_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("ancestor_id", "scope_id", name=op.f("pk_scope_ancestors")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_scope_ancestors_scope_id_ancestor_id"), "scope_ancestors", ["scope_id", "ancestor_id"], unique=False
    )


def _create_roles() -> None:
    op.create_table(
        "role_definitions",
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("name", _NAME, nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("built_in", sa.Boolean(), nullable=False),
        sa.Column("survives_cut", sa.Boolean(), nullable=False),
        sa.Column("actions", _JSON, nullable=False),
        sa.Column("not_actions", _JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_definitions")),
        sa.UniqueConstraint("name", name=op.f("uq_role_definitions_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "role_actions",
        sa.Column("role_id", _BIG_ID, nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["role_id"], ["role_definitions.id"], name=op.f("fk_role_actions_role_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("role_id", "action", name=op.f("pk_role_actions")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_role_actions_action"), "role_actions", ["action"], unique=False)


def _create_assignments() -> None:
    op.create_table(
        "role_assignments",
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("principal_id", sa.String(length=36), nullable=False),
        sa.Column("role_id", _BIG_ID, nullable=False),
        sa.Column("scope_id", _BIG_ID, nullable=False),
        sa.Column("granted_by", sa.String(length=36), nullable=True),
        sa.Column("granted_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["principal_id"], ["principals.id"], name=op.f("fk_role_assignments_principal_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["role_id"], ["role_definitions.id"], name=op.f("fk_role_assignments_role_id")),
        sa.ForeignKeyConstraint(
            ["scope_id"], ["scopes.id"], name=op.f("fk_role_assignments_scope_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_assignments")),
        sa.UniqueConstraint(
            "principal_id", "role_id", "scope_id", name=op.f("uq_role_assignments_principal_id_role_id_scope_id")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_role_assignments_role_id"), "role_assignments", ["role_id"], unique=False)
    op.create_index(op.f("ix_role_assignments_scope_id"), "role_assignments", ["scope_id"], unique=False)
