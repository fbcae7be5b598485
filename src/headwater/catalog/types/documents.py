"""Types as Atlas's clients are shown them: every built-in and every own one, in Atlas's JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import Connection, Row, select

from headwater.catalog.types.builtin import BUILT_IN
from headwater.catalog.types.definitions import TypeDefinition
from headwater.catalog.types.known import KNOWN_CLASSIFICATIONS, KNOWN_ENUMS
from headwater.catalog.types.registry import Types, types_of
from headwater.catalog.types.relationships import (
    BUILT_IN_RELATIONSHIPS,
    RelationshipDefinition,
    RelationshipEnd,
    UsedEnd,
)
from headwater.errors import NotFoundError
from headwater.store import Database, tables

__all__ = [
    "BASE",
    "KINDS",
    "Document",
    "built_in_guid",
    "find_document",
    "grouped",
    "headers",
    "list_documents",
    "read_documents",
]

Document = dict[str, Any]

#: The lists of a request or answer, with the category of what each holds.
KINDS: Final = {
    "enumDefs": "ENUM",
    "structDefs": "STRUCT",
    "classificationDefs": "CLASSIFICATION",
    "entityDefs": "ENTITY",
    "relationshipDefs": "RELATIONSHIP",
    "businessMetadataDefs": "BUSINESS_METADATA",
    "termTemplateDefs": "TERM_TEMPLATE",
}

#: What Headwater itself is made of: nobody defines these anew.
BASE: Final = frozenset({*BUILT_IN, *BUILT_IN_RELATIONSHIPS})

_SINCE: Final = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000)


def built_in_guid(name: str) -> str:
    """The guid of a type that every installation has: the same in each.

    >>> built_in_guid("DataSet")
    'c9d50b23-e0c2-550b-9d33-4df5095485b6'
    """
    return str(uuid5(NAMESPACE_URL, f"headwater:types:{name}"))


def list_documents(database: Database, query: Mapping[str, str]) -> list[Document]:
    """The types that ``query`` leaves: ``type`` (a category), ``name``, ``supertype``, ``notsupertype``.

    Templates of terms are among them only if ``includeTermTemplate`` is true, or they are what is asked for.
    """
    category = query.get("type", "").upper().replace(" ", "_")
    with database.read() as connection:
        types = types_of(connection)
        found = list(read_documents(connection, types).values())
    if category:
        found = [each for each in found if each["category"] == category]
    elif query.get("includeTermTemplate", "").lower() != "true":
        found = [each for each in found if each["category"] != "TERM_TEMPLATE"]
    if "name" in query:
        found = [each for each in found if each["name"] == query["name"]]
    if "supertype" in query:
        found = [each for each in found if _is_below(types, each["name"], query["supertype"])]
    if "notsupertype" in query:
        found = [each for each in found if not _is_below(types, each["name"], query["notsupertype"])]
    return found


def find_document(database: Database, key: str, value: str, category: str | None = None) -> Document:
    """One type by its ``name`` or ``guid``, of a category if one is given.

    Raises:
        NotFoundError: there is none (``catalog.type_unknown``, ``catalog.type_guid_unknown``).
    """
    with database.read() as connection:
        documents = read_documents(connection).values()
    for each in documents:
        if each[key] == value and category in {None, each["category"]}:
            return each
    code = "catalog.type_guid_unknown" if key == "guid" else "catalog.type_unknown"
    raise NotFoundError(f"There is no type with the {key} '{value}'.", code=code, hint="List the types.")


def grouped(documents: Iterable[Document]) -> dict[str, list[Document]]:
    """Types in Atlas's lists, one for each category."""
    lists: dict[str, list[Document]] = {kind: [] for kind in KINDS if kind != "termTemplateDefs"}
    names = {category: kind for kind, category in KINDS.items()}
    for each in documents:
        lists.setdefault(names[each["category"]], []).append(each)
    return lists


def headers(documents: Iterable[Document]) -> list[Document]:
    """Types in short."""
    return [{key: each[key] for key in ("guid", "name", "category")} for each in documents]


def read_documents(connection: Connection, types: Types | None = None) -> dict[str, Document]:
    """Every type by its name; people's own over well-known ones. ``types`` are those as they are, where known."""
    types = types or types_of(connection)
    rows = connection.execute(select(tables.type_definitions).order_by(tables.type_definitions.c.name))
    documents = {each["name"]: each for each in _built_in(types)} | {row.name: _own(row) for row in rows}
    below: dict[str, list[str]] = {}
    for document in documents.values():
        for above in document.get("superTypes") or ():
            below.setdefault(above, []).append(document["name"])
    for name, document in documents.items():
        if document["category"] in {"ENTITY", "CLASSIFICATION"}:
            document["subTypes"] = sorted(below.get(name, ()))
        if document["category"] == "ENTITY":
            document["relationshipAttributeDefs"] = [_end(end) for end in types.ends(name).values()]
            document.setdefault("businessAttributeDefs", {})
    return documents


def _is_below(types: Types, name: str, above: str) -> bool:
    return name in types and above in types.supertypes(name)


def _built_in(types: Types) -> Iterable[Document]:
    for name in types.names():
        yield _entity(types.get(name))
    for relationship in types.relationships.values():
        yield _relationship(relationship)
    for name, values in KNOWN_ENUMS.items():
        elements = [{"value": value, "ordinal": number} for number, value in enumerate(values)]
        yield _document(name, "ENUM", "", elementDefs=elements)
    for name in KNOWN_CLASSIFICATIONS:
        yield _document(name, "CLASSIFICATION", "", attributeDefs=[], superTypes=[], entityTypes=[])


def _document(name: str, category: str, description: str, **more: Any) -> Document:
    return {
        "category": category,
        "guid": built_in_guid(name),
        "createdBy": "Headwater",
        "updatedBy": "Headwater",
        "createTime": _SINCE,
        "updateTime": _SINCE,
        "version": 1,
        "name": name,
        "description": description or name,
        "typeVersion": "1.0",
        "serviceType": "headwater" if name in BASE else "known",
        "lastModifiedTS": "1",
        **more,
    }


def _entity(definition: TypeDefinition) -> Document:
    attributes = [each.to_json() for each in definition.attributes]
    above = list(definition.supertypes)
    return _document(definition.name, "ENTITY", definition.description, attributeDefs=attributes, superTypes=above)


def _relationship(definition: RelationshipDefinition) -> Document:
    return _document(
        definition.name,
        "RELATIONSHIP",
        definition.description,
        attributeDefs=[],
        relationshipCategory=definition.category,
        propagateTags="NONE",
        endDef1=_end_definition(definition.end1),
        endDef2=_end_definition(definition.end2),
        relationshipLabel=f"r:{definition.name}",
    )


def _end_definition(end: RelationshipEnd) -> Document:
    return {
        "type": end.type_name,
        "name": end.name,
        "isContainer": end.is_container,
        "cardinality": end.cardinality,
        "isLegacyAttribute": False,
    }


def _end(end: UsedEnd) -> Document:
    other = end.other_type
    return {
        "name": end.name,
        "typeName": other if end.is_single else f"array<{other}>",
        "isOptional": True,
        "cardinality": "SINGLE" if end.is_single else "SET",
        "valuesMinCount": -1,
        "valuesMaxCount": -1,
        "isUnique": False,
        "isIndexable": False,
        "includeInNotification": False,
        "relationshipTypeName": end.definition.name,
        "isLegacyAttribute": False,
    }


def _own(row: Row[Any]) -> Document:
    # A template of terms is kept among the structs, whose form it has; its definition says what it is.
    category = row.definition.get("category") or row.category
    return {
        **row.definition,
        "category": category,
        "guid": row.guid,
        "createdBy": row.created_by,
        "updatedBy": row.updated_by,
        "createTime": int(row.created_at.timestamp() * 1000),
        "updateTime": int(row.updated_at.timestamp() * 1000),
        "version": row.version,
        "name": row.name,
        "description": row.definition.get("description") or row.name,
        "typeVersion": row.definition.get("typeVersion") or "1.0",
        "lastModifiedTS": str(row.version),
        **_filled(category, row.definition),
    }


def _filled(category: str, definition: Mapping[str, Any]) -> Document:
    """What a definition has, whether or not it was said."""
    if category == "ENUM":
        return {"elementDefs": _elements(definition.get("elementDefs") or ())}
    filled: Document = {"attributeDefs": [_attribute(each) for each in definition.get("attributeDefs") or ()]}
    if category in {"ENTITY", "CLASSIFICATION"}:
        filled["superTypes"] = list(definition.get("superTypes") or ())
    if category == "CLASSIFICATION":
        filled["entityTypes"] = list(definition.get("entityTypes") or ())
    return filled


def _elements(stated: Sequence[Mapping[str, Any]]) -> list[Document]:
    return [{"ordinal": number, **each} for number, each in enumerate(stated)]


def _attribute(stated: Mapping[str, Any]) -> Document:
    many = stated.get("cardinality") in {"SET", "LIST"}
    return {
        "typeName": "string",
        "isOptional": True,
        "cardinality": "SINGLE",
        "valuesMinCount": 0,
        "valuesMaxCount": 2147483647 if many else 1,
        "isUnique": False,
        "isIndexable": False,
        "includeInNotification": False,
        **stated,
    }
