"""Reading an Azure Machine Learning workspace."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, TypeVar

from headwater.errors import NotFoundError, UsageError, WorkspaceError
from headwater.net import HttpClient
from headwater.workspaces.azureml import extract
from headwater.workspaces.azureml.client import ResourceManager, segment
from headwater.workspaces.azureml.configuration import AzureMLConfiguration
from headwater.workspaces.azureml.datasets import DatasetResolver
from headwater.workspaces.azureml.endpoints import OnlineEndpoints
from headwater.workspaces.base import (
    Capability,
    Credential,
    EndpointInfo,
    JobInfo,
    ModelInfo,
    ModelVersionInfo,
    WorkspaceInfo,
)
from headwater.workspaces.endpoints import endpoint_identity

__all__ = ["AzureMLConnector"]

T = TypeVar("T")
_IN_USE = {"listViewType": "ActiveOnly"}


class AzureMLConnector:
    """An Azure Machine Learning workspace, read over Azure Resource Manager; no Azure SDK is needed here.

    Archived models and versions are out of the listings; a version that is asked for by number is found all the same.

    Args:
        url: the workspace's resource id on the management origin, or its address in the studio.
        credential: an account of Microsoft Entra ID with the role Reader on the workspace; to call its endpoints,
            with AzureML Data Scientist.
        private_networks: networks that are not public and that may be reached all the same.
        timeout: seconds to wait for each answer.
    """

    kind: str = "azureml"
    capabilities: frozenset[Capability] = frozenset({"signatures", "jobs", "datasets", "endpoints"})
    credential_kinds: frozenset[str] = frozenset(
        {"entra_client_secret", "entra_managed_identity", "entra_cli", "token"}
    )

    def __init__(
        self,
        url: str,
        *,
        credential: Credential | None = None,
        private_networks: Sequence[IPv4Network | IPv6Network] = (),
        timeout: float = 30.0,
    ) -> None:
        self._configuration = AzureMLConfiguration.from_url(url)
        self._home = self._configuration.path
        self._manager = ResourceManager(
            self._configuration.origin, credential, private_networks, timeout, place=self._configuration.url
        )
        self._datasets = DatasetResolver(self._manager, self._configuration)
        self._endpoints = OnlineEndpoints(self._manager, self._configuration, credential, private_networks, timeout)

    def close(self) -> None:
        self._manager.close()

    def test(self) -> WorkspaceInfo:
        found = self._manager.one(self._home, f"workspace '{self._configuration.workspace}'")
        # Reading the workspace itself is a right of its own: what a scan reads has to be readable too.
        next(self.list_models(), None)
        return WorkspaceInfo(
            kind=self.kind,
            url=self._configuration.url,
            qualified_name=self._configuration.qualified_name,
            display_name=extract.text(extract.properties(found).get("friendlyName")) or self._configuration.workspace,
        )

    def list_models(self) -> Iterator[ModelInfo]:
        return (self._read(extract.model, item) for item in self._items("models", "listing of models"))

    def list_versions(self, model: str | None = None) -> Iterator[ModelVersionInfo]:
        names = [model] if model is not None else (found.name for found in self.list_models())
        for name in names:
            for item in self._items(f"models/{segment(name)}/versions", f"model '{name}'"):
                yield self._version(item, name, with_signature=False)

    def get_version(self, model: str, version: str | None = None, alias: str | None = None) -> ModelVersionInfo:
        if version is not None and alias is not None:
            raise UsageError("A version and an alias were given.", hint="Give one of them, or neither for the latest.")
        if alias is not None:
            raise self._none(f"alias '{alias}' of model '{model}'", "Give a version: Azure ML has no aliases.")
        number = version if version is not None else self._latest(model)
        path = f"{self._home}/models/{segment(model)}/versions/{segment(number)}"
        item = self._manager.one(path, f"version {number} of model '{model}'")
        return self._version(item, model, with_signature=True)

    def get_job(self, run_id: str) -> JobInfo:
        item = self._manager.one(f"{self._home}/jobs/{segment(run_id)}", f"job '{run_id}'")
        found = self._read(extract.job, item)
        return replace(found, inputs=tuple(self._datasets.dataset(given) for given in extract.inputs(item)))

    def download_version(self, model: str, version: str, to: Path) -> Path:
        raise WorkspaceError(
            f"The files of version {version} of model '{model}' cannot be had from Azure's management plane.",
            place=self._configuration.url,
            hint="Deploy the model to an online endpoint: it is then called there.",
        )

    def model_identity(self, version: ModelVersionInfo) -> str:
        # A number can be given again after a version was deleted; the moment and the files' place cannot.
        made = version.created_at.isoformat() if version.created_at else ""
        name = f"{self._configuration.qualified_name}/models/{version.model}/versions/{version.version}"
        return f"{name}#{made}#{version.run_id or ''}#{version.source}"

    def list_endpoints(self) -> Iterator[EndpointInfo]:
        return self._endpoints.endpoints()

    def get_endpoint(self, name: str) -> EndpointInfo:
        return self._endpoints.endpoint(name)

    def endpoint_client(self, name: str) -> HttpClient:
        return self._endpoints.client(name)

    def endpoint_identity(self, endpoint: EndpointInfo) -> str:
        told = endpoint
        if not endpoint.revision and endpoint.document is None:
            told = self.get_endpoint(endpoint.name)
        return endpoint_identity(self._configuration.qualified_name, told)

    def _items(self, path: str, what: str) -> Iterator[dict[str, Any]]:
        found = self._manager.all(f"{self._home}/{path}", what, _IN_USE)
        return (item for item in found if not extract.is_archived(item))

    def _latest(self, model: str) -> str:
        versions = list(self.list_versions(model))
        if not versions:
            raise self._none(f"version of model '{model}' in use", "List what the workspace holds.")
        return extract.latest(versions).version

    def _version(self, item: dict[str, Any], model: str, *, with_signature: bool) -> ModelVersionInfo:
        return self._read(lambda: extract.model_version(item, model, with_signature=with_signature))

    def _read(self, reader: Callable[..., T], *arguments: Any) -> T:
        """``reader(*arguments)``; an item without a name is the workspace's fault and says so."""
        try:
            return reader(*arguments)
        except (KeyError, TypeError, ValueError) as error:
            raise self._manager.unusable() from error

    def _none(self, what: str, hint: str) -> NotFoundError:
        return NotFoundError(f"There is no {what}.", place=self._configuration.url, hint=hint)
