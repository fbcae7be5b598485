"""Sign-ins by OpenID Connect that are under way, and the groups that an issuer decides about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "openid_requests",
        sa.Column("state_digest", sa.String(length=64), nullable=False),
        sa.Column("binding_digest", sa.String(length=64), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("code_verifier", sa.String(length=128), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("return_to", sa.Text(), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_openid_requests_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("state_digest", name=op.f("pk_openid_requests")),
    )
    op.create_index(op.f("ix_openid_requests_expires_at"), "openid_requests", ["expires_at"], unique=False)
    op.create_table(
        "openid_groups",
        sa.Column("group_id", sa.String(length=36), nullable=False),
        sa.Column("issuer", _NAME, nullable=False),
        sa.Column("name", _NAME, nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["groups.id"], name=op.f("fk_openid_groups_group_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("group_id", name=op.f("pk_openid_groups")),
        sa.UniqueConstraint("issuer", "name", name=op.f("uq_openid_groups_issuer_name")),
    )
