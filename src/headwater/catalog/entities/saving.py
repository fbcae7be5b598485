"""Creating and changing entities as clients send them: found by guid or name, a request a transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, select, update

from headwater.access import Action, Actor
from headwater.access.trimming import forbidden
from headwater.catalog.annotations.annotating import annotate
from headwater.catalog.chunks import chunked
from headwater.catalog.edges import Related, relate
from headwater.catalog.entities.business import merged_groups
from headwater.catalog.entities.checking import check_attributes
from headwater.catalog.entities.embedded import write_embedded
from headwater.catalog.entities.finding import check_collection, scopes_with, unknown_guid
from headwater.catalog.entities.incoming import Incoming, is_placeholder, read_entities
from headwater.catalog.entities.references import Resolver
from headwater.catalog.entities.renaming import rename_entities
from headwater.catalog.flow.column_mapping import write_column_mappings
from headwater.catalog.numbers import one_of
from headwater.catalog.plain import plain
from headwater.catalog.records import AssetRecord, AssetRef
from headwater.catalog.seeing import may_read
from headwater.catalog.stored import StoredAsset, find_stored, stored_by_guid
from headwater.catalog.types import COLUMNS
from headwater.catalog.writing import Writing, begin_writing, put_records
from headwater.errors import ForbiddenError, UsageError
from headwater.store import Database, tables, utc_now

__all__ = ["BusinessUpdate", "Mutation", "Saved", "save_entities", "write_entities"]


class BusinessUpdate(StrEnum):
    """What becomes of the business attributes that an entity is sent with."""

    MERGE = "merge"
    REPLACE = "replace"
    IGNORE = "ignore"

    @classmethod
    def read(cls, text: str | None) -> BusinessUpdate:
        """By its name; those that are sent are added to those that there are where nothing is said.

        Raises:
            UsageError: there is no such name.
        """
        try:
            return cls((text or "merge").lower())
        except ValueError as error:
            raise UsageError(
                f"'{text}' says not what becomes of business attributes.", hint="Use merge, replace or ignore."
            ) from error


_BUSINESS = "businessAttributes"


@dataclass(frozen=True, slots=True)
class Saved:
    """An entity after a request, as much of it as the answer to the request shows."""

    id: int
    guid: str
    type_name: str
    qualified_name: str
    display_name: str
    version: int


@dataclass(slots=True)
class Mutation:
    """What a request did. ``assigned``: the guid that each placeholder of the request became."""

    created: list[Saved] = field(default_factory=list)
    updated: list[Saved] = field(default_factory=list)
    assigned: dict[str, str] = field(default_factory=dict)


def save_entities(
    database: Database,
    actor: Actor,
    entities: Sequence[Mapping[str, Any]],
    referred: Sequence[Mapping[str, Any]] = (),
    *,
    collection: str | None = None,
    business: BusinessUpdate = BusinessUpdate.MERGE,
) -> Mutation:
    """Create those entities that there are not, change those that there are; all of them, or none.

    Args:
        database: the metadata database.
        actor: who asks.
        entities: ``entities`` of Atlas's AtlasEntitiesWithExtInfo.
        referred: what its ``referredEntities`` hold.
        collection: the name of the collection for new ones that name none; None: the root.
        business: what becomes of the business attributes of those that there are.

    Raises:
        UsageError: an entity or reference cannot be read, or its type or collection is unknown.
        NotFoundError: a guid or reference that leads to nothing that may be seen.
        ForbiddenError: the actor may not create assets there, or not change one of these.
    """
    with database.begin() as connection:
        return write_entities(connection, actor, entities, referred, collection=collection, business=business)


def write_entities(
    connection: Connection,
    actor: Actor,
    entities: Sequence[Mapping[str, Any]],
    referred: Sequence[Mapping[str, Any]] = (),
    *,
    collection: str | None = None,
    business: BusinessUpdate = BusinessUpdate.MERGE,
) -> Mutation:
    """As :func:`save_entities`, in the caller's transaction."""
    writing = begin_writing(connection, now=utc_now(), by=actor.name, by_id=actor.user_id)
    incoming = read_entities(writing.types, [*entities, *referred])
    return _Request(writing, actor, collection, business).write(incoming)


class _Request:
    """One request, from what came in to what is to be answered."""

    def __init__(self, writing: Writing, actor: Actor, collection: str | None, business: BusinessUpdate) -> None:
        self._writing = writing
        self._connection = writing.connection
        self._actor = actor
        self._collection = collection
        self._business = business
        self._resolver = Resolver(writing.connection, actor, writing.types)
        #: The identity of what the request names by a guid.
        self._refs: dict[str, AssetRef] = {}

    def write(self, incoming: Sequence[Incoming]) -> Mutation:
        """Write everything; see :func:`save_entities`."""
        before = self._find(incoming)
        self._check_rights(incoming, before)
        for each in incoming:
            check_attributes(self._writing.types, each, is_new=self._ref(each) not in before)
        records: dict[AssetRef, AssetRecord] = {}
        for each in incoming:
            ref = self._ref(each)
            records[ref] = _record(each, ref, records.get(ref), before.get(ref), self._collection)
        after = put_records(self._writing, records, before)
        self._know(incoming, after)
        stated = {after[ref].id: after[ref].attributes for ref, record in records.items() if _may_refer(record)}
        write_embedded(self._writing, stated, self._assigned(incoming, after))
        rename_entities(self._writing, self._renamed(incoming, after))
        related = self._relate(incoming, after)
        write_column_mappings(
            self._writing,
            {
                after[ref].id: record.attributes
                for ref, record in records.items()
                if "columnMapping" in record.attributes
            },
        )
        said = self._said(incoming, before, after)
        annotate(self._writing, said)
        return self._mutation(incoming, before, after, {*related, *said})

    # -- what is there already --

    def _find(self, incoming: Sequence[Incoming]) -> dict[AssetRef, StoredAsset]:
        guids = {each.guid for each in incoming if each.guid and not is_placeholder(each.guid)}
        named = (each.identity for each in incoming if each.identity is not None and each.guid not in guids)
        found = find_stored(self._connection, named)
        by_guid = stored_by_guid(self._connection, guids)
        for each in incoming:
            if each.guid and not is_placeholder(each.guid):
                asset = by_guid.get(each.guid)
                if asset is None:
                    raise unknown_guid(each.guid)
                ref = AssetRef(asset.type_name, asset.qualified_name)
                found[ref] = asset
                self._resolver.by_guid[each.guid] = asset.id
                self._refs[each.guid] = ref
        return found

    def _ref(self, each: Incoming) -> AssetRef:
        ref = self._refs.get(each.guid, each.identity)
        if ref is None:
            raise unknown_guid(each.guid)
        return ref

    def _check_rights(self, incoming: Sequence[Incoming], before: Mapping[AssetRef, StoredAsset]) -> None:
        changed = {asset.scope_id for asset in before.values() if asset.scope_id is not None}
        seen = scopes_with(self._connection, self._actor, Action.ASSET_READ, changed)
        may_change = scopes_with(self._connection, self._actor, Action.ASSET_EDIT, changed)
        for ref, asset in before.items():
            if asset.scope_id not in seen:
                raise ForbiddenError(
                    f"The name '{ref.qualified_name}' cannot be used for a {ref.type_name}.", hint="Choose another one."
                )
            if asset.scope_id not in may_change:
                raise forbidden(Action.ASSET_EDIT, asset.scope_id)
        new = {each.collection or self._collection for each in incoming if self._ref(each) not in before}
        for name in new:
            check_collection(self._connection, self._actor, name or tables.ROOT_COLLECTION)

    # -- what belongs together --

    def _know(self, incoming: Sequence[Incoming], after: Mapping[AssetRef, StoredAsset]) -> None:
        self._resolver.by_identity |= {ref: asset.id for ref, asset in after.items()}
        for each in incoming:
            if is_placeholder(each.guid):
                self._resolver.by_guid[each.guid] = after[self._ref(each)].id

    def _assigned(self, incoming: Sequence[Incoming], after: Mapping[AssetRef, StoredAsset]) -> dict[str, str]:
        return {each.guid: after[self._ref(each)].guid for each in incoming if is_placeholder(each.guid)}

    def _renamed(
        self, incoming: Sequence[Incoming], after: Mapping[AssetRef, StoredAsset]
    ) -> dict[str, tuple[StoredAsset, str]]:
        """Those that are named by their guid and have another qualified name from now on."""
        stated = [(after[self._ref(each)], each) for each in incoming if each.guid in self._refs]
        return {
            asset.guid: (asset, each.qualified_name)
            for asset, each in stated
            if each.qualified_name is not None and each.qualified_name != asset.qualified_name
        }

    def _relate(self, incoming: Sequence[Incoming], after: Mapping[AssetRef, StoredAsset]) -> set[int]:
        """Make the relationships of all entities; returns the assets that changed by it."""
        self._resolver.resolve(
            reference for each in incoming for _, references in each.relations.values() for reference in references
        )
        stated: list[Related] = []
        for each in incoming:
            number = after[self._ref(each)].id
            for end, references in each.relations.values():
                others = {self._resolver.number(reference): reference.attributes or {} for reference in references}
                stated.append(Related(number, end, list(others), others))
        # An asset is found by its columns, and by nothing else that it is related to.
        with_columns = [each for each in stated if each.end.definition == COLUMNS]
        changed = relate(self._writing, with_columns, self._seen)
        for chunk in chunked(changed):
            touched = update(tables.assets).where(one_of(self._connection, tables.assets.c.id, chunk))
            old = tables.assets.c.change != self._writing.change
            self._connection.execute(touched.where(old).values(change=self._writing.change))
        rest = [each for each in stated if each.end.definition != COLUMNS]
        return changed | relate(self._writing, rest, self._seen)

    def _seen(self, numbers: Iterable[int]) -> set[int]:
        """Those of some assets that whoever asks sees: who does not see one cannot have meant to leave it out."""
        found: set[int] = set()
        for chunk in chunked(numbers):
            these = one_of(self._connection, tables.assets.c.id, chunk)
            query = select(tables.assets.c.id).where(these, may_read(self._actor))
            found |= set(self._connection.scalars(query))
        return found

    def _said(
        self,
        incoming: Sequence[Incoming],
        before: Mapping[AssetRef, StoredAsset],
        after: Mapping[AssetRef, StoredAsset],
    ) -> dict[int, dict[str, Any]]:
        """What is said of the entities, by number, business attributes as they are to be in the end."""
        said = {after[self._ref(each)].id: dict(each.said) for each in incoming if each.said}
        there = {asset.id for asset in before.values()}
        stated = [number for number in said if _BUSINESS in said[number] and number in there]
        if self._business is BusinessUpdate.IGNORE:
            for number in stated:
                del said[number][_BUSINESS]
        elif self._business is BusinessUpdate.MERGE:
            asset = tables.assets.c
            for chunk in chunked(stated):
                query = select(asset.id, asset.business_attributes).where(asset.id.in_(chunk))
                for row in self._connection.execute(query):
                    said[row.id][_BUSINESS] = merged_groups(row.business_attributes, said[row.id][_BUSINESS])
        return {number: each for number, each in said.items() if each}

    # -- the answer --

    def _mutation(
        self,
        incoming: Sequence[Incoming],
        before: Mapping[AssetRef, StoredAsset],
        after: Mapping[AssetRef, StoredAsset],
        touched: set[int],
    ) -> Mutation:
        made = Mutation()
        for ref, asset in after.items():
            earlier = before.get(ref)
            version = asset.version + (earlier is not None and asset != earlier)
            saved = Saved(asset.id, asset.guid, asset.type_name, asset.qualified_name, asset.display_name, version)
            # One that had been deleted is as good as new to who sends it.
            if earlier is None or earlier.status == "deleted":
                made.created.append(saved)
            elif asset != earlier or asset.id in touched:
                made.updated.append(saved)
        for each in incoming:
            # A client that gave no placeholder is told one all the same.
            given = each.guid if is_placeholder(each.guid) else "" if each.guid else f"-{uuid4().int % 10**16}"
            if given:
                made.assigned[given] = after[self._ref(each)].guid
        return made


def _may_refer(record: AssetRecord) -> bool:
    return any(isinstance(value, (dict, list)) for value in record.attributes.values())


def _record(
    each: Incoming, ref: AssetRef, earlier: AssetRecord | None, before: StoredAsset | None, collection: str | None
) -> AssetRecord:
    """What is to be written of an entity; of several of one identity, the later over the earlier."""
    attributes = {name: plain(value) for name, value in each.attributes.items() if name != "qualifiedName"}
    if earlier is not None:
        attributes = {**earlier.attributes, **attributes}
    shown = attributes.get("displayName") or attributes.get("name")
    if shown is None:
        shown = ref.qualified_name if before is None else before.display_name
    return AssetRecord(
        ref.type_name, ref.qualified_name, str(shown), attributes, collection=each.collection or collection
    )
