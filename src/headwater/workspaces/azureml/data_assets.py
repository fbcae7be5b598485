"""The data that a workspace has registered, and the datastores that it lies in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from headwater.errors import NotFoundError, RemoteError
from headwater.workspaces.azureml.client import ResourceManager, segment
from headwater.workspaces.azureml.configuration import AzureMLConfiguration
from headwater.workspaces.azureml.datasets import DatasetResolver
from headwater.workspaces.azureml.extract import is_archived, item_name, moment, pairs, properties, text
from headwater.workspaces.azureml.job_reading import EVERYTHING, is_passing
from headwater.workspaces.azureml.storage import storage_root, web_root
from headwater.workspaces.azureml.uris import stored_address
from headwater.workspaces.base import DataAssetInfo
from headwater.workspaces.naming import dataset_name

__all__ = ["DataAssets"]

_KINDS: Mapping[str, Literal["file", "folder", "table"]] = {
    "urifile": "file",
    "urifolder": "folder",
    "mltable": "table",
}


class DataAssets:
    """Datastores and data assets of one workspace; of a data asset, the latest version.

    They are named by where the data lies. Two assets of one place are listed both, under one name.
    """

    def __init__(
        self, manager: ResourceManager, configuration: AzureMLConfiguration, datasets: DatasetResolver
    ) -> None:
        self._manager = manager
        self._configuration = configuration
        self._home = configuration.path
        self._datasets = datasets

    def listed(self) -> Iterator[DataAssetInfo]:
        """The datastores, then the data assets; archived ones, too."""
        stores: dict[str, Mapping[str, Any]] = {}
        for item in self._manager.all(f"{self._home}/datastores", "listing of datastores"):
            name, told = self._name(item), properties(item)
            stores[name] = told
            self._datasets.remember_store(name, told)
            yield self._store(name, item)
        for item in self._manager.all(f"{self._home}/data", "listing of data assets", EVERYTHING):
            yield self._asset(item, stores)

    def _store(self, name: str, item: Mapping[str, Any]) -> DataAssetInfo:
        told = properties(item)
        own, root, web = self._datasets.store_name(name), storage_root(told), web_root(told)
        place = dataset_name(root) if root else None
        return DataAssetInfo(
            place or own,
            name,
            "folder",
            "azureml",
            description=text(told.get("description")),
            tags=pairs(told.get("tags")) | pairs({"azureml.datastoreType": told.get("datastoreType")}),
            aliases=tuple(alias for alias in (own if place else None, web) if alias),
            updated_at=moment(item, "lastModifiedAt"),
        )

    def _asset(self, container: Mapping[str, Any], stores: Mapping[str, Mapping[str, Any]]) -> DataAssetInfo:
        """A data asset; one whose version cannot be read is there all the same, and says so."""
        name = self._name(container)
        try:
            version = self._latest(name, text(properties(container).get("latestVersion")))
            return self._described(name, container, version or {}, stores)
        except RemoteError as error:
            if is_passing(error):
                raise
            return self._bare(name, container, f"Its latest version cannot be read: {error.message}")

    def _described(
        self,
        name: str,
        container: Mapping[str, Any],
        version: Mapping[str, Any],
        stores: Mapping[str, Mapping[str, Any]],
    ) -> DataAssetInfo:
        told, about = properties(version), properties(container)
        address = text(told.get("dataUri"))
        if not address:
            return self._bare(name, container, "It has no version that says where its data is.")
        place, number = self._datasets.place(address), self._name(version)
        types = (text(told.get("dataType")), text(about.get("dataType")))
        known = next((_KINDS[name] for name in map(_plain, types) if name in _KINDS), None)
        return DataAssetInfo(
            place,
            name,
            known or ("folder" if address.endswith("/") else "file"),
            # As a job's input or output of this data is told, so that the two do not contradict each other.
            types[0] or types[1] or "azureml",
            description=text(told.get("description")) or text(about.get("description")),
            tags=pairs(about.get("tags"))
            | pairs(told.get("tags"))
            | pairs({"azureml.dataType": types[0] or types[1] or None}),
            parts=self._datasets.parts(told),
            parent=self._holder(address, place, stores),
            aliases=tuple(alias for alias in self._aliases(name, address, stores) if alias != place),
            version=number,
            digest=number,
            updated_at=moment(version, "lastModifiedAt") or moment(version, "createdAt"),
            archived=is_archived(container) or is_archived(version),
        )

    def _bare(self, name: str, container: Mapping[str, Any], problem: str) -> DataAssetInfo:
        told = properties(container)
        return DataAssetInfo(
            self._datasets.asset_name(name),
            name,
            _KINDS.get(_plain(text(told.get("dataType"))), "folder"),
            "azureml",
            description=text(told.get("description")),
            tags=pairs(told.get("tags")),
            updated_at=moment(container, "lastModifiedAt"),
            archived=is_archived(container),
            problem=problem,
        )

    def _latest(self, name: str, told: str) -> Mapping[str, Any] | None:
        """The latest version; None where there is none. The workspace may tell its number, and not always rightly."""
        path, what = f"{self._home}/data/{segment(name)}/versions", f"data asset '{name}'"
        if told:
            try:
                return self._manager.one(f"{path}/{segment(told)}", f"version {told} of the {what}")
            except NotFoundError:
                pass  # deleted since, or told of another time: the listing knows
        try:
            versions = list(self._manager.all(path, what, EVERYTHING))
        except NotFoundError:
            return None  # deleted since it was listed
        return max(versions, key=self._age, default=None)

    def _age(self, version: Mapping[str, Any]) -> tuple[int, datetime]:
        """By number; a version that has a name instead by when it was made, among its like and before all numbers."""
        name = self._name(version)
        made = moment(version, "createdAt") or datetime.min.replace(tzinfo=UTC)
        return int(name) if name.isdecimal() else -1, made

    def _holder(self, address: str, place: str, stores: Mapping[str, Mapping[str, Any]]) -> str | None:
        """The datastore that an address is in, by its own name."""
        stored = stored_address(address, self._configuration)
        if stored is None or stored.store not in stores:
            return None
        root = storage_root(stores[stored.store])
        holder = dataset_name(root) if root else self._datasets.store_name(stored.store)
        return holder if holder != place else None

    def _aliases(self, name: str, address: str, stores: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
        """The further names of an asset's data: as the asset, as a path in its datastore, as a web address."""
        yield self._datasets.asset_name(name)
        stored = stored_address(address, self._configuration)
        if stored is None:
            return
        yield self._datasets.store_name(stored.store, stored.path)
        web = web_root(stores.get(stored.store, {}))
        if web:
            yield dataset_name(f"{web}/{stored.path}") or web

    def _name(self, item: Mapping[str, Any]) -> str:
        try:
            return item_name(item)
        except (KeyError, ValueError) as error:
            raise self._manager.unusable() from error


def _plain(data_type: str) -> str:
    """A type of data in one spelling: ``uri_file`` is written ``UriFile`` as well."""
    return data_type.replace("_", "").lower()
