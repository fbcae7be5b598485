"""Dataflows: named queries in M, refreshed in dependency order and published as Delta tables."""

from headwater.dataflows.definitions.definition import DataflowDefinition, QueryParameter
from headwater.dataflows.definitions.folders import (
    definition_files,
    init_folder,
    load_folder,
    read_definition,
    write_folder,
)
from headwater.dataflows.definitions.settings import Settings
from headwater.dataflows.definitions.settings_file import read_settings
from headwater.dataflows.history import EntitySummary, RefreshSummary
from headwater.dataflows.published import Page, PublishedTable, PublishedTables
from headwater.dataflows.refresh import EntityResult, RefreshResult
from headwater.dataflows.refreshing.context import Reach, Refresher, RefreshEvent
from headwater.dataflows.service import Dataflow, DataflowService

__all__ = [
    "Dataflow",
    "DataflowDefinition",
    "DataflowService",
    "EntityResult",
    "EntitySummary",
    "Page",
    "PublishedTable",
    "PublishedTables",
    "QueryParameter",
    "Reach",
    "RefreshEvent",
    "RefreshResult",
    "RefreshSummary",
    "Refresher",
    "Settings",
    "definition_files",
    "init_folder",
    "load_folder",
    "read_definition",
    "read_settings",
    "write_folder",
]
