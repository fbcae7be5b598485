"""Every SQL table of Headwater, as SQLAlchemy Core objects.

Other rooms write their own statements against these::

    from headwater.store import tables

    select(tables.assets.c.guid).where(tables.assets.c.status == "active")
"""

from headwater.store.tables._metadata import metadata
from headwater.store.tables.assets import ASSET_STATUSES, asset_columns, assets, containment
from headwater.store.tables.dataflows import (
    INTENT_STATES,
    REFRESH_STATUSES,
    dataflow_versions,
    dataflows,
    publish_intents,
    published_tables,
    refresh_entities,
    refreshes,
)
from headwater.store.tables.installation import installation
from headwater.store.tables.ledger import ledger_files, ledger_fingerprints
from headwater.store.tables.lineage import column_lineage, process_inputs, process_outputs
from headwater.store.tables.sources import ROOT_COLLECTION, SCAN_KINDS, SCAN_STATUSES, collections, scans, sources

__all__ = [
    "ASSET_STATUSES",
    "INTENT_STATES",
    "REFRESH_STATUSES",
    "ROOT_COLLECTION",
    "SCAN_KINDS",
    "SCAN_STATUSES",
    "asset_columns",
    "assets",
    "collections",
    "column_lineage",
    "containment",
    "dataflow_versions",
    "dataflows",
    "installation",
    "ledger_files",
    "ledger_fingerprints",
    "metadata",
    "process_inputs",
    "process_outputs",
    "publish_intents",
    "published_tables",
    "refresh_entities",
    "refreshes",
    "scans",
    "sources",
]
