"""Reading an Azure Machine Learning workspace."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, TypeVar

from headwater.errors import NotFoundError, UsageError, WorkspaceError
from headwater.net import HttpClient
from headwater.workspaces.azureml import extract
from headwater.workspaces.azureml.client import ResourceManager, segment
from headwater.workspaces.azureml.configuration import AzureMLConfiguration
from headwater.workspaces.azureml.data_assets import DataAssets
from headwater.workspaces.azureml.datasets import DatasetResolver
from headwater.workspaces.azureml.endpoints import OnlineEndpoints
from headwater.workspaces.azureml.job_reading import Jobs
from headwater.workspaces.azureml.uris import producing_job
from headwater.workspaces.base import (
    Capability,
    Credential,
    DataAssetInfo,
    EndpointInfo,
    ExperimentInfo,
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
    Jobs and data assets are listed with the archived ones, and those say so.

    Args:
        url: the workspace's resource id on the management origin, or its address in the studio.
        credential: an account of Microsoft Entra ID with the role Reader on the workspace; to call its endpoints,
            with AzureML Data Scientist.
        private_networks: networks that are not public and that may be reached all the same.
        timeout: seconds to wait for each answer.
    """

    kind: str = "azureml"
    capabilities: frozenset[Capability] = frozenset(
        {"signatures", "jobs", "datasets", "endpoints", "job_listing", "data_assets"}
    )
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
        datasets = DatasetResolver(self._manager, self._configuration)
        self._jobs = Jobs(self._manager, self._configuration, datasets)
        self._data_assets = DataAssets(self._manager, self._configuration, datasets)
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
        return self._jobs.job(run_id)

    def list_experiments(self) -> Iterator[ExperimentInfo]:
        return self._jobs.experiments()

    def list_jobs(
        self, experiments: Collection[str] | None = None, *, ended_after: datetime | None = None
    ) -> Iterator[JobInfo]:
        # Azure Resource Manager filters by neither, and tells of no job when it ended: none has provably ended by then.
        return (job for job in self._jobs.listed() if experiments is None or job.experiment in experiments)

    def list_data_assets(self) -> Iterator[DataAssetInfo]:
        return self._data_assets.listed()

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
        found = self._read(lambda: extract.model_version(item, model, with_signature=with_signature))
        address = extract.text(extract.properties(item).get("modelUri"))
        return found if found.run_id else replace(found, run_id=producing_job(address, self._configuration))

    def _read(self, reader: Callable[..., T], *arguments: Any) -> T:
        """``reader(*arguments)``; an item without a name is the workspace's fault and says so."""
        try:
            return reader(*arguments)
        except (KeyError, TypeError, ValueError) as error:
            raise self._manager.unusable() from error

    def _none(self, what: str, hint: str) -> NotFoundError:
        return NotFoundError(f"There is no {what}.", place=self._configuration.url, hint=hint)
