"""Scans by name, sources that are only said, rulesets; the versions of who may do what at a scope."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the column and the tables."""
    op.add_column("scopes", sa.Column("policy_version", _BIG_ID, nullable=False, server_default="0"))
    _declared_sources()
    _scan_definitions()
    _scan_documents()


def _declared_sources() -> None:
    op.create_table(
        "declared_sources",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("collection_id", sa.Integer(), nullable=False),
        sa.Column("properties", _JSON, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["collection_id"], ["collections.id"], name=op.f("fk_declared_sources_collection_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_declared_sources")),
        sa.UniqueConstraint("name", name=op.f("uq_declared_sources_name")),
    )
    op.create_index(op.f("ix_declared_sources_collection_id"), "declared_sources", ["collection_id"], unique=False)


def _scan_definitions() -> None:
    op.create_table(
        "scan_definitions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_name", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("properties", _JSON, nullable=False),
        sa.Column("filter", _JSON, nullable=True),
        sa.Column("trigger", _JSON, nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scan_definitions")),
        sa.UniqueConstraint("source_name", "name", name=op.f("uq_scan_definitions_source_name_name")),
    )


def _scan_documents() -> None:
    op.create_table(
        "scan_documents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", _JSON, nullable=False),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('scan_ruleset', 'classification_rule')", name=op.f("ck_scan_documents_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scan_documents")),
        sa.UniqueConstraint("kind", "name", "version", name=op.f("uq_scan_documents_kind_name_version")),
    )
