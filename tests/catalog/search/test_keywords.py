"""What people type: what it means, in which order it is found, and that nothing they type breaks anything."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.catalog.search.sample import document, filled, found

from headwater.catalog.search import SearchIndex, SearchRequest
from headwater.errors import UsageError


def test_exact_names_come_first_then_beginnings_words_and_other_fields() -> None:
    index = filled(
        document(1, "note", description="about orders"),
        document(2, "big orders"),
        document(3, "orders_2024"),
        document(4, "orders"),
        document(5, "ordersheet"),
    )
    assert found(index, "orders") == [4, 3, 2, 1, 5]
    # With white space behind it the word is whole.
    assert found(index, "orders ") == [4, 3, 2, 1]


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        (
            "sales_orders",
            ("sales_orders", "sales", "orders", "SALES_ORDERS", "sales orders", "sales-orders", "sales_ord"),
        ),
        ("gold-customers.v2", ("gold-customers.v2", "gold-customers", "customers", "v2", "customers.v2")),
        ("raw/2024/sales.csv", ("raw/2024/sales.csv", "2024/sales", "sales.csv", "csv")),
        (
            "CustomerChurnModel",
            ("CustomerChurnModel", "customerchurnmodel", "customer", "churn", "churn_model", "ChurnModel"),
        ),
        ("Crème brûlée", ("creme", "CRÈME", "brulee", "crème brûlée", "cre\u0300me")),
        ("売上 表", ("売上", "売上 表")),
        ("x" * 80, ("x" * 80, "x" * 40)),
    ],
)
def test_names_are_found_whole_and_by_their_parts(name: str, typed: tuple[str, ...]) -> None:
    others = [
        document(number, f"{part} thing") for number, part in enumerate(("sales", "gold", "churn", "other"), start=2)
    ]
    index = filled(document(1, name), *others)
    for text in typed:
        assert 1 in found(index, text), text
    assert found(index, name)[0] == 1


def test_more_of_the_words_rank_higher() -> None:
    index = filled(document(1, "alpha"), document(2, "x", description="alpha beta"), document(3, "beta"))
    assert found(index, "alpha beta ")[0] == 2
    assert set(found(index, "alpha beta ")) == {1, 2, 3}


def test_a_name_of_several_words_comes_before_the_words_elsewhere() -> None:
    index = filled(document(1, "churn customer"), document(2, "customer churn"), document(3, "customer churn model"))
    assert found(index, "customer churn") == [2, 3, 1]


def test_rare_words_outweigh_common_ones() -> None:
    index = filled(*(document(number, f"common {number}") for number in range(1, 20)), document(20, "rare thing"))
    assert found(index, "common rare ")[0] == 20


def test_qualified_names_are_found_whole() -> None:
    index = filled(
        document(1, "a", qualified_name="mlflow://host:5000/models/churn/versions/1"),
        document(2, "b", qualified_name="mlflow://host:5000/models/churn"),
    )
    assert found(index, "mlflow://host:5000/models/churn") == [2, 1]
    assert found(index, 'qualifiedName:"models/churn/versions"') == [1]


@pytest.mark.parametrize(
    ("keywords", "expected"),
    [
        ("sales AND orders", {1}),
        ("sales OR churn", {1, 2, 3}),
        ("sales NOT orders", {2}),
        ("sales AND NOT orders", {2}),
        ("NOT sales", {3}),
        ("(sales OR churn) AND (orders OR model)", {1, 3}),
        ("sales and orders", {1, 2}),  # only capitals are operators
        ('"sales orders"', {1}),
        ('"orders sales"', set()),
        ('"sales orders', {1}),  # still being typed
        ("sal*", {1, 2}),
        ("s?les", {1, 2}),
        ("sales_o*", {1}),
        ("name:sales", {1, 2}),
        ("name:(sales AND orders)", {1}),
        ("description:sales", set()),
        ("column:customer", {3}),
        ("classification:email", {2}),
        ("label:gold", {2}),
        ("term:revenue", {1}),
        ("owner:ann", {1}),
        ("expert:ann", {2}),
        ("contact:ann", {1, 2}),
        ("type:table", {1, 2}),
        ("source:lake", {3}),
        ("collection:finance", {3}),
        ("tag:nightly", {3}),
        ("Qualified Name:host", {1, 2, 3}),
        ("qualified_name:host", {1, 2, 3}),
        ("*", {1, 2, 3}),
        ("", {1, 2, 3}),
        ("   ", {1, 2, 3}),
        ("---", set()),
        ("unknown:thing", set()),
    ],
)  # fmt: skip
def test_syntax(keywords: str, expected: set[int]) -> None:
    index = filled(
        document(1, "sales_orders", contacts=(("owner", "ann"),), terms=(("t1", "Revenue@Main"),)),
        document(2, "sales", contacts=(("expert", "ann"),), classifications=("PERSONAL.EMAIL",), labels=("gold",)),
        document(
            3,
            "churn model",
            type_name="ml_model",
            columns=("customer_id",),
            source="data lake",
            collection="finance",
            tags=("nightly",),
        ),
    )
    assert set(found(index, keywords)) == expected


@pytest.mark.parametrize(
    ("keywords", "said"),
    [
        ("*sales", "begins with a wildcard"),
        ("name:?ales", "begins with a wildcard"),
        ("sales AND", "missing"),
        ("OR sales", "missing"),
        ("(sales", "never closed"),
        ("sales)", "too many"),
        ("NOT", "missing"),
        ("()", "missing"),
        ("clasification:email", "no field 'clasification'"),
        ("a" * 2001, "2001 characters"),
        ("a " * 65, "too many keywords"),
        ("(" * 40 + "a" + ")" * 40, "nested too deeply"),
        ("a" + "?*" * 49, "wildcards at most"),
        ("-*", "letter or digit"),
    ],
)
def test_what_cannot_be_read_says_so(keywords: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        filled(document(1)).search(SearchRequest(keywords))


def test_words_that_nothing_has_are_taken_for_what_is_near() -> None:
    index = filled(document(1, "customers"), document(2, "cat"), document(3, "orders"))
    result = index.search(SearchRequest("custmoers"))
    assert [hit.id for hit in result.hits] == [1]
    assert result.corrected == "customers"
    assert index.search(SearchRequest("ordres AND NOT cat")).corrected == "orders AND NOT cat"
    assert found(index, "cst") == []  # three letters are too few to guess
    assert found(index, "custxyers") == [1]  # two letters off, in a long word
    assert found(index, "orxxrs") == []  # two letters off, in a short one
    assert found(index, "orders_2204") == []


def test_what_is_near_ranks_below_what_is_there_and_corrects_nothing_then() -> None:
    index = filled(document(1, "customers"), document(2, "orders"))
    result = index.search(SearchRequest("custmoers orders "))
    assert [hit.id for hit in result.hits] == [2, 1]
    assert result.corrected == ""


def test_highlights_mark_the_words_found() -> None:
    index = filled(
        document(1, "CustomerChurn_2024", description="Predicts the churn of <b>customers", columns=("churn", "age"))
    )
    (hit,) = index.search(SearchRequest("churn")).hits
    assert hit.highlights["name"] == ("<em>CustomerChurn</em>_2024",)
    assert hit.highlights["description"] == ("Predicts the <em>churn</em> of <b>customers",)
    assert hit.highlights["column"] == ("<em>churn</em>",)


typed = st.one_of(
    st.text(max_size=40),
    st.lists(
        st.sampled_from(
            ("AND", "OR", "NOT", *'()"*?:~\\[^+ \x00\ud800', "name:", "sal*", "a?b", "sales", "x_y-z")
        ),
        max_size=12,
    ).map("".join),
    st.lists(
        st.sampled_from(("AND", "OR", "NOT", "(", ")", '"a', 'b"', "name:", "c*", "sales_x")), max_size=9
    ).map(" ".join),
)  # fmt: skip


@pytest.fixture(scope="module")
def some() -> SearchIndex:
    return filled(document(1, "sales"), document(2, "a?b [c] ^d"), document(3, "AND OR"))


@settings(deadline=None, max_examples=400)
@given(typed)
def test_whatever_is_typed_gives_a_result_or_says_what_is_wrong(some: SearchIndex, text: str) -> None:
    try:
        some.search(SearchRequest(text))
    except UsageError as error:
        assert error.hint
    some.suggest(text)
    some.autocomplete(text)


@settings(deadline=None, max_examples=100)
@given(st.text(max_size=30), st.text(max_size=30))
def test_any_name_can_be_indexed(name: str, other: str) -> None:
    index = filled(
        document(1, name, description=other, columns=(other,), tags=(name,), guid=other, attributes={other: name})
    )
    assert index.search(SearchRequest("")).total == 1
