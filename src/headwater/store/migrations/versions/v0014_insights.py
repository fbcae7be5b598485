"""Suggested classifications, labels that flow down lineage, insights."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_LABEL_KINDS = "kind IN ('classification', 'label', 'sensitivity')"


def upgrade() -> None:
    """Add the tables."""
    op.create_index(op.f("ix_asset_classifications_state_by_what"), "asset_classifications", ["state", "by_what"])
    _classification_rules()
    _classified_assets()
    _label_policies()
    _inherited_labels()
    _inherited_rejections()
    _asset_snapshots()
    _model_use()


def _classification_rules() -> None:
    op.create_table(
        "classification_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", _NAME, nullable=False),
        sa.Column("classification", sa.String(length=255), nullable=False),
        sa.Column("name_pattern", sa.Text(), nullable=True),
        sa.Column("value_pattern", sa.Text(), nullable=True),
        sa.Column("least_share", sa.Float(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_classification_rules")),
        sa.UniqueConstraint("name", name=op.f("uq_classification_rules_name")),
    )


def _classified_assets() -> None:
    op.create_table(
        "classified_assets",
        sa.Column("asset_id", _BIG_ID, autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("rules", sa.String(length=64), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False, server_default=""),
        sa.Column("at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["assets.id"], name=op.f("fk_classified_assets_asset_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("asset_id", name=op.f("pk_classified_assets")),
    )


def _label_policies() -> None:
    op.create_table(
        "label_policies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("scope_id", _BIG_ID, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("flows", sa.Boolean(), nullable=False),
        sa.Column("through_models", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.CheckConstraint(_LABEL_KINDS, name=op.f("ck_label_policies_kind")),
        sa.ForeignKeyConstraint(
            ["scope_id"], ["scopes.id"], name=op.f("fk_label_policies_scope_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_policies")),
        sa.UniqueConstraint("scope_id", "kind", "name", name=op.f("uq_label_policies_scope_id_kind_name")),
    )


def _inherited_labels() -> None:
    op.create_table(
        "inherited_labels",
        sa.Column("asset_id", _BIG_ID, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("from_id", _BIG_ID, nullable=False),
        sa.Column("through_model", sa.Boolean(), nullable=False),
        sa.CheckConstraint(_LABEL_KINDS, name=op.f("ck_inherited_labels_kind")),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["assets.id"], name=op.f("fk_inherited_labels_asset_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["from_id"], ["assets.id"], name=op.f("fk_inherited_labels_from_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("asset_id", "kind", "name", name=op.f("pk_inherited_labels")),
    )
    op.create_index(op.f("ix_inherited_labels_from_id"), "inherited_labels", ["from_id"])
    op.create_index(op.f("ix_inherited_labels_kind_name"), "inherited_labels", ["kind", "name"])
    op.create_table(
        "label_flow_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("change", _BIG_ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_flow_state")),
    )


def _inherited_rejections() -> None:
    op.create_table(
        "inherited_rejections",
        sa.Column("asset_id", _BIG_ID, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.CheckConstraint(_LABEL_KINDS, name=op.f("ck_inherited_rejections_kind")),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["assets.id"], name=op.f("fk_inherited_rejections_asset_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("asset_id", "kind", "name", name=op.f("pk_inherited_rejections")),
    )


def _asset_snapshots() -> None:
    op.create_table(
        "asset_snapshots",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("scope_id", _BIG_ID, autoincrement=False, nullable=False),
        sa.Column("collection_id", sa.Integer(), nullable=False),
        sa.Column("type_name", sa.String(length=255), nullable=False),
        sa.Column("assets", sa.Integer(), nullable=False),
        sa.Column("owned", sa.Integer(), nullable=False),
        sa.Column("classified", sa.Integer(), nullable=False),
        sa.Column("labelled", sa.Integer(), nullable=False),
        sa.Column("termed", sa.Integer(), nullable=False),
        sa.Column("described", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"], ["collections.id"], name=op.f("fk_asset_snapshots_collection_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("day", "scope_id", "collection_id", "type_name", name=op.f("pk_asset_snapshots")),
    )


def _model_use() -> None:
    op.create_table(
        "model_use",
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("source", sa.String(length=255), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("dataflow", sa.String(length=255), nullable=False),
        sa.Column("scope_id", _BIG_ID, nullable=False),
        sa.Column("dataflow_scope_id", _BIG_ID, nullable=True),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("reused", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("cpu_seconds", sa.Float(), nullable=False),
        sa.Column("last_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_use")),
        sa.UniqueConstraint(
            "day", "source", "model", "version", "dataflow", name=op.f("uq_model_use_day_source_model_version_dataflow")
        ),
    )
    op.create_index(op.f("ix_model_use_scope_id_day"), "model_use", ["scope_id", "day"])
