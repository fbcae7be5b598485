from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.powerquery.language import (
    parse_document,
    parse_expression,
    print_expression,
    quote_field_name,
    quote_identifier,
    quote_text,
)
from headwater.powerquery.language.syntax import FieldAccess, Identifier, Invocation, Literal

CASES = (Path(__file__).parent / "cases" / "roundtrip.m.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("line", [line for line in CASES if not line.startswith("# ")])
def test_round_trip(line: str) -> None:
    assert print_expression(parse_document(line)) == line


@pytest.mark.parametrize(
    ("source", "printed"),
    [
        ("let a=((1)),b=0x10 /* c */ in(a)+b", "let a = 1, b = 16 in a + b"),
        ("((1 + 2)) * (3 * (4))", "(1 + 2) * (3 * 4)"),
        ("((f))((x))", "f(x)"),
        (
            "if (a) then (if b then c else d) else (if e then f else g)",
            "if a then if b then c else d else if e then f else g",
        ),
        ("try (try x) otherwise (y)", "try (try x) otherwise y"),
        ("try (try x otherwise y) otherwise z", "try try x otherwise y otherwise z"),
        ('"#(cr,lf)#(0041)"', '"#(cr)#(lf)A"'),
        ("1e3", "1000.0"),
        ("type (x)", "type x"),
        ('[#"Order Date"]', "[Order Date]"),
    ],
)
def test_canonical(source: str, printed: str) -> None:
    assert print_expression(parse_expression(source)) == printed


def test_literals_that_only_programs_make() -> None:
    assert print_expression(Literal(-1)) == "-1"
    assert print_expression(FieldAccess(Literal(-1.5), "a", False)) == "(-1.5)[a]"
    assert parse_expression(print_expression(Literal(float("inf")))) == Literal(float("inf"))
    assert print_expression(Invocation(Identifier("#date", False), ())) == "#date()"


@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        ("Order Date", "Order Date"),
        ("a.b c.d", "a.b c.d"),
        ("type", "type"),
        ("2nd half", "2nd half"),
        ("2024", '#"2024"'),
        ("a  b", '#"a  b"'),
        (" a", '#" a"'),
        ("a.b.c", '#"a.b.c"'),
        ("", '#""'),
        ("50%", '#"50%"'),
        ("a\tb", '#"a#(tab)b"'),
    ],
)
def test_field_names(name: str, quoted: str) -> None:
    assert quote_field_name(name) == quoted


@given(st.text(st.characters()))
def test_quoted_names_and_texts_read_back(text: str) -> None:
    # M's text is UTF-16, in which the two halves of a character cannot stand next to each other and be two.
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    assert parse_expression(quote_text(text)) == Literal(text)
    assert parse_expression(f"[{quote_field_name(text)}]") == FieldAccess(None, text, False)
    assert parse_expression(quote_identifier(text)) == Identifier(text, False)
    quote_text(text).encode("utf-8")
