"""A row function gives the same folded into a plan as called on each row, errors with reason and message included."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.powerquery.tables.generated import CELLS, TEXTS, data
from tests.powerquery.tables.twins import Data, Failure, Pair, Shown, agree, shown

from headwater.powerquery.language import quote_text
from headwater.powerquery.values.times import Date

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


OF_A_NUMBER = [
    "Abs", "Sign", "Sqrt", "Exp", "Ln", "Log", "Log10", "Sin", "Cos", "Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh",
    "Tanh",
    "Round", "RoundUp", "RoundDown", "RoundTowardZero", "RoundAwayFromZero",
]  # fmt: skip
OF_TWO_NUMBERS = ["IntegerDivide", "Mod", "Power", "Atan2", "BitwiseAnd", "BitwiseOr", "BitwiseXor"]
ROUNDINGS = ["Round", "RoundUp", "RoundDown", "RoundTowardZero", "RoundAwayFromZero"]
SIZED = ["Byte", "Int8", "Int16", "Int32", "Double", "Percentage"]
OF_A_TEXT = ["Upper", "Lower", "Trim", "TrimStart", "TrimEnd", "Clean", "Reverse"]
OF_A_DURATION = [
    "Days", "Hours", "Minutes", "Seconds", "TotalDays", "TotalHours", "TotalMinutes", "TotalSeconds",
]  # fmt: skip
BOUNDS = [f"{edge}Of{unit}" for edge in ("Start", "End") for unit in ("Day", "Week", "Month", "Quarter", "Year")]
WHOLES = st.sampled_from(["[i]", "[j]", "1", "-1", "[j] * 3 - 1", "Number.Round([d])", "2024"])
CHARACTERS = st.sampled_from(['"a"', '{"a", " ", "😀"}', '{"]", "^", "-"}', '"\\"', "{}"])
DELIMITERS = st.sampled_from(['","', '"a"', '"."', '"😀"', '" a"'])
INDEXES = st.sampled_from(["null", "0", "1", "{0, RelativePosition.FromEnd}", "{1, RelativePosition.FromEnd}"])
FORMATS = st.sampled_from(
    ["null", '"yyyy-MM-dd"', '"d/M/yy"', '"ddd, dd MMM yyyy"', '"dddd MMMM"', '"HH:mm:ss.fffffff"', '"h:m:s tt"',
    '"s"', '"D"',
     '"yyyyy"', '"hh t"', "[Format = \"yyyyMMdd\", Culture = \"\"]", '"\'at\' H"']
)  # fmt: skip


def expressions() -> dict[str, Texts]:
    """M text over the schema's columns, by the kind of its value."""
    number: Texts = st.deferred(lambda: numbers)
    real = st.sampled_from(["[d]", "[e]", "([i] + 1)", "Number.From([s])"])
    text: Texts = st.deferred(lambda: texts)
    truth: Texts = st.deferred(lambda: truths)
    date: Texts = st.deferred(lambda: dates)
    moment: Texts = st.one_of(date, st.deferred(lambda: datetimes))
    clock: Texts = st.one_of(st.just("[clock]"), st.deferred(lambda: datetimes), st.deferred(lambda: times))
    span: Texts = st.deferred(lambda: spans)
    whole = st.sampled_from(["[i]", "[j]"])
    count = st.sampled_from(["[j]", "3", "[j] + 2", "[d]"])

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
        applied("Number.{0}({1})", st.sampled_from(OF_A_NUMBER), number),
        applied("Number.{0}({1}, {2})", st.sampled_from(OF_TWO_NUMBERS), number, number),
        applied(
            "Number.{0}({1}, {2})", st.sampled_from(ROUNDINGS), number, st.sampled_from(["null", "0", "1", "2", "5"])
        ),
        applied("Number.Round({0}, {1}, {2})", number, st.integers(0, 4).map(str), st.integers(0, 4).map(str)),
        applied("List.{0}({{{1}, {2}, {3}}})", st.sampled_from(["Sum", "Average"]), number, number, number),
        applied("List.{0}({{{1}, 0, {2}}})", st.sampled_from(["Min", "Max"]), real, real),
        applied("{0}.From({1})", st.sampled_from(SIZED), st.one_of(text, number, truth)),
        applied("Text.Length({0})", text),
        applied("Text.PositionOf({0}, {1})", text, text),
        applied("Text.PositionOf({0}, {1}, Occurrence.Last)", text, TEXT_CONSTANTS),
        applied("Number.From({0})", st.one_of(text, number, truth)),
        applied("Int64.From({0})", st.one_of(text, number, truth)),
        applied("Date.{0}({1})", st.sampled_from(["Year", "Month", "Day"]), st.one_of(date, st.just("[at]"))),
        applied(
            "Date.{0}({1}{2})",
            st.sampled_from(["DayOfWeek", "WeekOfYear", "WeekOfMonth"]),
            moment,
            st.sampled_from(["", ", Day.Monday", ", 3"]),
        ),
        applied("Date.{0}({1})", st.sampled_from(["QuarterOfYear", "DayOfYear", "DaysInMonth"]), moment),
        applied("Time.{0}({1})", st.sampled_from(["Hour", "Minute", "Second"]), clock),
        applied("Duration.{0}({1})", st.sampled_from(OF_A_DURATION), span),
        applied("Number.From({0})", date),
        *shared(number, NUMBER_CONSTANTS),
    )
    texts: Texts = st.one_of(
        st.sampled_from(["[s]", "[u]"]),
        TEXT_CONSTANTS,
        one_of_operators(["&"], text, text),
        applied("Text.From({0})", st.one_of(number, truth, text, moment, clock)),
        applied("Text.{0}({1})", st.sampled_from(OF_A_TEXT), text),
        applied("Text.Replace({0}, {1}, {2})", text, text, text),
        applied("Text.Combine({{{0}, {1}}}, {2})", text, text, st.sampled_from(['"-"', "null", '""'])),
        applied("Text.{0}({1}, {2})", st.sampled_from(["Remove", "Select", "Trim"]), text, CHARACTERS),
        applied(
            "Text.{0}({1}, {2}, {3})", st.sampled_from(["BeforeDelimiter", "AfterDelimiter"]), text, DELIMITERS, INDEXES
        ),
        applied("Text.BetweenDelimiters({0}, {1}, {2}, {3})", text, DELIMITERS, DELIMITERS, INDEXES),
        applied(
            "Text.{0}({1}, {2}, {3})",
            st.sampled_from(["PadStart", "PadEnd"]),
            text,
            count,
            st.sampled_from(['"0"', "null"]),
        ),
        applied("Text.Repeat({0}, {1})", text, st.sampled_from(["[j]", "0", "2", "[j] / 2"])),
        applied("Date.{0}({1})", st.sampled_from(["MonthName", "DayOfWeekName"]), moment),
        applied("Date.ToText({0}, {1})", date, FORMATS),
        applied("DateTime.ToText([at], {0})", FORMATS),
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
        applied("Date.{0}({1})", st.sampled_from(BOUNDS), date),
        applied("Date.{0}({1}, {2})", st.sampled_from(["AddDays", "AddWeeks"]), date, WHOLES),
        applied("Date.{0}({1}, {2})", st.sampled_from(["AddMonths", "AddQuarters", "AddYears"]), date, number),
        one_of_operators(["+", "-"], date, span),
        *shared(date, st.just("null")),
    )
    datetimes: Texts = st.one_of(
        st.just("[at]"),
        applied("DateTime.From({0})", st.one_of(text, date)),
        applied("Date.{0}({1})", st.sampled_from(BOUNDS), st.just("[at]")),
        applied("Date.{0}([at], {1})", st.sampled_from(["AddDays", "AddWeeks", "AddMonths", "AddYears"]), WHOLES),
        applied("Time.{0}([at])", st.sampled_from(["StartOfHour", "EndOfHour"])),
        applied("#datetime({0}, {1}, {1}, {2}, {1}, {1})", WHOLES, whole, st.sampled_from(["[j]", "24", "23"])),
        applied("({0} & [clock])", date),
        applied("({0} {1} {2})", st.just("[at]"), st.sampled_from(["+", "-"]), span),
    )
    times: Texts = st.one_of(
        st.just("[clock]"),
        applied("Time.From({0})", st.sampled_from(["[clock]", "[at]"])),
        applied("(DateTime.Time([at]) {0} {1})", st.sampled_from(["+", "-"]), span),
        applied("Time.{0}([clock])", st.sampled_from(["StartOfHour", "EndOfHour"])),
    )
    spans: Texts = st.one_of(
        st.sampled_from(["[span]", "#duration(1, 2, 3, 4.5)"]),
        one_of_operators(["-"], date, date),
        st.sampled_from(["([at] - #datetime(2024, 1, 1, 0, 0, 0))", "([clock] - #time(12, 0, 0))"]),
        one_of_operators(["+", "-"], span, span),
        applied("#duration({0}, {1}, 0, {0})", whole, WHOLES),
    )
    kind_of_any = st.one_of(number, text, date, span)
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
        applied("Number.{0}({1})", st.sampled_from(["IsNaN", "IsEven", "IsOdd"]), number),
        applied("({0} {1} {2})", kind_of_any, st.just("is"), st.just("null")),
        applied("List.Contains({{1, 2.5, null, 9007199254740993, #nan}}, {0})", number),
        applied('List.Contains({{"a", "", "é"}}, {0})', text),
        applied("List.Contains({{{0}, {0}}}, {1})", text, text),
        applied("Date.IsInYearToDate({0})", moment),
        applied(
            "Date.IsIn{0}({1})", st.sampled_from(["CurrentYear", "NextMonth", "PreviousQuarter", "CurrentWeek"]), moment
        ),
        one_of_operators(ORDER, span, span),
        applied("(DateTime.From({0}) {1} [at])", st.one_of(text, date), st.sampled_from(["=", *ORDER])),
        *(
            applied(
                f"Text.{name}({{0}}, {{1}}{{2}})", text, text, st.sampled_from(["", ", Comparer.OrdinalIgnoreCase"])
            )
            for name in ("Contains", "StartsWith", "EndsWith")
        ),
    )
    return {
        "number": numbers, "text": texts, "date": dates, "logical": truths, "datetime": datetimes, "time": times,
        "duration": spans,
    }  # fmt: skip


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
    "Text.Upper([s])",
    "Text.Lower([s])",
    "Text.Trim([s])",
    'Text.TrimStart([s], "a")',
    'Text.TrimEnd([s], {"a","b"})',
    'Text.Replace([s], "a", "b")',
    'Text.Replace([s], [u], "b")',
    "Text.PositionOf([s], [u])",
    'Text.PositionOf([s], "a", Occurrence.Last)',
    'Text.BeforeDelimiter([s], ",")',
    'Text.AfterDelimiter([s], ",", 1)',
    'Text.AfterDelimiter([s], ",", {0, RelativePosition.FromEnd})',
    'Text.BetweenDelimiters([s], ",", ".")',
    'Text.PadStart([s], 5, "0")',
    "Text.PadEnd([s], [j])",
    "Text.Repeat([s], [j])",
    "Text.Reverse([s])",
    'Text.Remove([s], {"a".."f"})',
    'Text.Select([s], {"0".."9"})',
    "Text.Clean([s])",
    'Text.Combine({[s],[u],null,"x"}, "-")',
    "Text.Contains([s], [u])",
    'Text.Contains([s], "A", Comparer.OrdinalIgnoreCase)',
    "Text.From([d])",
    "Text.From([day])",
    "Text.From([at])",
    "Text.From([clock])",
    "Number.ToText([d])",
    "Number.FromText([s])",
    "Number.Round([d])",
    "Number.Round([d], 2)",
    "Number.Round([d], 1, RoundingMode.Up)",
    "Number.RoundUp([d], 1)",
    "Number.RoundDown([d])",
    "Number.IntegerDivide([i], [j])",
    "Number.Mod([d], [e])",
    "Number.Mod([i], 7)",
    "Number.Power([d], 2)",
    "Number.Sqrt([d])",
    "Number.Exp([d])",
    "Number.Ln([d])",
    "Number.Log([d], 2)",
    "Number.Log([d], 3)",
    "Number.Log10([d])",
    "Number.Sign([i])",
    "Number.IsNaN([d])",
    "Number.IsEven([i])",
    "Number.IsOdd([d])",
    "Number.BitwiseAnd([i], [j])",
    "Number.BitwiseXor([d], 5)",
    "Number.BitwiseOr([i], [i])",
    "Number.Sin([d])",
    "Number.Acos([d])",
    "Number.Atan2([d],[e])",
    "Number.Tanh([d])",
    "List.Min({[d],[e],0})",
    "List.Max({[i],[j]})",
    "List.Sum({[d],[i]})",
    "List.Sum({[d],[e],null})",
    "List.Average({[d],[e]})",
    "List.Contains({1,2,null},[i])",
    "List.Contains({1,2.5,#nan},[d])",
    'List.Contains({"a","b"},[s])',
    'List.Contains({[s],[u]},"a")',
    "Int32.From([s])",
    "Byte.From([d])",
    "Int8.From([i])",
    "Double.From([s])",
    "Date.QuarterOfYear([day])",
    "Date.DayOfYear([at])",
    "Date.WeekOfYear([day])",
    "Date.WeekOfYear([day], Day.Monday)",
    "Date.WeekOfMonth([day])",
    "Date.DaysInMonth([day])",
    "Date.IsLeapYear([day])",
    "Date.StartOfWeek([day])",
    "Date.EndOfWeek([at], Day.Monday)",
    "Date.StartOfMonth([day])",
    "Date.EndOfMonth([at])",
    "Date.StartOfQuarter([at])",
    "Date.EndOfQuarter([day])",
    "Date.StartOfYear([day])",
    "Date.EndOfYear([day])",
    "Date.StartOfDay([at])",
    "Date.EndOfDay([at])",
    "Time.StartOfHour([at])",
    "Time.EndOfHour([clock])",
    "Date.AddDays([day], [i])",
    "Date.AddDays([at], -1)",
    "Date.AddWeeks([day], [j] + 1)",
    "Date.AddMonths([day], [i])",
    "Date.AddMonths([at], [d])",
    "Date.AddQuarters([day], 1)",
    "Date.AddYears([at], [j])",
    "Date.MonthName([day])",
    "Date.DayOfWeekName([at])",
    "Date.ToText([day])",
    'Date.ToText([day], "yyyy-MM-dd")',
    'Date.ToText([day], [Format="dd MMM yyyy", Culture="en-US"])',
    'DateTime.ToText([at], "yyyyMMdd HH:mm:ss.fff tt")',
    'Time.ToText([clock], "hh:mm tt")',
    "DateTime.Date([at])",
    "DateTime.Time([at])",
    "Time.From([clock])",
    "Time.Hour([at])",
    "Time.Minute([clock])",
    "Time.Second([at])",
    "Duration.Days([span])",
    "Duration.Hours([span])",
    "Duration.Minutes([span])",
    "Duration.Seconds([span])",
    "Duration.TotalDays([span])",
    "Duration.TotalSeconds([span])",
    "[day] - #date(2020,1,1)",
    "[at] - #datetime(2020,1,1,1,1,1)",
    "[at] + [span]",
    "[span] + [day]",
    "[day] - [span]",
    "[clock] - [span]",
    "[clock] + [span]",
    "[clock] - [clock]",
    "[span] - #duration(1,0,0,0)",
    "[span] + [span]",
    "[day] & [clock]",
    "[day] + [clock]",
    "#date([i] + 1, 2, [j])",
    "#datetime(2024, [j], 1, [i], 0, 0)",
    "#duration([i], 0, [j], 0)",
    "Number.From([day])",
    "Date.IsInCurrentMonth([day])",
    "Date.IsInPreviousNDays([at], 3)",
    "Date.IsInNextYear([day])",
    "Date.IsInYearToDate([day])",
    "[d] is number",
    "[s] is null",
    "[d] is nullable number",
    "[d] as number",
    'Record.Field(_, "d") = [d]',
    "Logical.FromText([s])",
    "Logical.ToText([f])",
    "Text.Contains([s], null)",
    "#date([d], 1, 1)",
    "List.Contains({}, [s])",
    "List.Contains({null}, [s])",
    "Number.Round([d], 2, null)",
    'Text.PositionOf([s], "a", Occurrence.First, Comparer.Ordinal)',
    'Text.Upper([s], "en-US")',
    "Date.StartOfWeek([day], Day.Wednesday)",
    "_[d] as nullable number",
    "[s] is nullable text",
    "[s] is any",
]

NOT_FOLDING = [
    "_",
    "[zz]",
    "[zz]?",
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
    "{[d]}",
    "[a = [d]]",
    "(each _ + 1)([d])",
    "Number.Random()",
    "[d] + Number.Random()",
    "roll()",
    'Number.From([s], "de-DE")',
    "Int64.From([d], null, RoundingMode.Up)",
    "+[s]",
    "unknown + [d]",
    "[s] < 1",
    "1 + [s]",
    "not [d]",
    "[f] and 1",
    "if [d] then 1 else 2",
    "#date([i], 1)",
    "Date.DayOfWeek([day], [i])",
    "let x = [d] in y",
    'Text.Upper([s], "tr-TR")',
    "Text.Trim([s], [u])",
    'Text.Trim([s], "ab")',
    "Text.Start([s], [u])",
    "Text.Range([s], 0, [i])",
    "Text.PositionOf([s], [u], Occurrence.Last)",
    'Text.PositionOf([s], "a", Occurrence.All)',
    "Text.BeforeDelimiter([s], [u])",
    'Text.BeforeDelimiter([s], "")',
    'Text.AfterDelimiter([s], "aa", {0, RelativePosition.FromEnd})',
    "Text.Combine({[s], [i]})",
    "Text.Combine([s])",
    "Number.Round([d], [j])",
    "Number.Round([d], -1)",
    "Number.Round([d], 0, 7)",
    "Number.Mod([d], 2, Precision.Decimal)",
    "Number.Log([d], -1)",
    "Number.Log([d], [e])",
    'Number.ToText([d], "N2")',
    "Date.AddDays([day], [d])",
    "Date.AddDays([day], 0.5)",
    "#duration([d], 0, 0, 0)",
    "#datetime(2024, 1, 1, 0, 0, [d])",
    "Date.IsInNextNDays([day], [j])",
    "Date.IsInCurrentDay([s])",
    'Date.ToText([day], "gg")',
    'Date.ToText([day], "d", "de-DE")',
    "DateTime.Date([s])",
    "[span] * 2",
    "[d] is text",
    "[d] as text",
    "List.Min({[i], [d]})",
    "List.Min({[d]}, 0)",
    "List.Contains({1}, [i], each _)",
    "List.Contains({[i]..[j]}, 1)",
    "List.Contains({#date(2024, 1, 1)}, [day])",
    'Record.Field(_, "zz")',
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

    @pytest.mark.parametrize(
        "expression", ["Text.From([d])", "Number.From([s])", "Date.ToText([day])", "Text.Upper([s])"]
    )
    def test_another_culture_of_the_session_does_not_fold(self, expression: str) -> None:
        pair = Pair({"T": Data({name: (CELLS[SCHEMA[name]][0], [None]) for name in ("d", "s", "day")})})
        pair.plan_session.culture = pair.row_session.culture = "de-DE"
        assert not pair.folded(added(expression))
        assert "culture" in pair.plan_session.unfolded[-1].reason

    @pytest.mark.parametrize("unit", ["Day", "Week", "Month", "Quarter", "Year"])
    @pytest.mark.parametrize(
        "name", ["IsInCurrent{0}", "IsInNext{0}", "IsInPrevious{0}", "IsInNextN{0}s", "IsInPreviousN{0}s"]
    )
    def test_near_now(self, unit: str, name: str) -> None:
        """Around the clock of a leap day, and where the calendar ends."""
        days = [Date.of(2024, 2, 29).days + at for at in (*range(-40, 40), *range(-800, 800, 29))]
        cells = [Date(day) for day in (*days, 0, Date.of(9999, 12, 31).days)]
        pair = Pair({"T": Data({"day": (CELLS["date"][0], cells)})})
        for now in ((2024, 2, 29), (9999, 12, 31), (1, 1, 1)):
            for session in (pair.plan_session, pair.row_session):
                session.__dict__["started"] = datetime(*now, 12, tzinfo=UTC)
            count = ", 2" if "N{0}s" in name else ""
            source = added(f"Date.{name.format(unit)}([day]{count})")
            assert pair.folded(source)
            agree(pair, source)

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
