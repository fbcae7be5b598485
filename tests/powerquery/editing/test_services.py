"""What an editor asks while somebody types; ``|`` in a text stands for the cursor."""

from __future__ import annotations

import pytest

from headwater.errors import UsageError
from headwater.powerquery.editing.services import (
    Completion,
    ModelFunction,
    Surroundings,
    completions,
    diagnostics,
    document_symbols,
    folding_ranges,
    hover,
    references,
    rename,
    rename_target,
    semantic_tokens,
    signature_help,
)

BESIDE = Surroundings(
    queries={"Orders 2024": "1", "Double It": "(value as number) as number => value * 2"},
    models={"demo.delay": ModelFunction("(carrier as text, optional hour as number) as record", "Minutes late.")},
    columns={"Source": {"Order Date": "date", "Price": "number", "each": "text"}},
)


def at(marked: str) -> tuple[str, int]:
    """A text and the place of its cursor."""
    assert marked.count("|") == 1
    return marked.replace("|", ""), marked.index("|")


def completed(marked: str) -> list[Completion]:
    return completions(*at(marked), BESIDE)


def labels(marked: str) -> list[str]:
    return [each.label for each in completed(marked)]


@pytest.mark.parametrize(
    ("marked", "first"),
    [
        ("let Source = 1, Filtered = Table.Sel|", "Table.SelectColumns"),
        ("let Source = 1, Filtered = Sou|", "Source"),
        ("let Source = 1, Filtered = Sou| in Filtered", "Source"),
        ("let Source = 1, a = Table.SelectRows(Sour|", "Source"),
        ("let Source = 1 in (longer) => if long|", "longer"),
        ("let a = ord|", "Orders 2024"),
        ('let a = #"ord|', "Orders 2024"),
        ("demo.|", "demo.delay"),
        ("1 as nul|", "null"),
        ("let a = SelectR|", "Table.SelectRows"),
        ("let a = JoinKind.In|", "JoinKind.Inner"),
        ("le|", "let"),
        ("let Source = 1 i|", "in"),
        ("each let inner = 1 in inn|", "inner"),
        ("let f = (x) => let Deep = x in De|, b = 2 in b", "Deep"),
    ],
)
def test_the_likeliest_completion_is_first(marked: str, first: str) -> None:
    assert first in labels(marked)[:2]


def test_what_is_inserted_is_quoted_and_replaces_the_word() -> None:
    text, offset = at("let a = 1 + Ord| in a")
    (found,) = [each for each in completions(text, offset, BESIDE) if each.kind == "query"]
    assert found.insert == '#"Orders 2024"'
    assert text[: found.span.start] + found.insert + text[found.span.end :] == 'let a = 1 + #"Orders 2024" in a'


def test_columns_of_the_table_complete_where_a_field_belongs() -> None:
    marked = "let Source = 1, b = Table.SelectRows(Source, each [|"
    assert {each.label: each.insert for each in completed(marked)} == {
        "Order Date": "Order Date",
        "Price": "Price",
        "each": "each",
    }
    assert labels("let b = Table.SelectRows(Source, each [Pr|] > 1) in b") == ["Price"]
    assert [each.insert for each in completed('let b = Table.RemoveColumns(Source, {"Or|"}) in b')] == ['"Order Date"']
    assert labels("let b = Table.SelectRows(Other, each [|") == []


@pytest.mark.parametrize("marked", ["1 // Tab|", "/* Tab| */ 1", '"Tab|"'])
def test_nothing_completes_in_comments_and_texts(marked: str) -> None:
    assert completed(marked) == []


def test_a_step_does_not_complete_within_itself_nor_an_inner_name_outside() -> None:
    assert "Filtered" not in labels("let Source = 1, Filtered = Filt|")
    assert "hidden" not in labels("let a = (hidden) => 1, b = hid|")


@pytest.mark.parametrize(
    ("marked", "kind", "told"),
    [
        ("Text.Up|per(x)", "function", "Text.Upper(text as nullable text"),
        ("let Source = 1, b = Sou|rce in b", "step", "number"),
        ("(some) => so|me", "parameter", ""),
        ("dem|o.delay(1)", "model", "demo.delay(carrier as text, optional hour as number) as record"),
        ('#"Double| It"(1)', "query", "Double It(value as number) as number"),
        ("Table.SelectRows(Source, each [Pri|ce] > 1)", "field", "number"),
    ],
)
def test_hover_says_what_a_name_is(marked: str, kind: str, told: str) -> None:
    found = hover(*at(marked), BESIDE)
    assert found is not None
    assert found.kind == kind
    assert told in found.type


def test_hover_has_the_documentation() -> None:
    found = hover(*at("dem|o.delay"), BESIDE)
    assert found is not None
    assert found.documentation == "Minutes late."
    assert hover(*at("1 +| 1"), BESIDE) is None
    assert hover(*at("let |"), BESIDE) is None


@pytest.mark.parametrize(
    ("marked", "name", "active"),
    [
        ("Text.Middle(|", "Text.Middle", 0),
        ('Text.Middle("a,b", {1, 2}, |', "Text.Middle", 2),
        ("Text.Middle(List.Sum({1, 2|", "List.Sum", 0),
        ("Text.Middle(List.Sum({1}), (1 + |", "Text.Middle", 1),
        ("let f = (a, b) => a in f(1, |)", "f", 1),
        ("demo.delay(let x = 1, y = 2 in x, |", "demo.delay", 1),
        ("Text.Upper(1, 2, 3, |", "Text.Upper", None),
    ],
)
def test_the_active_parameter_is_known_while_somebody_types(marked: str, name: str, active: int | None) -> None:
    found = signature_help(*at(marked), BESIDE)
    assert found is not None
    assert (found.name, found.active) == (name, active)
    assert all(parameter in found.label for parameter in found.parameters)


def test_outside_calls_there_is_no_signature() -> None:
    assert signature_help(*at("Text.Upper(1) + |"), BESIDE) is None
    assert signature_help(*at("unknown(|"), BESIDE) is None


@pytest.mark.parametrize(
    ("text", "code", "part", "suggestion"),
    [
        ("let a = 1 in b +", "syntax", "", ""),
        ("let Source = 1 in Sorce", "unknown_name", "Sorce", "Source"),
        ("Table.SelectRow(1)", "unknown_name", "Table.SelectRow", "Table.SelectRows"),
        ("demo.dely(1)", "unknown_name", "demo.dely", "demo.delay"),
        ("Text.Upper()", "argument_count", "Text.Upper", ""),
        ("let f = (a, optional b) => a in f(1, 2, 3)", "argument_count", "f", ""),
        ("demo.delay()", "argument_count", "demo.delay", ""),
        ("Table.SelectRows(Source, each [Prce] > 1)", "unknown_column", "Prce", "Price"),
        ('Table.RemoveColumns(Source, {"Price", "Oder Date"})', "unknown_column", '"Oder Date"', "Order Date"),
    ],
)
def test_what_is_wrong_is_found_with_its_place(text: str, code: str, part: str, suggestion: str) -> None:
    beside = Surroundings({**BESIDE.queries, "Source": "1"}, BESIDE.models, BESIDE.columns)
    (found,) = diagnostics(text, beside)
    assert found.code == code
    assert text[found.span.start : found.span.end] == part
    assert found.suggestions[:1] == ((suggestion,) if suggestion else ())


@pytest.mark.parametrize(
    "text",
    [
        "let f = (n) => if n = 0 then 1 else n * @f(n - 1) in f(3) + Number.PI",
        '#"Double It"(1) + List.Count(Record.FieldNames(#shared))',
        "#table({}, {}) & #table(type table [a = text], {{#date(2024, 1, 1)}})",
        'let Source = 1, b = Table.RemoveColumns(Source, {"x"}, MissingField.Ignore) in b',
        'let Source = 1, b = Table.AddColumn(Source, "x", each List.Transform({1}, each [y])) in b',
        "(Source) => Table.SelectRows(Source, each [anything])",
        "let b = Table.SelectRows(Source, each [Price] > 1), Source = 1 in b",
    ],
)
def test_what_is_right_is_not_complained_about(text: str) -> None:
    assert diagnostics(text, BESIDE) == []


TEXT = """let
    a = [
        x = 1,
        y = x
    ],
    /* one
       two */
    f = (p) =>
        let
            q = p
        in
            q + a[y]
in
    f(a)
"""


def test_symbols_are_nested() -> None:
    found = document_symbols(TEXT)
    assert [(each.name, each.kind, [child.name for child in each.children]) for each in found] == [
        ("a", "step", ["x", "y"]),
        ("f", "function", ["q"]),
    ]
    assert document_symbols("let") == ()


def test_what_spans_lines_can_be_folded() -> None:
    found = [(each.first, each.last, each.kind) for each in folding_ranges(TEXT)]
    assert found == [(1, 12, "let"), (2, 4, "brackets"), (6, 7, "comment"), (9, 10, "let")]
    assert folding_ranges("let a = (\n1,\n2\n") == []


def test_each_token_has_its_class() -> None:
    text = 'let a = [b c = 1], f = (p) => Text.Upper(p) & #"Orders 2024" & a[b c] & none in f // x'
    kinds = {text[each.span.start : each.span.end]: each.kind for each in semantic_tokens(text, BESIDE)}
    assert kinds == {
        **{"let": "keyword", "in": "keyword", "1": "number", "// x": "comment", "none": "unknown"},
        **dict.fromkeys(["=", "[", "]", ",", "(", ")", "=>", "&"], "operator"),
        **{"a": "step", "f": "step", "p": "parameter", "b": "field", "c": "field"},
        **{"Text.Upper": "function", '#"Orders 2024"': "query"},
    }
    broken = [each.kind for each in semantic_tokens("let a = (", BESIDE)]
    assert broken == ["keyword", "name", "operator", "operator"]


def test_references_and_renaming_of_any_name() -> None:
    text, offset = at("let a = 1, f = (x) => x + a, b = [a = a, x = a] in f(|a) + b[a]")
    spans = references(text, offset)
    assert [text[: span.start].count("a") for span in spans] == [0, 1, 3, 5]
    target = rename_target(text, offset)
    assert target is not None
    assert target.defined == spans[0]
    assert rename(text, offset, "the a") == (
        'let #"the a" = 1, f = (x) => x + #"the a", b = [a = #"the a", x = a] in f(#"the a") + b[a]'
    )


@pytest.mark.parametrize(("marked", "name"), [("(|x) => (y) => x + y", "y"), ("let |a = 1 in a + b", "b"), ("|1", "b")])
def test_a_name_that_changes_the_meaning_is_refused(marked: str, name: str) -> None:
    with pytest.raises(UsageError):
        rename(*at(marked), name)


def test_fields_keep_their_names() -> None:
    assert rename_target(*at("[|a = 1, b = a]")) is None
