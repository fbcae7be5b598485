from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from headwater.errors import MSyntaxError
from headwater.powerquery.language import LineIndex, TokenKind, is_regular_identifier, parse_expression, tokenize
from headwater.powerquery.language.syntax import Identifier, Literal, Verbatim


def texts(source: str) -> list[str]:
    return [token.text for token in tokenize(source)[:-1]]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("1..5", ["1", "..", "5"]),
        ("1.5..2", ["1.5", "..", "2"]),
        (".5", [".5"]),
        ("{...}", ["{", "...", "}"]),
        ("a.b.c.1", ["a.b.c", ".1"]),
        ("1e5 1E-5 0xfF 1.5e+3", ["1e5", "1E-5", "0xfF", "1.5e+3"]),
        ("x??y?z", ["x", "??", "y", "?", "z"]),
        ("<=<>>==>=<", ["<=", "<>", ">=", "=>", "=", "<"]),
        ('"a""b"""', ['"a""b"""']),
        ('#"a""b"#!"c"', ['#"a""b"', '#!"c"']),
        ("#date(1)", ["#date", "(", "1", ")"]),
        ("a/b//c\n/d", ["a", "/", "b", "/", "d"]),
        ("a/* b */c/**/d/***/e", ["a", "c", "d", "e"]),
        ("let letter in inner", ["let", "letter", "in", "inner"]),
        ("\ufeffx", ["x"]),
        ("a\u00a0b\u2003c\u2028d\x85e\x0bf", list("abcdef")),
        ("größe.été_١ Ⅷ a\u0301 a\u200db", ["größe.été_١", "Ⅷ", "a\u0301", "a\u200db"]),
    ],
)
def test_texts_of_tokens(source: str, expected: list[str]) -> None:
    assert texts(source) == expected


def test_kinds_and_spans() -> None:
    source = 'let #"a b" = 1.5 in "x" & #!"y" + #date'
    tokens = tokenize(source)
    kinds = "KEYWORD QUOTED_IDENTIFIER PUNCTUATION NUMBER KEYWORD TEXT PUNCTUATION VERBATIM PUNCTUATION KEYWORD END"
    assert " ".join(token.kind.name for token in tokens) == kinds
    assert all(source[token.span.start : token.span.end] == token.text for token in tokens)


def test_contextual_words_are_identifiers() -> None:
    words = "text number table function nullable optional catch any type"
    kinds = [token.kind for token in tokenize(words)[:-1]]
    assert kinds == [TokenKind.IDENTIFIER] * 8 + [TokenKind.KEYWORD]


def test_comments_hang_on_the_token_they_precede() -> None:
    tokens = tokenize("// one\nx /* two\n*/ + // three\r\n// four")
    assert [[comment.text for comment in token.comments] for token in tokens] == [
        ["// one"],
        ["/* two\n*/"],
        ["// three", "// four"],
    ]
    comment = tokens[1].comments[0]
    assert (comment.span.start, comment.span.end) == (9, 18)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ('"a#(cr,lf)b#(tab)"', "a\r\nb\t"),
        ('"#(#)(lf)"', "#(lf)"),
        ('"#(0041)#(0001F600)#(0042,0043)"', "A😀BC"),
        ('"#(D83D,DE00) #(D83D)#(DE00)"', "😀 😀"),
        ('"#(0022)#(0022)"', '""'),
        ('"""#"" # (cr) #{0}"', '"#" # (cr) #{0}'),
        ('"two\nlines"', "two\nlines"),
        ('""', ""),
    ],
)
def test_escapes(source: str, value: str) -> None:
    assert parse_expression(source) == Literal(value)
    assert parse_expression("#" + source) == Identifier(value, False)
    assert parse_expression("#!" + source) == Verbatim(value)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("0", 0),
        ("007", 7),
        ("9007199254740993", 9007199254740993),
        ("1.0", 1.0),
        ("1e2", 100.0),
        (".5E1", 5.0),
        ("0XfF", 255),
        ("1e400", float("inf")),
        ("9" * 5000, float("inf")),
        ("0x" + "f" * 5000, float("inf")),
    ],
)
def test_numbers(source: str, value: float) -> None:
    assert parse_expression(source) == Literal(value)


@pytest.mark.parametrize(
    ("name", "regular"),
    [
        ("x", True),
        ("_", True),
        ("Table.Sort", True),
        ("größe_١", True),
        ("text", True),
        ("#date", False),
        ("", False),
        ("1x", False),
        ("a b", False),
        ("a.", False),
        ("a..b", False),
        ("each", False),
        ("a.each", False),
        ("x²", False),
        ("a\u00a0b", False),
        ("a\n", False),
    ],
)
def test_regular_identifiers(name: str, regular: bool) -> None:
    assert is_regular_identifier(name) is regular


@given(st.text(max_size=4))
@example("a\u0301")
def test_a_regular_identifier_is_read_as_itself(name: str) -> None:
    try:
        read = parse_expression(f" {name} ")
    except MSyntaxError:
        read = None
    assert (read == Identifier(name, False)) is is_regular_identifier(name)


def test_lines_end_as_m_says() -> None:
    text = "a\nb\r\nc\rd\x85e\u2028f\u2029g"
    assert [LineIndex(text).position(text.index(letter)) for letter in "abcdefg"] == [(n, 1) for n in range(1, 8)]


@given(st.text(alphabet=st.sampled_from('ab1. ,"#(){}[]!?/*\n\r\tß😀²=<>'), max_size=40))
def test_tokens_and_comments_cover_the_text(source: str) -> None:
    try:
        tokens = tokenize(source)
    except MSyntaxError as error:
        assert error.diagnostics
        return
    spans = [token.span for token in tokens] + [comment.span for token in tokens for comment in token.comments]
    pieces = sorted((span.start, span.end) for span in spans)
    gaps = [source[before[1] : after[0]] for before, after in zip([(0, 0), *pieces], pieces, strict=False)]
    assert not "".join(gaps).strip()
