"""Filters as clients write them."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.catalog.search.sample import NOW, days_ago, document, filled

from headwater.catalog.search import SearchIndex, SearchRequest, parse_filter
from headwater.catalog.search.documents import milliseconds, number_key
from headwater.errors import UsageError

FIRST = {"size": 10, "Gov.Owner": "Ann Lee", "Gov.Live": True}
SECOND = {"size": 9.5, "Gov.Seen": days_ago(3)}
ALL_RANGES = "LAST_24H|LAST_7D|LAST_30D|LAST_365D|MORE_THAN_365D"


@pytest.fixture(scope="module")
def index() -> SearchIndex:
    return filled(
        document(
            1, "Orders.csv", object_type="Files", attributes={"size": 10, "Gov.Owner": "Ann Lee", "Gov.Live": True}
        ),
        document(
            2,
            "orders",
            object_type="Tables",
            attributes={"size": 9.5, "Gov.Seen": days_ago(3)},
            updated_at=days_ago(400),
        ),
        document(3, "Sales", type_name="AtlasGlossaryTerm", types=("AtlasGlossaryTerm",), created_at=days_ago(20)),
        document(4, "people", classifications=("PERSONAL.EMAIL",), description="It works", updated_at=days_ago(5)),
        document(5, "x", classifications=("PERSONAL",), terms=(("t1", "Revenue@Main"),), attributes={"size": "11"}),
    )


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (None, {1, 2, 3, 4, 5}),
        ({}, {1, 2, 3, 4, 5}),
        ({"objectType": "Files"}, {1}),
        ({"objectType": ["Files", "Tables"]}, {1, 2}),
        ({"and": [{"objectType": "Files"}, {"entityType": "table"}]}, {1}),
        ({"objectType": "Files", "entityType": "view"}, set()),
        ({"entityType": "Asset"}, set()),
        ({"entityType": "Asset", "includeSubTypes": True}, {1, 2, 4, 5}),
        ({"glossaryType": "AtlasGlossaryTerm"}, {3}),
        ({"fileExtension": "csv"}, {1}),
        ({"fileExtension": ".CSV"}, {1}),
        ({"id": "guid-2"}, {2}),
        ({"classification": "PERSONAL"}, {5}),
        ({"classification": "PERSONAL", "includeSubClassifications": True}, {4, 5}),
        ({"classification": "PRIVATE", "includeSubClassifications": True}, {4}),
        ({"not": {"classification": "PERSONAL"}}, {1, 2, 3, 4}),
        ({"term": "Revenue"}, {5}),
        ({"term": "Revenue", "glossary": "Main"}, {5}),
        ({"term": "Revenue", "glossary": "Other"}, set()),
        ({"term": "Revenue@Main"}, {5}),
        ({"or": [{"termGuid": "t1"}, {"id": "guid-1"}]}, {1, 5}),
        ({"createTime": {"operator": "lt", "timeThreshold": milliseconds(NOW)}}, {3}),
        ({"createTime": {"operator": "ge", "timeThreshold": NOW.isoformat()}}, {1, 2, 4, 5}),
        ({"updateTime": "LAST_24H"}, {1, 3, 5}),
        ({"updateTime": "LAST_7D"}, {1, 3, 4, 5}),
        ({"updateTime": "MORE_THAN_365D"}, {2}),
        ({"updateTime": ALL_RANGES}, {1, 2, 3, 4, 5}),
        ({"updateTime": {"operator": "timerange", "timeThreshold": "LAST_7D"}}, {1, 3, 4, 5}),
        ({"attributeName": "name", "operator": "eq", "attributeValue": "ORDERS"}, {2}),
        ({"attributeName": "name", "operator": "ne", "attributeValue": "orders"}, {1, 3, 4, 5}),
        ({"attributeName": "name", "operator": "prefix", "attributeValue": "Order"}, {1, 2}),
        ({"attributeName": "qualifiedName", "operator": "contains", "attributeValue": "HOST/3"}, {3}),
        ({"attributeName": "description", "operator": "contains", "attributeValue": "works"}, {4}),
        ({"attributeName": "modifiedTime", "operator": "timerange", "attributeValue": "MORE_THAN_365D"}, {2}),
        ({"attributeName": "createTime", "operator": "ge", "attributeValue": milliseconds(NOW)}, {1, 2, 4, 5}),
        ({"attributeName": "size", "operator": "gt", "attributeValue": 9}, {1, 2}),
        ({"attributeName": "size", "operator": "gt", "attributeValue": 9.5}, {1}),
        ({"attributeName": "size", "operator": "eq", "attributeValue": 10.0}, {1}),
        ({"attributeName": "size", "operator": "eq", "attributeValue": 11}, {5}),
        ({"attributeName": "size", "operator": "eq", "attributeValue": "10"}, {1}),
        ({"attributeName": "Gov.Owner", "operator": "prefix", "attributeValue": "ann"}, {1}),
        ({"attributeName": "Gov.Live", "operator": "eq", "attributeValue": True}, {1}),
        ({"attributeName": "Gov.Seen", "operator": "timerange", "attributeValue": "LAST_7D"}, {2}),
        ({"attributeName": "Gov.Seen", "operator": "timerange", "attributeValue": "LAST_24H"}, set()),
        ({"attributeName": "nothing", "operator": "eq|ne|contains|prefix", "attributeValue": "x"}, {1, 2, 3, 4, 5}),
    ],
)
def test_what_passes(index: SearchIndex, tree: Any, expected: set[int]) -> None:
    found = parse_filter(tree, now=NOW, subclassifications={"PRIVATE": ("PERSONAL.EMAIL",)})
    assert {hit.id for hit in index.search(SearchRequest(filter=found)).hits} == expected


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        ({"colour": "red"}, "no filter 'colour'"),
        ({"and": []}, "'and' does not hold"),
        ({"or": {"objectType": "Files"}}, "'or' does not hold"),
        ({"and": [{}]}, "not an object"),
        ({"not": None}, "not an object"),
        ([], "not an object"),
        ("objectType", "not an object"),
        ({"objectType": 5}, "'objectType' is not given text"),
        ({"objectType": []}, "'objectType' is not given text"),
        ({"includeSubTypes": True}, "only 'includeSubTypes'"),
        ({"entityType": "a", "includeSubTypes": "yes"}, "neither true nor false"),
        ({"updateTime": "LAST_WEEK"}, "'LAST_WEEK' is no time range"),
        ({"updateTime": 5}, "no time"),
        ({"updateTime": {"operator": "like", "timeThreshold": 5}}, "cannot be compared by 'like'"),
        ({"updateTime": {"operator": "lt", "timeThreshold": "soon"}}, "no time"),
        ({"updateTime": {"operator": "lt", "timeThreshold": float("nan")}}, "no time"),
        ({"attributeName": "size", "operator": "about", "attributeValue": 1}, "'about' is no operator"),
        ({"attributeName": "size", "operator": "eq"}, "lacks"),
        ({"attributeName": "size", "operator": "eq", "attributeValue": [1]}, "lacks"),
        ({"term": "a", "glossary": 5}, "'glossary'"),
    ],
)
def test_what_makes_no_sense_is_named(tree: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse_filter(tree, now=NOW)


def test_nesting_has_an_end() -> None:
    tree: dict[str, Any] = {"objectType": "Files"}
    for _ in range(40):
        tree = {"not": tree}
    with pytest.raises(UsageError, match="nested too deeply"):
        parse_filter(tree, now=NOW)


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ("and", "or", "not", "term", "createTime", "attributeName", "operator", "attributeValue", "id")
            ),
            inner,
            max_size=3,
        ),
    ),
)


@settings(deadline=None, max_examples=300)
@given(json_values)
def test_whatever_is_sent_filters_or_says_what_is_wrong(index: SearchIndex, tree: Any) -> None:
    try:
        index.search(SearchRequest(filter=parse_filter(tree, now=NOW)))
    except UsageError as error:
        assert error.hint


@given(
    st.lists(st.one_of(st.integers(), st.floats(allow_nan=False), st.decimals(allow_nan=False)), min_size=2, max_size=2)
)
def test_numbers_are_written_so_that_they_sort(pair: list[Any]) -> None:
    small, large = sorted(pair)
    if small == large:
        assert number_key(small) == number_key(large)
    else:
        assert number_key(small) < number_key(large)
