"""Models as functions: which workspaces' models may run code here, and what people supplied about single ones."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Add the column, so that no workspace is trusted until somebody says so, and create the table."""
    op.add_column("sources", sa.Column("trusted", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "function_settings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("schema", _JSON, nullable=True),
        sa.Column("reuse_seconds", sa.BigInteger(), nullable=True),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("fk_function_settings_source_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_function_settings")),
        sa.UniqueConstraint("source_id", "model", name=op.f("uq_function_settings_source_id_model")),
    )
