"""Lineage: what flows into and out of each process, by asset and by column."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Table, Text

from headwater.store.tables._metadata import metadata
from headwater.store.types import GUID, BigId

__all__ = ["column_lineage", "process_inputs", "process_outputs"]

process_inputs = Table(
    "process_inputs",
    metadata,
    Column("process_guid", GUID, ForeignKey("assets.guid", ondelete="CASCADE"), primary_key=True),
    Column("asset_guid", GUID, ForeignKey("assets.guid", ondelete="CASCADE"), primary_key=True, index=True),
)

process_outputs = Table(
    "process_outputs",
    metadata,
    Column("process_guid", GUID, ForeignKey("assets.guid", ondelete="CASCADE"), primary_key=True),
    Column("asset_guid", GUID, ForeignKey("assets.guid", ondelete="CASCADE"), primary_key=True, index=True),
)

column_lineage = Table(
    "column_lineage",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("process_guid", GUID, ForeignKey("assets.guid", ondelete="CASCADE"), nullable=False, index=True),
    Column("source_asset_guid", GUID, ForeignKey("assets.guid", ondelete="CASCADE"), nullable=False),
    # NULL: the whole asset, where its columns are not known.
    Column("source_column", Text),
    Column("target_asset_guid", GUID, ForeignKey("assets.guid", ondelete="CASCADE"), nullable=False),
    Column("target_column", Text, nullable=False),
    # The qualified name of the model version the value passed through; NULL when it passed through none.
    Column("via", Text),
    Index(None, "source_asset_guid", "source_column"),
    Index(None, "target_asset_guid", "target_column"),
)
