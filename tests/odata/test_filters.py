"""$filter, $orderby and $search over rows in memory: what each selects, and what is refused."""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.engines.duckdb import DuckDBEngine
from headwater.errors import UsageError
from headwater.plan.expressions import Expr
from headwater.plan.nodes import ArrowScan, Column, Filter, Project, Sort, with_fresh_ids
from headwater.plan.types import (
    BINARY,
    DATE,
    DATETIME,
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
    to_arrow,
)
from headwater.server.odata.search import search_condition
from headwater.server.odata.syntax import parse_expression, parse_order
from headwater.server.odata.translation import Translator

NOW = dt.datetime(2024, 6, 1, tzinfo=dt.UTC)
SECOND = 10_000_000
#: Ticks of 2024-01-01T00:00:00Z.
NEW_YEAR = (dt.date(2024, 1, 1).toordinal() - 1) * 86_400 * SECOND

#: A column's name, its type and its four cells.
TABLE: list[tuple[str, DataType, list[Any]]] = [
    ("i", INT64, [1, 2, None, 2**53 + 1]),
    ("d", DOUBLE, [0.5, -1.5, None, float("nan")]),
    ("m", DataType(Kind.DECIMAL, precision=38, scale=2), [Decimal("12.10"), Decimal(0), None, Decimal("-3.55")]),
    ("s", TEXT, ["Ada", " it's x ", None, "ab%c"]),
    ("o", TEXT, ["A", "zz", None, None]),
    ("day", DATE, [dt.date(2024, 1, 1), dt.date(2023, 5, 6), None, dt.date(2024, 12, 31)]),
    ("t", TIME, [9 * 3600 * SECOND + 5, 0, None, 5]),
    ("ts", DATETIME, [dt.datetime(2024, 1, 1, 10, 30, 5, 750_000), dt.datetime(2023, 1, 1), None,
                      dt.datetime(1, 1, 1)]),
    ("z", DATETIMEZONE, [{"instant": NEW_YEAR, "offset": 60}, {"instant": 0, "offset": 0}, None,
                         {"instant": NEW_YEAR + 1, "offset": -60}]),
    ("dur", DURATION, [86_400 * SECOND, -5, None, 0]),
    ("b", LOGICAL, [True, False, None, True]),
    ("r", record_type({"x y": INT64}), [{"x y": 1}, {"x y": None}, None, {"x y": 5}]),
    ("Änd e", INT64, [1, 2, 3, 4]),
    ("l", list_type(INT64), [[1], [], None, [2]]),
    ("bin", BINARY, [b"a", b"", None, b"b"]),
]  # fmt: skip

COLUMNS = with_fresh_ids([Column("", name, kind) for name, kind, _ in TABLE], ())
ROWS = pa.Table.from_arrays(
    [pa.array(cells, to_arrow(kind)) for _, kind, cells in TABLE], names=[column.id for column in COLUMNS]
)
NUMBER = next(column for column in COLUMNS if column.name == "Änd e")


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDBEngine]:
    engine = DuckDBEngine(threads=1)
    yield engine
    engine.close()


def selected(engine: DuckDBEngine, predicate: Expr) -> list[int]:
    plan = Project(Filter(ArrowScan(ROWS, COLUMNS), predicate), ((NUMBER, NUMBER.ref),))
    return [int(number) - 1 for number in engine.table(plan).column(0).to_numpy()]


def filtered(engine: DuckDBEngine, text: str) -> list[int]:
    return selected(engine, Translator(COLUMNS, NOW, "$filter").condition(parse_expression(text, "$filter")))


CASES: dict[str, list[int]] = {
    "i eq 1": [0],
    "i ne 1": [1, 2, 3],
    "1 lt i": [1, 3],
    "i gt 1": [1, 3],
    # A comparison with null is false, and what is not false is true.
    "not (i gt 1)": [0, 2],
    "(i gt 1) eq false": [0, 2],
    "not (i gt 1 or i lt 0)": [0, 2],
    # Whole numbers beyond 2**53 keep their worth.
    "i eq 9007199254740993": [3],
    "i eq 9007199254740992": [],
    "i eq 99999999999999999999": [],
    "i in (1,2,null)": [0, 1, 2],
    "i in (1)": [0],
    "not (i in (1,2))": [2, 3],
    "s in ('Ada','x')": [0],
    "i eq null": [2],
    "null eq s": [2],
    "i ne null": [0, 1, 3],
    "m eq 12.1": [0],
    "m eq 12.101": [],
    "m gt -4": [0, 1, 3],
    "m in (0, 12.1)": [0, 1],
    "d eq NaN": [],
    "d lt INF": [0, 1],
    "d ge -INF": [0, 1],
    "contains(s,'a')": [0, 3],
    "contains(s,'%')": [3],
    "contains(s,'''')": [1],
    "contains(s,o)": [0],
    "not contains(s,'a')": [1],
    "startswith(s,'A') or endswith(s,'c')": [0, 3],
    "tolower(s) eq 'ada'": [0],
    "toupper(s) eq 'ADA'": [0],
    "length(s) gt 3": [1, 3],
    "indexof(s,'d') eq 1": [0],
    "indexof(s,'d') eq -1": [1, 3],
    "indexof(s,'d') eq null": [2],
    "substring(s,1) eq 'da'": [0],
    "substring(s,1,1) eq 'd'": [0],
    "trim(s) eq 'it''s x'": [1],
    "concat(concat(s,', '),o) eq 'Ada, A'": [0],
    "year(day) eq 2024 and month(day) eq 12 and day(day) eq 31": [3],
    "hour(ts) eq 10 and minute(ts) eq 30 and second(ts) eq 5": [0],
    "fractionalseconds(ts) eq 0.75": [0],
    "date(ts) eq 2024-01-01": [0],
    "time(ts) eq 10:30:05.75": [0],
    "day ge 2024-01-01": [0, 3],
    "t ge 09:00:00.0000005": [0],
    "t lt 00:00:00.0000006": [1, 3],
    "ts eq 2024-01-01T10:30:05.75Z": [0],
    "ts eq 2024-01-01T12:30:05.75+02:00": [0],
    # Moments are equal by their instants.
    "z eq 2024-01-01T01:00:00+01:00": [0],
    "z gt 2024-01-01T00:00:00Z": [3],
    "z in (2024-01-01T00:00:00Z)": [0],
    "now() gt ts": [0, 1, 3],
    "z lt now()": [0, 1, 3],
    "now() lt 2024-06-01T00:00:01Z": [0, 1, 2, 3],
    "dur eq duration'P1D'": [0],
    "dur lt duration'PT0S'": [1],
    "dur eq duration'-PT0.0000005S'": [1],
    "ts add duration'P1D' gt 2024-01-02T00:00:00Z": [0],
    "day sub duration'P1D' lt 2023-06-01": [1],
    "b": [0, 3],
    "not b": [1],
    "b eq false": [1],
    "b ne true": [1, 2],
    "r/x_x0020_y eq 1": [0],
    "r/x_x0020_y eq null": [1, 2],
    "not (r/x_x0020_y gt 1)": [0, 1, 2],
    "Änd_x0020_e gt 2": [2, 3],
    "i add 1 eq 2": [0],
    "2 mul i sub 1 eq 3": [1],
    # Of whole numbers the quotient is one; divby is the other.
    "i div 2 eq 1": [1],
    "i divby 2 eq 0.5": [0],
    "d div 2 eq 0.25": [0],
    "i mod 2 eq 1": [0],
    "5 sub i gt 3": [0],
    "-i lt -1": [1, 3],
    "10 sub 2 sub 3 eq 5 and i eq 1": [0],
    "1 add 2 mul 3 eq 7 and i eq 1": [0],
    "round(d) eq 1": [0],
    "round(d) eq -2": [1],
    "floor(d) eq -2": [1],
    "ceiling(d) eq -1": [1],
    "floor(m) eq -4": [3],
    "true": [0, 1, 2, 3],
    "false or i eq 1 and true": [0],
    "null": [],
    " ( i  eq 1 ) ": [0],
}


@pytest.mark.parametrize("text", CASES)
def test_a_filter_selects(engine: DuckDBEngine, text: str) -> None:
    assert filtered(engine, text) == CASES[text]


REFUSED = {
    "i eq": "odata.syntax",
    "eq 1": "odata.syntax",
    "(i eq 1": "odata.syntax",
    "i eq 1)": "odata.syntax",
    "i eq 1 1": "odata.syntax",
    "s eq 'x": "odata.syntax",
    's eq "x"': "odata.syntax",
    "i eq 1; select 1": "odata.syntax",
    "s has Colour'Red'": "odata.syntax",
    "l/any(x:x eq 1)": "odata.syntax",
    "s eq guid'x'": "odata.syntax",
    "(" * 60 + "true" + ")" * 60: "odata.syntax",
    "not " * 60 + "b": "odata.syntax",
    "-" * 60 + "i eq 1": "odata.syntax",
    " or ".join(["i eq 1"] * 600): "odata.syntax",
    "i add " * 60 + "i eq 1": "odata.syntax",
    "i eq 'x'": "odata.types",
    "ts eq 2024-01-01": "odata.types",
    "year(z) eq 1": "odata.types",
    "l eq 1": "odata.types",
    "b gt s": "odata.types",
    "nope eq 1": "odata.unknown",
    "r/nope eq 1": "odata.unknown",
    "s/x eq 1": "odata.unknown",
    "has(i)": "odata.unknown",
    "contains(s)": "odata.unknown",
    "contains(i,'1')": "odata.unknown",
    "i": "odata.unknown",
    "b and i": "odata.unknown",
    "day eq 2024-13-01": "odata.constant",
    "t eq 25:00": "odata.constant",
    "ts eq 2024-01-01T00:00:00.0000001Z": "odata.constant",
    "dur eq duration'P'": "odata.constant",
    "dur eq duration'P99999999999D'": "odata.constant",
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:40])
def test_what_is_no_filter_is_refused_with_its_place(engine: DuckDBEngine, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        filtered(engine, text)
    assert caught.value.code == REFUSED[text]
    assert caught.value.place.startswith("$filter, character")
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("i desc", [3, 1, 0, 2]),
        ("s", [2, 1, 0, 3]),
        ("length(s) desc,i", [1, 3, 0, 2]),
        ("b desc,Änd_x0020_e desc", [3, 0, 1, 2]),
        ("z", [2, 1, 0, 3]),
    ],
)
def test_rows_come_in_order(engine: DuckDBEngine, text: str, rows: list[int]) -> None:
    translator = Translator(COLUMNS, NOW, "$orderby")
    keys = tuple(translator.key(tree, descending=descending) for tree, descending in parse_order(text))
    plan = Project(Sort(ArrowScan(ROWS, COLUMNS), keys), ((NUMBER, NUMBER.ref),))
    assert [int(number) - 1 for number in engine.table(plan).column(0).to_numpy()] == rows


@pytest.mark.parametrize("text", ["i up", "i,", "", "l", "bin", "r"])
def test_what_is_no_order_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        for tree, descending in parse_order(text):
            Translator(COLUMNS, NOW, "$orderby").key(tree, descending=descending)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("ada", [0]),
        ("NOT ada", [1, 2, 3]),
        ("zz OR A", [0, 1, 3]),
        ('"it\'s x"', [1]),
        ("a AND d", [0]),
        ("a d", [0]),
        ("(zz OR b) AND NOT it", [3]),
        ("ab%c", [3]),
    ],
)
def test_a_search_finds(engine: DuckDBEngine, text: str, rows: list[int]) -> None:
    assert selected(engine, search_condition(text, COLUMNS)) == rows


@pytest.mark.parametrize("text", ["", "(a", "a)", "OR", "NOT", '"a', "a " * 200])
def test_what_is_no_search_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        search_condition(text, COLUMNS)
    assert caught.value.code == "odata.search"


# -- any condition against Python's own --------------------------------------------------------------------------------

VALUES: list[int | None] = [1, 2, None, 2**53 + 1]
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge,
}  # fmt: skip
Truth = Callable[[int | None], bool]


def compared(name: str, constant: int | None) -> tuple[str, Truth]:
    def holds(value: int | None) -> bool:
        if name in ("eq", "ne"):
            return COMPARE[name](value, constant)
        return value is not None and constant is not None and COMPARE[name](value, constant)

    return f"i {name} {'null' if constant is None else constant}", holds


def joined(word: str, parts: list[tuple[str, Truth]]) -> tuple[str, Truth]:
    texts, truths = [f"({text})" for text, _ in parts], [truth for _, truth in parts]
    combine = all if word == "and" else any
    return f" {word} ".join(texts), lambda value: combine(truth(value) for truth in truths)


def negated(part: tuple[str, Truth]) -> tuple[str, Truth]:
    return f"not ({part[0]})", lambda value: not part[1](value)


conditions = st.recursive(
    st.builds(compared, st.sampled_from(sorted(COMPARE)), st.sampled_from([0, *VALUES, 2**53])),
    lambda parts: (
        st.builds(negated, parts)
        | st.builds(joined, st.sampled_from(["and", "or"]), st.lists(parts, min_size=2, max_size=4))
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(condition=conditions)
def test_any_condition_is_what_python_says(condition: tuple[str, Truth]) -> None:
    engine = DuckDBEngine(threads=1)
    try:
        text, truth = condition
        assert filtered(engine, text) == [at for at, value in enumerate(VALUES) if truth(value)]
    finally:
        engine.close()


@settings(max_examples=300, deadline=None)
@given(text=st.text("ieqnot()',/ -.0123456789acdls:TZ", max_size=30) | st.text(max_size=20))
def test_any_text_is_a_condition_or_refused(text: str) -> None:
    try:
        Translator(COLUMNS, NOW, "$filter").condition(parse_expression(text, "$filter"))
    except UsageError as error:
        assert error.code.startswith("odata.")
