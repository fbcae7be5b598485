"""Attempts at a job that failed are told apart from those whose worker was lost; schedules say how many may fail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what was begun before and waits is taken to have failed, as it was counted then."""
    op.add_column("jobs", sa.Column("failed", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("jobs", sa.Column("lost", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("schedules", sa.Column("max_attempts", sa.Integer(), nullable=False, server_default="3"))
    op.execute("UPDATE jobs SET failed = attempts WHERE status = 'queued'")
