"""Compiled loops give what the ordinary way gives, item by item, and leave the same things unevaluated."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import chain, count, islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.errors import MError
from headwater.powerquery import Session, evaluate, on_deep_stack, to_text
from headwater.powerquery.evaluator import loops
from headwater.powerquery.evaluator.loops import WARM_UP, rows_where, rows_with, selected, transformed
from headwater.powerquery.values.core import EMPTY_RECORD, List, Record, Thunk, Value, WithMetadata, force
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.operators import EXACT
from headwater.powerquery.values.times import Date, Duration

INDEX = {"a": 0, "b": 1}
ODD: list[Value] = [
    None,
    True,
    False,
    0,
    -0.0,
    1,
    -7,
    2.5,
    math.nan,
    math.inf,
    EXACT,
    EXACT >> 2,
    (EXACT >> 2) + 1,
    94906267,
    EXACT + 1,
    -EXACT - 1,
    2**63 - 1,
    Decimal("1.5"),
    "",
    "text",
    "1",
    "\ud83d",
    "\ude00x",
    Date.of(2024, 2, 29),
    Duration(5),
    List([1]),
    EMPTY_RECORD,
    WithMetadata(3, EMPTY_RECORD),
    Thunk(lambda: 4),
    Thunk.failed(MError("Some.Reason", "a cell")),
]


KINDS = {"NoneType", "bool", "int", "float", "Decimal", "str", "Date", "Duration", "List", "Record", "WithMetadata"}


def outcome(work: Callable[[], Value]) -> tuple[str, object]:
    """The value as text with its Python kind (1 and 1.0 are told apart), or the error."""
    try:
        value = force(work())
        return type(value).__name__, repr(value) if isinstance(value, float | int) else to_text(value)
    except MError as error:
        return error.reason, error.message


def function_of(text: str) -> Function:
    made = evaluate(text, environment={"outside": 3, "config": Record.of({"rate": 1.5, "name": "n"})})
    assert isinstance(made, Function)
    return made


def is_compiled(function: Function) -> bool:
    return any(loop is not None for _, loop in function.origin.compiler.loops.values())


leaves = st.sampled_from(
    ["[a]", "[b]", "_[a]", "null", "true", "false", "0", "2", "2.5", '"x"', '""', "k", "config0[rate]", "config0[name]"]
)
binaries = st.sampled_from(["+", "-", "*", "/", "&", "=", "<>", "<", "<=", ">", ">=", "and", "or", "??"])


def extended(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, binaries, inner).map(lambda parts: f"({' '.join(parts)})"),
        st.tuples(inner, inner, inner).map(lambda parts: f"(if {parts[0]} then {parts[1]} else {parts[2]})"),
        inner.map(lambda part: f"(-{part})"),
        inner.map(lambda part: f"(not {part})"),
        inner.map(lambda part: f"Text.Length({part})"),
        inner.map(lambda part: f"Text.Upper({part})"),
    )


bodies = st.recursive(leaves, extended, max_leaves=6)


def check_alike(body: str, cells: list[tuple[Value, Value]]) -> None:
    """Every loop over these rows gives what calling the function for each of them gives."""
    function = function_of(f"let k = 1 + 2, config0 = [rate = 2, name = null] in each {body}")
    rows = [*[(1, 2)] * WARM_UP, *cells]
    records = [Record(INDEX, row) for row in rows]

    def check() -> None:
        expected = [outcome(lambda r=record: function.invoke([r])) for record in records]  # type: ignore[misc]
        added = [row[2] for row in rows_with(function, INDEX, rows)]
        assert [outcome(lambda c=cell: c) for cell in added] == expected  # type: ignore[misc]
        mapped = list(transformed(function, List(records)).raw())
        assert [outcome(lambda c=cell: c) for cell in mapped] == expected  # type: ignore[misc]
        unheld = rows_with(function, INDEX, iter(chain(rows)))
        assert [outcome(lambda c=row[2]: c) for row in unheld] == expected  # type: ignore[misc]
        check_evaluated(transformed(function, List(records)), expected)
        check_condition(function, rows, expected)

    on_deep_stack(check)


def check_evaluated(mapped: List, expected: list[tuple[str, object]]) -> None:
    """Iterating gives the same up to the first error."""
    found = iter(mapped)
    for wanted in expected:
        assert outcome(lambda: next(found)) == wanted
        if wanted[0] not in KINDS:
            return


def check_condition(function: Function, rows: list[tuple[Value, Value]], expected: list[tuple[str, object]]) -> None:
    true, others = ("bool", "True"), [("bool", "False"), ("NoneType", "null")]
    for row, found in zip(rows[WARM_UP:], expected[WARM_UP:], strict=True):
        padded = [*rows[:WARM_UP], row] if expected[0] in (true, *others) else [row]
        before = WARM_UP if expected[0] == true else 0
        if found in (true, *others):
            assert len(list(rows_where(function, INDEX, padded))) == before + (found == true)
            assert len(list(selected(function, List([Record(INDEX, each) for each in padded])).raw())) == before + (
                found == true
            )
        else:
            with pytest.raises(MError):
                list(rows_where(function, INDEX, padded))


OPERATORS = ["+", "-", "*", "/", "&", "=", "<>", "<", "<=", ">", ">=", "and", "or", "??"]
LITERALS = ["null", "true", "0", "1", "2.5", '"x"', '"#(DE00)"', "k", "outside"]


@pytest.mark.parametrize("operator", OPERATORS)
def test_each_operator_on_every_pair_of_odd_values(operator: str) -> None:
    check_alike(f"[a] {operator} [b]", [(one, other) for one in ODD for other in ODD])


@pytest.mark.parametrize("operator", OPERATORS)
def test_each_operator_on_odd_values_and_literals(operator: str) -> None:
    cells = [(value, 1) for value in ODD]
    for literal in LITERALS:
        check_alike(f"[a] {operator} {literal}", cells)
        check_alike(f"{literal} {operator} [a]", cells)


UNARY = [
    "-[a]",
    "+[a]",
    "not [a]",
    "if [a] then 1 else 2",
    "[a]",
    "if [a] then [a] else [b]",
    "Text.Length([a])",
    "[c]",
]


@pytest.mark.parametrize("body", UNARY)
def test_other_forms_on_odd_values(body: str) -> None:
    check_alike(body, [(value, 1) for value in ODD])


@settings(deadline=None, max_examples=100)
@given(bodies, st.lists(st.tuples(st.sampled_from(ODD), st.sampled_from(ODD)), min_size=1, max_size=30))
def test_a_compiled_loop_gives_what_the_function_gives(body: str, cells: list[tuple[Value, Value]]) -> None:
    check_alike(body, cells)


@pytest.mark.parametrize(
    "text",
    [
        "each _ * 2 + 1",
        'each if _ > 3 then "large" else null',
        "(x) => x ?? 0",
        "each -_ / outside",
        "each Number.Abs(_) < 5 and not (_ = 3)",
        "let rate = 2 in each _ * rate",
        "each _ * config[rate]",
    ],
)
def test_these_are_compiled(text: str) -> None:
    text = f"let config = [rate = 2], outside = 3 in {text}"
    function = function_of(text)
    expected = [outcome(lambda n=n: function.invoke([n])) for n in range(200)]  # type: ignore[misc]
    found = list(transformed(function, List(range(200))).raw())
    assert [outcome(lambda c=cell: c) for cell in found] == expected  # type: ignore[misc]
    assert is_compiled(function)
    assert not any(isinstance(cell, Thunk) for cell in found[WARM_UP:] if "rate" not in text)


def test_what_is_not_pure_or_not_cheap_stays_unevaluated() -> None:
    calls: list[int] = []

    def costly(value: Value) -> Value:
        calls.append(value)
        return value

    environment = {"costly": Function(costly, lambda: None, minimum=1, maximum=1)}  # type: ignore[arg-type, return-value]
    result = evaluate("List.Transform({1..500}, each costly(_) + 1)", environment=environment)
    assert len(result) == 500
    assert calls == []
    assert force(result.items[499]) == 501
    assert calls == [500]


def test_random_numbers_are_drawn_when_they_are_read() -> None:
    session = Session(seed=1)
    result = evaluate("List.Transform({1..500}, each Number.RandomBetween(_, 1))", session=session)
    assert len(result) == 500
    assert session.draws == 0


def test_a_name_from_outside_is_not_evaluated_for_cells_that_nobody_reads() -> None:
    text = """let x = error "never", t = Table.AddColumn(Table.FromList({1..500}, Splitter.SplitByNothing()), "c",
        each [Column1] * x) in Table.RowCount(t)"""
    assert evaluate(text) == 500


def test_a_loop_reads_no_further_than_it_is_asked() -> None:
    def endless() -> Iterator[int]:
        yield from count()

    found = islice(transformed(function_of("each _ + 1"), List(source=endless)), 100)
    assert [force(value) for value in found] == list(range(1, 101))
    asked: list[int] = []

    def watched() -> Iterator[int]:
        for n in range(1000):
            asked.append(n)
            yield n

    assert len(transformed(function_of("each _ + 1"), List(source=watched)).first(200)) == 200
    assert len(asked) == 200


def test_the_error_of_one_item_is_that_items_own_and_has_its_place() -> None:
    mapped = evaluate('List.Transform(List.Repeat({1}, 99) & {null} & {"x"}, each\n _ + 1)')
    assert mapped.first(100)[99] is None or force(mapped.first(100)[99]) is None
    with pytest.raises(MError, match="operator \\+") as caught:
        force(mapped.first(101)[100])
    assert caught.value.place == "M text, line 2, column 2"


def test_a_condition_that_is_no_logical_is_an_error() -> None:
    with pytest.raises(MError, match="to type Logical"):
        list(selected(function_of("each _"), List([*[True] * 100, 5])))


def test_functions_with_too_many_parts_are_run_the_ordinary_way() -> None:
    function = function_of("each " + " + ".join(["_"] * 500))
    assert [force(value) for value in transformed(function, List([1] * 100)).raw()] == [500] * 100
    assert not is_compiled(function)
    nested = function_of("each " + "if _ > 0 then (" * 40 + "_" + ") else 0" * 40)
    assert [force(value) for value in transformed(nested, List([1] * 100)).raw()] == [1] * 100


def test_a_loop_is_compiled_once_for_a_function_of_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[object] = []
    real = loops._compiled

    def counted(*arguments: object) -> object:
        compiled.append(arguments)
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(loops, "_compiled", counted)
    text = "List.Sum(List.Transform({1..20}, (n) => List.Sum(List.Transform({1..100}, each _ * n))))"
    assert evaluate(text) == sum(n * m for n in range(1, 21) for m in range(1, 101))
    assert len(compiled) == 1
