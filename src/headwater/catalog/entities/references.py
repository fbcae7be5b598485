"""What the references of a request lead to: entities of the request itself, or assets that whoever asks may see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, select

from headwater.access import Actor
from headwater.catalog.chunks import chunked
from headwater.catalog.entities.incoming import Reference, is_placeholder
from headwater.catalog.numbers import one_of
from headwater.catalog.records import AssetRef
from headwater.catalog.seeing import may_read
from headwater.catalog.types import Types
from headwater.errors import NotFoundError
from headwater.store import tables

__all__ = ["Resolver"]

_asset, _name = tables.assets.c, tables.asset_names.c


@dataclass(slots=True)
class Resolver:
    """Finds assets by reference.

    Attributes:
        connection: the transaction of the request.
        actor: who asks; what they may not see is not there.
        types: the types as they are now.
        by_guid: what is known by a placeholder or a guid.
        by_identity: what is known by type and name.
    """

    connection: Connection
    actor: Actor
    types: Types
    by_guid: dict[str, int] = field(default_factory=dict)
    by_identity: dict[AssetRef, int] = field(default_factory=dict)

    def resolve(self, references: Iterable[Reference]) -> None:
        """Look up those that are not known yet.

        Raises:
            NotFoundError: there is no such asset to be seen (``catalog.reference``).
        """
        wanted = {(each.guid, each.identity): each for each in references}.values()
        guids = {each.guid for each in wanted if each.guid is not None and each.guid not in self.by_guid}
        refs = {each.identity for each in wanted if each.identity is not None and each.identity not in self.by_identity}
        self.by_guid |= self._guids(guid for guid in guids if not is_placeholder(guid))
        self.by_identity |= self.named(refs)
        missing = next((each for each in wanted if self._number(each) is None), None)
        if missing is not None:
            identity = missing.identity
            said = missing.guid if identity is None else f"{identity.type_name} {identity.qualified_name}"
            raise NotFoundError(
                f"There is no asset '{said}' to refer to.",
                code="catalog.reference",
                hint="Send it in the same request, or before; or refer to one that there is.",
            )

    def named(self, refs: set[AssetRef]) -> dict[AssetRef, int]:
        """Those of ``refs`` that there are: by their own name, by a further one, by a type above their own."""
        found = dict(self._identities(refs))
        return found | self._of_subtypes(refs - found.keys())

    def number(self, reference: Reference) -> int:
        """The asset's number, once it was resolved."""
        found = self._number(reference)
        if found is None:
            raise NotFoundError("A reference was not looked up.", hint="Resolve it first.")
        return found

    def _number(self, reference: Reference) -> int | None:
        if reference.identity is not None:
            return self.by_identity.get(reference.identity)
        return self.by_guid.get(reference.guid or "")

    def _guids(self, guids: Iterable[str]) -> Mapping[str, int]:
        found: dict[str, int] = {}
        for chunk in chunked(guids):
            query = select(_asset.guid, _asset.id).where(_asset.guid.in_(chunk), self._seen())
            found |= {row.guid: row.id for row in self.connection.execute(query)}
        return found

    def _identities(self, refs: set[AssetRef]) -> Mapping[AssetRef, int]:
        """By type and name; further names of assets are as good as their own."""
        own = select(_asset.type_name, _asset.qualified_name, _asset.id)
        found = self._named(own, _asset, refs)
        joined = tables.asset_names.join(tables.assets, _asset.id == _name.asset_id)
        further = select(_name.type_name, _name.qualified_name, _asset.id).select_from(joined)
        return found | self._named(further, _name, refs - found.keys())

    def _named(self, query: Select[Any], names: Any, refs: set[AssetRef]) -> dict[AssetRef, int]:
        found: dict[AssetRef, int] = {}
        for chunk in chunked({ref.qualified_name for ref in refs}):
            rows = self.connection.execute(
                query.where(one_of(self.connection, names.qualified_name, chunk), self._seen())
            )
            found |= {ref: row[2] for row in rows if (ref := AssetRef(row[0], row[1])) in refs}
        return found

    def _of_subtypes(self, refs: set[AssetRef]) -> dict[AssetRef, int]:
        """Those that are named by a type above their own."""
        found: dict[AssetRef, int] = {}
        by_name: dict[str, list[AssetRef]] = {}
        for ref in refs:
            by_name.setdefault(ref.qualified_name, []).append(ref)
        for chunk in chunked(by_name):
            query = select(_asset.type_name, _asset.qualified_name, _asset.id).where(
                _asset.qualified_name.in_(chunk), self._seen()
            )
            for row in self.connection.execute(query.order_by(_asset.id)):
                if row.type_name in self.types:
                    for ref in by_name[row.qualified_name]:
                        if self.types.is_a(row.type_name, ref.type_name):
                            found.setdefault(ref, row.id)
        return found

    def _seen(self) -> ColumnElement[bool]:
        return may_read(self.actor) & (_asset.status != "deleted")
