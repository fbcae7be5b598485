"""Since when data flows along an edge, and along which it flowed before: lineage as of a time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the column, which nobody knows of older edges, and the table."""
    op.add_column("flow_edges", sa.Column("since", _TIME, nullable=True))
    op.create_table(
        "past_flow_edges",
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("target_id", _BIG_ID, nullable=False),
        sa.Column("source_id", _BIG_ID, nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("since", _TIME, nullable=True),
        sa.Column("until", _TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"], ["assets.id"], name=op.f("fk_past_flow_edges_source_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["target_id"], ["assets.id"], name=op.f("fk_past_flow_edges_target_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_past_flow_edges")),
    )
    op.create_index(op.f("ix_past_flow_edges_source_id"), "past_flow_edges", ["source_id"], unique=False)
    op.create_index(op.f("ix_past_flow_edges_target_id"), "past_flow_edges", ["target_id"], unique=False)
