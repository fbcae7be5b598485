"""Search over the catalog: an index derived from the metadata database, and all that is asked of it.

Nothing here knows the database. Whoever does hands over documents (:class:`SearchDocument`), says up to which change
they go, and asks with the scopes that somebody may read.
"""

from headwater.catalog.search.documents import SearchDocument
from headwater.catalog.search.filters import Filter, parse_filter
from headwater.catalog.search.index import SearchIndex
from headwater.catalog.search.requests import (
    FacetRequest,
    FacetValue,
    Hit,
    SearchRequest,
    SearchResult,
    parse_facets,
    parse_order_by,
)

__all__ = [
    "FacetRequest",
    "FacetValue",
    "Filter",
    "Hit",
    "SearchDocument",
    "SearchIndex",
    "SearchRequest",
    "SearchResult",
    "parse_facets",
    "parse_filter",
    "parse_order_by",
]
