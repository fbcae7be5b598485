"""Datastores: names that a workspace has for storage accounts, as the addresses that everybody has for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headwater.workspaces.azureml.extract import mapping, text

__all__ = ["storage_root", "web_root"]

_CLOUD = "core.windows.net"
_FABRIC = "onelake.dfs.fabric.microsoft.com"


def storage_root(store: Mapping[str, Any]) -> str | None:
    """The root of a datastore by OpenLineage's naming; None for a kind that is not known, or without its parts.

    >>> storage_root({"datastoreType": "AzureDataLakeGen2", "accountName": "lake", "filesystem": "raw"})
    'abfss://raw@lake.dfs.core.windows.net'
    """
    account, cloud = text(store.get("accountName")), text(store.get("endpoint")) or _CLOUD
    match store.get("datastoreType"):
        case "AzureBlob":
            return _joined("wasbs://{}@{}.blob.", text(store.get("containerName")), account, cloud)
        case "AzureDataLakeGen2":
            return _joined("abfss://{}@{}.dfs.", text(store.get("filesystem")), account, cloud)
        case "AzureFile":
            share = text(store.get("fileShareName"))
            return f"https://{account}.file.{cloud}/{share}" if account and share else None
        case "AzureDataLakeGen1":
            name = text(store.get("storeName"))
            return f"adl://{name}.azuredatalakestore.net" if name else None
        case "OneLake":
            artifact = text(mapping(store.get("artifact")).get("artifactName"))
            host = text(store.get("endpoint")) or _FABRIC
            workspace = text(store.get("oneLakeWorkspaceName"))
            return f"abfss://{workspace}@{host}/{artifact}" if workspace and artifact else None
        case _:
            return None


def web_root(store: Mapping[str, Any]) -> str | None:
    """The same root as an http address, which other tools write; None where there is no other.

    >>> web_root({"datastoreType": "AzureBlob", "accountName": "claims", "containerName": "raw"})
    'https://claims.blob.core.windows.net/raw'
    """
    account, cloud = text(store.get("accountName")), text(store.get("endpoint")) or _CLOUD
    names = {"AzureBlob": ("containerName", "blob"), "AzureDataLakeGen2": ("filesystem", "dfs")}
    name, service = names.get(text(store.get("datastoreType")), ("", ""))
    root = text(store.get(name))
    return f"https://{account}.{service}.{cloud}/{root}" if account and root else None


def _joined(form: str, root: str, account: str, cloud: str) -> str | None:
    return form.format(root, account) + cloud if root and account else None
