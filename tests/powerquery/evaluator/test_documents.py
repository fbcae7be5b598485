"""Section documents, queries kept as files, and where errors stand."""

from __future__ import annotations

import pytest

from headwater.errors import MError, MSyntaxError
from headwater.powerquery import Session, evaluate, evaluate_queries, on_deep_stack, to_text
from headwater.powerquery.values.core import Thunk

SECTION = """
section Sales;
shared Total = List.Sum(Amounts);
Amounts = {1, 2, 3};
shared Qualified = Sales!Total + #sections[Sales][Total];
shared Broken = error "x";
"""


def test_section_members_see_one_another_and_are_lazy() -> None:
    section = evaluate(SECTION)
    assert section.get("Total") == 6
    assert section.get("Qualified") == 12
    with pytest.raises(MError, match="x"):
        section.get("Broken")


def test_queries_refer_to_one_another_by_name_and_are_evaluated_once() -> None:
    calls: list[int] = []

    def count() -> int:
        calls.append(1)
        return 5

    queries = {"a": "b + b", "b": "counted", "broken": "1 + null + missing"}
    session = Session(environment={"counted": Thunk(count)})
    record = evaluate_queries(queries, session, {})
    assert record.get("a") == 10
    assert record.get("b") == 5
    assert calls == [1]
    with pytest.raises(MError, match="missing"):
        record.get("broken")


def test_a_query_that_cannot_be_read_is_refused_at_once() -> None:
    with pytest.raises(MSyntaxError) as caught:
        evaluate_queries({"a": "1", "b": "1 +"}, Session(), {"b": "b.pq"})
    assert "b.pq, line 1" in caught.value.place


def test_an_error_says_where_in_the_text_it_arose() -> None:
    with pytest.raises(MError) as caught:
        evaluate('let\n    a = 1,\n    b = a + "x"\nin\n    b', source_name="sales.pq")
    assert caught.value.place == "sales.pq, line 3, column 9"


def test_an_error_from_a_library_function_stands_at_its_call() -> None:
    with pytest.raises(MError) as caught:
        evaluate('{1,\n Number.From("x")}{1}')
    assert "line 2, column 2" in caught.value.place


def test_environment_names_are_seen_and_the_library_wins() -> None:
    assert evaluate("x + 1", environment={"x": 41}) == 42
    assert evaluate("List.Sum({1, 2})", environment={"List.Sum": 5}) == 3


def test_an_endless_recursion_is_an_m_error() -> None:
    with pytest.raises(MError) as caught:
        evaluate("let f = (n) => 1 + @f(n + 1) in f(0)")
    assert caught.value.code == "m.stack_overflow"


def test_long_operator_chains_and_lists_evaluate() -> None:
    assert evaluate(" + ".join(["1"] * 20_000)) == 20_000
    assert to_text(evaluate("List.Count({" + ", ".join(["1"] * 20_000) + "})")) == "20000"
    assert (
        evaluate("let " + ", ".join(f"v{n} = v{n - 1} + 1" if n else "v0 = 0" for n in range(3000)) + " in v2999")
        == 2999
    )


def test_a_section_is_asked_for_its_own_members_only() -> None:
    section = evaluate("section A; a = let b = 1 in A!b; b = 2; other = B!b; missing = A!c; outer = A!List.Sum;")
    assert section.get("a") == 2
    for name, text in (("other", "B!b"), ("missing", "A!c"), ("outer", "A!List.Sum")):
        with pytest.raises(MError, match=text) as caught:
            section.get(name)
        assert "line 1" in caught.value.place


def test_queries_are_members_of_a_section_as_in_power_query() -> None:
    record = evaluate_queries({"a": "Section1!b + 1", "b": "41", "c": "Section1!d"}, Session(), {})
    assert record.get("a") == 42
    with pytest.raises(MError, match="Section1!d"):
        record.get("c")


def test_a_cyclic_reference_is_an_error_with_its_place() -> None:
    with pytest.raises(MError, match="cyclic") as caught:
        evaluate("[a = b,\n b = a][a]")
    assert caught.value.place == "M text, line 2, column 6"


@pytest.mark.parametrize(
    "text",
    [
        "let f = (n) => if n = 0 then 0 else 1 + @f(n - 1) in f(100000)",
        "let f = (n as number) as number => let m = n - 1 in if n = 0 then 0 else 1 + @f(m) in f(100000)",
        "let f = (n) => if n = 0 then 0 else [a = @f(n - 1), b = a + 1][b] in f(100000)",
        "let f = (n) => if n = 0 then 0 else (try @f(n - 1) otherwise 0) + 1 in f(100000)",
        "let e = (n) => n = 0 or @o(n - 1), o = (n) => n > 0 and @e(n - 1) in if e(100000) then 100000 else 0",
    ],
)
def test_a_recursion_may_be_deep(text: str) -> None:
    assert evaluate(text) == 100_000


def test_a_list_that_is_made_by_recursion_may_be_deep() -> None:
    nested = evaluate("let f = (n) => if n = 0 then {} else {@f(n - 1)} in f(30000)")
    assert len(to_text(nested)) == 2 * 30_001


def test_a_value_that_fits_into_no_memory_is_an_error() -> None:
    def work() -> bytes:
        return bytes(1 << 62)

    with pytest.raises(MError) as caught:
        on_deep_stack(work)
    assert caught.value.code == "m.out_of_memory"


@pytest.mark.parametrize("text", ["{0..9223372036854775807}", "{1e18..1e300}"])
def test_a_list_that_fits_into_no_memory_is_an_error(text: str) -> None:
    with pytest.raises(MError) as caught:
        to_text(evaluate(text))
    assert caught.value.code == "m.out_of_memory"
