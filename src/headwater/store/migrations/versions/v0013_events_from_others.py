"""What others tell of: runs as OpenLineage, webhooks of sources; and searches that people keep."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables."""
    _lineage_runs()
    _lineage_stamps()
    _source_webhooks()
    _saved_searches()


def _lineage_runs() -> None:
    op.create_table(
        "lineage_runs",
        sa.Column("process_id", _BIG_ID, autoincrement=False, nullable=False),
        sa.Column("run_id", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("state_stamp", sa.String(length=64), nullable=False),
        sa.Column("started_at", _TIME, nullable=False),
        sa.Column("ended_at", _TIME, nullable=True),
        sa.Column("event_at", _TIME, nullable=False),
        sa.Column("ends", _JSON, nullable=False),
        sa.Column("details", _JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["process_id"], ["assets.id"], name=op.f("fk_lineage_runs_process_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("process_id", "run_id", name=op.f("pk_lineage_runs")),
    )
    op.create_index(op.f("ix_lineage_runs_process_id_event_at"), "lineage_runs", ["process_id", "event_at"])


def _lineage_stamps() -> None:
    op.create_table(
        "lineage_stamps",
        sa.Column("asset_id", _BIG_ID, autoincrement=False, nullable=False),
        sa.Column("facet", sa.String(length=64), nullable=False),
        sa.Column("stamp", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["assets.id"], name=op.f("fk_lineage_stamps_asset_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("asset_id", "facet", name=op.f("pk_lineage_stamps")),
        sqlite_with_rowid=False,
    )


def _source_webhooks() -> None:
    op.create_table(
        "source_webhooks",
        sa.Column("source_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("secret_ref", sa.Text(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("last_event_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("fk_source_webhooks_source_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_source_webhooks")),
    )


def _saved_searches() -> None:
    op.create_table(
        "saved_searches",
        sa.Column("guid", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("definition", _JSON, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_saved_searches_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("guid", name=op.f("pk_saved_searches")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_saved_searches_user_id_name")),
    )
