"""Types of people's own: created, changed and deleted by who may edit assets at the root collection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, delete, exists, insert, select, update

from headwater.access import Action, Actor
from headwater.access.trimming import require
from headwater.catalog.types.checking import attribute_types, check_definitions, read_definitions
from headwater.catalog.types.documents import BASE, Document, built_in_guid, read_documents
from headwater.catalog.types.registry import load_types
from headwater.errors import ConflictError, NotFoundError
from headwater.store import Database, tables, utc_now
from headwater.store.changes import next_types_change

__all__ = ["create_types", "delete_type", "delete_types", "update_types"]

_own = tables.type_definitions.c
#: Found out anew whenever types are read.
_COMPUTED = ("subTypes", "relationshipAttributeDefs", "businessAttributeDefs", "guid", "createTime", "updateTime")


def create_types(database: Database, actor: Actor, stated: Any) -> list[Document]:
    """Define types; all of them or none. Returns them as they are shown.

    Raises:
        UsageError: one of them is not as it has to be, or names a type that there is not.
        ConflictError: there is one of that name (``catalog.type_exists``).
        ForbiddenError: the actor may not define types.
    """
    definitions = read_definitions(stated)
    with database.begin() as connection:
        before = _begin(connection, actor)
        own = set(connection.scalars(select(_own.name)))
        names: set[str] = set()
        for each in definitions:
            # One that is only well known gives way.
            if each["name"] in names | own | BASE:
                raise ConflictError(
                    f"There is a type '{each['name']}' already.",
                    code="catalog.type_exists",
                    hint="Update it, or choose another name.",
                )
            names.add(each["name"])
        check_definitions(definitions, before | {each["name"]: each for each in definitions})
        _insert(connection, actor, definitions, before)
        return _shown(connection, definitions)


def update_types(database: Database, actor: Actor, stated: Any) -> list[Document]:
    """Put these definitions in the place of those that there are; all of them or none.

    Raises:
        UsageError: one of them is not as it has to be, or names a type that there is not.
        NotFoundError: there is none of that name and category.
        ConflictError: it is one that Headwater itself is made of.
        ForbiddenError: the actor may not define types.
    """
    definitions = read_definitions(stated)
    with database.begin() as connection:
        before = _begin(connection, actor)
        for each in definitions:
            _check_changeable(before, each["name"], each["category"])
        check_definitions(definitions, before | {each["name"]: each for each in definitions})
        own = set(connection.scalars(select(_own.name)))
        for each in definitions:
            if each["name"] in own:
                values = {"definition": _kept(each), "updated_at": utc_now(), "updated_by": actor.name}
                changed = update(tables.type_definitions).where(_own.name == each["name"])
                connection.execute(changed.values(values | {"version": _own.version + 1}))
        _insert(connection, actor, [each for each in definitions if each["name"] not in own], before)
        return _shown(connection, definitions)


def delete_types(database: Database, actor: Actor, stated: Any) -> None:
    """Delete the types that are named; all of them or none.

    Raises:
        NotFoundError: there is none of that name and category.
        ConflictError: it is one that every installation has, or in use (``catalog.type_used``).
        ForbiddenError: the actor may not define types.
    """
    _delete(database, actor, [(each["name"], each["category"]) for each in read_definitions(stated)])


def delete_type(database: Database, actor: Actor, name: str) -> None:
    """Delete one type by its name; errors as those of :func:`delete_types`."""
    _delete(database, actor, [(name, None)])


def _begin(connection: Connection, actor: Actor) -> dict[str, Document]:
    place = tables.collections.c
    root = connection.scalar(select(place.scope_id).where(place.name == tables.ROOT_COLLECTION))
    require(connection, actor, Action.ASSET_EDIT, root or 0)
    next_types_change(connection)
    return read_documents(connection, load_types(connection))


def _insert(
    connection: Connection, actor: Actor, definitions: Iterable[Document], before: Mapping[str, Document]
) -> None:
    now = utc_now()
    for each in definitions:
        name = each["name"]
        row = {
            "guid": built_in_guid(name) if name in before else str(uuid4()),
            "name": name,
            # A template of terms has the form of a struct, and its definition says what it is.
            "category": "STRUCT" if each["category"] == "TERM_TEMPLATE" else each["category"],
            "definition": _kept(each),
            "created_at": now,
            "created_by": actor.name,
            "updated_at": now,
            "updated_by": actor.name,
        }
        connection.execute(insert(tables.type_definitions).values(row))


def _kept(definition: Document) -> Document:
    return {name: value for name, value in definition.items() if name not in _COMPUTED}


def _shown(connection: Connection, definitions: Iterable[Document]) -> list[Document]:
    documents = read_documents(connection, load_types(connection))
    return [documents[each["name"]] for each in definitions]


def _check_changeable(documents: Mapping[str, Document], name: str, category: str | None) -> None:
    found = documents.get(name)
    if found is None or category not in {None, found["category"]}:
        raise NotFoundError(f"There is no type '{name}'.", code="catalog.type_unknown", hint="List the types.")
    if name in BASE:
        raise ConflictError(
            f"The type '{name}' is one that Headwater itself is made of.",
            code="catalog.type_built_in",
            hint="Define one of your own below it.",
        )


# -- deleting ----------------------------------------------------------------------------------------------------------


def _delete(database: Database, actor: Actor, wanted: list[tuple[str, str | None]]) -> None:
    with database.begin() as connection:
        documents = _begin(connection, actor)
        own = set(connection.scalars(select(_own.name)))
        names = {name for name, _ in wanted}
        for name, category in wanted:
            _check_changeable(documents, name, category)
            if name not in own:
                raise ConflictError(
                    f"The type '{name}' is one that every installation has.",
                    code="catalog.type_built_in",
                    hint="Leave it; it does no harm.",
                )
            _check_unused(connection, documents, documents[name], names)
        connection.execute(delete(tables.type_definitions).where(_own.name.in_(names)))


def _check_unused(
    connection: Connection, documents: Mapping[str, Document], document: Document, gone: set[str]
) -> None:
    name = document["name"]
    by = next((each["name"] for each in documents.values() if each["name"] not in gone and _names(each, name)), None)
    used = _IN_USE.get(document["category"])
    if by is None and used is not None and used(connection, name):
        by = "something of the catalog"
    if by is not None:
        raise ConflictError(
            f"The type '{name}' is in use, by {by}.", code="catalog.type_used", hint="Delete what uses it before."
        )


def _names(document: Document, name: str) -> bool:
    """Whether a definition names a type."""
    ends = (document[end]["type"] for end in ("endDef1", "endDef2") if end in document)
    return name in (document.get("superTypes") or ()) or name in ends or name in attribute_types(document)


def _has_assets(connection: Connection, name: str) -> bool:
    asset = tables.assets.c
    return bool(connection.scalar(select(exists().where(asset.type_name == name, asset.status != "deleted"))))


def _has_relationships(connection: Connection, name: str) -> bool:
    link, one, other = tables.relationships.c, tables.assets.alias(), tables.assets.alias()
    there = exists().where(
        link.type_name == name,
        link.end1_id == one.c.id,
        link.end2_id == other.c.id,
        one.c.status != "deleted",
        other.c.status != "deleted",
    )
    return bool(connection.scalar(select(there)))


def _is_given(connection: Connection, name: str) -> bool:
    return bool(connection.scalar(select(exists().where(tables.asset_classifications.c.type_name == name))))


def _has_values(connection: Connection, name: str) -> bool:
    asset = tables.assets.c
    rows = connection.execute(select(asset.business_attributes).where(asset.business_attributes.is_not(None)))
    return any(name in (row.business_attributes or {}) for row in rows)


_IN_USE: Mapping[str, Callable[[Connection, str], bool]] = {
    "ENTITY": _has_assets,
    "RELATIONSHIP": _has_relationships,
    "CLASSIFICATION": _is_given,
    "BUSINESS_METADATA": _has_values,
}
