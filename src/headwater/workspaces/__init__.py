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
from headwater.workspaces.credentials import CREDENTIAL_KINDS, CredentialKind, check_credential, make_credential
from headwater.workspaces.naming import dataset_name
from headwater.workspaces.registry import credential_kinds, list_kinds, load_connector
from headwater.workspaces.sources import Source, SourceService

__all__ = [
    "CREDENTIAL_KINDS",
    "Connector",
    "Credential",
    "CredentialKind",
    "DatasetInfo",
    "JobInfo",
    "ModelInfo",
    "ModelVersionInfo",
    "SignatureInfo",
    "Source",
    "SourceService",
    "WorkspaceInfo",
    "check_credential",
    "credential_kinds",
    "dataset_name",
    "list_kinds",
    "load_connector",
    "make_credential",
]
