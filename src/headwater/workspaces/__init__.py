"""Registered sources, and what a machine-learning workspace holds; a connector a folder."""

from headwater.workspaces.base import (
    Connector,
    Credential,
    DataAssetInfo,
    DataLister,
    DatasetInfo,
    DataSource,
    ExperimentInfo,
    JobInfo,
    JobLister,
    ModelInfo,
    ModelVersionInfo,
    SignatureInfo,
    SignatureReader,
    UnregisteredModelLister,
    WorkspaceInfo,
)
from headwater.workspaces.connections import (
    ConnectionPage,
    ConnectionService,
    ResolvedConnection,
    StoredConnection,
    UsableConnection,
)
from headwater.workspaces.credentials import CREDENTIAL_KINDS, CredentialKind, check_credential, make_credential
from headwater.workspaces.naming import dataset_name
from headwater.workspaces.registry import (
    credential_kinds,
    holds_models,
    list_kinds,
    load_connector,
    load_data_source,
    load_source,
)
from headwater.workspaces.sources import Source, SourcePage, SourceService
from headwater.workspaces.stored_credentials import CredentialDescription

__all__ = [
    "CREDENTIAL_KINDS",
    "ConnectionPage",
    "ConnectionService",
    "Connector",
    "Credential",
    "CredentialDescription",
    "CredentialKind",
    "DataAssetInfo",
    "DataLister",
    "DataSource",
    "DatasetInfo",
    "ExperimentInfo",
    "JobInfo",
    "JobLister",
    "ModelInfo",
    "ModelVersionInfo",
    "ResolvedConnection",
    "SignatureInfo",
    "SignatureReader",
    "Source",
    "SourcePage",
    "SourceService",
    "StoredConnection",
    "UnregisteredModelLister",
    "UsableConnection",
    "WorkspaceInfo",
    "check_credential",
    "credential_kinds",
    "dataset_name",
    "holds_models",
    "list_kinds",
    "load_connector",
    "load_data_source",
    "load_source",
    "make_credential",
]
