"""What holds for the services in every text, whole or cut off anywhere."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.powerquery.editing.commands import recognise, write_step
from headwater.powerquery.editing.services import (
    Surroundings,
    completions,
    diagnostics,
    document_symbols,
    folding_ranges,
    hover,
    semantic_tokens,
    signature_help,
)
from headwater.powerquery.language import parse_expression
from headwater.powerquery.language.lexer import HASH_KEYWORDS

BESIDE = Surroundings(queries={"Orders": "1"}, columns={"Source": {"a b": "text", "price": "number"}})
TEXT = """// head
let
    Source = #table(type table [a b = text, price = number], {{"x", 1.5}}), /* two
    lines */
    #"Filtered Rows" = Table.SelectRows(Source, each [price] > 1 and ([a b] <> "é" or @Orders{0}?[x]? = null)),
    f = (optional p as nullable number, q) as any => if p is null then q else try p otherwise error [Reason = "r"],
    Custom = Table.AddColumn(#"Filtered Rows", "c", each let y = f(_[price], 2) in y meta [z = 1], type number)
in
    Custom
"""
PIECES = st.sampled_from(
    ["(", ")", "[", "]", "{", "let ", " in ", "each ", "if ", " then ", ",", "=", '"', '#"', "/*", "."]
)


def ask_everything(text: str, offset: int) -> None:
    """All services at once; what they answer lies within the text."""
    spans = [each.span for each in semantic_tokens(text, BESIDE)]
    spans += [each.span for each in diagnostics(text, BESIDE)]
    spans += [each.span for each in completions(text, offset, BESIDE)[:20]]
    hovered = hover(text, offset, BESIDE)
    spans += [hovered.span] if hovered else []
    assert all(0 <= span.start <= span.end <= len(text) for span in spans)
    signature_help(text, offset, BESIDE)
    document_symbols(text)
    assert all(each.first < each.last for each in folding_ranges(text))


@settings(deadline=None)
@given(st.integers(0, len(TEXT)), st.data())
def test_a_text_may_be_cut_off_anywhere(end: int, data: st.DataObject) -> None:
    text = TEXT[:end]
    ask_everything(text, data.draw(st.integers(0, len(text))))


@settings(deadline=None)
@given(st.integers(0, len(TEXT)), PIECES, st.integers(0, 6))
def test_a_text_may_be_broken_anywhere(at: int, piece: str, taken: int) -> None:
    text = TEXT[:at] + piece + TEXT[at + taken :]
    ask_everything(text, at + len(piece))


def test_what_completes_goes_on_with_what_is_typed() -> None:
    for at in range(len(TEXT)):
        for each in completions(TEXT, at, BESIDE)[:5]:
            assert each.span.start <= at <= each.span.end


# The syntax tree does not tell #"#date" from #date, so that no query can be called so.
NAMES = st.text(min_size=1, max_size=8).filter(lambda name: name.strip() != "" and name not in HASH_KEYWORDS)
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.text(max_size=6),
    st.builds(lambda name: {"column": name}, NAMES),
    st.builds(lambda day: {"date": day.isoformat()}, st.dates()),
    st.builds(lambda moment: {"datetime": moment.isoformat(timespec="seconds")}, st.datetimes()),
)


@settings(deadline=None)
@given(st.lists(NAMES, min_size=1, max_size=3), VALUES, VALUES, NAMES)
def test_whatever_the_arguments_are_they_come_back(columns: list[str], old: Any, new: Any, previous: str) -> None:
    arguments = {"columns": columns, "value": old, "replacement": new}
    written = write_step("values.replace", arguments, previous)
    parse_expression(written)
    found = recognise(written)
    assert found is not None
    assert (found.previous, found.arguments) == (previous, arguments)


@settings(deadline=None)
@given(
    st.recursive(
        st.builds(
            lambda column, value: {"column": column, "operator": "equals", "value": value},
            NAMES,
            VALUES.filter(lambda value: value not in (None, "")),
        ),
        lambda inner: st.builds(
            lambda word, parts: {word: parts}, st.sampled_from(["all", "any"]), st.lists(inner, min_size=2, max_size=3)
        ),
        max_leaves=6,
    )
)
def test_a_condition_means_the_same_when_it_comes_back(condition: dict[str, Any]) -> None:
    written = write_step("rows.filter", {"condition": condition}, "Source")
    found = recognise(written)
    assert found is not None
    assert write_step("rows.filter", found.arguments, "Source") == written
