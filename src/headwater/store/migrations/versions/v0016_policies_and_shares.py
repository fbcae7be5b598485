"""Policies over what data is, tables that are shared by a link, and how far the catalog was pushed to others."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_GUID = sa.String(length=36)


def upgrade() -> None:
    """Add the tables."""
    _access_policies()
    _access_policy_readers()
    _table_shares()
    _catalog_pushes()


def _access_policies() -> None:
    op.create_table(
        "access_policies",
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("name", _NAME, nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("scope_id", _BIG_ID, nullable=False),
        sa.Column("subject", sa.String(length=16), nullable=False),
        sa.Column("value", _NAME, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "subject IN ('asset', 'classification', 'label', 'sensitivity')", name=op.f("ck_access_policies_subject")
        ),
        sa.ForeignKeyConstraint(
            ["scope_id"], ["scopes.id"], name=op.f("fk_access_policies_scope_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_policies")),
        sa.UniqueConstraint("name", name=op.f("uq_access_policies_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_access_policies_scope_id"), "access_policies", ["scope_id"], unique=False)


def _access_policy_readers() -> None:
    op.create_table(
        "access_policy_readers",
        sa.Column("policy_id", _BIG_ID, nullable=False),
        sa.Column("principal_id", _GUID, nullable=False),
        sa.ForeignKeyConstraint(
            ["policy_id"], ["access_policies.id"], name=op.f("fk_access_policy_readers_policy_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["principal_id"],
            ["principals.id"],
            name=op.f("fk_access_policy_readers_principal_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("policy_id", "principal_id", name=op.f("pk_access_policy_readers")),
    )
    op.create_index(
        op.f("ix_access_policy_readers_principal_id"), "access_policy_readers", ["principal_id"], unique=False
    )


def _table_shares() -> None:
    op.create_table(
        "table_shares",
        sa.Column("id", _GUID, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("prefix", sa.String(length=16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("dataflow_id", sa.Integer(), nullable=False),
        sa.Column("entity", sa.String(length=255), nullable=False),
        sa.Column("sharer_id", _GUID, nullable=False),
        sa.Column("columns", _JSON, nullable=True),
        sa.Column("row_limit", sa.BigInteger(), nullable=True),
        sa.Column("first_version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.Column("revoked_at", _TIME, nullable=True),
        sa.Column("last_used_at", _TIME, nullable=True),
        sa.Column("uses", sa.BigInteger(), nullable=False, server_default="0"),
        sa.ForeignKeyConstraint(
            ["dataflow_id"], ["dataflows.id"], name=op.f("fk_table_shares_dataflow_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["sharer_id"], ["users.id"], name=op.f("fk_table_shares_sharer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_table_shares")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_table_shares_token_hash")),
    )
    op.create_index(op.f("ix_table_shares_dataflow_id_entity"), "table_shares", ["dataflow_id", "entity"], unique=False)
    op.create_index(op.f("ix_table_shares_sharer_id"), "table_shares", ["sharer_id"], unique=False)


def _catalog_pushes() -> None:
    op.create_table(
        "catalog_pushes",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("change", _BIG_ID, nullable=False),
        sa.Column("pushed_at", _TIME, nullable=False),
        sa.Column("report", _JSON, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_catalog_pushes")),
    )
