"""Which data a job read or wrote: from Azure ML's addresses to the name of the place where the data lies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from headwater.errors import NotFoundError, RemoteError
from headwater.net import redact
from headwater.workspaces.azureml.client import ResourceManager
from headwater.workspaces.azureml.configuration import AzureMLConfiguration
from headwater.workspaces.azureml.extract import mapping, properties, text
from headwater.workspaces.azureml.jobs import JobData, output_uris
from headwater.workspaces.azureml.storage import storage_root
from headwater.workspaces.azureml.uris import (
    OutputAddress,
    asset_address,
    output_address,
    spelled_alike,
    stored_address,
)
from headwater.workspaces.base import DatasetInfo
from headwater.workspaces.naming import dataset_name

__all__ = ["DatasetResolver"]


class DatasetResolver:
    """Names the datasets of one workspace; what it has looked up, or was told, it remembers.

    The name of a dataset is where its bytes are, so that it is the same one whoever reads it. Where that cannot be
    found out (an asset that was deleted, a datastore of another workspace) it is named by Azure ML's own address.
    """

    def __init__(self, manager: ResourceManager, configuration: AzureMLConfiguration) -> None:
        self._manager = manager
        self._configuration = configuration
        self._home = configuration.qualified_name
        self._found: dict[str, Mapping[str, Any]] = {}
        self._outputs: dict[str, Mapping[str, str]] = {}

    def remember_store(self, name: str, told: Mapping[str, Any]) -> None:
        """A datastore that was listed, and need not be looked up."""
        self._found[_store_path(name)] = told

    def remember_job(self, name: str, outputs: Mapping[str, str]) -> None:
        """The addresses of a job's outputs, which need not be looked up."""
        self._outputs[name] = outputs

    def dataset(self, given: JobData) -> DatasetInfo:
        """The dataset behind a job's input or output."""
        asset = asset_address(given.uri, self._configuration)
        if asset is None:
            return _plain(given, self.place(given.uri))
        told = self._look_up(
            f"data/{quote(asset.name, safe='')}/versions/{quote(asset.version, safe='')}",
            f"version {asset.version} of the data asset '{asset.name}'",
        )
        address = text(told.get("dataUri"))
        return DatasetInfo(
            name=asset.name,
            digest=asset.version,
            source=redact(address or given.uri),
            source_type=text(told.get("dataType")) or given.kind,
            qualified_name=self.place(address) if address else self.asset_name(asset.name),
            context=given.context,
            parts=self.parts(told),
        )

    def unlooked(self, given: JobData) -> DatasetInfo:
        """The dataset by Azure ML's own address, where looking it up fails."""
        asset = asset_address(given.uri, self._configuration)
        return _plain(given, self.asset_name(asset.name) if asset else self._own(given.uri))

    def asset_name(self, name: str) -> str:
        """The name of a data asset by itself, wherever its data is."""
        return f"{self._home}/data/{name}"

    def store_name(self, name: str, path: str = "") -> str:
        """The name of a datastore, or of a path in it, by itself."""
        return f"{self._home}/datastores/{name}" + (f"/paths/{path}" if path else "")

    def parts(self, told: Mapping[str, Any]) -> tuple[str, ...]:
        """The names of the files that a data asset lists."""
        listed = told.get("referencedUris")
        return tuple(self.place(uri) for uri in listed if isinstance(uri, str)) if isinstance(listed, list) else ()

    def place(self, uri: str) -> str:
        """The qualified name of the data at an address."""
        stored = stored_address(uri, self._configuration)
        if stored is not None:
            store = self._look_up(_store_path(stored.store), f"datastore '{stored.store}'")
            root = storage_root(store)
            found = dataset_name(f"{root}/{stored.path}") if root else None
            return found or self.store_name(stored.store, stored.path)
        output = output_address(uri, self._configuration)
        return self._own(uri) if output is None else self._written(output)

    def _written(self, output: OutputAddress) -> str:
        """Where an output of a job was written."""
        uri = self._outputs_of(output.job).get(output.output, "")
        own = f"{self._home}/jobs/{output.job}/outputs/{output.output}"
        # A job that names another's output as its own place would lead on, or in a circle.
        root = own if not uri or output_address(uri, self._configuration) else self.place(uri)
        return f"{root}/{output.path}" if output.path else root

    def _outputs_of(self, job: str) -> Mapping[str, str]:
        if job not in self._outputs and "/" not in job:
            told = self._look_up(f"jobs/{quote(job, safe='')}", f"job '{job}'")
            self._outputs[job] = output_uris(mapping(told.get("outputs")))
        return self._outputs.get(job, {})

    def _own(self, uri: str) -> str:
        """The name by an address itself."""
        output = output_address(uri, self._configuration)
        if output is not None:
            return "/".join(filter(None, (f"{self._home}/jobs/{output.job}/outputs/{output.output}", output.path)))
        if uri.lower().startswith("azureml:"):
            return spelled_alike(uri)
        return dataset_name(uri) or f"{self._home}/{uri.strip('/')}"

    def _look_up(self, path: str, what: str) -> Mapping[str, Any]:
        """A resource of the workspace; nothing where it is gone or may not be read: the job still read the data."""
        if path not in self._found:
            try:
                self._found[path] = properties(self._manager.one(f"{self._configuration.path}/{path}", what))
            except NotFoundError:
                self._found[path] = {}
            except RemoteError as error:
                if error.status != 403:
                    raise
                return {}
        return self._found[path]


def _plain(given: JobData, place: str) -> DatasetInfo:
    return DatasetInfo(given.context, "", redact(given.uri), given.kind, place, context=given.context)


def _store_path(name: str) -> str:
    return f"datastores/{quote(name, safe='')}"
