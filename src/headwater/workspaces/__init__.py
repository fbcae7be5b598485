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
from headwater.workspaces.connections import (
    ConnectionPage,
    ConnectionService,
    ResolvedConnection,
    StoredConnection,
    UsableConnection,
)
from headwater.workspaces.naming import dataset_name
from headwater.workspaces.registry import list_kinds, load_connector
from headwater.workspaces.sources import Source, SourcePage, SourceService
from headwater.workspaces.stored_credentials import CredentialDescription

__all__ = [
    "ConnectionPage",
    "ConnectionService",
    "Connector",
    "Credential",
    "CredentialDescription",
    "DatasetInfo",
    "JobInfo",
    "ModelInfo",
    "ModelVersionInfo",
    "ResolvedConnection",
    "SignatureInfo",
    "Source",
    "SourcePage",
    "SourceService",
    "StoredConnection",
    "UsableConnection",
    "WorkspaceInfo",
    "dataset_name",
    "list_kinds",
    "load_connector",
]
