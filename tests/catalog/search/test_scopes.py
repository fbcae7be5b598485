"""What somebody may not read leaves no trace in anything that the search answers."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.catalog.search.sample import NOW, document, filled

from headwater.catalog.search import FacetRequest, SearchDocument, SearchIndex, SearchRequest, parse_filter

MINE = frozenset({1, 2})
NAMES = ("orders", "orders_2024", "ordres", "customers", "custmoers", "secretword", "churn", "model", "zebra")
QUERIES = (
    "",
    "orders",
    "ordres",
    "custmoers",
    "secretword",
    "secretwrd",
    "churn AND model",
    "orders NOT churn",
    "cust",
    "zebr*",
)
FACETS = [FacetRequest(name, 0) for name in ("collection", "classification", "term", "contact", "label", "type")]


@st.composite
def documents(draw: st.DrawFn) -> list[SearchDocument]:
    names = draw(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES), st.integers(1, 4)), max_size=12))
    return [
        document(
            number,
            name,
            scope_id=scope,
            description=text,
            classifications=(text,),
            labels=(name,),
            collection=name,
            terms=((text, f"{text}@G"),),
            contacts=(("owner", name),),
            attributes={"note": text},
        )
        for number, (name, text, scope) in enumerate(names, start=1)
    ]


def answers(index: SearchIndex, query: str, *, scopes: frozenset[int] | None) -> object:
    contains = parse_filter({"attributeName": "note", "operator": "contains", "attributeValue": "o"}, now=NOW)
    return (
        index.search(SearchRequest(query, scopes=scopes, facets=FACETS)),
        index.search(SearchRequest(query, scopes=scopes, filter=contains, order_by=[("name", "desc")], limit=2)),
        index.suggest(query, scopes, 5),
        index.autocomplete(query, scopes, 5),
    )


@settings(deadline=None, max_examples=80)
@given(documents(), st.sampled_from(QUERIES))
def test_hidden_documents_might_as_well_not_be_there(some: list[SearchDocument], query: str) -> None:
    everything = filled(*some)
    mine = filled(*(document for document in some if document.scope_id in MINE))
    # Scores, totals, facets, corrections, continuations, suggestions: all of it is the same.
    assert answers(everything, query, scopes=MINE) == answers(mine, query, scopes=None)


def test_a_correction_tells_no_word_that_only_hidden_documents_have() -> None:
    index = filled(document(1, "secretword", scope_id=9), document(2, "other", scope_id=1))
    result = index.search(SearchRequest("secretwrd", scopes=frozenset({1})))
    assert (result.total, result.corrected) == (0, "")
    assert index.search(SearchRequest("secretwrd")).corrected == "secretword"
    assert index.suggest("secret", frozenset({1})) == []
    assert index.autocomplete("secret", frozenset({1})) == []


def test_a_word_that_only_hidden_documents_have_is_unknown_and_taken_for_a_near_one() -> None:
    index = filled(document(1, "orderz", scope_id=9), document(2, "orders", scope_id=1))
    result = index.search(SearchRequest("orderz", scopes=frozenset({1})))
    assert ([hit.id for hit in result.hits], result.corrected) == ([2], "orders")


def test_a_document_that_moves_takes_its_rights_along() -> None:
    index = filled(document(1, "orders", scope_id=9))
    assert index.search(SearchRequest("orders", scopes=MINE)).total == 0
    index.update([document(1, "orders", scope_id=1)], [], 2)
    assert index.search(SearchRequest("orders", scopes=MINE)).total == 1
    assert index.search(SearchRequest("orders", scopes=frozenset())).total == 0
    assert index.search(SearchRequest("orders", scopes=frozenset(range(2, 5000)))).total == 0
