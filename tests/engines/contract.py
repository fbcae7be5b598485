"""What any engine has to do, whatever it is made of: subclass these with an ``engine`` fixture."""

from __future__ import annotations

import csv
import io
import math
import operator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engines.scalar_cases import CASES, LISTED
from tests.engines.support import BAD, WORSE, Adder, Error, added, inline, number, only, ref, rows_of

from headwater.engines import Engine
from headwater.errors import EngineError, MError, ScoringError
from headwater.plan import conversions, written_dates
from headwater.plan.expressions import Expr, Literal, Ref, call
from headwater.plan.nodes import (
    Aggregate,
    AggregateCall,
    Call,
    Column,
    CsvScan,
    Distinct,
    Filter,
    Index,
    Node,
    ParquetScan,
    Project,
    Slice,
    Sort,
    SortKey,
    Source,
    Union,
    join,
    text_columns,
)
from headwater.plan.types import (
    BINARY,
    DATE,
    DATETIME,
    DATETIME_TICKS,
    DATETIMEZONE,
    DOUBLE,
    DURATION,
    INT64,
    LOGICAL,
    TEXT,
    TIME,
    DataType,
    Kind,
    list_type,
    record_type,
)

NAN, INF = math.nan, math.inf
each_engine = settings(
    max_examples=30,
    deadline=None,
    # Every engine runs the same test: that is what a contract is for.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)

BIG = 2**53 + 1
DECIMAL = DataType(Kind.DECIMAL, precision=20, scale=4)
POINT = record_type({"x": DOUBLE, "Label Two": TEXT})
NO_DATE = Error("Expression.Error", "The Date value is out of range.")
NO_PART = Error("Expression.Error", "We cannot convert the value null to type Number.")
NO_CONDITION = Error("Expression.Error", "We cannot convert the value null to type Logical.")

# operator, option, argument types, rows of arguments with the result each gives
OPERATORS: list[tuple[str, Any, tuple[DataType, ...], list[tuple[Any, ...]]]] = [
    ("+", None, (INT64, DOUBLE), [(1, 2.5, 3.5), (None, 1.0, None), (1, INF, INF), (BAD, 1.0, BAD), (1, WORSE, WORSE)]),
    ("-", None, (INT64, INT64), [(1, 2, -1.0), (None, None, None)]),
    ("*", None, (DOUBLE, DOUBLE), [(0.1, 3.0, 0.1 * 3.0), (INF, 0.0, NAN)]),
    ("/", None, (INT64, INT64), [(1, 4, 0.25), (1, 0, INF), (-1, 0, -INF), (0, 0, NAN), (None, 0, None)]),
    ("negate", None, (INT64,), [(5, -5.0), (None, None)]),
    ("&", None, (TEXT, TEXT), [("a", "", "a"), ("a", None, None), ("é😀", "b", "é😀b")]),
    ("=", None, (TEXT, TEXT), [("a", "a", True), ("a", "A", False), ("", None, False), (None, None, True),
                               (BAD, "a", BAD), ("a", BAD, BAD), ("é", "e\u0301", False)]),
    ("<>", None, (TEXT, TEXT), [("a", "a", False), ("a", None, True), (None, None, False)]),
    ("=", None, (INT64, DOUBLE), [(BIG, 2.0**53, False), (2**53, 2.0**53, True), (1, 1.5, False), (None, NAN, False),
                                  (0, NAN, False), (5, INF, False), (None, None, True), (1, None, False),
                                  (2**63 - 1, 2.0**63, False), (-(2**63), -(2.0**63), True)]),
    ("=", None, (DOUBLE, INT64), [(2.0**53, BIG, False), (3.0, 3, True)]),
    ("=", None, (DOUBLE, DOUBLE), [(NAN, NAN, False), (0.0, -0.0, True), (INF, INF, True), (None, NAN, False)]),
    ("=", None, (INT64, DECIMAL), [(BIG, Decimal(2**53), False), (3, Decimal("3.0000"), True)]),
    ("=", None, (DATETIMEZONE, DATETIMEZONE), [
        ({"instant": 5, "offset": 60}, {"instant": 5, "offset": 0}, True),
        ({"instant": 5, "offset": 0}, {"instant": 6, "offset": 0}, False)]),
    ("<", None, (DOUBLE, DOUBLE), [(1.0, NAN, False), (NAN, 1.0, False), (None, NAN, None), (NAN, None, None),
                                   (1.0, INF, True)]),
    (">", None, (DOUBLE, DOUBLE), [(NAN, 1.0, False), (1.0, NAN, False), (INF, 1.0, True)]),
    (">=", None, (DOUBLE, DOUBLE), [(NAN, NAN, False), (1.0, 1.0, True)]),
    ("<=", None, (DOUBLE, DOUBLE), [(NAN, NAN, False), (1.0, NAN, False)]),
    (">", None, (INT64, DOUBLE), [(BIG, 2.0**53, True), (BIG, 2.0**53 + 2, False), (1, NAN, False), (None, NAN, None),
                                  (-5, -INF, True), (1, 0.5, True), (1, 1e300, False)]),
    ("<=", None, (INT64, DOUBLE), [(BIG, 2.0**53, False), (2**53, 2.0**53, True), (1, 1.5, True), (1, None, None)]),
    (">=", None, (DOUBLE, INT64), [(2.0**53, BIG, False), (2.0**53 + 2, BIG, True), (1.5, 2, False)]),
    ("<", None, (TEXT, TEXT), [("a", "b", True), ("B", "a", True), ("\uffff", "😀", True), (None, "a", None)]),
    ("<", None, (DATE, DATE), [(date(1, 1, 1), date(9999, 12, 31), True)]),
    ("and", None, (LOGICAL, LOGICAL), [(True, True, True), (False, None, False), (None, False, False),
                                       (None, True, None), (False, BAD, False), (True, BAD, BAD), (None, BAD, BAD),
                                       (BAD, False, BAD)]),
    ("or", None, (LOGICAL, LOGICAL), [(False, False, False), (True, None, True), (None, True, True),
                                      (None, False, None), (True, BAD, True), (False, BAD, BAD), (BAD, True, BAD)]),
    ("not", None, (LOGICAL,), [(True, False), (None, None), (BAD, BAD)]),
    ("if", None, (LOGICAL, INT64, INT64), [(True, 1, 2, 1), (False, 1, 2, 2), (None, 1, 2, NO_CONDITION),
                                           (True, 1, BAD, 1), (False, 1, BAD, BAD), (BAD, 1, 2, BAD)]),
    ("if", None, (LOGICAL, INT64, DOUBLE), [(True, 1, 2.5, 1.0), (False, 1, 2.5, 2.5)]),
    ("??", None, (TEXT, TEXT), [("a", "b", "a"), (None, "b", "b"), (None, BAD, BAD), ("a", BAD, "a"), (BAD, "b", BAD)]),
    ("otherwise", None, (TEXT, TEXT), [(BAD, "b", "b"), ("a", "b", "a"), (None, "b", None), (BAD, WORSE, WORSE)]),
    ("[]", "x", (POINT,), [({"x": 1.5, "Label Two": "l"}, 1.5), ({"x": None, "Label Two": "l"}, None),
                           (None, Error("Expression.Error", "We cannot convert the value null to type Record."))]),
    ("[]", "Label Two", (POINT,), [({"x": 1.5, "Label Two": "l"}, "l"), (BAD, BAD)]),
    ("Number.From", "", (INT64,), [(3, 3.0), (None, None)]),
    ("Number.From", "", (LOGICAL,), [(True, 1.0), (False, 0.0)]),
    ("Number.From", "", (DECIMAL,), [(Decimal("1.2500"), 1.25)]),
    ("Int64.From", "", (DOUBLE,), [(0.5, 0), (1.5, 2), (-2.5, -2), (None, None), (2.0**63, "9.223372036854775807E+18"),
                                   (NAN, "NaN"), (-INF, "-Infinity"), (-(2.0**63), -(2**63))]),
    ("Int64.From", "", (DECIMAL,), [(Decimal("2.5000"), 2), (Decimal("-3.5000"), -4)]),
    ("Text.From", "", (INT64,), [(-5, "-5"), (None, None), (2**63 - 1, "9223372036854775807")]),
    ("Text.From", "", (LOGICAL,), [(True, "true"), (False, "false")]),
    ("Logical.From", "", (DOUBLE,), [(0.0, False), (0.1, True), (None, None), (NAN, True)]),
    ("Date.From", "", (DATETIME,), [(datetime(2024, 2, 29, 23, 59), date(2024, 2, 29)), (None, None)]),
    ("Date.From", "", (DATETIME_TICKS,), [(0, date(1, 1, 1)), (864_000_000_000 - 1, date(1, 1, 1))]),
    ("DateTime.From", "", (DATE,), [(date(1, 1, 2), 864_000_000_000), (date(1970, 1, 1), conversions.EPOCH_TICKS)]),
    ("DateTime.From", "", (DATETIME,), [(datetime(1970, 1, 1, 0, 0, 1), conversions.EPOCH_TICKS + 10_000_000)]),
    ("#date", None, (INT64, INT64, INT64), [
        (2024, 2, 29, date(2024, 2, 29)), (1, 1, 1, date(1, 1, 1)), (2023, 2, 29, NO_DATE), (10000, 1, 1, NO_DATE),
        (0, 1, 1, NO_DATE), (2024, 13, 1, NO_DATE), (2024, 2**40, 1, NO_DATE), (2024, None, 1, NO_PART),
        (BAD, None, 1, BAD)]),
    ("Date.Year", None, (DATE,), [(date(2024, 2, 29), 2024), (None, None)]),
    ("Date.Month", None, (DATETIME,), [(datetime(2024, 2, 29), 2)]),
    ("Date.Day", None, (DATETIME_TICKS,), [(conversions.EPOCH_TICKS, 1)]),
    ("Date.DayOfWeek", 0, (DATE,), [(date(2024, 3, 3), 0), (date(2024, 3, 9), 6)]),
    ("Date.DayOfWeek", 1, (DATE,), [(date(2024, 3, 3), 6), (date(2024, 3, 4), 0), (None, None)]),
    ("Text.Length", None, (TEXT,), [("", 0), ("é", 1), ("a😀b", 4), (None, None)]),
    ("Text.Contains", None, (TEXT, TEXT), [("abc", "b", True), ("abc", "B", False), ("abc", "", True),
                                           (None, "a", None), ("50%", "%", True)]),
    ("Text.StartsWith", None, (TEXT, TEXT), [("abc", "ab", True), ("abc", "b", False)]),
    ("Text.EndsWith", None, (TEXT, TEXT), [("abc", "bc", True), ("a_c", "_c", True)]),
    ("Number.Abs", None, (INT64,), [(-3, 3.0), (None, None)]),
    *CASES,
]  # fmt: skip

PYTHON_ORDER = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}

DETAILED = {"Int64.From": conversions.OUT_OF_INT64}

WRITTEN = [
    "9-Feb-24", "29 february 2023", "9FEB1949", "Feb 9, 2024", "Friday, February 9, 2024", "Fri 9 Feb 24",
    "Sept 9 2024", "2024 Feb 9", "24 Feb 9", "Feb 2024", "2024 Feb", "Feb 24", "May 31, 50", "June 31 2024",
    "Febr 9 2024", "0 Feb 24", "2/9/24", "2.9.2024", "2/9/49", "2/9/50", "13/1/24", "2024.2.9", "2024-02", "2/2024",
    "2024", "0024", "20240230", "0000", "0000 Feb 9", "2 9 24", "2/9/124",
]  # fmt: skip
"""Dates as people write them, and texts that are nearly such."""

TEXT_CONVERSIONS: dict[str, tuple[Any, list[str]]] = {
    "Number.From": (conversions.number_from_text, [
        "1", " 1.5 ", "+1", "-1e3", "1,234.5", "1,,2", ",1", "50%", "5 %", "%", ".5", "5.", ".", "1_000", "NA", "nan",
        "NaN", "Infinity", "-Infinity", "+Infinity", "inf", "1e400", "-1e400", "1e-400", "0x10", "", " ", "1 2", "٣",
        "\v1\f", "\u00a01", "1\x1f2", "--1", "1e", "e1", "12345678901234567890", "true", "9007199254740993",
        "+-0", " +-5", "-+5", "- 5"]),
    "Int64.From": (conversions.int64_from_text, [
        "1", "9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "2.5", "3.5",
        "1e3", "1e30", "1,234", "NaN", "", "x", "007", "+7", "-0", " 8\t", "1_0", "0x1", "150%", "1" * 30, "0" * 30,
        "Infinity", "0" * 25 + "5",
        "+-0", "+-7"]),
    "Logical.From": (conversions.logical_from_text, ["true", "FALSE", " True\n", "", "yes", "1", "truefalse", "t"]),
    "Date.From": (conversions.date_from_text, [
        "2024-02-29", "2023-02-29", "2024-2-9", "2/29/2024", "02/09/2024", "13/1/2024", "0000-01-01", "1/1/0000",
        "0001-01-01", "9999-12-31", "10000-01-01", "24-01-01", "1/1/24", " 2024-01-01 ", "2024-01-01 10:00", "", "x",
        "2024/01/01", "infinity", "epoch", "20240101", *WRITTEN]),
    "DateTime.From": (conversions.datetime_ticks_from_text, [
        "2024-02-29T10:11:12", "2024-02-29 10:11:12.1234567", "2024-02-29  1:02", "2/29/2024", "2/29/2024 12:00 AM",
        "2/29/2024 12:30pm", "2/29/2024 13:00 PM", "2/29/2024 0:00 AM", "2024-02-29 24:00:00", "2024-02-30T00:00:00",
        "2024-02-29 10:60", "2024-02-29 10:11:60", "0001-01-01T00:00:00", "9999-12-31T23:59:59.9999999", "0010-01-01",
        "2024-02-29T10:11:12Z", "", "x", "2024-02-29T", "0000-01-01 10:00", "1/1/0000 10:00", "1/1/2024T9:05:06 pm",
        *WRITTEN, *(f"{day}{clock}" for day in WRITTEN for clock in (" 1:02:03.5", ", 1:02 pm", "T25:00"))]),
}  # fmt: skip


def expected_conversion(function: Any, text: str) -> Any:
    try:
        return function(text)
    except MError as error:
        return Error(error.reason, error.message, str(error.detail).replace("\x1f", " "))


def same_cell(found: Any, expected: Any) -> bool:
    if isinstance(found, float) and isinstance(expected, float):
        return (math.isnan(found) and math.isnan(expected)) or found == expected
    return type(found) is type(expected) and bool(found == expected)


def assert_cells(found: list[Any], expected: list[Any]) -> None:
    assert len(found) == len(expected)
    wrong = [(f, e) for f, e in zip(found, expected, strict=True) if not same_cell(f, e)]
    assert wrong == []


class EngineContract:
    """Every class below runs on this fixture."""

    @pytest.fixture(scope="class")
    def engine(self) -> Engine:
        raise NotImplementedError


class ExpressionContract(EngineContract):
    @pytest.mark.parametrize(
        ("operator", "option", "types", "cases"),
        OPERATORS,
        ids=[f"{o}-{'-'.join(t.kind.value for t in ts)}-{option}" for o, option, ts, _ in OPERATORS],
    )
    def test_operator(
        self, engine: Engine, operator: str, option: Any, types: tuple[DataType, ...], cases: list[tuple[Any, ...]]
    ) -> None:
        names = [f"a{i}" for i in range(len(types))]
        table = inline(dict(zip(names, types, strict=True)), [case[:-1] for case in cases])
        expression = call(operator, *(ref(table, n) for n in names), option=option)
        found = [row[0] for row in rows_of(engine, only(table, r=expression))]
        assert_cells(found, [self._result(operator, expression.type, case[-1]) for case in cases])

    @staticmethod
    def _result(operator: str, result: DataType, expected: Any) -> Any:
        if isinstance(expected, str) and result.kind is not Kind.TEXT:
            failure = DETAILED[operator]
            detail = {"9.223372036854775807E+18": "9.223372036854776E+18"}.get(expected, expected)
            return Error(failure.reason, failure.message, detail)
        return expected

    @pytest.mark.parametrize(("data_type", "constants", "cases"), LISTED, ids=[t.kind.value for t, *_ in LISTED])
    def test_among_constants(
        self, engine: Engine, data_type: DataType, constants: list[Any], cases: list[tuple[Any, bool]]
    ) -> None:
        table = inline({"v": data_type}, [(value,) for value, _ in cases])
        found = call("List.Contains", ref(table, "v"), *(Literal(c, data_type) for c in constants))
        assert rows_of(engine, only(table, r=found)) == [(expected,) for _, expected in cases]

    def test_every_folded_operator_has_a_case(self, engine: Engine) -> None:
        assert engine.folds == {operator for operator, *_ in OPERATORS} | TEXT_CONVERSIONS.keys() | {"List.Contains"}

    @pytest.mark.parametrize("operator", TEXT_CONVERSIONS)
    def test_text_conversion(self, engine: Engine, operator: str) -> None:
        function, texts = TEXT_CONVERSIONS[operator]
        self._assert_converts(engine, operator, function, texts)

    @pytest.mark.parametrize("operator", TEXT_CONVERSIONS)
    @each_engine
    @given(texts=st.lists(
        st.one_of(
            st.text(alphabet="0123456789.,-+eE% _$()", max_size=12),
            st.text(alphabet="0123456789-/:T. aApPmM", max_size=24),
            st.from_regex(conversions.NUMBER_PATTERN, fullmatch=True),
            st.from_regex(conversions.DATETIME_PATTERN, fullmatch=True),
            st.from_regex(written_dates.DATE_PATTERN, fullmatch=True),
            st.from_regex(written_dates.DATETIME_PATTERN, fullmatch=True),
            st.integers(-(2**70), 2**70).map(str),
            st.floats().map(repr),
            st.datetimes().map(str),
            st.text(max_size=6),
        ).filter(lambda text: "\x1e" not in text),
        min_size=1, max_size=60,
    ))  # fmt: skip
    def test_any_text_converts_as_in_the_rules(self, engine: Engine, operator: str, texts: list[str]) -> None:
        self._assert_converts(engine, operator, TEXT_CONVERSIONS[operator][0], texts)

    @staticmethod
    def _assert_converts(engine: Engine, operator: str, function: Any, texts: list[str]) -> None:
        table = inline({"t": TEXT}, [(text,) for text in [*texts, None]])
        found = [row[0] for row in rows_of(engine, only(table, r=call(operator, ref(table, "t"), option="")))]
        assert_cells(found, [*(expected_conversion(function, text) for text in texts), None])

    @each_engine
    @given(pairs=st.lists(
        st.tuples(
            st.integers(-(2**63), 2**63 - 1),
            st.floats() | st.integers(-(2**63), 2**63).map(float),
        ).flatmap(lambda pair: st.sampled_from([pair, (pair[0], float(pair[0]))])),
        min_size=1, max_size=40,
    ))  # fmt: skip
    def test_whole_numbers_and_doubles_compare_by_value(self, engine: Engine, pairs: list[tuple[int, float]]) -> None:
        table = inline({"i": INT64, "d": DOUBLE}, pairs)
        operators = ["=", "<>", "<", "<=", ">", ">="]
        plan = only(table, **{f"r{n}": call(o, ref(table, "i"), ref(table, "d")) for n, o in enumerate(operators)})
        # Python compares int with float exactly, which is the rule.
        expected = [(i == d, i != d, i < d, i <= d, i > d, i >= d) for i, d in pairs]
        assert rows_of(engine, plan) == expected

    def test_numbers_compare_with_constants_by_value(self, engine: Engine) -> None:
        doubles = [NAN, INF, -INF, 2.0**53, 50.0, 50.5, None]
        wholes = [2**53, 2**53 + 1, 50, 51, -(2**63), 2**63 - 1, None]
        for cells, kind, constants in (
            (doubles, DOUBLE, [50, 2**53 + 1, 50.0, NAN, INF]),
            (wholes, INT64, [50.0, 50.5, 2.0**53, 2.0**63, NAN, -INF, 50]),
        ):
            table = inline({"v": kind}, [(cell,) for cell in cells])
            for constant in constants:
                literal = Literal(constant, INT64 if isinstance(constant, int) else DOUBLE)
                pairs = [call(o, ref(table, "v"), literal) for o in PYTHON_ORDER]
                pairs += [call(o, literal, ref(table, "v")) for o in PYTHON_ORDER]
                plan = only(table, **{f"r{n}": pair for n, pair in enumerate(pairs)})
                expected = [
                    tuple(
                        None if cell is None else compare(*pair)
                        for pair in ((cell, constant), (constant, cell))
                        for compare in PYTHON_ORDER.values()
                    )
                    for cell in cells
                ]
                assert rows_of(engine, plan) == expected

    def test_a_constant_of_every_kind_comes_back(self, engine: Engine) -> None:
        constants: list[tuple[Any, DataType]] = [
            (None, TEXT), ("it's\n\"q\" \\n \x00\x01", TEXT), (True, LOGICAL), (-(2**63), INT64), (BIG, INT64),
            (0.1, DOUBLE), (NAN, DOUBLE), (-INF, DOUBLE), (5e-324, DOUBLE), (Decimal("-1.2345"), DECIMAL),
            (date(1, 1, 1), DATE), (datetime(2024, 1, 1, 1, 2, 3, 4), DATETIME), (7, DATETIME_TICKS), (8, TIME),
            (-9, DURATION), (b"\x00\xff'", BINARY), ({"instant": -1, "offset": -60}, DATETIMEZONE),
            ({"x": 1.5, "Label Two": None}, POINT), ([1, None], list_type(INT64)), ([], list_type(TEXT)),
        ]  # fmt: skip
        table = inline({"a": INT64}, [(1,)])
        plan = only(table, **{f"c{n}": Literal(v, t) for n, (v, t) in enumerate(constants)})
        assert_cells(list(rows_of(engine, plan)[0]), [value for value, _ in constants])

    def test_a_chain_of_computed_columns_gives_each_once(self, engine: Engine) -> None:
        plan: Node = inline({"t": TEXT}, [("1",), ("x",), ("",)])
        plan = added(plan, "n", number(plan, "t"))
        for step in range(30):
            plan = added(plan, f"s{step}", call("+", ref(plan, "n"), ref(plan, f"s{step - 1}" if step else "n")))
        last = rows_of(engine, only(plan, r=ref(plan, "s29")))
        failure = Error("DataFormat.Error", "We couldn't convert to Number.", "x")
        assert last == [(31.0,), (failure,), (None,)]

    def test_an_unknown_operator_is_refused(self, engine: Engine) -> None:
        from headwater.errors import NotFoldableError
        from headwater.plan.expressions import Call as CallExpression

        table = inline({"a": INT64}, [(1,)])
        unknown = CallExpression("Text.Proper", (ref(table, "a"),), TEXT, may_fail=False)
        with pytest.raises(NotFoldableError, match=r"Text\.Proper"):
            engine.table(only(table, r=unknown))


def people(count: int = 50_000) -> Node:
    """Enough rows for several threads: number ``n`` in file order, ``k`` in a scattered order, ``g`` of ten groups."""
    return inline(
        {"n": INT64, "k": INT64, "g": INT64}, [(n, n * 7919 % count, (n * 31 + n // 7) % 10) for n in range(count)]
    )


class OrderContract(EngineContract):
    def test_filters_and_projections_keep_order(self, engine: Engine) -> None:
        table = people()
        plan = only(Filter(table, call(">", ref(table, "k"), Literal(100, INT64))), n=Ref("n", INT64))
        assert rows_of(engine, plan) == [(n,) for n, k, _ in rows_of(engine, table) if k > 100]

    def test_sort_is_stable_and_nulls_are_least(self, engine: Engine) -> None:
        values = [(i, [None, "b", "B", "", "é", "😀", "\uffff"][i % 7]) for i in range(7000)]
        table = inline({"n": INT64, "t": TEXT}, values)
        ascending = rows_of(engine, Sort(table, (SortKey(ref(table, "t")),)))
        assert ascending == sorted(values, key=lambda v: (v[1] is not None, v[1] or ""))
        descending = rows_of(engine, Sort(table, (SortKey(ref(table, "t"), descending=True),)))
        present = sorted((v for v in values if v[1] is not None), key=lambda v: v[1] or "", reverse=True)
        assert descending == present + [v for v in values if v[1] is None]

    def test_what_comes_after_a_sort_sees_its_nulls_in_place(self, engine: Engine) -> None:
        table = inline({"n": INT64, "t": TEXT}, [(i, [None, "b", "a"][i % 3]) for i in range(30)])
        for descending in (False, True):
            sorted_ = Sort(table, (SortKey(ref(table, "t"), descending=descending),))
            twice = added(sorted_, "u", call("&", ref(table, "t"), ref(table, "t")))
            plan = added(twice, "w", call("&", ref(twice, "u"), ref(twice, "u")))
            expected = [text for text, _ in rows_of(engine, only(sorted_, t=ref(table, "t"), n=ref(table, "n")))]
            assert [row[1] for row in rows_of(engine, plan)] == expected
            assert [row[1] for row in rows_of(engine, Index(plan, Column("i", "I", INT64)))] == expected
            assert expected[0] is None or (descending and expected[-1] is None)
            grouped = Aggregate(sorted_, ("t",), ())
            assert rows_of(engine, grouped) == [(text,) for text in dict.fromkeys(expected)]

    def test_sort_by_several_computed_and_constant_keys(self, engine: Engine) -> None:
        table = people(5000)
        keys = (
            SortKey(Literal("x", TEXT)),
            SortKey(ref(table, "g"), descending=True),
            SortKey(call("negate", ref(table, "k"))),
        )
        expected = sorted(rows_of(engine, table), key=lambda r: (-r[2], -r[1]))
        assert rows_of(engine, Sort(table, keys)) == expected

    def test_first_rows_of_a_sort(self, engine: Engine) -> None:
        table = people()
        plan = Slice(Sort(table, (SortKey(ref(table, "g")),)), 5, 10)
        expected = sorted(rows_of(engine, table), key=lambda r: r[2])[5:15]
        assert rows_of(engine, plan) == expected
        assert rows_of(engine, plan, ordered=False) == expected or set(rows_of(engine, plan, ordered=False)) == set(
            expected
        )

    @pytest.mark.parametrize(("offset", "count"), [(0, 0), (0, 3), (49_998, 5), (60_000, 1), (10, None)])
    def test_slices(self, engine: Engine, offset: int, count: int | None) -> None:
        table = people()
        end = None if count is None else offset + count
        assert rows_of(engine, Slice(table, offset, count)) == rows_of(engine, table)[offset:end]

    def test_index_counts_in_order(self, engine: Engine) -> None:
        table = people()
        kept = Filter(table, call(">", ref(table, "k"), Literal(40_000, INT64)))
        plan = Index(kept, Column("i", "Index", INT64), start=100, step=-2)
        found = rows_of(engine, plan)
        assert [row[3] for row in found] == [100 - 2 * i for i in range(len(found))]
        assert [row[0] for row in found] == sorted(row[0] for row in found)

    def test_index_of_a_join_counts_its_order(self, engine: Engine) -> None:
        left, right = (
            people(3000),
            inline({"gr": INT64, "v": TEXT}, [(g, f"v{g}{i}") for i in range(2) for g in range(9)]),
        )
        plan = Index(join(left, right, [("g", "gr")], "left"), Column("i", "Index", INT64))
        assert rows_of(engine, plan) == [
            (*row, i) for i, row in enumerate(_joined(rows_of(engine, left), rows_of(engine, right), "left"))
        ]

    def test_distinct_takes_first_rows(self, engine: Engine) -> None:
        table = people()
        seen: dict[int, tuple[Any, ...]] = {}
        for row in rows_of(engine, table):
            seen.setdefault(row[2], row)
        assert rows_of(engine, Distinct(table, ("g",))) == list(seen.values())
        assert set(rows_of(engine, Distinct(table, ("g",)), ordered=False)) == set(seen.values())

    def test_distinct_by_all_columns(self, engine: Engine) -> None:
        table = inline({"a": DOUBLE, "b": TEXT}, [(2.0, "x"), (1.0, None), (2.0, "x"), (1.0, None), (None, None)])
        assert rows_of(engine, Distinct(table)) == [(2.0, "x"), (1.0, None), (None, None)]

    def test_distinct_keeps_errors_of_other_columns(self, engine: Engine) -> None:
        table = inline({"a": INT64, "b": TEXT}, [(1, BAD), (1, "x"), (2, "y"), (2, BAD)])
        assert rows_of(engine, Distinct(table, ("a",))) == [(1, BAD), (2, "y")]

    def test_groups_come_in_order_of_first_appearance(self, engine: Engine) -> None:
        table = people()
        grouped = Aggregate(table, ("g",), ((Column("c", "Count", INT64), AggregateCall("Table.RowCount")),))
        first = list(dict.fromkeys(row[2] for row in rows_of(engine, table)))
        assert [row[0] for row in rows_of(engine, grouped)] == first

    def test_groups_of_a_sorted_table(self, engine: Engine) -> None:
        table = people()
        grouped = Aggregate(Sort(table, (SortKey(ref(table, "g"), descending=True),)), ("g",), ())
        assert rows_of(engine, grouped) == [(g,) for g in range(9, -1, -1)]

    def test_union_is_one_after_another(self, engine: Engine) -> None:
        one, two = people(30_000), Sort(people(1000), (SortKey(Ref("k", INT64)),))
        columns = (Column("n", "N", INT64), Column("k", "K", DOUBLE), Column("g", "G", INT64))
        plan = Union((one, two, one), columns)
        expected = rows_of(engine, one) + rows_of(engine, two) + rows_of(engine, one)
        assert rows_of(engine, plan) == [(n, float(k), g) for n, k, g in expected]
        assert rows_of(engine, Union((one, one), columns)) == [(n, float(k), g) for n, k, g in rows_of(engine, one) * 2]

    def test_unions_of_errors_and_of_nothing(self, engine: Engine) -> None:
        columns = (Column("a", "A", TEXT, may_fail=True),)
        plan = Union((inline({"a": TEXT}, [(BAD,)]), inline({"b": TEXT}, [("x",)])), columns)
        assert rows_of(engine, plan) == [(BAD,), ("x",)]
        assert rows_of(engine, Union((), columns)) == []

    def test_unions_of_unions_of_sorted_tables(self, engine: Engine) -> None:
        plan: Node = Sort(people(50), (SortKey(Ref("k", INT64)),))
        more = Sort(people(3), (SortKey(Ref("g", INT64), descending=True),))
        expected = rows_of(engine, plan)
        for _ in range(90):
            plan, expected = Union((plan, more), plan.columns), expected + rows_of(engine, more)
        assert rows_of(engine, plan) == expected

    def test_first_rows_of_a_union_of_sorted_tables(self, engine: Engine) -> None:
        table = people(500)
        ordered_by_k = Sort(table, (SortKey(ref(table, "k")),))
        plan = Slice(Union((ordered_by_k, table), table.columns), 499, 2)
        assert [row[1] for row in rows_of(engine, plan)] == [499, 0]

    def test_a_deep_plan(self, engine: Engine) -> None:
        plan: Node = people(1000)
        for step in range(400):
            plan = Filter(plan, call("<>", ref(plan, "n"), Literal(step, INT64)))
        assert [row[0] for row in rows_of(engine, plan)] == list(range(400, 1000))


def _joined(left: list[Any], right: list[Any], kind: str) -> list[tuple[Any, ...]]:
    """The rule of Join by nested loops; keys: the last column of left, the first of right."""
    wide_left, wide_right = len(left[0]), len(right[0])
    matches = [[r for r in right if r[0] == row[-1]] for row in left]
    alone = [r for r in right if all(r[0] != row[-1] for row in left)]
    pairs = [row + r for row, found in zip(left, matches, strict=True) for r in found]
    outer = [row + r for row, found in zip(left, matches, strict=True) for r in found or [(None,) * wide_right]]
    rights = [(None,) * wide_left + r for r in alone]
    return {
        "inner": pairs,
        "left": outer,
        "right": pairs + rights,
        "full": outer + rights,
        "left_semi": [row for row, found in zip(left, matches, strict=True) if found],
        "left_anti": [row for row, found in zip(left, matches, strict=True) if not found],
        "right_semi": [r for r in right if r not in alone],
        "right_anti": alone,
    }[kind]


JOIN_KINDS: list[Any] = ["inner", "left", "right", "full", "left_semi", "left_anti", "right_semi", "right_anti"]


class JoinContract(EngineContract):
    @pytest.mark.parametrize("kind", JOIN_KINDS)
    def test_rows_and_their_order(self, engine: Engine, kind: Any) -> None:
        left = inline({"n": INT64, "k": TEXT}, [(i, [None, "a", "b", "c", ""][i * i % 5]) for i in range(500)])
        right = inline({"j": TEXT, "v": INT64}, [(["b", None, "z", "a", "A"][i % 5], i) for i in range(20)])
        plan = join(left, right, [("k", "j")], kind)
        expected = _joined(rows_of(engine, left), rows_of(engine, right), kind)
        assert rows_of(engine, plan) == expected
        assert sorted(map(str, rows_of(engine, plan, ordered=False))) == sorted(map(str, expected))

    def test_order_of_many_rows(self, engine: Engine) -> None:
        left = people()
        right = inline({"kr": INT64, "v": INT64}, [(i // 2, i) for i in range(60_000)])
        found = rows_of(engine, join(left, right, [("k", "kr")], "inner"))
        assert found == sorted(found, key=lambda row: (row[0], row[4])) and len(found) == 60_000

    @pytest.mark.parametrize("flipped", [False, True])
    def test_whole_numbers_and_doubles_meet_by_value(self, engine: Engine, flipped: bool) -> None:
        whole = inline({"i": INT64}, [(BIG,), (2**53,), (3,), (None,), (2**63 - 1,)])
        double = inline({"d": DOUBLE}, [(2.0**53,), (3.0,), (3.5,), (None,), (2.0**63,), (NAN,), (INF,)])
        pairs = {(2**53, 2.0**53), (3, 3.0), (None, None)}
        if flipped:
            assert set(rows_of(engine, join(double, whole, [("d", "i")], "inner"))) == {(d, i) for i, d in pairs}
        else:
            assert set(rows_of(engine, join(whole, double, [("i", "d")], "inner"))) == pairs

    def test_two_keys_and_clashing_names(self, engine: Engine) -> None:
        left = inline({"a": INT64, "b": TEXT}, [(1, "x"), (1, "y"), (None, None)])
        right = inline({"a": INT64, "b": TEXT}, [(1, "y"), (None, None), (1, "z")])
        plan = join(left, right, [("a", "a"), ("b", "b")], "inner")
        assert [c.name for c in plan.columns] == ["A", "B", "A", "B"]
        assert rows_of(engine, plan) == [(1, "y", 1, "y"), (None,) * 4]

    def test_errors_travel_and_an_error_in_a_key_fails(self, engine: Engine) -> None:
        left = inline({"a": INT64, "e": TEXT}, [(1, BAD), (2, "x")])
        right = inline({"b": INT64, "f": TEXT}, [(1, "r"), (3, WORSE)])
        assert rows_of(engine, join(left, right, [("a", "b")], "full")) == [
            (1, BAD, 1, "r"), (2, "x", None, None), (None, None, 3, WORSE)
        ]  # fmt: skip
        with pytest.raises(MError, match="cell"):
            engine.table(join(left, right, [("e", "f")], "inner"))

    def test_a_table_joins_itself(self, engine: Engine) -> None:
        table = people(2000)
        found = rows_of(engine, join(table, table, [("n", "k")], "inner"))
        assert [row[0] for row in found] == list(range(2000)) and all(row[0] == row[4] for row in found)

    def test_joins_in_a_row_keep_the_first_table_s_order(self, engine: Engine) -> None:
        plan: Node = people(3000)
        for step in range(3):
            other = inline({f"key{step}": INT64, f"v{step}": INT64}, [(g, g * 10) for g in range(9)])
            plan = join(plan, other, [("g", f"key{step}")], "left")
        found = rows_of(engine, plan)
        assert [row[0] for row in found] == list(range(3000))


AGGREGATES: list[tuple[str, DataType, list[Any], Any]] = [
    ("List.Sum", INT64, [1, None, 2], 3.0),
    ("List.Sum", DOUBLE, [None, None], None),
    ("List.Sum", DOUBLE, [INF, -INF], NAN),
    ("List.Sum", INT64, [2**62, 2**62, 2**62], float(3 * 2**62)),
    ("List.Average", INT64, [1, None, 2], 1.5),
    ("List.Median", DOUBLE, [3.0, None, 1.0], 2.0),
    ("List.Median", INT64, [5, 1, 3], 3.0),
    ("List.Median", DOUBLE, [None], None),
    ("List.Median", DOUBLE, [NAN, 1.0, 2.0], 2.0),
    ("List.Product", DOUBLE, [2.0, None, 4.0], 8.0),
    ("List.Product", INT64, [None], None),
    ("List.CountDistinct", TEXT, ["a", "A", "a", None, None], 3),
    ("List.CountDistinct", INT64, [1, BAD, 1], BAD),
    ("List.Min", TEXT, ["b", None, "B", "a"], "B"),
    ("List.Max", TEXT, ["b", None, "é"], "é"),
    ("List.Min", INT64, [BIG, 2**53], 2**53),
    ("List.Max", DATE, [date(1, 1, 1), None], date(1, 1, 1)),
    ("List.Max", INT64, [None], None),
    ("List.NonNullCount", TEXT, ["", None, "x"], 2),
    ("Table.RowCount", TEXT, ["", None, "x"], 3),
    ("List.Sum", DOUBLE, [1.0, BAD, WORSE], BAD),
    ("List.NonNullCount", TEXT, ["x", WORSE, BAD], WORSE),
]


class AggregateContract(EngineContract):
    @pytest.mark.parametrize(
        ("function", "data_type", "cells", "expected"),
        AGGREGATES,
        ids=[f"{i}-{a[0]}" for i, a in enumerate(AGGREGATES)],
    )
    @pytest.mark.parametrize("ordered", [True, False])
    def test_aggregate(
        self, engine: Engine, function: str, data_type: DataType, cells: list[Any], expected: Any, ordered: bool
    ) -> None:
        table = inline({"g": TEXT, "v": data_type}, [("g", cell) for cell in cells])
        found = rows_of(engine, _grouped(table, ("g",), function), ordered=ordered)
        assert_cells([found[0][0]], ["g"])
        if ordered or not isinstance(expected, Error):
            assert_cells([found[0][1]], [expected])
        else:
            assert found[0][1] in (BAD, WORSE)

    def test_every_folded_aggregate_has_a_case(self, engine: Engine) -> None:
        assert engine.aggregates == {function for function, *_ in AGGREGATES}

    def test_null_zero_and_nan_are_groups(self, engine: Engine) -> None:
        table = inline({"g": DOUBLE, "v": INT64}, [(None, 1), (0.0, 2), (-0.0, 3), (None, 4), (NAN, 5), (NAN, 6)])
        found = rows_of(engine, _grouped(table, ("g",), "List.Sum"))
        assert [row[1] for row in found] == [5.0, 5.0, 11.0]

    def test_no_keys_make_one_group_of_some_rows_and_none_of_none(self, engine: Engine) -> None:
        table = inline({"v": INT64}, [(1,), (2,)])
        assert rows_of(engine, _grouped(table, (), "Table.RowCount")) == [(2,)]
        assert rows_of(engine, _grouped(Slice(table, 0, 0), (), "Table.RowCount")) == []

    def test_a_constant_key_and_a_computed_argument(self, engine: Engine) -> None:
        table = inline({"v": INT64}, [(1,), (2,)])
        keyed = added(added(table, "c", Literal("k", TEXT)), "w", call("*", ref(table, "v"), Literal(10, INT64)))
        total = AggregateCall("List.Sum", call("+", ref(keyed, "w"), ref(keyed, "w")))
        plan = Aggregate(keyed, ("c",), ((Column("s", "S", DOUBLE), total),))
        assert rows_of(engine, plan) == [("k", 60.0)]

    def test_an_error_in_a_key_fails(self, engine: Engine) -> None:
        table = inline({"g": TEXT, "v": INT64}, [("a", 1), (BAD, 2)])
        for plan in (_grouped(table, ("g",), "Table.RowCount"), Distinct(table, ("g",)), Distinct(table)):
            with pytest.raises(MError, match="bad cell"):
                engine.table(plan)
        assert rows_of(engine, _grouped(Slice(table, 0, 1), ("g",), "Table.RowCount")) == [("a", 1)]


def _grouped(table: Node, keys: tuple[str, ...], function: str) -> Aggregate:
    value = None if function == "Table.RowCount" else ref(table, "v")
    result = {
        "List.NonNullCount": INT64,
        "List.CountDistinct": INT64,
        "Table.RowCount": INT64,
        "List.Min": None,
        "List.Max": None,
    }.get(function, DOUBLE)
    data_type = table.column("v").type if result is None else result
    column = Column("r", "Result", data_type, value.may_fail if value is not None else False)
    return Aggregate(table, keys, ((column, AggregateCall(function, value)),))


class FilterContract(EngineContract):
    def test_null_counts_as_false(self, engine: Engine) -> None:
        table = inline({"a": INT64, "b": LOGICAL}, [(1, True), (2, None), (3, False)])
        assert rows_of(engine, Filter(table, ref(table, "b"))) == [(1, True)]

    def test_an_error_fails_the_query_with_its_detail(self, engine: Engine) -> None:
        table = inline({"t": TEXT}, [("1",), ("it's \x1f \n bad",)])
        plan = Filter(table, call(">", number(table, "t"), Literal(0, INT64)))
        with pytest.raises(MError) as caught:
            engine.table(plan)
        error = caught.value
        assert (error.reason, error.message) == ("DataFormat.Error", "We couldn't convert to Number.")
        assert error.detail == "it's   \n bad"

    def test_rows_that_were_dropped_before_cannot_fail_it(self, engine: Engine) -> None:
        table = inline({"n": INT64, "t": TEXT}, [(i, "NA" if i % 1000 == 7 else str(i)) for i in range(100_000)])
        good = Filter(table, call("<>", ref(table, "t"), Literal("NA", TEXT)))
        positive = Filter(good, call(">=", number(good, "t"), Literal(0, INT64)))
        assert len(rows_of(engine, positive)) == 99_900
        typed = added(good, "v", number(good, "t"))
        again = Filter(
            Filter(typed, call("<", ref(typed, "v"), Literal(50, INT64))),
            call(">", ref(typed, "v"), Literal(47, INT64)),
        )
        assert [row[0] for row in rows_of(engine, again)] == [48, 49]

    @pytest.mark.parametrize("kind", ["inner", "left_semi"])
    def test_rows_that_a_join_dropped_cannot_fail_it(self, engine: Engine, kind: Any) -> None:
        count = 100_000
        left = inline({"n": INT64, "t": TEXT}, [(i, "NA" if i % 1000 == 7 else str(i)) for i in range(count)])
        right = inline({"m": INT64}, [(i,) for i in range(count) if i % 1000 != 7])
        typed = added(left, "v", number(left, "t"))
        joined = join(typed, right, [("n", "m")], kind)
        plan = Filter(joined, call(">=", ref(joined, "v"), Literal(0, INT64)))
        assert len(rows_of(engine, plan)) == count - count // 1000

    def test_error_in_a_sort_key_fails(self, engine: Engine) -> None:
        table = inline({"t": TEXT}, [("1",), (BAD,)])
        with pytest.raises(MError, match="bad cell"):
            engine.table(Sort(table, (SortKey(ref(table, "t")),)))


def sums(node: Node, function: Adder, name: str = "s", left: str = "a", right: str = "b") -> Call:
    return Call(node, function, (left, right), Column(name, name.upper(), DOUBLE, may_fail=True))


class CallContract(EngineContract):
    def _numbers(self, count: int = 200_000) -> Node:
        return inline({"a": DOUBLE, "b": DOUBLE}, [(float(i), 0.5) for i in range(count)])

    def test_the_plan_is_cut_and_order_kept(self, engine: Engine) -> None:
        function = Adder()
        node = sums(self._numbers(), function)
        plan = only(
            Filter(node, call(">", ref(node, "a"), Literal(10.0, DOUBLE))),
            r=call("*", Ref("s", DOUBLE, True), Literal(2, INT64)),
        )
        assert rows_of(engine, plan) == [(2 * i + 1.0,) for i in range(11, 200_000)]
        assert max(function.batches) > 2048, "batches as a model wants them"
        assert [f.label for f in engine.explain(plan)] == ["input of demo.adder", "result"]

    def test_calls_follow_each_other_and_join(self, engine: Engine) -> None:
        first = sums(self._numbers(1000), Adder())
        second = sums(first, Adder(), "u", "s", "b")
        grouped = Aggregate(
            second, ("b",), ((Column("m", "M", DOUBLE, True), AggregateCall("List.Max", ref(second, "u"))),)
        )
        plan = join(Sort(second, (SortKey(ref(second, "u"), descending=True),)), grouped, [("b", "b")], "inner")
        found = rows_of(engine, plan)
        assert [row[3] for row in found] == [i + 1.0 for i in range(999, -1, -1)]
        assert {row[-1] for row in found} == {1000.0}

    def test_errors_are_not_sent_and_come_back(self, engine: Engine) -> None:
        table = inline({"a": DOUBLE, "b": DOUBLE}, [(1.0, 1.0), (BAD, 1.0)])
        assert rows_of(engine, sums(table, Adder())) == [(1.0, 1.0, 2.0), (BAD, 1.0, BAD)]

    def test_a_call_reached_twice_runs_once(self, engine: Engine) -> None:
        function = Adder()
        node = sums(self._numbers(3000), function)
        high = Filter(node, call(">=", ref(node, "s"), Literal(100.5, DOUBLE)))
        plan = Union((Slice(node, 0, 100), high, node), node.columns)
        assert [row[0] for row in rows_of(engine, plan)] == [
            *range(100), *range(100, 3000), *range(3000)
        ]  # fmt: skip
        assert len(function.seen) == 3000

    def test_a_call_joined_with_what_is_computed_from_it_runs_once(self, engine: Engine) -> None:
        function = Adder()
        node = sums(self._numbers(3000), function)
        again = sums(node, Adder(), "z", "s", "b")
        joined = join(node, only(again, key=ref(again, "a"), z=ref(again, "z")), [("a", "key")], "inner")
        assert [row[-1] for row in rows_of(engine, joined)] == [i + 1.0 for i in range(3000)]
        assert len(function.seen) == 3000

    def test_only_the_rows_and_columns_that_are_needed_are_sent(self, engine: Engine) -> None:
        function = Adder()
        node = sums(added(self._numbers(), "wide", Literal("w", TEXT)), function)
        kept = Filter(node, call(">=", ref(node, "a"), Literal(1000.0, DOUBLE)))
        plan = only(Slice(kept, 5, 10), r=ref(node, "s"))
        assert rows_of(engine, plan) == [(1005.5 + i,) for i in range(10)]
        assert function.seen == [1005.0 + i for i in range(10)]
        assert function.columns == ["a", "b"]

    def test_a_call_whose_result_nobody_reads_is_not_made(self, engine: Engine) -> None:
        function = Adder()
        node = sums(self._numbers(10), function)
        assert len(rows_of(engine, only(node, r=ref(node, "a")))) == 10
        assert not function.batches

    def test_its_own_error_comes_through(self, engine: Engine) -> None:
        plan = sums(sums(self._numbers(), Adder(fail_at=100_000)), Adder(), "z", "s", "b")
        for whole in (plan, Sort(plan, (SortKey(ref(plan, "z")),))):
            with pytest.raises(ScoringError, match="The adder gave up") as caught:
                engine.table(whole)
            assert caught.value.hint == "Ask it for less."

    def test_an_error_of_its_input_comes_through(self, engine: Engine) -> None:
        table = inline({"t": TEXT}, [("1",), ("x",)])
        typed = added(table, "a", number(table, "t"))
        kept = Filter(typed, call(">", ref(typed, "a"), Literal(0, INT64)))
        with pytest.raises(MError, match="convert to Number"):
            engine.table(sums(kept, Adder(), right="a"))

    def test_no_rows_make_no_trouble(self, engine: Engine) -> None:
        assert rows_of(engine, sums(self._numbers(0), Adder())) == []


def csv_file(folder: Path, content: str | bytes, name: str = "file.csv") -> str:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def scan(path: str, *names: str, **options: Any) -> CsvScan:
    return CsvScan(path, text_columns(names), **options)


CSV_FILES: dict[str, tuple[str | bytes, dict[str, Any], list[tuple[Any, ...]]]] = {
    "plain": ("a,b\n1,2\n", {}, [("a", "b"), ("1", "2")]),
    "no last line end": ("a,b\n1,2", {}, [("a", "b"), ("1", "2")]),
    "returns": ("a,b\r\n1,\r\n", {}, [("a", "b"), ("1", "")]),
    "mixed line ends": ("a,b\r\n1,2\n3,4\r5,6", {}, [("a", "b"), ("1", "2"), ("3", "4"), ("5", "6")]),
    "empty and missing": ('a,\nb\n"",c\n', {}, [("a", ""), ("b", ""), ("", "c")]),
    "too many fields": ("a,b,c\n1,2\n", {}, [("a", "b"), ("1", "2")]),
    "quotes": ('"a,1","b ""q"""\n"line\none",2\n', {}, [("a,1", 'b "q"'), ("line\none", "2")]),
    "quoted returns": ('"a\r\nb",c\r\n', {}, [("a\r\nb", "c")]),
    "stray quotes": ('a,5" pipe\n"x"y,z\n', {}, [("a", '5" pipe'), ("xy", "z")]),
    "blank before quote": (' "a",b\n', {}, [(' "a"', "b")]),
    "an open quote": ('a,b\n"c,d\ne,f', {}, [("a", "b"), ("c,d\ne,f", "")]),
    "blank lines": ("a,b\n\n\nc,d\n\n", {}, [("a", "b"), ("", ""), ("", ""), ("c", "d"), ("", "")]),
    "blank lines with returns": ("\r\na,b\r\n\r\nc,d", {}, [("", ""), ("a", "b"), ("", ""), ("c", "d")]),
    "a line of blanks": ("a,b\n  \n", {}, [("a", "b"), ("  ", "")]),
    "a mark of byte order": (b"\xef\xbb\xbfa,b\n", {}, [("a", "b")]),
    "nothing": ("", {}, []),
    "a mark alone": (b"\xef\xbb\xbf", {}, []),
    "comments are data": ("#a,b\n", {}, [("#a", "b")]),
    "null is text": ("NULL,null\nNA,\\N\n", {}, [("NULL", "null"), ("NA", "\\N")]),
    "backslash is text": ('a\\,"b\\"\n', {}, [("a\\", "b\\")]),
    "other delimiter": ("a;b,c\n", {"delimiter": ";"}, [("a", "b,c")]),
    "tab": ("a\tb\n", {"delimiter": "\t"}, [("a", "b")]),
    "no quoting": ('"a,b"\n""",c\n', {"quote": False}, [('"a', 'b"'), ('"""', "c")]),
    "line breaks end rows": ('"a,1",b\n"c\nd",e\n', {"quoted_breaks": False}, [("a,1", "b"), ("c", ""), ('d"', "e")]),
    "quotes without line breaks": ('"a,1","b ""q"""\n', {"quoted_breaks": False}, [("a,1", 'b "q"')]),
    "code page 1252": ("ä,“é”\n".encode("cp1252"), {"encoding": "cp1252"}, [("ä", "“é”")]),
    "code page 1252 as Latin-1": ("ä,é\n".encode("cp1252"), {"encoding": "cp1252"}, [("ä", "é")]),
    "code page 932": ("あ,b\n".encode("cp932"), {"encoding": "cp932"}, [("あ", "b")]),
    "latin-1": ("ä,é\n".encode("latin-1"), {"encoding": "latin-1"}, [("ä", "é")]),
    "utf-16": ("ä,é\r\nc,d".encode("utf-16"), {"encoding": "utf-16"}, [("ä", "é"), ("c", "d")]),
    "not utf-8": (b"a,\xff\n", {}, [("a", "\ufffd")]),
    "skipped rows": ('h\n"two\nlines",x\n1,2\n', {"skip_rows": 2}, [("1", "2")]),
    "skipped rows of mixed ends": ('"\n"\r\n,\n1,2', {"skip_rows": 2}, [("1", "2")]),
    "skipped blank rows": ("h\n\n1,2\n", {"skip_rows": 2}, [("1", "2")]),
    "skipped all": ("a,b\n", {"skip_rows": 5}, []),
    "first rows": ("a,b\nc,d\ne,f\n", {"skip_rows": 1, "max_rows": 1}, [("c", "d")]),
    "a delimiter beyond ASCII": ("a¦b\n", {"delimiter": "¦"}, [("a", "b")]),
    "a zero byte": (b"a\x00,b\n", {}, [("a\x00", "b")]),
}


def csv_rows_of(text: str) -> list[tuple[str, str]]:
    """Two fields a row, by Python's reader; a blank line is two empty fields."""
    rows = [row or [""] for row in csv.reader(io.StringIO(text))]
    return [(row[0], row[1] if len(row) > 1 else "") for row in rows]


class CsvContract(EngineContract):
    @pytest.mark.parametrize("name", CSV_FILES)
    def test_file(self, engine: Engine, tmp_path: Path, name: str) -> None:
        content, options, expected = CSV_FILES[name]
        assert rows_of(engine, scan(csv_file(tmp_path, content), "A", "B", **options)) == expected

    def test_one_column(self, engine: Engine, tmp_path: Path) -> None:
        plan = scan(csv_file(tmp_path, "a\n\nb,c\n"), "A")
        assert rows_of(engine, plan) == [("a",), ("",), ("b",)]

    def test_many_rows_keep_their_order(self, engine: Engine, tmp_path: Path) -> None:
        lines = [f'{i},"t {i}"' if i % 3 else f"{i}" for i in range(300_000)]
        plan = scan(csv_file(tmp_path, "\n".join(lines)), "I", "T")
        found = engine.table(plan)
        assert found["i"].to_pylist() == [str(i) for i in range(300_000)]
        assert found["t"].to_pylist() == [f"t {i}" if i % 3 else "" for i in range(300_000)]

    @pytest.mark.parametrize(
        "odd_one", [None, "1,x\n\n", '"1\n2",x\n', '1,x"y\n'], ids=["alike", "blank", "break", "quote"]
    )
    def test_many_files_one_after_another(self, engine: Engine, tmp_path: Path, odd_one: str | None) -> None:
        """As a folder of months is read: a heading each, one of them unusual or none, and the rows counted."""
        expected: list[tuple[str, str]] = []
        members = []
        for month in range(9):
            lines = [f"{month}-{at},{at}" for at in range(1_000 * month + 1, 1_000 * (month + 20))]
            content = "I,T\n" + "\n".join(lines) + "\n"
            expected += [tuple(line.split(",")) for line in lines]  # type: ignore[misc]  # two parts each
            if month == 4 and odd_one is not None:
                content += odd_one
                expected += csv_rows_of(odd_one)
            file = csv_file(tmp_path, content, f"{month}.csv")
            members.append(replace(scan(file, "I", "T"), skip_rows=1))
        plan = Index(Union(tuple(members), members[0].columns), Column("at", "at", INT64))
        found = engine.table(plan)
        assert list(zip(found["i"].to_pylist(), found["t"].to_pylist(), strict=True)) == expected
        assert found["at"].to_pylist() == list(range(len(expected)))

    def test_line_breaks_in_quotes_of_a_large_file(self, engine: Engine, tmp_path: Path) -> None:
        lines = [f'{i},"line\n{"x" * (i % 50)}"' for i in range(100_000)]
        found = engine.table(scan(csv_file(tmp_path, "\n".join(lines)), "I", "T"))
        assert found["i"].to_pylist() == [str(i) for i in range(100_000)]

    def test_a_very_long_field(self, engine: Engine, tmp_path: Path) -> None:
        plan = scan(csv_file(tmp_path, f"a,b\n{'x' * 3_000_000},c\n"), "A", "B")
        assert [(len(a), b) for a, b in rows_of(engine, plan)] == [(1, "b"), (3_000_000, "c")]

    def test_first_rows_and_names_that_look_like_patterns(self, engine: Engine, tmp_path: Path) -> None:
        path = csv_file(tmp_path, "a,b\n1,2\n3,4\n", "odd [1]*?.csv")
        table = scan(path, "A", "B")
        assert rows_of(engine, Slice(table, 1, 1)) == [("1", "2")]
        assert rows_of(engine, join(table, Slice(table, 2, None), [("a", "a")], "inner")) == [("3", "4", "3", "4")]

    def test_a_file_that_is_not_there(self, engine: Engine, tmp_path: Path) -> None:
        missing = str(tmp_path / "missing.csv")
        for plan in (scan(missing, "A"), scan(missing, "A", max_rows=5), only(scan(missing, "A"), r=Ref("a", TEXT))):
            with pytest.raises(MError) as caught:
                engine.table(plan)
            assert caught.value.reason == "DataSource.Error"
            assert caught.value.message == f"Could not find file '{missing}'."

    def test_a_folder_is_no_file(self, engine: Engine, tmp_path: Path) -> None:
        with pytest.raises(MError, match="cannot be read"):
            engine.table(scan(str(tmp_path), "A"))


class ParquetContract(EngineContract):
    def test_files_in_their_order_and_in_the_plan_s_types(self, engine: Engine, tmp_path: Path) -> None:
        paths = []
        for at, name in enumerate(["z", "a", "m [x]"]):
            rows = pa.table({
                "Id": pa.array(range(at * 1000, at * 1000 + 1000), pa.int32()),
                "B": pa.array([b"\xff"] * 1000, pa.binary()),
                "When": pa.array([datetime(2024, 1, 1)] * 1000, pa.timestamp("us", "UTC")),
                "When.offset": pa.array([-90] * 1000, pa.int16()),
            })  # fmt: skip
            paths.append(str(tmp_path / f"{name}.parquet"))
            pq.write_table(rows, paths[-1], row_group_size=100)
        columns = (Column("id", "Id", INT64), Column("b", "B", BINARY), Column("w", "When", DATETIMEZONE))
        plan = ParquetScan(tuple(paths), columns, ("Id", "B", "When"), Source("test://x"))
        found = rows_of(engine, plan)
        assert [row[0] for row in found] == list(range(3000))
        zoned = {"instant": conversions.date_ticks(date(2024, 1, 1)), "offset": -90}
        assert found[0] == (0, b"\xff", zoned)

    def test_no_files_and_missing_ones(self, engine: Engine, tmp_path: Path) -> None:
        columns = (Column("id", "Id", INT64),)
        assert rows_of(engine, ParquetScan((), columns, ("Id",), Source("test://x"))) == []
        with pytest.raises(MError, match="Could not find file"):
            engine.table(ParquetScan((str(tmp_path / "no.parquet"),), columns, ("Id",), Source("test://x")))


class NamesContract(EngineContract):
    def test_ids_and_names_that_sql_would_trip_over(self, engine: Engine) -> None:
        names = ["select", 'a"b', "x y", "order", "t1", "é", "rows_1", "'"]
        rows = pa.table({name: [at] for at, name in enumerate(names)})
        columns = tuple(Column(name, f"M {name}", INT64) for name in names)
        from headwater.plan.nodes import ArrowScan

        plan = Sort(ArrowScan(rows, columns), (SortKey(Ref('a"b', INT64)),))
        assert rows_of(engine, plan) == [tuple(range(8))]

    def test_names_that_differ_by_case_or_are_empty(self, engine: Engine, tmp_path: Path) -> None:
        table = scan(csv_file(tmp_path, "1,2,3\n"), "A", "a", "")
        assert [c.id for c in table.columns] == ["a", "a_2", "column"]
        renamed = Project(table, tuple((c.renamed(c.name * 2), c.ref) for c in table.columns))
        assert rows_of(engine, renamed) == [("1", "2", "3")]

    def test_a_record_whose_members_have_odd_names(self, engine: Engine) -> None:
        odd = record_type({"": INT64, "b c": TEXT})
        table = inline({"r": odd}, [({"": 1, "b c": "x"},), (None,)])
        assert rows_of(engine, table) == [({"": 1, "b c": "x"},), (None,)]


class RunContract(EngineContract):
    def test_batches_are_as_large_as_asked(self, engine: Engine) -> None:
        sizes = [batch.num_rows for batch in engine.reader(people(), batch_rows=1000)]
        assert max(sizes) <= 1000 or len(sizes) == 1
        assert sum(sizes) == 50_000

    def test_two_streams_at_once(self, engine: Engine) -> None:
        one, two = engine.reader(people(), batch_rows=10_000), engine.reader(people(), batch_rows=10_000)
        pairs = list(zip(one, two, strict=True))
        assert sum(a.num_rows for a, _ in pairs) == 50_000 and all(a.equals(b) for a, b in pairs)

    def test_a_stream_that_is_dropped_leaves_the_engine_usable(self, engine: Engine) -> None:
        reader = engine.reader(people(), batch_rows=1000)
        reader.read_next_batch()
        del reader
        assert engine.table(Slice(people(), 0, 3)).num_rows == 3

    def test_unordered_rows_are_the_same_rows(self, engine: Engine) -> None:
        plan = join(people(5000), people(5000), [("n", "k")], "inner")
        assert sorted(rows_of(engine, plan, ordered=False)) == sorted(rows_of(engine, plan))

    def test_a_plan_without_columns_keeps_its_rows_counted(self, engine: Engine) -> None:
        count = Aggregate(people(10), (), ((Column("c", "C", INT64), AggregateCall("Table.RowCount")),))
        assert rows_of(engine, count) == [(10,)]

    def test_a_column_that_is_said_not_to_fail(self, engine: Engine) -> None:
        table = inline({"t": TEXT}, [("x",)])
        lying: Expr = number(table, "t")
        with pytest.raises(EngineError, match="says that it cannot"):
            engine.table(Project(table, ((Column("r", "R", DOUBLE, may_fail=False), lying),)))


__all__ = [name for name in dir() if name.endswith("Contract")]
