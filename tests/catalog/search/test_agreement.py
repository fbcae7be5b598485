"""The index and a plain scan over every document agree on what is matched and counted."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.catalog.search.sample import (
    FACET_VALUES,
    NOW,
    begins_a_word,
    counted,
    document,
    facet_counts,
    filled,
    has_words,
)

from headwater.catalog.search import FacetRequest, SearchDocument, SearchRequest, parse_filter

# Words no typo of each other, so that the scan needs to know nothing of tolerance.
WORDS = ("sales", "orders", "churn", "model", "customerid", "zz", "q4", "2024")
PEOPLE = ("ann", "bob")
some_words = st.lists(st.sampled_from(WORDS), max_size=3)
values = st.lists(st.sampled_from(("A", "A.B", "A.B.C", "B", "AB")), max_size=3, unique=True).map(tuple)
separated = st.sampled_from((" ", "_", "-", ".", "/"))


@st.composite
def documents(draw: st.DrawFn) -> list[SearchDocument]:
    return [draw(one_document(number)) for number in range(1, draw(st.integers(0, 12)) + 1)]


@st.composite
def one_document(draw: st.DrawFn, number: int) -> SearchDocument:
    collection = draw(st.sampled_from(("finance", "retail")))
    type_name = draw(st.sampled_from(("table", "view")))
    return document(
        number,
        draw(separated).join(draw(some_words)) or "unnamed",
        scope_id=draw(st.integers(1, 3)),
        description=" ".join(draw(some_words)),
        columns=tuple(draw(some_words)),
        tags=tuple(draw(some_words)),
        type_name=type_name,
        types=("Asset", type_name),
        object_type=draw(st.sampled_from(("Tables", "Files", ""))),
        asset_type=draw(st.sampled_from(("MLflow", "Delta"))),
        source=draw(st.sampled_from(("one", "two", ""))),
        collection=collection,
        collections=("root", collection),
        classifications=draw(values),
        labels=draw(values),
        sensitivity=draw(st.sampled_from(("", "secret"))),
        terms=tuple((f"t-{name}", f"{name}@Glossary") for name in draw(values)),
        contacts=tuple(
            draw(st.lists(st.tuples(st.sampled_from(("owner", "expert")), st.sampled_from(PEOPLE)), max_size=3))
        ),
        endorsement=draw(st.sampled_from(("", "certified", "promoted"))),
        created_at=NOW - timedelta(days=draw(st.integers(0, 500))),
        updated_at=NOW - timedelta(days=draw(st.integers(0, 500))),
        attributes=draw(attributes),
    )


numbers = st.one_of(
    st.integers(-(10**20), 10**20), st.floats(allow_nan=False, allow_infinity=False), st.integers(-3, 3)
)
attributes = st.dictionaries(
    st.sampled_from(("size", "Business.Owner", "note")),
    st.one_of(numbers, st.booleans(), st.sampled_from(("Ann", "ann b", "10", "b"))),
)

# Keywords as text, together with what a document must fulfil.
Test = Callable[[SearchDocument], bool]
word_tests: st.SearchStrategy[tuple[str, Test]] = st.one_of(
    st.sampled_from(WORDS).map(lambda word: (word, lambda document: has_words(document, [word]))),
    st.lists(st.sampled_from(WORDS), min_size=2, max_size=2).map(
        lambda pair: (f'"{" ".join(pair)}"', lambda document: has_words(document, pair))
    ),
    st.sampled_from(WORDS).map(
        lambda word: (f"{word[:2]}*", lambda document: begins_a_word(document, word[:2])),
    ),
)


def joined(parts: st.SearchStrategy[tuple[str, Test]]) -> st.SearchStrategy[tuple[str, Test]]:
    pairs = st.tuples(parts, parts)
    return st.one_of(
        pairs.map(lambda both: (f"({both[0][0]} AND {both[1][0]})", lambda d: both[0][1](d) and both[1][1](d))),
        pairs.map(lambda both: (f"({both[0][0]} OR {both[1][0]})", lambda d: both[0][1](d) or both[1][1](d))),
        pairs.map(lambda both: (f"({both[0][0]} {both[1][0]})", lambda d: both[0][1](d) or both[1][1](d))),
        pairs.map(lambda both: (f"({both[0][0]} NOT {both[1][0]})", lambda d: both[0][1](d) and not both[1][1](d))),
        parts.map(lambda one: (f"(NOT {one[0]})", lambda d: not one[1](d))),
    )


keywords = st.recursive(word_tests, joined, max_leaves=5)


def number_of(value: Any) -> Decimal | None:
    if isinstance(value, bool):
        return None
    try:
        return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    except ArithmeticError:
        return None


def compares(own: Any, operator: str, value: Any) -> bool:
    """The rules of the how-to, spelled out."""
    if own is None:
        return False
    texts = str(own).lower(), str(value).lower()
    if operator == "eq":
        both_text = isinstance(own, str | bool) and isinstance(value, str | bool)
        if both_text or number_of(own) is None or number_of(value) is None:
            return texts[0] == texts[1]
        return number_of(own) == number_of(value) if not isinstance(own, str) else texts[0] == texts[1]
    own_number = None if isinstance(own, str) else number_of(own)
    value_number = number_of(value)
    pairs: list[tuple[Any, Any]] = []
    if own_number is not None and value_number is not None:
        pairs.append((own_number, value_number))
    if own_number is None and isinstance(value, str | bool):
        pairs.append(texts)
    return any({"gt": a > b, "ge": a >= b, "lt": a < b, "le": a <= b}[operator] for a, b in pairs)


leaf_tests: st.SearchStrategy[tuple[dict[str, Any], Test]] = st.one_of(
    st.sampled_from(("finance", "root")).flatmap(
        lambda name: st.booleans().map(
            lambda deep: (
                {"collectionId": name, "includeSubCollections": deep},
                lambda d: name in (d.collections if deep else (d.collection,)),
            )
        )
    ),
    st.sampled_from(("Asset", "table")).flatmap(
        lambda name: st.booleans().map(
            lambda deep: (
                {"entityType": name, "includeSubTypes": deep},
                lambda d: name in (d.types if deep else (d.type_name,)),
            )
        )
    ),
    st.sampled_from(("A", "A.B", "B")).flatmap(
        lambda name: st.booleans().map(
            lambda deep: (
                {"classification": name, "includeSubClassifications": deep},
                lambda d: any(own == name or (deep and own.startswith(f"{name}.")) for own in d.classifications),
            )
        )
    ),
    st.just(({"objectType": "Tables"}, lambda d: d.object_type == "Tables")),
    st.just(({"assetType": ["Delta", "Other"]}, lambda d: d.asset_type == "Delta")),
    st.just(({"label": "B"}, lambda d: "B" in d.labels)),
    st.just(({"term": "A.B"}, lambda d: any(name == "A.B@Glossary" for _, name in d.terms))),
    st.just(({"term": "A", "glossary": "Other"}, lambda d: False)),
    st.just(({"termGuid": "t-B"}, lambda d: any(guid == "t-B" for guid, _ in d.terms))),
    st.just(({"contactId": "ann"}, lambda d: any(person == "ann" for _, person in d.contacts))),
    st.just(({"owner": "bob"}, lambda d: ("owner", "bob") in d.contacts)),
    st.just(({"id": "guid-3"}, lambda d: d.guid == "guid-3")),
    st.just(({"createTime": "LAST_30D"}, lambda d: d.created_at >= NOW - timedelta(days=30))),
    st.just(({"updateTime": "MORE_THAN_365D"}, lambda d: d.updated_at < NOW - timedelta(days=365))),
    st.just(
        (
            {"attributeName": "name", "operator": "contains", "attributeValue": "ORD"},
            lambda d: "ord" in d.display_name.lower(),
        )
    ),
    st.tuples(
        st.sampled_from(("size", "Business.Owner")),
        st.sampled_from(("eq", "gt", "ge", "lt", "le")),
        st.one_of(numbers, st.sampled_from(("Ann", "10", "c"))),
    ).map(
        lambda three: (
            {"attributeName": three[0], "operator": three[1], "attributeValue": three[2]},
            lambda d: compares(d.attributes.get(three[0]), three[1], three[2]),
        )
    ),
)


def combined(parts: st.SearchStrategy[tuple[dict[str, Any], Test]]) -> st.SearchStrategy[tuple[dict[str, Any], Test]]:
    several = st.lists(parts, min_size=1, max_size=3)
    return st.one_of(
        several.map(lambda some: ({"and": [one[0] for one in some]}, lambda d: all(one[1](d) for one in some))),
        several.map(lambda some: ({"or": [one[0] for one in some]}, lambda d: any(one[1](d) for one in some))),
        parts.map(lambda one: ({"not": one[0]}, lambda d: not one[1](d))),
    )


filters = st.recursive(leaf_tests, combined, max_leaves=6)
scopes = st.one_of(st.none(), st.frozensets(st.integers(1, 4)))


def agree(some: list[SearchDocument], request: SearchRequest, expected: list[SearchDocument]) -> None:
    index = filled(*some)
    result = index.search(request)
    assert {hit.id for hit in result.hits} == {document.id for document in expected}
    assert result.total == len(expected)
    for facet in FACET_VALUES:
        assert counted(result, facet) == facet_counts(expected, facet)
    index.close()


def everything(keywords: str = "", **more: Any) -> SearchRequest:
    return SearchRequest(keywords, facets=[FacetRequest(name, 0) for name in FACET_VALUES], limit=1000, **more)


@settings(deadline=None, max_examples=100)
@given(documents(), keywords, scopes)
def test_keywords(some: list[SearchDocument], typed: tuple[str, Test], readable: frozenset[int] | None) -> None:
    text, test = typed
    seen = [document for document in some if readable is None or document.scope_id in readable]
    # What nothing has is looked for with tolerance, which is another test's.
    agree(some, everything(f"{text} ", scopes=readable), [document for document in seen if test(document)])


@settings(deadline=None, max_examples=60)
@given(documents(), st.lists(st.sampled_from(WORDS), min_size=2, max_size=2), separated.filter(str.strip))
def test_joined_words(some: list[SearchDocument], pair: list[str], separator: str) -> None:
    in_a_row = [document for document in some if has_words(document, pair)]
    anywhere = [document for document in some if all(has_words(document, [word]) for word in pair)]
    agree(some, everything(separator.join(pair) + " "), in_a_row or anywhere)


@settings(deadline=None, max_examples=120)
@given(documents(), filters, scopes)
def test_filters(
    some: list[SearchDocument], filtering: tuple[dict[str, Any], Test], readable: frozenset[int] | None
) -> None:
    tree, test = filtering
    seen = [document for document in some if readable is None or document.scope_id in readable]
    request = everything(filter=parse_filter(tree, now=NOW), scopes=readable)
    agree(some, request, [document for document in seen if test(document)])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(1, 8), st.booleans(), st.sampled_from(WORDS)), max_size=30), st.data())
def test_updates_and_removals(changes: list[tuple[int, bool, str]], data: st.DataObject) -> None:
    index = filled()
    known: dict[int, str] = {}
    for position, (number, removing, word) in enumerate(changes, start=2):
        if removing:
            known.pop(number, None)
        else:
            known[number] = word
        index.update([] if removing else [document(number, word)], [number] if removing else [], position)
        if data.draw(st.booleans()):
            asked = data.draw(st.sampled_from(WORDS))
            hits = index.search(SearchRequest(f"name:{asked} ")).hits
            assert {hit.id for hit in hits} == {number for number, name in known.items() if name == asked}
    assert {hit.id for hit in index.search(SearchRequest()).hits} == set(known)
    index.close()
