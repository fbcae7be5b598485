"""Scopes of collections, sources, dataflows, published tables and assets; who saved a dataflow, as a user.

The scopes themselves are made at the next start, by ``access.install``.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_SCOPED = ("collections", "sources", "dataflows", "published_tables", "assets")


def upgrade() -> None:
    """Add the columns, empty."""
    for table in _SCOPED:
        _add(table, "scope_id", _BIG_ID, "scopes")
        op.create_index(op.f(f"ix_{table}_scope_id"), table, ["scope_id"])
    _add("dataflows", "collection_id", sa.Integer(), "collections")
    op.create_index(op.f("ix_dataflows_collection_id"), "dataflows", ["collection_id"])
    _add("dataflow_versions", "saved_by_id", sa.String(length=36), "users")


def _add(table: str, name: str, kind: sa.types.TypeEngine[Any], other: str) -> None:
    # Alembic adds a column and then its reference, and SQLite can only add both at once.
    written = kind.compile(op.get_bind().dialect)
    op.execute(f"ALTER TABLE {table} ADD COLUMN {name} {written} CONSTRAINT fk_{table}_{name} REFERENCES {other} (id)")
