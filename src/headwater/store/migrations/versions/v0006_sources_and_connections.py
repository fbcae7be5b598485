"""Credentials of sources, and connections to the data sources of M."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the columns, as they are for sources that were registered before, and create the tables."""
    _extend_sources()
    _create_source_credentials()
    _create_connections()


def _extend_sources() -> None:
    # In SQL: Alembic adds a column and then its check, and SQLite can only add both at once.
    op.execute(
        "ALTER TABLE sources ADD COLUMN credential_mode VARCHAR(16) DEFAULT 'service' NOT NULL "
        "CONSTRAINT ck_sources_credential_mode CHECK (credential_mode IN ('service', 'personal'))"
    )
    op.add_column("sources", sa.Column("private_networks", _JSON, nullable=False, server_default="[]"))


def _create_source_credentials() -> None:
    op.create_table(
        "source_credentials",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=True),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("fields", _JSON, nullable=False),
        sa.Column("secret_ref", sa.Text(), nullable=True),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("fk_source_credentials_source_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_source_credentials_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source_credentials")),
    )
    op.create_index(op.f("ix_source_credentials_user_id"), "source_credentials", ["user_id"], unique=False)
    op.create_index(
        op.f("uq_source_credentials_source_id_user_id"), "source_credentials", ["source_id", "user_id"], unique=True
    )
    op.create_index(
        op.f("uq_source_credentials_service"),
        "source_credentials",
        ["source_id"],
        unique=True,
        sqlite_where=sa.text("user_id IS NULL"),
        postgresql_where=sa.text("user_id IS NULL"),
    )


def _create_connections() -> None:
    op.create_table(
        "connections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("privacy", sa.String(length=16), nullable=False),
        sa.Column("collection_id", sa.Integer(), nullable=False),
        sa.Column("private_networks", _JSON, nullable=False),
        sa.Column("credential_kind", sa.String(length=64), nullable=False),
        sa.Column("credential_fields", _JSON, nullable=False),
        sa.Column("secret_ref", sa.Text(), nullable=True),
        sa.Column("credential_changed_at", _TIME, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("scope_id", _BIG_ID, nullable=True),
        sa.CheckConstraint(
            "privacy IN ('None', 'Public', 'Organizational', 'Private')", name=op.f("ck_connections_privacy")
        ),
        sa.ForeignKeyConstraint(["collection_id"], ["collections.id"], name=op.f("fk_connections_collection_id")),
        sa.ForeignKeyConstraint(["scope_id"], ["scopes.id"], name=op.f("fk_connections_scope_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connections")),
        sa.UniqueConstraint("name", name=op.f("uq_connections_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_connections_collection_id"), "connections", ["collection_id"], unique=False)
    op.create_index(op.f("ix_connections_scope_id"), "connections", ["scope_id"], unique=False)
