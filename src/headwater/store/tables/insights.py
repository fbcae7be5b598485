"""What is counted day by day (days are ISO texts of UTC): assets, and the use of models."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from headwater.store.tables._metadata import metadata
from headwater.store.types import BigId, UtcDateTime

__all__ = ["asset_snapshots", "model_use"]

#: How many assets there were at the end of a day, apart by the scope that they are trimmed by: so that each person is
#: shown the sum of what they may see. Columns are not counted.
asset_snapshots = Table(
    "asset_snapshots",
    metadata,
    Column("day", String(10), primary_key=True),
    Column("scope_id", BigId, primary_key=True, autoincrement=False),
    Column("collection_id", Integer, ForeignKey("collections.id", ondelete="CASCADE"), primary_key=True),
    Column("type_name", String(255), primary_key=True),
    Column("assets", Integer, nullable=False),
    # How many of them have an owner, a classification (of theirs or of a column), a label, a term, a description.
    Column("owned", Integer, nullable=False),
    Column("classified", Integer, nullable=False),
    Column("labelled", Integer, nullable=False),
    Column("termed", Integer, nullable=False),
    Column("described", Integer, nullable=False),
)

#: What a day's calls of a model came to, by version and by who called: a dataflow, or NULL for everybody else.
model_use = Table(
    "model_use",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("day", String(10), nullable=False),
    Column("source", String(255), nullable=False),
    Column("model", Text, nullable=False),
    Column("version", Text, nullable=False),
    # A dataflow's name; "" for calls that no dataflow made.
    Column("dataflow", String(255), nullable=False, default=""),
    # What the use is trimmed by: the model's scope, or its workspace's; and the dataflow's.
    Column("scope_id", BigId, nullable=False),
    Column("dataflow_scope_id", BigId),
    Column("rows", BigInteger, nullable=False),
    Column("reused", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("calls", BigInteger, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("cpu_seconds", Float, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    UniqueConstraint("day", "source", "model", "version", "dataflow"),
    Index(None, "scope_id", "day"),
)
