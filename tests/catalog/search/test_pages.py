"""Orders, pages, facets and what a search box suggests."""

from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.catalog.search.sample import NOW, days_ago, document, filled

from headwater.catalog.search import (
    FacetRequest,
    Hit,
    SearchDocument,
    SearchRequest,
    parse_facets,
    parse_filter,
    parse_order_by,
)
from headwater.errors import UsageError

Direction = Literal["asc", "desc"]
# Names that begin alike for longer than what is compared first.
NAMES = ("a", "customer_orders_1", "customer_orders_2", "customer_orders_2024_a", "b", "é", "表", "Customer_orders_1")
orders: st.SearchStrategy[list[tuple[str, Direction]]] = st.lists(
    st.tuples(st.sampled_from(("name", "updated", "created", "relevance", "id")), st.sampled_from(("asc", "desc"))),
    max_size=3,
)


@st.composite
def documents(draw: st.DrawFn) -> list[SearchDocument]:
    days = st.integers(0, 2)
    return [
        document(number, draw(st.sampled_from(NAMES)), updated_at=days_ago(draw(days)), created_at=days_ago(draw(days)))
        for number in range(1, draw(st.integers(0, 15)) + 1)
    ]


def key(document: SearchDocument, score: float, order: list[tuple[str, Direction]]) -> Any:
    folded = document.display_name.lower().replace("é", "e")
    values = {
        "name": [ord(letter) for letter in folded],
        "updated": document.updated_at.timestamp(),
        "created": document.created_at.timestamp(),
        "relevance": score,
        "id": document.id,
    }
    chosen = [(values[name], direction) for name, direction in order or [("relevance", "desc")]]
    return [turned(value, direction) for value, direction in chosen] + [document.id]


def turned(value: Any, direction: Direction) -> Any:
    if direction == "asc":
        return [*value, -1] if isinstance(value, list) else value
    return [*(-letter for letter in value), 1] if isinstance(value, list) else -value


@settings(deadline=None, max_examples=80)
@given(documents(), orders, st.integers(1, 4), st.sampled_from(("", "customer_orders", "b OR a ")))
def test_pages_follow_one_another_in_order(
    some: list[SearchDocument], order: list[tuple[str, Direction]], limit: int, keywords: str
) -> None:
    index = filled(*some)
    everything = index.search(SearchRequest(keywords, order_by=order, limit=1000)).hits
    by_id = {document.id: document for document in some}
    assert [hit.id for hit in everything] == [
        hit.id for hit in sorted(everything, key=lambda hit: key(by_id[hit.id], hit.score, order))
    ]
    by_offset = [
        hit
        for offset in range(0, len(everything), limit)
        for hit in index.search(SearchRequest(keywords, order_by=order, limit=limit, offset=offset)).hits
    ]
    assert by_offset == everything
    walked: list[Hit] = []
    after = ""
    while True:
        page = index.search(SearchRequest(keywords, order_by=order, limit=limit, after=after))
        assert page.total == len(everything)
        walked += page.hits
        after = page.continuation
        if not after:
            break
    assert walked == everything
    index.close()


def test_a_continuation_goes_on_where_it_was_whatever_changed() -> None:
    index = filled(*(document(number, f"asset {number:02}") for number in range(1, 10)))
    first = index.search(SearchRequest(order_by=[("name", "asc")], limit=3))
    index.update([document(20, "asset 00")], [3], 2)  # one before the page, and the last one on it gone
    second = index.search(SearchRequest(order_by=[("name", "asc")], limit=3, after=first.continuation))
    assert [hit.id for hit in second.hits] == [4, 5, 6]


@pytest.mark.parametrize(
    "request_",
    [
        SearchRequest(limit=1001),
        SearchRequest(limit=-1),
        SearchRequest(offset=100_001),
        SearchRequest(offset=5, after="x"),
        SearchRequest(after="x"),
        SearchRequest(after="bnVsbA=="),
        SearchRequest(after="ü"),
        SearchRequest(order_by=[("colour", "asc")]),
        SearchRequest(order_by=[("name", "up")]),  # type: ignore[list-item]  # what a client may send
    ],
)
def test_pages_that_make_no_sense(request_: SearchRequest) -> None:
    with pytest.raises(UsageError):
        filled(document(1)).search(request_)


def test_a_continuation_of_another_order_is_refused() -> None:
    index = filled(document(1), document(2))
    token = index.search(SearchRequest(order_by=[("name", "asc")], limit=1)).continuation
    with pytest.raises(UsageError, match="not one of this search"):
        index.search(SearchRequest(order_by=[("name", "desc")], limit=1, after=token))


@pytest.mark.parametrize(
    ("facet", "expected"),
    [
        ({"facet": "label"}, [("b", 3), ("a", 2), ("c", 2), ("d", 1)]),
        ({"facet": "label", "count": 2}, [("b", 3), ("a", 2)]),
        ({"facet": "label", "count": 0}, [("b", 3), ("a", 2), ("c", 2), ("d", 1)]),
        ({"facet": "label", "sort": {"count": "asc"}}, [("d", 1), ("a", 2), ("c", 2), ("b", 3)]),
        ({"facet": "label", "sort": {"value": "asc"}}, [("a", 2), ("b", 3), ("c", 2), ("d", 1)]),
        ({"facet": "label", "sort": {"value": "DESC"}, "count": 1}, [("d", 1)]),
        ({"facet": "termStatus"}, [("Approved", 1)]),
    ],
)
def test_facets(facet: dict[str, Any], expected: list[tuple[str, int]]) -> None:
    labels = [("a", "b"), ("b", "c"), ("a", "b", "c", "d"), ()]
    index = filled(
        *(document(number, labels=own) for number, own in enumerate(labels, start=1)),
        document(9, attributes={"termStatus": "Approved"}),
    )
    result = index.search(SearchRequest(facets=parse_facets([facet])))
    assert [(value.value, value.count) for value in result.facets[facet["facet"]]] == expected


@pytest.mark.parametrize(
    "facets",
    [
        "label",
        ["label"],
        [{}],
        [{"facet": "colour"}],
        [{"facet": "label", "count": -1}],
        [{"facet": "label", "count": True}],
        [{"facet": "label", "sort": {"size": "asc"}}],
        [{"facet": "label", "sort": {"count": "up"}}],
        [{"facet": "label", "sort": []}, {"facet": "label", "sort": "count"}],
    ],
)
def test_facets_that_make_no_sense(facets: Any) -> None:
    with pytest.raises(UsageError):
        parse_facets(facets)


@pytest.mark.parametrize("order", ["name", [{}], [{"name": "up"}], [{"name": 1}], [{"name": "asc", "id": "asc"}]])
def test_orders_that_make_no_sense(order: Any) -> None:
    with pytest.raises(UsageError):
        parse_order_by(order)


def test_facets_count_many_rare_combinations() -> None:
    people = [(("owner", f"p{number}"), ("expert", f"p{number + 1}")) for number in range(50)]
    index = filled(*(document(number, f"n{number}", contacts=own) for number, own in enumerate(people, start=1)))
    result = index.search(SearchRequest('"n7"', facets=[FacetRequest("contact")]))
    assert [(value.value, value.count) for value in result.facets["contact"]] == [("p6", 1), ("p7", 1)]


def test_certified_assets_come_first_among_equals() -> None:
    index = filled(
        document(1, "orders"),
        document(2, "orders", endorsement="promoted"),
        document(3, "orders", endorsement="certified"),
    )
    assert [hit.id for hit in index.search(SearchRequest("orders")).hits] == [3, 2, 1]
    assert [hit.id for hit in index.search(SearchRequest("")).hits] == [3, 2, 1]


def test_suggestions_are_names_with_all_the_words_the_last_perhaps_unfinished() -> None:
    index = filled(
        document(1, "customer orders"),
        document(2, "orders"),
        document(3, "old customers"),
        document(4, "x", description="orders"),
    )
    assert [hit.id for hit in index.suggest("o")] == [3, 2, 1]
    assert [hit.id for hit in index.suggest("customer o")] == [1]
    assert [hit.id for hit in index.suggest("order")] == [2, 1]
    assert [hit.id for hit in index.suggest("ordres")] == [1, 2]
    assert [hit.id for hit in index.suggest("o", limit=1)] == [3]
    assert index.suggest("") == index.suggest("  ") == index.suggest('"(') == []
    assert index.suggest("orders", filter=parse_filter({"id": "guid-1"}, now=NOW))[0].id == 1
    assert index.suggest("orders")[0].highlights["name"] == ("<em>orders</em>",)
    with pytest.raises(UsageError):
        index.suggest("o", limit=0)


def test_completions_are_words_of_names_the_commonest_first() -> None:
    index = filled(document(1, "orders_2024"), document(2, "orders"), document(3, "ordinary"), document(4, "Crème"))
    assert index.autocomplete("ord") == ["orders", "ordinary"]
    assert index.autocomplete("all ord") == ["orders", "ordinary"]
    assert index.autocomplete("orders_2") == ["orders_2024"]
    assert index.autocomplete("crè") == ["creme"]
    assert index.autocomplete("ord", limit=1) == ["orders"]
    assert index.autocomplete("ord", filter=parse_filter({"id": "guid-3"}, now=NOW)) == ["ordinary"]
    assert index.autocomplete("ord ") == index.autocomplete("") == []
