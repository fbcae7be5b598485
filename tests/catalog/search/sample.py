"""Documents to search, and a search that reads every one of them: slow, plain, and right."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from headwater.catalog.search import SearchDocument, SearchIndex, SearchRequest, SearchResult

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def document(number: int, name: str = "", **more: Any) -> SearchDocument:
    name = name or f"asset{number}"
    given: dict[str, Any] = {
        "guid": f"guid-{number}",
        "scope_id": 1,
        "type_name": "table",
        "types": ("Asset", "table"),
        "qualified_name": f"db://host/{number}",
        "created_at": NOW,
        "updated_at": NOW,
    }
    return SearchDocument(id=number, display_name=name, **{**given, **more})


def filled(*documents: SearchDocument) -> SearchIndex:
    index = SearchIndex.open(None)
    index.update(documents, [], 1)
    return index


def found(index: SearchIndex, keywords: str, **more: Any) -> list[int]:
    return [hit.id for hit in index.search(SearchRequest(keywords, **more)).hits]


def counted(result: SearchResult, facet: str) -> dict[str, int]:
    return {value.value: value.count for value in result.facets[facet]}


# The slow search


def words_of(document: SearchDocument) -> list[list[str]]:
    """The words of each text that is searched where no field is named."""
    texts = (
        document.display_name,
        document.description,
        document.qualified_name,
        document.sensitivity,
        *document.columns,
        *document.tags,
        *document.classifications,
        *document.labels,
        *(name for _, name in document.terms),
    )
    return [re.findall("[a-z0-9]+", text.lower()) for text in texts]


def has_words(document: SearchDocument, wanted: Sequence[str]) -> bool:
    """Whether a text of the document has these words in a row."""
    return any(words[at : at + len(wanted)] == list(wanted) for words in words_of(document) for at in range(len(words)))


def begins_a_word(document: SearchDocument, beginning: str) -> bool:
    return any(word.startswith(beginning) for words in words_of(document) for word in words)


FACET_VALUES: dict[str, Any] = {
    "collection": lambda document: {document.collection},
    "source": lambda document: {document.source},
    "type": lambda document: {document.type_name},
    "objectType": lambda document: {document.object_type},
    "assetType": lambda document: {document.asset_type},
    "classification": lambda document: set(document.classifications),
    "label": lambda document: set(document.labels),
    "sensitivity": lambda document: {document.sensitivity},
    "term": lambda document: {name for _, name in document.terms},
    "contact": lambda document: {person for _, person in document.contacts},
    "endorsement": lambda document: {document.endorsement},
}


def facet_counts(documents: Sequence[SearchDocument], facet: str) -> dict[str, int]:
    return dict(Counter(value for document in documents for value in FACET_VALUES[facet](document) if value))


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)
