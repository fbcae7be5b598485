"""Attempts that failed are told from those whose worker was lost; rows that were read may be unknown."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, and let one be null."""
    _attempts()
    _rows_read()


def _attempts() -> None:
    op.add_column("jobs", sa.Column("failed", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("jobs", sa.Column("lost", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("schedules", sa.Column("max_attempts", sa.Integer(), nullable=False, server_default="3"))
    # What was begun before and waits is taken to have failed, as it was counted then.
    op.execute("UPDATE jobs SET failed = attempts WHERE status = 'queued'")


def _rows_read() -> None:
    if op.get_context().dialect.name == "postgresql":
        op.alter_column("refresh_entities", "rows_read", nullable=True)
        return
    # SQLite changes no column, and a new table in this one's place would take its error cells with it.
    op.add_column("refresh_entities", sa.Column("rows_read_or_null", sa.BigInteger(), nullable=True))
    op.execute("UPDATE refresh_entities SET rows_read_or_null = rows_read")
    op.execute("ALTER TABLE refresh_entities DROP COLUMN rows_read")
    op.execute("ALTER TABLE refresh_entities RENAME COLUMN rows_read_or_null TO rows_read")
