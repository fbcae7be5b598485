"""Changes that concern several queries of a dataflow."""

from __future__ import annotations

import pytest

from headwater.errors import UsageError
from headwater.powerquery import Session, evaluate_queries, to_text
from headwater.powerquery.editing.queries import (
    duplicate_query,
    extract_previous,
    function_from_query,
    new_parameter,
    parameter_kind,
    query_edges,
    reference_query,
    rename_query,
    unused_queries,
)
from headwater.powerquery.values.functions import Function

QUERIES = {
    "Least": new_parameter("Number", "2", description="the least"),
    "Numbers": "let Source = {1..4} in Source",
    "Large": "let\n    Source = Numbers,\n    // only those\n    Kept = List.Select(Source, each _ >= Least),\n"
    "    Sum = List.Sum(Kept)\nin\n    Sum",
    "Odd One": "[Numbers = Section1!Numbers, n = #shared[Least], m = Numbers]",
}


def values(queries: dict[str, str], *names: str) -> list[str]:
    record = evaluate_queries(queries, Session(), {})
    return [to_text(record.get(name)) for name in names]


def test_the_diagrams_edges() -> None:
    edges = query_edges({**QUERIES, "Broken": "let"})
    assert edges == {
        "Least": (),
        "Numbers": (),
        "Large": ("Numbers", "Least"),
        "Odd One": ("Numbers", "Least"),
        "Broken": (),
    }
    assert unused_queries(QUERIES) == ("Large", "Odd One")


def test_renaming_a_query_reaches_every_way_to_refer_to_it() -> None:
    renamed = rename_query(rename_query(QUERIES, "Numbers", "All Numbers"), "Least", "At Least")
    assert list(renamed) == ["At Least", "All Numbers", "Large", "Odd One"]
    assert renamed["Odd One"] == '[Numbers = Section1!#"All Numbers", n = #shared[At Least], m = Numbers]'
    assert 'Source = #"All Numbers"' in renamed["Large"]
    assert values(renamed, "Large") == values(QUERIES, "Large") == ["9"]
    assert rename_query(rename_query(renamed, "All Numbers", "Numbers"), "At Least", "Least") == QUERIES


@pytest.mark.parametrize("name", ["Large", "Source", "List.Sum", ""])
def test_a_query_does_not_get_a_name_that_means_something_else(name: str) -> None:
    with pytest.raises(UsageError):
        rename_query(QUERIES, "Least", name)


def test_references_and_copies() -> None:
    name, text = reference_query({**QUERIES, "Large (2)": "1"}, "Large")
    assert name == "Large (3)"
    assert values({**QUERIES, name: text}, name) == ["9"]
    copied, same = duplicate_query({"f": "(n) => if n < 1 then 0 else @f(n - 1)"}, "f")
    assert same == '(n) => if n < 1 then 0 else @#"f (2)"(n - 1)'
    assert copied == "f (2)"
    _, source = reference_query({"Source": "5"}, "Source")
    assert values({"Source": "5", "x": source}, "x") == ["5"]


def test_extracting_the_previous_steps() -> None:
    changed = extract_previous(QUERIES, "Large", "Sum", "Kept Numbers")
    assert changed["Kept Numbers"] == (
        "let\n    Source = Numbers,\n    // only those\n    Kept = List.Select(Source, each _ >= Least)\nin\n    Kept"
    )
    assert changed["Large"] == 'let\n    Source = #"Kept Numbers",\n    Sum = List.Sum(Source)\nin\n    Sum'
    assert values(changed, "Large") == ["9"]


@pytest.mark.parametrize(
    ("text", "step"),
    [("let a = 1, b = a, c = a + b in c", "c"), ("let a = 1 in a", "a"), ("let a = c, c = 1 in c", "c")],
)
def test_steps_that_hang_together_are_not_taken_apart(text: str, step: str) -> None:
    with pytest.raises(UsageError):
        extract_previous({"q": text}, "q", step, "new")


def test_a_parameter_says_what_it_is() -> None:
    text = new_parameter("Text", '"a"', required=False, suggestions=['"a"', '"b"'], default='"b"', description="x")
    assert text == (
        '"a" meta [IsParameterQuery = true, List = {"a", "b"}, DefaultValue = "b", Type = "Text", '
        'IsParameterQueryRequired = false, Description = "x"]'
    )
    assert parameter_kind(text) == ("text", True)
    assert parameter_kind("1 meta [x = 1]") is None
    with pytest.raises(UsageError):
        new_parameter("Text", "1, 2")


def test_a_function_has_the_parameters_of_the_query() -> None:
    text = function_from_query(QUERIES, "Large")
    assert text.startswith("(Least as number) => let\n")
    function = evaluate_queries({**QUERIES, "f": text}, Session(), {}).get("f")
    assert isinstance(function, Function)
    assert function.invoke([4]) == 4
    with pytest.raises(UsageError) as caught:
        function_from_query({**QUERIES, "Above": "Large"}, "Above")
    assert "'Least'" in caught.value.message
