"""A row function gives the same folded into a plan as called on each row, errors with reason and message included."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.powerquery.tables.generated import CELLS, TEXTS, data
from tests.powerquery.tables.twins import Data, Failure, Pair, Shown, agree, shown

from headwater.powerquery.language import quote_text

SCHEMA = {
    "i": "whole",
    "j": "few",
    "d": "real",
    "e": "real",
    "s": "text",
    "u": "text",
    "f": "logical",
    "g": "logical",
    "day": "date",
    "at": "datetime",
    "z": "zoned",
    "clock": "time",
    "span": "duration",
}

Texts = st.SearchStrategy[str]


def applied(template: str, *arguments: Texts) -> Texts:
    return st.tuples(*arguments).map(lambda made: template.format(*made))


def one_of_operators(operators: list[str], left: Texts, right: Texts) -> Texts:
    return applied("({0} {1} {2})", left, st.sampled_from(operators), right)


ORDER = ["<", "<=", ">", ">="]
NUMBER_CONSTANTS = st.sampled_from(
    ["0", "1", "-1", "2.5", "9007199254740993", "1e300", "#nan", "#infinity", "-0.0", "null"]
)
TEXT_CONSTANTS = st.one_of(st.sampled_from(TEXTS).map(quote_text), st.just("null"))


def expressions() -> dict[str, Texts]:
    """M text over the schema's columns, by the kind of its value."""
    number: Texts = st.deferred(lambda: numbers)
    text: Texts = st.deferred(lambda: texts)
    truth: Texts = st.deferred(lambda: truths)
    date: Texts = st.deferred(lambda: dates)
    whole = st.sampled_from(["[i]", "[j]"])

    def shared(kind: Texts, constants: Texts) -> list[Texts]:
        return [
            applied("(if {0} then {1} else {2})", truth, kind, kind),
            applied("({0} ?? {1})", kind, st.one_of(kind, constants)),
            applied("(try {0} otherwise {1})", kind, st.one_of(kind, constants)),
            applied("(let x = {0}, y = x in if {1} then y else x)", kind, truth),
        ]

    numbers: Texts = st.one_of(
        whole,
        st.sampled_from(["[d]", "[e]"]),
        NUMBER_CONSTANTS,
        one_of_operators(["+", "-", "*", "/"], number, number),
        applied("(- {0})", number),
        applied("(+ {0})", number),
        applied("Number.Abs({0})", number),
        applied("Text.Length({0})", text),
        applied("Number.From({0})", st.one_of(text, number, truth)),
        applied("Int64.From({0})", st.one_of(text, number, truth)),
        applied("Date.{0}({1})", st.sampled_from(["Year", "Month", "Day"]), st.one_of(date, st.just("[at]"))),
        applied("Date.DayOfWeek({0}{1})", date, st.sampled_from(["", ", Day.Monday", ", 3"])),
        *shared(number, NUMBER_CONSTANTS),
    )
    texts: Texts = st.one_of(
        st.sampled_from(["[s]", "[u]"]),
        TEXT_CONSTANTS,
        one_of_operators(["&"], text, text),
        applied("Text.From({0})", st.one_of(whole, truth, text)),
        *shared(text, TEXT_CONSTANTS),
    )
    dates: Texts = st.one_of(
        st.sampled_from(["[day]", "#date(2024, 2, 29)"]),
        applied(
            "#date({0}, {1}, {2})",
            st.sampled_from(["[i]", "2024", "0", "null"]),
            whole,
            st.sampled_from(["[j]", "29", "31"]),
        ),
        applied("Date.From({0})", st.one_of(text, st.sampled_from(["[at]", "[day]"]))),
        *shared(date, st.just("null")),
    )
    truths: Texts = st.one_of(
        st.sampled_from(["[f]", "[g]", "true", "false", "null"]),
        one_of_operators(["and", "or"], truth, truth),
        applied("(not {0})", truth),
        *(one_of_operators(["=", "<>", *ORDER], kind, kind) for kind in (number, text, date)),
        applied(
            "({0} {1} {0})",
            st.sampled_from(["[at]", "[z]", "[clock]", "[span]", "[f]"]),
            st.sampled_from(["=", "<>", *ORDER]),
        ),
        applied("({0} = null)", st.one_of(number, text, date)),
        applied("Logical.From({0})", st.one_of(text, number)),
        applied("(DateTime.From({0}) {1} [at])", st.one_of(text, date), st.sampled_from(["=", *ORDER])),
        *(applied(f"Text.{name}({{0}}, {{1}})", text, text) for name in ("Contains", "StartsWith", "EndsWith")),
    )
    return {"number": numbers, "text": texts, "date": dates, "logical": truths}


EXPRESSIONS = expressions()
usual = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))


def with_table(expression: Texts, *, errors: bool = False) -> st.SearchStrategy[tuple[str, Data]]:
    """An expression and a table of the columns that it reads, and of one that is always there."""

    def of_columns(text: str) -> st.SearchStrategy[tuple[str, Data]]:
        read = {name: kind for name, kind in SCHEMA.items() if name == "s" or f"[{name}]" in text}
        return st.tuples(st.just(text), data(read, errors=errors, most=4))

    return expression.flatmap(of_columns)


class TestExpressions:
    @pytest.mark.parametrize("kind", EXPRESSIONS)
    @pytest.mark.parametrize("errors", [False, True], ids=["good", "errors"])
    def test_folded_agrees_with_evaluated(self, kind: str, errors: bool) -> None:
        @usual
        @given(with_table(EXPRESSIONS[kind], errors=errors))
        def check(drawn: tuple[str, Data]) -> None:
            expression, table = drawn
            agree(Pair({"T": table}), f'Table.AddColumn(T, "r", each {expression})')

        check()

    @usual
    @given(with_table(EXPRESSIONS["logical"]))
    def test_as_a_condition(self, drawn: tuple[str, Data]) -> None:
        expression, table = drawn
        agree(Pair({"T": table}), f"Table.SelectRows(T, each {expression})")

    @usual
    @given(with_table(st.one_of(EXPRESSIONS["number"], EXPRESSIONS["text"])))
    def test_as_a_sort_key(self, drawn: tuple[str, Data]) -> None:
        expression, table = drawn
        agree(Pair({"T": table}), f'Table.Sort(T, {{{{each {expression}, Order.Descending}}, {{"s", 0}}}})')


ONE_OF_EACH = Data({name: (CELLS[kind][0], [None]) for name, kind in SCHEMA.items()})

FOLDING = [
    "[i] + [d] * 2",
    "-[d] / 3",
    "[d] > 0 and not [f] or [g]",
    "[i] = 9007199254740993",
    "[d] = 1",
    "[day] >= #date(2024, 2, 29)",
    "[at] = #datetime(2024, 2, 29, 0, 0, 0)",
    "[z] = [z]",
    "[span] < #duration(1, 0, 0, 0)",
    '[s] & "x" & [u]',
    "[s] = null",
    'if [f] = true then "yes" else null',
    "if [i] = 1 then 1 else 2.5",
    "if [d] > 0 then [d] else 0",
    "if [i] > 0 then [i] else 0",
    "if [s] = null then null else [s]",
    "[d] ?? 0",
    "null ?? [d]",
    "[i] ?? 0",
    "try Number.From([s]) otherwise 0",
    "try [i] otherwise null",
    'Text.Contains([s], "x")',
    'Text.StartsWith([s], "x")',
    'Text.EndsWith([s], "x")',
    "Text.Length([s])",
    "Int64.From([s])",
    'Number.From([s], "")',
    "Logical.From([s])",
    "Date.From([s])",
    "DateTime.From([s])",
    "Text.From([i])",
    "Date.Year([day])",
    "Date.Month([at])",
    "Date.Day([day])",
    "Date.DayOfWeek([day], Day.Monday)",
    "Number.Abs([d])",
    "#date([i], [j], 1)",
    "let a = [d] + 1, b = a * a in b - a",
    "let k = [i], f = (let k = [d] in k) in f + k",
    "+[d]",
    "(((_[d])))",
    "let d = [d] in d",
    'if [s] = "a" then 1 else if [s] = "b" then 2 else 3',
    "limit * [d]",
    "Text.Length(prefix & [s])",
]

NOT_FOLDING = [
    "_",
    "[zz]",
    "[zz]?",
    "Text.Upper([s])",
    "[i] + 1 = [s]",
    "if [f] then [i] else [d]",
    "if [f] then [i] else 0.5",
    "[i] ?? 0.5",
    "try [i] otherwise 0.5",
    "try [d]",
    "try [d] catch () => 0",
    "let x = x in x",
    "let a = b + [d], b = a in a",
    "let _ = 1 in _",
    "error [s]",
    "[d] is number",
    "{[d]}",
    "[a = [d]]",
    "(each _ + 1)([d])",
    "Number.Random()",
    "[d] + Number.Random()",
    "roll()",
    'Number.From([s], "de-DE")',
    "Text.Contains([s], [u])",
    "Text.Contains([s], null)",
    'Text.Contains([s], "A", Comparer.OrdinalIgnoreCase)',
    "Int64.From([d], null, RoundingMode.Up)",
    "+[s]",
    "unknown + [d]",
    "[s] < 1",
    "1 + [s]",
    "not [d]",
    "[f] and 1",
    "if [d] then 1 else 2",
    "#date([d], 1, 1)",
    "#date([i], 1)",
    "Date.DayOfWeek([day], [i])",
    "let x = [d] in y",
]

OUTER = 'let limit = 3, prefix = "😀", roll = () => Number.Random() in '


def added(expression: str) -> str:
    return f'{OUTER} Table.AddColumn(T, "r", each {expression})'


class TestWhatFolds:
    @pytest.mark.parametrize("expression", FOLDING)
    def test_folds_and_is_right(self, expression: str) -> None:
        assert Pair({"T": ONE_OF_EACH}).folded(added(expression))

        @settings(usual, max_examples=8)
        @given(data({name: kind for name, kind in SCHEMA.items() if f"[{name}]" in expression}, errors=True, most=3))
        def check(table: Data) -> None:
            agree(Pair({"T": table}), added(expression))

        check()

    @pytest.mark.parametrize("expression", NOT_FOLDING)
    def test_falls_back_and_says_where(self, expression: str) -> None:
        pair = Pair({"T": ONE_OF_EACH})
        assert not pair.folded(added(expression))
        noted = pair.plan_session.unfolded[-1]
        assert noted.function == "Table.AddColumn"
        assert noted.reason
        assert noted.place.startswith("M text, line 1, column ")
        if "Random" not in expression and "roll" not in expression:
            agree(pair, added(expression))

    def test_a_random_value_is_another_in_each_row(self) -> None:
        rows = Data({"a": (CELLS["few"][0], [1] * 5)})
        for expression in ("Number.Random()", "roll()", "[a] + Number.Random()", "Text.NewGuid()"):
            found = shown(Pair({"T": rows}).on_plan(added(expression)))
            assert isinstance(found, Shown)
            assert len({row[1] for row in found.rows}) == 5

    @pytest.mark.parametrize(
        "function", ["(r) => r[d] + 1", "(r as record) => r[d] + 1", "(optional r) => r[d]", "(r as any) => r[d]"]
    )
    def test_other_row_functions_fold(self, function: str) -> None:
        pair = Pair({"T": ONE_OF_EACH})
        assert pair.folded(f'Table.AddColumn(T, "r", {function})')

    @pytest.mark.parametrize(
        "function",
        ["(r as table) => r[d]", "(r) as text => r[d]", "(r, s) => r[d]", "() => 1", "Record.FieldCount", "(r) => [d]"],
    )
    def test_others_do_not_and_are_right(self, function: str) -> None:
        pair = Pair({"T": Data({"d": (CELLS["real"][0], [1.5])})})
        source = f'Table.AddColumn(T, "r", {function})'
        if not isinstance(agree(pair, source), Failure):
            assert not pair.folded(source)

    def test_a_row_around_is_not_taken_for_the_row(self) -> None:
        """``[d]`` in a function that names its row means the row of the ``each`` around it."""
        pair = Pair({"T": Data({"d": (CELLS["real"][0], [1.0, 2.0])})})
        inner = 'Table.AddColumn(T, "r", (t) => [d] * t[d])'
        found = agree(pair, f'Table.AddColumn(#table({{"d"}}, {{{{10}}}}), "c", each List.Sum({inner}[r])){{0}}[c]')
        assert found == "30"
        assert pair.plan_session.unfolded == [], "to the inner function it is a constant"

    def test_a_name_means_what_it_means_where_it_is_written(self) -> None:
        pair = Pair({"T": Data({"d": (CELLS["real"][0], [1.0])})})
        expression = "let a = [d] + limit in let limit = 100 in a"
        assert pair.folded(added(expression))
        found = agree(pair, added(expression))
        assert isinstance(found, Shown)
        assert found.rows[0][1] == "4"

    def test_long_expressions(self) -> None:
        """Long ones fold as far as the limit goes, and what is beyond it runs on rows in no time."""
        pair = Pair({"T": Data({"d": (CELLS["real"][0], [1.0])})})
        for terms, folds in ((300, True), (20_000, False)):
            source = added(" + ".join(["[d]"] * terms))
            assert pair.folded(source) is folds
            agree(pair, source)

    def test_names_that_stand_for_much(self) -> None:
        """Each name doubles the one before it: replaced by what they stand for they would fill the memory."""
        doubled = ", ".join(f"x{at} = x{at - 1} + x{at - 1}" for at in range(1, 60))
        pair = Pair({"T": Data({"d": (CELLS["real"][0], [1.0])})})
        found = agree(pair, added(f"let x0 = [d], {doubled} in x59"))
        assert isinstance(found, Shown)
        assert found.rows[0][1] == "5.764607523034235E+17"
