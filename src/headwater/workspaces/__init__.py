"""Registered sources, and what a machine-learning workspace holds; a connector a folder."""

from headwater.workspaces.base import (
    Connector,
    Credential,
    DatasetInfo,
    JobInfo,
    ModelInfo,
    ModelVersionInfo,
    SignatureInfo,
    WorkspaceInfo,
)
from headwater.workspaces.naming import dataset_name
from headwater.workspaces.registry import list_kinds, load_connector
from headwater.workspaces.sources import Source, SourceService

__all__ = [
    "Connector",
    "Credential",
    "DatasetInfo",
    "JobInfo",
    "ModelInfo",
    "ModelVersionInfo",
    "SignatureInfo",
    "Source",
    "SourceService",
    "WorkspaceInfo",
    "dataset_name",
    "list_kinds",
    "load_connector",
]
