"""The grammar of conversions from text; that engines agree with it is the engine contract's."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.errors import MError
from headwater.plan import conversions as rules

NUMBERS: list[tuple[str, float | None]] = [
    ("", None), ("12", 12.0), (" -1.5\t", -1.5), ("+.5", 0.5), ("5.", 5.0), ("1e3", 1000.0), ("1E-2", 0.01),
    ("1,234,567.5", 1234567.5), ("1,,2", 12.0), ("50%", 0.5), ("5 %", 0.05), ("1,000%", 10.0), ("1e400", math.inf),
    ("-Infinity", -math.inf), ("1e-400", 0.0), ("9007199254740993", 9007199254740992.0),
    ("$5", 5.0), (" -$1,234.5", -1234.5), ("$-5", -5.0), ("(5)", -5.0), ("($1.50)", -1.5), ("$.5e1", 5.0),
]  # fmt: skip
NO_NUMBERS = [
    "x",
    "NA",
    " ",
    ",1",
    "1_0",
    "0x1",
    "1 2",
    "--1",
    "1e",
    "%",
    "5%%",
    "nan",
    "inf",
    "+Infinity",
    "١",
    "\u00a01",
    "5$",
    "(-5)",
    "(5%)",
    "($ 5)",
]
WHOLE: list[tuple[str, int | None]] = [
    ("", None), ("9007199254740993", 9007199254740993), ("-9223372036854775808", -(2**63)), ("1,2", 12), ("2.5", 2),
    ("3.5", 4), ("-0.5", 0), ("1e3", 1000), ("250%", 2), ("0" * 40 + "7", 7),
]  # fmt: skip
TOO_LARGE = ["9223372036854775808", "1e19", "Infinity", "NaN", "9" * 5000]
DATES: list[tuple[str, date | None]] = [
    ("", None), ("2024-02-29", date(2024, 2, 29)), (" 2024-2-9 ", date(2024, 2, 9)), ("2/29/2024", date(2024, 2, 29)),
    ("0001-01-01", date(1, 1, 1)), ("12/31/9999", date(9999, 12, 31)), ("1/2/24", date(2024, 1, 2)),
    ("1/2/49", date(2049, 1, 2)), ("1/2/50", date(1950, 1, 2)), ("1-2-2024", date(2024, 1, 2)),
    ("2024/1/2", date(2024, 1, 2)), ("20240102", date(2024, 1, 2)), ("2-Jan-24", date(2024, 1, 2)),
    ("2 January 2024", date(2024, 1, 2)), ("Jan 2, 2024", date(2024, 1, 2)), ("2024 jan 2", date(2024, 1, 2)),
    ("Tuesday, January 2, 2024", date(2024, 1, 2)), ("Jan 2024", date(2024, 1, 1)), ("2/2024", date(2024, 2, 1)),
    ("2024-02", date(2024, 2, 1)), ("2024", date(2024, 1, 1)),
]  # fmt: skip
NO_DATES = [
    "2023-02-29",
    "13/1/2024",
    "0000-01-01",
    "24-1-1",
    "1/1/4",
    "2024-01-01 10:00",
    "20241301",
    "Jan-24",
    "31 Feb 2024",
    "2 Janvier 2024",
    "1.5",
    "x",
    "2024-01-01x",
]
CLOCKS: list[tuple[str, tuple[int, ...]]] = [
    ("2024-02-29", (0, 0, 0, 0)), ("2024-02-29T01:02:03", (1, 2, 3, 0)), ("2024-02-29  1:02", (1, 2, 0, 0)),
    ("2/29/2024 12:00 AM", (0, 0, 0, 0)), ("2/29/2024 12:30pm", (12, 30, 0, 0)),
    ("2/29/2024 1:02:03 PM", (13, 2, 3, 0)),
    ("29-Feb-24 1:02:03", (1, 2, 3, 0)), ("Feb 29, 2024, 1:02 pm", (13, 2, 0, 0)), ("20240229", (0, 0, 0, 0)),
    ("2024/02/29T01:02", (1, 2, 0, 0)), ("2024-02-29 23:59:59.9999999", (23, 59, 59, 9_999_999)),
    ("2024-02-29T00:00:00.5", (0, 0, 0, 5_000_000)),
]  # fmt: skip
NO_DATETIMES = [
    "2024-02-30", "2024-02-29T", "2024-02-29 24:00", "2024-02-29 1:60", "2024-02-29 1:02:60", "2024-02-29 1", "x",
    "2/29/2024 13:00 PM", "2/29/2024 0:00 AM", "29-Feb-24 25:00", "30-Feb-24 1:00",
    "2024-02-29T00:00:00Z", "2024-02-29 0:00:00.12345678", "AM",
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), NUMBERS)
def test_numbers(text: str, value: float | None) -> None:
    assert rules.number_from_text(text) == value


def test_not_a_number_is_a_number() -> None:
    value = rules.number_from_text("NaN")
    assert value is not None and math.isnan(value)


@pytest.mark.parametrize(("text", "value"), WHOLE)
def test_whole_numbers(text: str, value: int | None) -> None:
    assert rules.int64_from_text(text) == value


@pytest.mark.parametrize(("text", "value"), DATES)
def test_dates(text: str, value: date | None) -> None:
    assert rules.date_from_text(text) == value


@pytest.mark.parametrize(("text", "parts"), CLOCKS)
def test_datetimes(text: str, parts: tuple[int, ...]) -> None:
    hour, minute, second, ticks = parts
    clock = ((hour * 60 + minute) * 60 + second) * 10_000_000 + ticks
    assert rules.datetime_ticks_from_text(text) == rules.date_ticks(date(2024, 2, 29)) + clock


@pytest.mark.parametrize(("text", "value"), [("TRUE", True), (" false\n", False), ("", None)])
def test_logicals(text: str, value: bool | None) -> None:
    assert rules.logical_from_text(text) is value


REFUSED: list[tuple[Any, list[str], rules.Failure]] = [
    (rules.number_from_text, NO_NUMBERS, rules.NOT_A_NUMBER),
    (rules.int64_from_text, NO_NUMBERS, rules.NOT_A_NUMBER),
    (rules.int64_from_text, TOO_LARGE, rules.OUT_OF_INT64),
    (rules.date_from_text, NO_DATES, rules.NOT_A_DATE),
    (rules.datetime_ticks_from_text, NO_DATETIMES, rules.NOT_A_DATETIME),
    (rules.logical_from_text, ["yes", "1", "truefalse", " "], rules.NOT_A_LOGICAL),
]


@pytest.mark.parametrize(("function", "text", "failure"), [(f, t, x) for f, texts, x in REFUSED for t in texts])
def test_what_does_not_convert_is_an_error_with_the_text_as_detail(
    function: Any, text: str, failure: rules.Failure
) -> None:
    with pytest.raises(MError) as caught:
        function(text)
    assert (caught.value.reason, caught.value.message, caught.value.detail) == (failure.reason, failure.message, text)


@given(st.floats(allow_nan=False))
def test_a_number_written_out_reads_back(number: float) -> None:
    assert rules.number_from_text(repr(number).replace("inf", "Infinity")) == number


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_whole_number_written_out_reads_back(number: int) -> None:
    assert rules.int64_from_text(f"{number:,}") == number


@given(st.datetimes())
def test_a_datetime_written_out_reads_back(when: datetime) -> None:
    ticks = rules.datetime_ticks_from_text(str(when))
    assert ticks == (when - datetime(1, 1, 1)) // timedelta(microseconds=1) * rules.TICKS_PER_MICROSECOND


@given(st.text())
def test_no_text_raises_anything_else(text: str) -> None:
    for function, _, _ in REFUSED:
        try:
            function(text)
        except MError as error:
            assert error.detail == text
