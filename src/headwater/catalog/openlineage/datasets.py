"""The datasets of an event: which assets they are, and what of what is said of them is to be written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import insert

from headwater.access import Action, Actor
from headwater.catalog import names
from headwater.catalog.entities.finding import scopes_with
from headwater.catalog.openlineage.events import Dataset, Event
from headwater.catalog.openlineage.facets import DATASET_FACETS, columns_of_schema, said_of
from headwater.catalog.openlineage.naming import KNOWN_TYPES, dataset_name_of
from headwater.catalog.openlineage.stamps import DROPPED, SEEN, put_stamps, stamps_of
from headwater.catalog.records import AssetRecord, AssetRef, ColumnRecord
from headwater.catalog.scans.presence import mark_missing
from headwater.catalog.scans.renaming import rename_assets
from headwater.catalog.stored import StoredAsset, find_ids, find_stored
from headwater.catalog.writing import Writing
from headwater.store import tables

__all__ = ["Datasets", "Named"]

_MOST_SYMLINKS = 20
_LIFECYCLE = "lifecycleStateChange"


@dataclass(frozen=True, slots=True)
class Named:
    """A dataset of an event: the asset that it is, and what is to be written of it (None: nothing)."""

    dataset: Dataset
    ref: AssetRef
    record: AssetRecord | None
    #: Further names that lead to it from now on.
    aliases: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    before: Mapping[str, str] | None = None


class Datasets:
    """The datasets of one event, for whoever sends it.

    What they may not see is not there for them: nothing is written of it, and no edge leads to it. What they may see
    and not change, and what scans own, is referred to, and stays as it is.

    Args:
        writing: the transaction.
        actor: who sends it.
        event: the event.
        own: how this installation's own assets begin; none of those is made of what others say.
        collection: where new ones go.
    """

    def __init__(self, writing: Writing, actor: Actor, event: Event, own: str, collection: str | None) -> None:
        self._writing = writing
        self._event = event
        self._own = own
        self._collection = collection
        connection = writing.connection
        mentioned = [*event.inputs, *event.outputs]
        wanted = {name for each in mentioned for name in self._names(each)}
        self._stored = find_stored(connection, [AssetRef(kind, name) for name in wanted for kind in KNOWN_TYPES])
        scopes = {asset.scope_id for asset in self._stored.values() if asset.scope_id is not None}
        self._seen = scopes_with(connection, actor, Action.ASSET_READ, scopes)
        self._editable = scopes_with(connection, actor, Action.ASSET_EDIT, scopes) & self._seen

    def named(self, datasets: Iterable[Dataset]) -> list[Named]:
        """The assets that these are, those that may not be seen left out."""
        return [found for each in datasets if (found := self._one(each)) is not None]

    def settle(self, all_named: Iterable[Named]) -> None:
        """After everything is written: further names, what was said when, and what is gone."""
        for each in all_named:
            if each.before is not None:
                self._settle(each, each.before)

    # -- which asset it is --

    def _one(self, dataset: Dataset) -> Named | None:
        name = dataset_name_of(dataset.namespace, dataset.name)
        found = self._known(name) or self._linked(dataset) or self._renamed(dataset, name)
        if found is None:
            return None if name.startswith(self._own) else self._new(dataset, name)
        if found.scope_id not in self._seen:
            return None
        ref = AssetRef(found.type_name, found.qualified_name)
        if found.type_name != "dataset" or found.scope_id not in self._editable:
            return Named(dataset, ref, None)
        return self._told(dataset, name, ref, found)

    def _known(self, name: str) -> StoredAsset | None:
        return next((self._stored[ref] for ref in _refs(name) if ref in self._stored), None)

    def _may_change(self, found: StoredAsset | None) -> bool:
        return found is not None and found.type_name == "dataset" and found.scope_id in self._editable

    def _linked(self, dataset: Dataset) -> StoredAsset | None:
        """The asset that one of the dataset's further names leads to."""
        found = (self._known(name) for name in _symlinks(dataset))
        return next((each for each in found if self._may_change(each)), None)

    def _renamed(self, dataset: Dataset, name: str) -> StoredAsset | None:
        """The asset of the name that the dataset had before, which has the new one from now on."""
        before = _previous(dataset)
        found = self._known(before) if before else None
        if found is None or not self._may_change(found) or found.source_id is not None:
            return None
        rename_assets(self._writing.connection, {AssetRef("dataset", found.qualified_name): name})
        after = replace(found, qualified_name=name)
        self._stored = {ref: asset for ref, asset in self._stored.items() if asset.id != found.id}
        self._stored[AssetRef("dataset", name)] = after
        return after

    # -- what is to be written of it --

    def _new(self, dataset: Dataset, name: str) -> Named:
        ref = AssetRef("dataset", name)
        said, columns = said_of(dataset.facets, DATASET_FACETS), _columns(dataset)
        shown = names.display_name(name)
        record = AssetRecord("dataset", name, shown, _together(said), columns, collection=self._collection)
        facets = (*said, *(("schema",) if columns is not None else ()))
        return Named(dataset, ref, record, self._free(dataset, name), facets, {})

    def _told(self, dataset: Dataset, name: str, ref: AssetRef, found: StoredAsset) -> Named:
        before, stamp = stamps_of(self._writing.connection, found.id), self._event.stamp
        said = said_of(dataset.facets, DATASET_FACETS)
        fresh = {facet: said[facet] for facet in said if before.get(facet, "") < stamp}
        columns = _columns(dataset) if before.get("schema", "") < stamp else None
        aliases = self._free(dataset, name)
        # What was gone later is gone, and what a scan owns is the scan's to describe.
        if before.get(DROPPED, "") >= stamp or found.source_id is not None:
            return Named(dataset, ref, None, aliases, (), before)
        record = None
        if fresh or columns is not None or found.status != "active":
            record = AssetRecord(ref.type_name, ref.qualified_name, found.display_name, _together(fresh), columns)
        facets = (*fresh, *(("schema",) if columns is not None else ()))
        return Named(dataset, ref, record, aliases, facets, before)

    def _free(self, dataset: Dataset, name: str) -> tuple[str, ...]:
        """Further names that are nobody's yet; the one that the event uses may be one."""
        further = [name, *_symlinks(dataset), *filter(None, [_previous(dataset)])]
        return tuple(each for each in dict.fromkeys(further) if self._known(each) is None)

    # -- afterwards --

    def _settle(self, named: Named, before: Mapping[str, str]) -> None:
        connection, stamp = self._writing.connection, self._event.stamp
        number = find_ids(connection, [named.ref])[named.ref]
        for alias in named.aliases:
            if alias != named.ref.qualified_name:
                self._name(number, alias)
        facets = [SEEN, *named.said]
        if _lifecycle(named.dataset) == "DROP" and before.get(SEEN, "") <= stamp:
            mark_missing(connection, {"dataset": [named.ref.qualified_name]}, now=self._writing.now)
            facets.append(DROPPED)
        put_stamps(connection, number, facets, stamp, stamps_of(connection, number))

    def _name(self, number: int, alias: str) -> None:
        if find_ids(self._writing.connection, _refs(alias)):
            return
        values = {"type_name": "dataset", "qualified_name": alias, "asset_id": number, "reason": "alias"}
        told = {"created_at": self._writing.now, "created_by": self._writing.by}
        self._writing.connection.execute(insert(tables.asset_names).values(**values, **told))

    @staticmethod
    def _names(dataset: Dataset) -> Iterator[str]:
        yield dataset_name_of(dataset.namespace, dataset.name)
        yield from _symlinks(dataset)
        yield from filter(None, [_previous(dataset)])


def _refs(name: str) -> list[AssetRef]:
    return [AssetRef(kind, name) for kind in KNOWN_TYPES]


def _together(said: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {name: value for attributes in said.values() for name, value in attributes.items()}


def _columns(dataset: Dataset) -> tuple[ColumnRecord, ...] | None:
    """The columns that are said; None where nothing is."""
    schema = dataset.facets.get("schema")
    return (columns_of_schema(schema) or None) if schema is not None else None


def _symlinks(dataset: Dataset) -> Iterator[str]:
    listed = dataset.facets.get("symlinks", {}).get("identifiers")
    for each in listed[:_MOST_SYMLINKS] if isinstance(listed, list) else ():
        yield from filter(None, [_identified(each)])


def _lifecycle(dataset: Dataset) -> str:
    return str(dataset.facets.get(_LIFECYCLE, {}).get(_LIFECYCLE, ""))


def _previous(dataset: Dataset) -> str | None:
    """The name that a dataset had before it was renamed."""
    if _lifecycle(dataset) != "RENAME":
        return None
    return _identified(dataset.facets[_LIFECYCLE].get("previousIdentifier"))


def _identified(stated: Any) -> str | None:
    if not isinstance(stated, Mapping):
        return None
    namespace, name = stated.get("namespace"), stated.get("name")
    if not isinstance(namespace, str) or not isinstance(name, str) or not namespace.strip() or not name.strip():
        return None
    return dataset_name_of(namespace, name)
