from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.errors import MSyntaxError
from headwater.powerquery.language import (
    children,
    format_document,
    parse_document,
    parse_expression,
    print_expression,
    walk,
)
from headwater.powerquery.language.syntax import (
    Binary,
    Binding,
    Each,
    Expr,
    FieldAccess,
    FieldType,
    Function,
    FunctionType,
    Identifier,
    If,
    Invocation,
    ItemAccess,
    Let,
    List,
    ListType,
    Literal,
    Node,
    NotImplemented_,
    NullableType,
    Parameter,
    Parenthesized,
    PrimitiveType,
    Projection,
    Range,
    Record,
    RecordType,
    Section,
    SectionAccess,
    SectionMember,
    TableType,
    Try,
    TypeExpression,
    Unary,
)

CASES = Path(__file__).parent / "cases"


def lines(name: str) -> list[str]:
    text = (CASES / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("# ")]


def name(text: str) -> Identifier:
    return Identifier(text, False)


x, y = name("x"), name("y")
one, two = Literal(1), Literal(2)
text_type, any_type = PrimitiveType("text"), PrimitiveType("any")


@pytest.mark.parametrize(
    ("source", "tree"),
    [
        ("null", Literal(None)),
        ("true", Literal(True)),
        ("...", NotImplemented_()),
        ("@x", Identifier("x", True)),
        ("#date(1)", Invocation(name("#date"), (one,))),
        ('Section1!#"a b"', SectionAccess("Section1", "a b")),
        ("(1)", Parenthesized(one)),
        ("{1, 1..2}", List((one, Range(one, two)))),
        ("[x = 1, Order  Date = 2]", Record((Binding("x", one), Binding("Order  Date", two)))),
        ('[#"50%" = 1, if = 2, 2024 = x]', Record((Binding("50%", one), Binding("if", two), Binding("2024", x)))),
        ("[x]", FieldAccess(None, "x", False)),
        ("[let x in y]?", FieldAccess(None, "let x in y", True)),
        ("x[Order Date]", FieldAccess(x, "Order Date", False)),
        ("x[y]?[z]", FieldAccess(FieldAccess(x, "y", True), "z", False)),
        ("[[x]]", Projection(None, ("x",), False)),
        ("x[[a b], [y]]?", Projection(x, ("a b", "y"), True)),
        ("x{1}", ItemAccess(x, one, False)),
        ("x{[x = 1]}?", ItemAccess(x, Record((Binding("x", one),)), True)),
        ("x(1)(x, 2)", Invocation(Invocation(x, (one,)), (x, two))),
        ("- x(1)", Unary("-", Invocation(x, (one,)))),
        ("let x = 1, y = x in y", Let((Binding("x", one), Binding("y", x)), y)),
        ("if x then 1 else 2", If(x, one, two)),
        ("each [x]", Each(FieldAccess(None, "x", False))),
        ("each x + 1", Each(Binary("+", x, one))),
        ("() => 1", Function((), None, one)),
        ("(x) => x", Function((Parameter("x", None, False),), None, x)),
        ("(x) as text => 1", Function((Parameter("x", None, False),), text_type, one)),
        (
            "(x as text, optional y as nullable any) => 1",
            Function((Parameter("x", text_type, False), Parameter("y", NullableType(any_type), True)), None, one),
        ),
        ("(x as text)", Parenthesized(Binary("as", x, text_type))),
        ("(x) as text", Binary("as", Parenthesized(x), text_type)),
        ("x is nullable text", Binary("is", x, NullableType(text_type))),
        ("x ?? 1", Binary("??", x, one)),
        ("try x", Try(x, None, None)),
        ("try x otherwise 1", Try(x, one, None)),
        ("try x catch () => 1", Try(x, None, Function((), None, one))),
        ("try x catch (y) => y", Try(x, None, Function((Parameter("y", None, False),), None, y))),
        ("try try x otherwise 1", Try(Try(x, one, None), None, None)),
        ("type text", TypeExpression(text_type)),
        ("type nullable text", TypeExpression(NullableType(text_type))),
        ("type {text}", TypeExpression(ListType(text_type))),
        ("type x", TypeExpression(x)),
        ("type x(1)", TypeExpression(Invocation(x, (one,)))),
        ("type ({x})", TypeExpression(Parenthesized(List((x,))))),
        ("type function", TypeExpression(PrimitiveType("function"))),
        ("type table", TypeExpression(PrimitiveType("table"))),
        ("type table x", TypeExpression(TableType(x))),
        ("type table (x)", TypeExpression(TableType(Parenthesized(x)))),
        ("type table [x = text]", TypeExpression(TableType(RecordType((FieldType("x", text_type, False),), False)))),
        (
            "type [x = {text}, optional Order Date, optional = any, ...]",
            TypeExpression(
                RecordType(
                    (
                        FieldType("x", ListType(text_type), False),
                        FieldType("Order Date", None, True),
                        FieldType("optional", any_type, False),
                    ),
                    True,
                )
            ),
        ),
        ("type [...]", TypeExpression(RecordType((), True))),
        (
            "type function (x as {text}, optional y as x) as any",
            TypeExpression(
                FunctionType((Parameter("x", ListType(text_type), False), Parameter("y", x, True)), any_type)
            ),
        ),
        ("try type table catch () => 1", Try(TypeExpression(PrimitiveType("table")), None, Function((), None, one))),
        ("text", name("text")),
        ("type text meta x", Binary("meta", TypeExpression(text_type), x)),
    ],
)
def test_trees(source: str, tree: Expr) -> None:
    assert parse_expression(source) == tree


def test_section_document() -> None:
    source = "[a = 1] section S; [b = {}] shared x = 1; y = let x = 2 in x;"
    assert parse_document(source) == Section(
        "S",
        (
            SectionMember("x", one, True, Record((Binding("b", List(())),))),
            SectionMember("y", Let((Binding("x", two),), x), False, None),
        ),
        Record((Binding("a", one),)),
    )
    assert parse_document("section;") == Section(None, (), None)


def test_a_document_is_a_section_only_if_it_says_so() -> None:
    assert parse_document("[a = 1]") == Record((Binding("a", one),))
    assert parse_document("[section]") == FieldAccess(None, "section", False)
    with pytest.raises(MSyntaxError):
        parse_expression("section S;")


def grouped(node: Node) -> str:
    """The text with every operator in parentheses."""
    if isinstance(node, Binary):
        return f"({grouped(node.left)} {node.operator} {grouped(node.right)})"
    if isinstance(node, Unary):
        return f"({node.operator} {grouped(node.operand)})"
    assert isinstance(node, Expr)
    return print_expression(node) if not isinstance(node, PrimitiveType) else node.name


@pytest.mark.parametrize("case", lines("grouping.m.txt"))
def test_grouping(case: str) -> None:
    source, _, expected = case.partition("|")
    assert grouped(parse_expression(source)) == expected.strip()


def error_cases() -> list[tuple[str, list[str]]]:
    cases = []
    for block in "\n".join(lines_and_gaps("errors.m.txt")).split("\n\n"):
        source = [line for line in block.splitlines() if not line.startswith("! ")]
        found = [line[2:] for line in block.splitlines() if line.startswith("! ")]
        cases.append(("\n".join(source), found))
    return cases


def lines_and_gaps(name: str) -> list[str]:
    return (CASES / name).read_text(encoding="utf-8").rstrip().splitlines()[1:]


@pytest.mark.parametrize(("source", "expected"), error_cases())
def test_errors(source: str, expected: list[str]) -> None:
    with pytest.raises(MSyntaxError) as caught:
        parse_document(source, "query.pq")
    found = caught.value.diagnostics
    assert [f"{each.line}:{each.column} {each.message}" for each in found] == expected
    assert caught.value.place == f"query.pq, line {found[0].line}, column {found[0].column}"


def test_an_error_says_which_characters_are_meant() -> None:
    source = "let abc = 1, abc = 2 in x[1.5]"
    with pytest.raises(MSyntaxError) as caught:
        parse_expression(source.replace("x[1.5]", "#nonsense"))
    assert [(each.start, each.end) for each in caught.value.diagnostics] == [(13, 16), (24, 33)]


def test_spans_cover_what_was_written() -> None:
    source = "let a = f( [Order Date] )? , b = -1 in try x{0}? otherwise (y as nullable text)".replace(")? ,", ") ,")
    tree = parse_expression(source)
    written = [source[node.span.start : node.span.end] for node in walk(tree)]
    assert written == [
        source,
        "a = f( [Order Date] )",
        "f( [Order Date] )",
        "f",
        "[Order Date]",
        "b = -1",
        "-1",
        "1",
        "try x{0}? otherwise (y as nullable text)",
        "x{0}?",
        "x",
        "0",
        "(y as nullable text)",
        "y as nullable text",
        "y",
        "nullable text",
        "text",
    ]


def test_spans_of_sections_and_types() -> None:
    source = " section S ;\n[a = 1] shared t = type table [ x = {text} , optional y ] ;"
    tree = parse_document(source)
    assert isinstance(tree, Section)
    written = [source[node.span.start : node.span.end] for node in walk(tree)]
    assert written[0] == source.strip()
    assert "type table [ x = {text} , optional y ]" in written
    assert {"x = {text}", "{text}", "optional y", "[a = 1]"} <= set(written)


def test_children_are_in_the_order_of_the_text() -> None:
    source = "if a then (b) => c else {d..e, [f = g], h{i}}"
    names = [node.name for node in walk(parse_expression(source)) if isinstance(node, Identifier)]
    assert names == list("acdeghi")
    assert [type(each) for each in children(parse_expression("try a otherwise b"))] == [Identifier, Identifier]


DEPTH = 3000
DEEP = {
    "parentheses": "(" * DEPTH + "1" + ")" * DEPTH,
    "lists": "{" * DEPTH + "1" + "}" * DEPTH,
    "records": "[a=" * DEPTH + "1" + "]" * DEPTH,
    "calls": "f(" * DEPTH + "1" + ")" * DEPTH,
    "chained calls": "f" + "(1)" * DEPTH,
    "operators": "1" + " + 1" * DEPTH,
    "nested operators": "1" + " + (1" * DEPTH + ")" * DEPTH,
    "unary operators": "not " * DEPTH + "x",
    "else if": "if a then b else " * DEPTH + "c",
    "each": "each " * DEPTH + "x",
    "functions": "(x) => " * DEPTH + "x",
    "lets": "let a = " * DEPTH + "1" + " in a" * DEPTH,
    "types": "type " + "{" * DEPTH + "text" + "}" * DEPTH,
    "function types": "type " + "function () as " * DEPTH + "any",
    "tries": "try " * DEPTH + "x",
    "long let": "let " + ", ".join(f"a{i} = {i}" for i in range(10_000)) + " in a1",
    "long list": "{" + "1, " * 10_000 + "1}",
}


@pytest.mark.parametrize("source", DEEP.values(), ids=DEEP.keys())
def test_depth_and_length_are_no_matter(source: str) -> None:
    tree = parse_expression(source)
    assert sum(1 for _ in walk(tree)) > DEPTH or isinstance(tree, Parenthesized)
    printed = print_expression(tree)
    assert print_expression(parse_expression(printed)) == printed


@pytest.mark.parametrize("source", ["(" * DEPTH, "{1, " * DEPTH, "let a = " * DEPTH, "([{" * DEPTH, "f(" * DEPTH + "]"])
def test_unfinished_depth_is_one_finding(source: str) -> None:
    with pytest.raises(MSyntaxError) as caught:
        parse_expression(source)
    assert len(caught.value.diagnostics) == 1


WORDS = """
let in if then else each try otherwise catch error and or not is as meta type section shared text table function
nullable optional null x y 1 2.5 #date #foo "a" "a#(x)" #"q" #!"v" ( ) [ ] { } , ; = => .. ... ? ?? @ ! + - * / & < > <>
<= >= // /* */ " $
"""


@settings(deadline=None, max_examples=300)
@given(st.one_of(st.text(), st.lists(st.sampled_from([*WORDS.split(), "\n"]), max_size=30).map(" ".join)))
def test_any_text_is_read_or_refused(source: str) -> None:
    for read in (parse_document, parse_expression, format_document):
        try:
            read(source)
        except MSyntaxError as error:
            starts = [each.start for each in error.diagnostics]
            assert starts == sorted(starts)
            assert all(0 <= each.start <= each.end <= len(source) for each in error.diagnostics)
