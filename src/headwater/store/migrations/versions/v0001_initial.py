"""The first revision: every table of the first release."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create every table."""
    _create_identity_and_places()
    _create_assets()
    _create_lineage()
    _create_dataflows()
    _create_refreshes()
    _create_ledger()


def _create_identity_and_places() -> None:
    op.create_table(
        "installation",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.create_table(
        "collections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["parent_id"], ["collections.id"], name=op.f("fk_collections_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collections")),
        sa.UniqueConstraint("name", name=op.f("uq_collections_name")),
    )
    op.create_index(op.f("ix_collections_parent_id"), "collections", ["parent_id"], unique=False)
    op.create_table(
        "sources",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("collection_id", sa.Integer(), nullable=False),
        sa.Column("settings", _JSON, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["collection_id"], ["collections.id"], name=op.f("fk_sources_collection_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sources")),
        sa.UniqueConstraint("name", name=op.f("uq_sources_name")),
    )
    op.create_index(op.f("ix_sources_collection_id"), "sources", ["collection_id"], unique=False)
    op.create_table(
        "scans",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("started_at", _TIME, nullable=False),
        sa.Column("ended_at", _TIME, nullable=True),
        sa.Column("counts", _JSON, nullable=False),
        sa.Column("warnings", _JSON, nullable=False),
        sa.CheckConstraint("kind IN ('full', 'incremental')", name=op.f("ck_scans_kind")),
        sa.CheckConstraint("status IN ('running', 'succeeded', 'failed', 'cancelled')", name=op.f("ck_scans_status")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_scans_source_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scans")),
    )
    op.create_index(op.f("ix_scans_source_id_started_at"), "scans", ["source_id", "started_at"], unique=False)


def _create_assets() -> None:
    op.create_table(
        "assets",
        sa.Column("guid", sa.String(length=36), nullable=False),
        sa.Column("type_name", sa.String(length=255), nullable=False),
        sa.Column("qualified_name", _NAME, nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("collection_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("attributes", _JSON, nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.Column("last_seen_at", _TIME, nullable=False),
        sa.Column("last_scan_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("status IN ('active', 'missing', 'deleted')", name=op.f("ck_assets_status")),
        sa.ForeignKeyConstraint(["collection_id"], ["collections.id"], name=op.f("fk_assets_collection_id")),
        sa.ForeignKeyConstraint(
            ["last_scan_id"], ["scans.id"], name=op.f("fk_assets_last_scan_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_assets_source_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("guid", name=op.f("pk_assets")),
        sa.UniqueConstraint("type_name", "qualified_name", name=op.f("uq_assets_type_name_qualified_name")),
    )
    op.create_index(op.f("ix_assets_collection_id_type_name"), "assets", ["collection_id", "type_name"], unique=False)
    op.create_index(op.f("ix_assets_last_scan_id"), "assets", ["last_scan_id"], unique=False)
    op.create_index(op.f("ix_assets_qualified_name"), "assets", ["qualified_name"], unique=False)
    op.create_index(op.f("ix_assets_source_id_last_scan_id"), "assets", ["source_id", "last_scan_id"], unique=False)
    op.create_table(
        "asset_columns",
        sa.Column("asset_guid", sa.String(length=36), nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("attributes", _JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["asset_guid"], ["assets.guid"], name=op.f("fk_asset_columns_asset_guid"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("asset_guid", "ordinal", name=op.f("pk_asset_columns")),
    )
    op.create_table(
        "containment",
        sa.Column("parent_guid", sa.String(length=36), nullable=False),
        sa.Column("child_guid", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["child_guid"], ["assets.guid"], name=op.f("fk_containment_child_guid"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["parent_guid"], ["assets.guid"], name=op.f("fk_containment_parent_guid"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("parent_guid", "child_guid", name=op.f("pk_containment")),
    )
    op.create_index(op.f("ix_containment_child_guid"), "containment", ["child_guid"], unique=False)


def _create_lineage() -> None:
    op.create_table(
        "process_inputs",
        sa.Column("process_guid", sa.String(length=36), nullable=False),
        sa.Column("asset_guid", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["asset_guid"], ["assets.guid"], name=op.f("fk_process_inputs_asset_guid"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["process_guid"], ["assets.guid"], name=op.f("fk_process_inputs_process_guid"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("process_guid", "asset_guid", name=op.f("pk_process_inputs")),
    )
    op.create_index(op.f("ix_process_inputs_asset_guid"), "process_inputs", ["asset_guid"], unique=False)
    op.create_table(
        "process_outputs",
        sa.Column("process_guid", sa.String(length=36), nullable=False),
        sa.Column("asset_guid", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["asset_guid"], ["assets.guid"], name=op.f("fk_process_outputs_asset_guid"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["process_guid"], ["assets.guid"], name=op.f("fk_process_outputs_process_guid"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("process_guid", "asset_guid", name=op.f("pk_process_outputs")),
    )
    op.create_index(op.f("ix_process_outputs_asset_guid"), "process_outputs", ["asset_guid"], unique=False)
    op.create_table(
        "column_lineage",
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("process_guid", sa.String(length=36), nullable=False),
        sa.Column("source_asset_guid", sa.String(length=36), nullable=False),
        sa.Column("source_column", sa.Text(), nullable=True),
        sa.Column("target_asset_guid", sa.String(length=36), nullable=False),
        sa.Column("target_column", sa.Text(), nullable=False),
        sa.Column("via", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["process_guid"], ["assets.guid"], name=op.f("fk_column_lineage_process_guid"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["source_asset_guid"], ["assets.guid"], name=op.f("fk_column_lineage_source_asset_guid"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["target_asset_guid"], ["assets.guid"], name=op.f("fk_column_lineage_target_asset_guid"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_column_lineage")),
    )
    op.create_index(op.f("ix_column_lineage_process_guid"), "column_lineage", ["process_guid"], unique=False)
    op.create_index(
        op.f("ix_column_lineage_source_asset_guid_source_column"),
        "column_lineage",
        ["source_asset_guid", "source_column"],
        unique=False,
    )
    op.create_index(
        op.f("ix_column_lineage_target_asset_guid_target_column"),
        "column_lineage",
        ["target_asset_guid", "target_column"],
        unique=False,
    )


def _create_dataflows() -> None:
    op.create_table(
        "dataflows",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("current_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataflows")),
        sa.UniqueConstraint("name", name=op.f("uq_dataflows_name")),
    )
    op.create_table(
        "dataflow_versions",
        sa.Column("dataflow_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("definition", _JSON, nullable=False),
        sa.Column("saved_by", sa.Text(), nullable=False),
        sa.Column("saved_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["dataflow_id"], ["dataflows.id"], name=op.f("fk_dataflow_versions_dataflow_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dataflow_id", "version", name=op.f("pk_dataflow_versions")),
    )


def _create_refreshes() -> None:
    op.create_table(
        "refreshes",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("dataflow_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("trigger", sa.String(length=64), nullable=False),
        sa.Column("started_at", _TIME, nullable=False),
        sa.Column("ended_at", _TIME, nullable=True),
        sa.Column("error", _JSON, nullable=True),
        sa.CheckConstraint(
            "status IN ('running', 'succeeded', 'failed', 'cancelled')", name=op.f("ck_refreshes_status")
        ),
        sa.ForeignKeyConstraint(
            ["dataflow_id"], ["dataflows.id"], name=op.f("fk_refreshes_dataflow_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refreshes")),
    )
    op.create_index(
        op.f("ix_refreshes_dataflow_id_started_at"), "refreshes", ["dataflow_id", "started_at"], unique=False
    )
    op.create_index(op.f("ix_refreshes_started_at"), "refreshes", ["started_at"], unique=False)
    op.create_table(
        "refresh_entities",
        sa.Column("refresh_id", sa.String(length=36), nullable=False),
        sa.Column("entity", sa.String(length=255), nullable=False),
        sa.Column("rows_read", sa.BigInteger(), nullable=False),
        sa.Column("rows_written", sa.BigInteger(), nullable=False),
        sa.Column("rows_scored", sa.BigInteger(), nullable=False),
        sa.Column("rows_reused", sa.BigInteger(), nullable=False),
        sa.Column("errors", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("delta_version", sa.BigInteger(), nullable=True),
        sa.Column("model_versions", _JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["refresh_id"], ["refreshes.id"], name=op.f("fk_refresh_entities_refresh_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("refresh_id", "entity", name=op.f("pk_refresh_entities")),
    )
    op.create_table(
        "published_tables",
        sa.Column("dataflow_id", sa.Integer(), nullable=False),
        sa.Column("entity", sa.String(length=255), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("delta_version", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("schema", _JSON, nullable=False),
        sa.Column("refresh_id", sa.String(length=36), nullable=False),
        sa.Column("published_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["dataflow_id"], ["dataflows.id"], name=op.f("fk_published_tables_dataflow_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["refresh_id"], ["refreshes.id"], name=op.f("fk_published_tables_refresh_id")),
        sa.PrimaryKeyConstraint("dataflow_id", "entity", name=op.f("pk_published_tables")),
    )
    op.create_index(op.f("ix_published_tables_refresh_id"), "published_tables", ["refresh_id"], unique=False)
    op.create_table(
        "publish_intents",
        sa.Column("refresh_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("payload", _JSON, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.CheckConstraint("state IN ('pending', 'done')", name=op.f("ck_publish_intents_state")),
        sa.ForeignKeyConstraint(
            ["refresh_id"], ["refreshes.id"], name=op.f("fk_publish_intents_refresh_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("refresh_id", name=op.f("pk_publish_intents")),
    )
    op.create_index(op.f("ix_publish_intents_state"), "publish_intents", ["state"], unique=False)


def _create_ledger() -> None:
    op.create_table(
        "ledger_fingerprints",
        sa.Column("fingerprint", sa.String(length=128), nullable=False),
        sa.Column("description", _JSON, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_ledger_fingerprints")),
    )
    op.create_table(
        "ledger_files",
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("fingerprint", sa.String(length=128), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["fingerprint"],
            ["ledger_fingerprints.fingerprint"],
            name=op.f("fk_ledger_files_fingerprint"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_files")),
        sa.UniqueConstraint("path", name=op.f("uq_ledger_files_path")),
    )
    op.create_index(op.f("ix_ledger_files_fingerprint"), "ledger_files", ["fingerprint"], unique=False)
