"""Durable work: jobs, schedules and workers; what refreshes record; what people are told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables and columns; what was recorded before had neither modes nor comparisons."""
    _jobs()
    _schedules()
    _refreshes()
    _told()


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("payload", _JSON, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("key", sa.String(255), nullable=True),
        sa.Column("due_at", _TIME, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("worker", sa.String(255), nullable=True),
        sa.Column("lease_until", _TIME, nullable=True),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("progress", _JSON, nullable=True),
        sa.Column("error", _JSON, nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("created_by_id", sa.String(36), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("started_at", _TIME, nullable=True),
        sa.Column("ended_at", _TIME, nullable=True),
        sa.CheckConstraint(
            "status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')", name=op.f("ck_jobs_status")
        ),
        sa.ForeignKeyConstraint(["created_by_id"], ["users.id"], name=op.f("fk_jobs_created_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("key", name=op.f("uq_jobs_key")),
    )
    op.create_index(op.f("ix_jobs_status_due_at"), "jobs", ["status", "due_at"])
    op.create_index(op.f("ix_jobs_subject_created_at"), "jobs", ["subject", "created_at"])
    running = sa.text("status = 'running'")
    op.create_index(
        "uq_jobs_running_subject", "jobs", ["subject"], unique=True, sqlite_where=running, postgresql_where=running
    )
    op.create_table(
        "workers",
        sa.Column("id", sa.String(255), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("started_at", _TIME, nullable=False),
        sa.Column("seen_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
    )


def _schedules() -> None:
    op.create_table(
        "schedules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("payload", _JSON, nullable=False),
        sa.Column("cron", sa.String(255), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("missed", sa.String(16), nullable=False),
        sa.Column("next_due", _TIME, nullable=True),
        sa.Column("paused", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("paused_reason", sa.Text(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.CheckConstraint("missed IN ('once', 'skip', 'all')", name=op.f("ck_schedules_missed")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedules")),
    )
    op.create_index(op.f("ix_schedules_next_due"), "schedules", ["next_due"])
    op.create_index(op.f("ix_schedules_kind_subject"), "schedules", ["kind", "subject"], unique=True)


def _refreshes() -> None:
    none, nothing = sa.text("'{}'"), sa.text("'[]'")
    op.add_column("dataflow_versions", sa.Column("comment", sa.Text(), nullable=False, server_default=""))
    op.add_column("refreshes", sa.Column("requested_by", sa.Text(), nullable=False, server_default=""))
    op.add_column("refreshes", sa.Column("definition_version", sa.Integer(), nullable=True))
    op.add_column("refreshes", sa.Column("full", sa.Boolean(), nullable=False, server_default=sa.false()))
    for column in (
        sa.Column("rows_skipped", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("rows_inserted", sa.BigInteger(), nullable=True),
        sa.Column("rows_updated", sa.BigInteger(), nullable=True),
        sa.Column("rows_deleted", sa.BigInteger(), nullable=True),
        sa.Column("reuse", _JSON, nullable=False, server_default=none),
        sa.Column("mode", sa.String(16), nullable=False, server_default="full"),
        sa.Column("engine", sa.String(64), nullable=False, server_default=""),
        sa.Column("schema_changes", _JSON, nullable=False, server_default=nothing),
        sa.Column("error", _JSON, nullable=True),
    ):
        op.add_column("refresh_entities", column)
    op.add_column("published_tables", sa.Column("state", _JSON, nullable=False, server_default=none))
    op.create_table(
        "refresh_errors",
        sa.Column("refresh_id", sa.String(36), nullable=False),
        sa.Column("entity", sa.String(255), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("column", sa.Text(), nullable=False),
        sa.Column("row", sa.BigInteger(), nullable=False),
        sa.Column("key", _JSON, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["refresh_id", "entity"],
            ["refresh_entities.refresh_id", "refresh_entities.entity"],
            name=op.f("fk_refresh_errors_refresh_id_entity"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("refresh_id", "entity", "number", name=op.f("pk_refresh_errors")),
    )
    op.create_table(
        "table_pins",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("dataflow_id", sa.Integer(), nullable=False),
        sa.Column("entity", sa.String(255), nullable=False),
        sa.Column("delta_version", sa.BigInteger(), nullable=False),
        sa.Column("until", _TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["dataflow_id"], ["dataflows.id"], name=op.f("fk_table_pins_dataflow_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_table_pins")),
    )
    op.create_index(op.f("ix_table_pins_dataflow_id_entity"), "table_pins", ["dataflow_id", "entity"])


def _told() -> None:
    op.create_table(
        "notifications",
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("refresh_id", sa.String(36), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("read_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_notifications_user_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["refresh_id"], ["refreshes.id"], name=op.f("fk_notifications_refresh_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
    )
    op.create_index(op.f("ix_notifications_user_id_created_at"), "notifications", ["user_id", "created_at"])
    op.create_table(
        "openlineage_events",
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("run_id", sa.String(36), nullable=False),
        sa.Column("event_type", sa.String(16), nullable=False),
        sa.Column("event_time", _TIME, nullable=False),
        sa.Column("event", _JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_openlineage_events")),
    )
    op.create_index(op.f("ix_openlineage_events_run_id"), "openlineage_events", ["run_id"])
