"""Found assets as Purview's search shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from headwater.catalog.chunks import chunked
from headwater.catalog.finding import FoundAsset
from headwater.catalog.indexing import documents_of
from headwater.catalog.search import SearchDocument
from headwater.catalog.search.documents import milliseconds
from headwater.store import tables

__all__ = ["search_values"]

#: What Purview calls the fields that the words of a search stand in; it shows no others.
_MARKED: Mapping[str, str] = {
    "name": "name",
    "qualified_name": "qualifiedName",
    "description": "description",
    "type": "entityType",
}


def search_values(connection: Connection, assets: Sequence[FoundAsset]) -> list[dict[str, Any]]:
    """Assets that were found, and so may be seen, in the shape of ``value`` of Purview's search."""
    documents = documents_of(connection, [asset.id for asset in assets])
    contacts = _contacts(connection, list(documents))
    return [
        {
            "@search.score": asset.score,
            **_highlights(asset.highlights),
            **_value(documents[asset.id], asset.description, contacts.get(asset.id, [])),
        }
        for asset in assets
        if asset.id in documents
    ]


def _value(document: SearchDocument, description: str, contacts: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": document.guid,
        "name": document.display_name,
        "displayText": document.display_name,
        "qualifiedName": document.qualified_name,
        "entityType": document.type_name,
        "objectType": document.object_type,
        "assetType": [document.asset_type] if document.asset_type else [],
        "collectionId": document.collection,
        "description": description or None,
        "owner": document.attributes.get("owner"),
        "classification": list(document.classifications),
        "label": list(document.labels),
        "term": [_term(guid, name) for guid, name in document.terms],
        "contact": contacts,
        "endorsement": [document.endorsement] if document.endorsement else [],
        "sensitivityLabelId": document.sensitivity or None,
        "createTime": milliseconds(document.created_at),
        "updateTime": milliseconds(document.updated_at),
        # What cannot be found by its words is not in the index at all.
        "isIndexed": True,
    }


def _term(guid: str, name: str) -> dict[str, str]:
    term, _, glossary = name.rpartition("@")
    return {"name": term, "glossaryName": glossary, "guid": guid}


def _highlights(marked: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    shown = {_MARKED[field]: list(texts) for field, texts in marked.items() if field in _MARKED}
    return {"@search.highlights": shown} if shown else {}


def _contacts(connection: Connection, numbers: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    contact = tables.asset_contacts.c
    found: dict[int, list[dict[str, Any]]] = {}
    for chunk in chunked(numbers):
        query = select(tables.asset_contacts).where(contact.asset_id.in_(chunk))
        for row in connection.execute(query.order_by(contact.kind, contact.contact_id)):
            person = {"id": row.contact_id, "info": row.info, "contactType": row.kind}
            found.setdefault(row.asset_id, []).append(person)
    return found
