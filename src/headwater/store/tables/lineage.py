"""How assets hang together: the edges along which data flows, by asset and by column; every other relationship.

And the runs that others told of, as OpenLineage, with what each read and wrote.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, SmallInteger, String, Table, Text, UniqueConstraint

from headwater.store.tables._metadata import metadata
from headwater.store.types import BigId, JsonValue, UtcDateTime

__all__ = [
    "FLOW_KINDS",
    "column_lineage",
    "flow_edges",
    "lineage_runs",
    "lineage_stamps",
    "past_flow_edges",
    "relationships",
]

#: ``flow_edges.kind``: data flows from an input into a process, from a process into its output, from a file into the
#: folder that it is a part of, and from one dataset to another where nothing is known of what is between them.
FLOW_KINDS = {"input": 1, "output": 2, "part": 3, "direct": 4}

#: One relation for all of lineage, so that a level of a graph is one statement over one index in each direction.
flow_edges = Table(
    "flow_edges",
    metadata,
    Column("target_id", BigId, ForeignKey("assets.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("source_id", BigId, ForeignKey("assets.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("kind", SmallInteger, primary_key=True, autoincrement=False),
    # Of a direct edge: what its maker says of it (a mapping of columns, say).
    Column("attributes", JsonValue),
    # NULL: since before this was written down.
    Column("since", UtcDateTime),
    Index(None, "source_id", "target_id", "kind"),
    sqlite_with_rowid=False,
)

#: Edges along which data flows no longer: lineage as of a time that they were there.
past_flow_edges = Table(
    "past_flow_edges",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("target_id", BigId, ForeignKey("assets.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("source_id", BigId, ForeignKey("assets.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", SmallInteger, nullable=False),
    Column("since", UtcDateTime),
    Column("until", UtcDateTime, nullable=False),
)

column_lineage = Table(
    "column_lineage",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("process_id", BigId, ForeignKey("assets.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("source_id", BigId, ForeignKey("assets.id", ondelete="CASCADE"), nullable=False),
    # NULL: the whole asset, where its columns are not known.
    Column("source_column", Text),
    Column("target_id", BigId, ForeignKey("assets.id", ondelete="CASCADE"), nullable=False),
    Column("target_column", Text, nullable=False),
    # The qualified name of the model version the value passed through; NULL when it passed through none.
    Column("via", Text),
    Index(None, "source_id", "source_column"),
    Index(None, "target_id", "target_column"),
)

#: Relationships of any other type, those that contain among them: workspace → models, jobs; model → versions;
#: dataflow → tables; folder → files; whatever types people and tools define.
relationships = Table(
    "relationships",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("type_name", String(255), nullable=False),
    Column("end1_id", BigId, ForeignKey("assets.id", ondelete="CASCADE"), nullable=False),
    Column("end2_id", BigId, ForeignKey("assets.id", ondelete="CASCADE"), nullable=False),
    Column("attributes", JsonValue),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Text, nullable=False),
    UniqueConstraint("end1_id", "end2_id", "type_name"),
    Index(None, "end2_id", "type_name"),
    sqlite_autoincrement=True,
)

#: Runs of jobs that others tell of. ``run_id`` is "" for what a job reads and writes by its definition. ``ends`` has
#: what is known of it from all events together: ``inputs`` and ``outputs``, by number, and ``columns``.
lineage_runs = Table(
    "lineage_runs",
    metadata,
    Column("process_id", BigId, ForeignKey("assets.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("run_id", String(255), primary_key=True),
    Column("state", String(16), nullable=False),
    # Which event said so: what was said later, or for good, wins, in whatever order events come.
    Column("state_stamp", String(64), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("event_at", UtcDateTime, nullable=False),
    Column("ends", JsonValue, nullable=False),
    Column("details", JsonValue, nullable=False),
    Index(None, "process_id", "event_at"),
)

#: When each thing that events say of an asset (its schema, its owners) was said last, so that an older event that
#: comes later changes nothing.
lineage_stamps = Table(
    "lineage_stamps",
    metadata,
    Column("asset_id", BigId, ForeignKey("assets.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("facet", String(64), primary_key=True),
    Column("stamp", String(64), nullable=False),
    sqlite_with_rowid=False,
)
