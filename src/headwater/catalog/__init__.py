"""The catalog: what there is, where it was seen, and what was made from what."""

from headwater.catalog import names
from headwater.catalog.assets import Asset, AssetService, AssetSummary
from headwater.catalog.collections import Collection, CollectionService
from headwater.catalog.flow.exporting import ExportedEdge, ExportedNode, LineageExport, export_lineage
from headwater.catalog.flow.impact import Change, Impact, ImpactedAsset, impact
from headwater.catalog.flow.lineage import (
    ColumnLink,
    Lineage,
    LineageDirection,
    LineageEdge,
    LineageNode,
    NeighboursPage,
    Reached,
    edges_upstream,
    lineage,
    neighbours_of,
    reached,
)
from headwater.catalog.flow.processes import record_process
from headwater.catalog.flow.trees import LineageTree, column_tree
from headwater.catalog.harvesting import DetailsReport, fetch_details
from headwater.catalog.records import AssetRecord, AssetRef, ColumnEdge, ColumnRecord, LineageRecord
from headwater.catalog.scans.data import scan_data
from headwater.catalog.scans.events import events_to_scan
from headwater.catalog.scans.options import ScanKind, ScanOptions
from headwater.catalog.scans.presence import mark_missing, purge_missing
from headwater.catalog.scans.records import ScanReport, ScanSummary, close_left, last_full_scan, last_scans
from headwater.catalog.scans.renaming import rename_assets
from headwater.catalog.scans.scanning import scan

__all__ = [
    "Asset",
    "AssetRecord",
    "AssetRef",
    "AssetService",
    "AssetSummary",
    "Change",
    "Collection",
    "CollectionService",
    "ColumnEdge",
    "ColumnLink",
    "ColumnRecord",
    "DetailsReport",
    "ExportedEdge",
    "ExportedNode",
    "Impact",
    "ImpactedAsset",
    "Lineage",
    "LineageDirection",
    "LineageEdge",
    "LineageExport",
    "LineageNode",
    "LineageRecord",
    "LineageTree",
    "NeighboursPage",
    "Reached",
    "ScanKind",
    "ScanOptions",
    "ScanReport",
    "ScanSummary",
    "close_left",
    "column_tree",
    "edges_upstream",
    "events_to_scan",
    "export_lineage",
    "fetch_details",
    "impact",
    "last_full_scan",
    "last_scans",
    "lineage",
    "mark_missing",
    "names",
    "neighbours_of",
    "purge_missing",
    "reached",
    "record_process",
    "rename_assets",
    "scan",
    "scan_data",
]
