"""What a job's input is: from Azure ML's addresses to the name of the place where the data lies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

from headwater.errors import NotFoundError, RemoteError
from headwater.net import redact
from headwater.workspaces.azureml.client import ResourceManager
from headwater.workspaces.azureml.configuration import AzureMLConfiguration
from headwater.workspaces.azureml.extract import Input, properties, text
from headwater.workspaces.base import DatasetInfo
from headwater.workspaces.naming import dataset_name

__all__ = ["DatasetResolver"]

#: ``azureml:name:version``, and the same written as a resource of a workspace.
_SHORT_ASSET = re.compile(r"azureml:([^:/]+):([^:/]+)")
_ASSET = re.compile(
    r"(?:azureml:/)?(?P<home>/.+/workspaces/[^/]+)/data/(?P<name>[^/]+)/versions/(?P<version>[^/]+)", re.I
)
#: A path in a datastore of this workspace, and the same with the workspace written out.
_STORED = re.compile(r"azureml:/(?P<home>/.+/workspaces/[^/]+)?/datastores/(?P<store>[^/]+)/paths/(?P<path>.*)", re.I)
_HOME = re.compile(
    r"/subscriptions/([^/]+)/resourcegroups/([^/]+)(?:/providers/microsoft\.machinelearningservices)?/workspaces/([^/]+)",
    re.I,
)


class DatasetResolver:
    """Names the datasets of one workspace's jobs; what it has looked up it remembers.

    The name of a dataset is where its bytes are, so that it is the same one whoever reads it. Where that cannot be
    found out (an asset that was deleted, a datastore of another workspace) it is named by Azure ML's own address.
    """

    def __init__(self, manager: ResourceManager, configuration: AzureMLConfiguration) -> None:
        self._manager = manager
        self._configuration = configuration
        self._home = configuration.qualified_name
        self._found: dict[str, Mapping[str, Any]] = {}

    def dataset(self, given: Input) -> DatasetInfo:
        """The dataset behind a job's input."""
        asset = self._asset(given.uri)
        if asset is None:
            place = self._place(given.uri)
            return DatasetInfo(given.context, "", redact(given.uri), given.kind, place, context=given.context)
        name, version, told = asset
        address = text(told.get("dataUri"))
        place = self._place(address) if address else f"{self._home}/data/{name}"
        listed = told.get("referencedUris")
        parts = [self._place(uri) for uri in listed if isinstance(uri, str)] if isinstance(listed, list) else []
        return DatasetInfo(
            name=name,
            digest=version,
            source=redact(address or given.uri),
            source_type=text(told.get("dataType")) or given.kind,
            qualified_name=place,
            context=given.context,
            parts=tuple(parts),
        )

    def _asset(self, uri: str) -> tuple[str, str, Mapping[str, Any]] | None:
        """The name, version and description of the data asset that ``uri`` stands for, if it stands for one here."""
        short, long = _SHORT_ASSET.fullmatch(uri), _ASSET.fullmatch(uri)
        if short:
            name, version = short.groups()
        elif long and self._configuration.holds(long["home"]):
            name, version = unquote(long["name"]), unquote(long["version"])
        else:
            return None
        path = f"data/{quote(name, safe='')}/versions/{quote(version, safe='')}"
        return name, version, self._look_up(path, f"version {version} of the data asset '{name}'")

    def _place(self, uri: str) -> str:
        """The qualified name of the data at an address."""
        stored = _STORED.fullmatch(uri)
        if stored and (stored["home"] is None or self._configuration.holds(stored["home"])):
            name, path = unquote(stored["store"]), stored["path"].strip("/")
            store = self._look_up(f"datastores/{quote(name, safe='')}", f"datastore '{name}'")
            root = _storage(store)
            found = dataset_name(f"{root}/{path}") if root else None
            return found or f"{self._home}/datastores/{name}/paths/{path}"
        if uri.lower().startswith("azureml:"):
            return self._spelled_alike(uri)
        return dataset_name(uri) or f"{self._home}/{uri.strip('/')}"

    def _spelled_alike(self, uri: str) -> str:
        """An address of Azure ML's own; the workspace in it in the one case that names of workspaces are equal in."""
        address = re.sub(r"/providers/microsoft\.machinelearningservices", "", uri, flags=re.I).partition("?")[0]
        home = _HOME.search(address)
        if home is None:
            return address
        return address[: home.start()] + home.group().lower() + address[home.end() :]

    def _look_up(self, path: str, what: str) -> Mapping[str, Any]:
        """A resource of the workspace; nothing where it is gone or may not be read: the job still read the data."""
        if path not in self._found:
            try:
                self._found[path] = properties(self._manager.one(f"{self._configuration.path}/{path}", what))
            except NotFoundError:
                return {}
            except RemoteError as error:
                if error.status != 403:
                    raise
                return {}
        return self._found[path]


def _storage(store: Mapping[str, Any]) -> str | None:
    """The root of a datastore as an address anybody uses; None for a kind of store that is not known."""
    account, cloud = text(store.get("accountName")), text(store.get("endpoint")) or "core.windows.net"
    match store.get("datastoreType"):
        case "AzureBlob":
            return f"wasbs://{text(store.get('containerName'))}@{account}.blob.{cloud}"
        case "AzureDataLakeGen2":
            return f"abfss://{text(store.get('filesystem'))}@{account}.dfs.{cloud}"
        case "AzureFile":
            return f"https://{account}.file.{cloud}/{text(store.get('fileShareName'))}"
        case "AzureDataLakeGen1":
            return f"adl://{text(store.get('storeName'))}.azuredatalakestore.net"
        case _:
            return None
