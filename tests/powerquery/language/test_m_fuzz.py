"""Lexer, parser, printer and formatter on text that nobody would write.

The ordinary run takes a sample; ``-m long`` goes on for five minutes with ever new seeds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import count, pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from tests.powerquery.language.test_m_properties import any_names, trees, without_parentheses

from headwater.errors import MSyntaxError
from headwater.powerquery.language import format_document, parse_document, print_expression, tokenize
from headwater.powerquery.language.syntax import Expr, Section

CASES = Path(__file__).parent / "cases"
PROGRAMS = [line for line in (CASES / "roundtrip.m.txt").read_text("utf-8").splitlines() if not line.startswith("# ")]
WORDS = """
let in if then else each try otherwise catch error type is as meta and or not section shared null true
nullable optional table function text any record none anynonnull #shared #sections #nan #date #table
( ) [ ] { } , ; = => .. ... ? ?? ! @ + - * / & < <= > >= <> # . _ a b x1 Foo.Bar ä 日本 𝒜 0 1 2.5 .5 1e3 0xFF
"t" "#(lf)" "#( "#(0041,tab)" #!"v" #( \\ ' $ % 1. 1..2 a.b. 0x 1e #x /*c*/ /* " ""
"""
ODD = [" ", "\n", "\r", "\t", "\u2028", "\ufeff", "//c\n", '#"q q"', "\0", "\ud800"]
FRAGMENTS = [*WORDS.split(), *ODD]

soups = st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join)
spaced_soups = st.lists(st.sampled_from(FRAGMENTS), max_size=25).map(" ".join)


@st.composite
def mutants(draw: st.DrawFn) -> str:
    """A valid program of which a few tokens are lost, doubled, exchanged or replaced."""
    printed = draw(st.one_of(st.sampled_from(PROGRAMS), trees(any_names).map(print_expression)))
    words = [token.text for token in tokenize(printed)]
    for _ in range(draw(st.integers(1, 4))):
        at, other = draw(st.integers(0, len(words) - 1)), draw(st.integers(0, len(words) - 1))
        words[at : at + draw(st.integers(0, 2))] = draw(
            st.sampled_from([[], [words[other]], [words[at], words[other]], [draw(st.sampled_from(FRAGMENTS))]])
        )
        words = words or [""]
    return draw(st.sampled_from([" ", "", "\n"])).join(words)


texts = st.one_of(st.text(max_size=60), soups, spaced_soups, mutants())


def check_text(text: str) -> None:
    """Whatever the text is, it is read or refused with findings that make sense; what is read can be written."""
    try:
        tree = parse_document(text)
    except MSyntaxError as error:
        check_findings(text, error)
        return
    printed = print_expression(tree)
    assert without_parentheses(parse_document(printed)) == without_parentheses(tree)
    formatted = format_document(text)
    assert without_parentheses(parse_document(formatted)) == without_parentheses(tree)
    assert format_document(formatted) == formatted


def check_findings(text: str, error: MSyntaxError) -> None:
    findings = error.diagnostics
    assert findings
    assert all(finding.message for finding in findings)
    assert all(0 <= finding.start <= finding.end <= len(text) for finding in findings)
    assert all(finding.line >= 1 and finding.column >= 1 for finding in findings)
    assert all((before.line, before.column) <= (after.line, after.column) for before, after in pairwise(findings))
    # One at each place: an error leads to no cascade of others.
    assert len({finding.start for finding in findings}) == len(findings)


def check_tree(tree: Expr | Section) -> None:
    """A generated tree is the same when it has been written, formatted and read back."""
    printed = print_expression(tree)
    assert without_parentheses(parse_document(printed)) == without_parentheses(tree)
    assert without_parentheses(parse_document(format_document(printed))) == without_parentheses(tree)


def check_one_slip(case: tuple[str, int]) -> None:
    """A program in which one token is missing has a finding or two, not one for each line that follows."""
    program, at = case
    words = [token.text for token in tokenize(program)][:-1]
    del words[at % len(words)]
    try:
        parse_document(" ".join(words))
    except MSyntaxError as error:
        assert len(error.diagnostics) <= 3, [finding.message for finding in error.diagnostics]


slips = st.tuples(st.sampled_from(PROGRAMS), st.integers(0, 200))


@settings(deadline=None, max_examples=500, derandomize=True, suppress_health_check=list(HealthCheck))
@given(texts)
def test_any_text_is_read_or_refused(text: str) -> None:
    check_text(text)


@settings(deadline=None, max_examples=300, derandomize=True)
@given(slips)
def test_one_slip_makes_few_findings(case: tuple[str, int]) -> None:
    check_one_slip(case)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("strategy", "check"), [(texts, check_text), (trees(any_names), check_tree), (slips, check_one_slip)]
)
def test_for_minutes(strategy: st.SearchStrategy[object], check: Callable[[object], None]) -> None:
    deadline = time.monotonic() + 100
    for number in count():
        quick = settings(
            max_examples=500, deadline=None, database=None, phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        seed(number)(quick(given(strategy)(check)))()
        if time.monotonic() > deadline:
            return
