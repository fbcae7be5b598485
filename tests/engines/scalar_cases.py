"""Cases of scalar operators on text, numbers and dates, for every engine: see ``OPERATORS`` in ``contract``."""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import Any

from tests.engines.support import BAD, WORSE, Error

from headwater.plan import conversions as rules
from headwater.plan.conversions import EPOCH_TICKS, TICKS_PER_DAY
from headwater.plan.types import (
    DATE,
    DATETIME,
    DATETIME_TICKS,
    DOUBLE,
    DURATION,
    INT64,
    LOGICAL,
    TEXT,
    TIME,
    DataType,
)

NAN, INF = math.nan, math.inf
HOUR = TICKS_PER_DAY // 24
LAST_TICK = 3_652_059 * TICKS_PER_DAY - 1


def failed(failure: rules.Failure, detail: str | None = None) -> Error:
    return Error(failure.reason, failure.message, detail)


NO_TEXT, NO_NUMBER = (failed(rules.null_given(label)) for label in ("Text", "Number"))
NO_DATE, NO_DATETIME, NO_DURATION = (
    failed(rules.result_out_of_range(kind)) for kind in ("Date", "DateTime", "Duration")
)
HALF = failed(rules.HALF_A_CHARACTER)


NO_NAN = Error("Expression.Error", "We cannot convert the value #nan to type Number.")


def out(name: str, detail: str | None = None) -> Error:
    return failed(rules.argument_out_of_range(name), detail)


def ticks(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> int:
    since = datetime(year, month, day, hour, minute, second) - datetime(1, 1, 1)
    return since.days * TICKS_PER_DAY + since.seconds * 10_000_000


Case = tuple[str, Any, tuple[DataType, ...], list[tuple[Any, ...]]]

TEXT_CASES: list[Case] = [
    ("Text.Upper", None, (TEXT,), [("aßÿé", "AßŸÉ"), ("ᾳx", "ᾳX"), (None, None), ("", ""), (BAD, BAD)]),
    ("Text.Lower", None, (TEXT,), [("AİÉ", "aİé"), ("ΑΣ", "ασ"), (None, None)]),
    ("Text.Trim", " \u00a0", (TEXT,), [(" a\u00a0 b ", "a\u00a0 b"), ("  ", ""), (None, None)]),
    ("Text.TrimStart", "0", (TEXT,), [("0070", "70"), (None, None)]),
    ("Text.TrimEnd", "0", (TEXT,), [("0070", "007"), (None, None)]),
    ("Text.Remove", "]^-\\", (TEXT,), [("a]b^c-d\\e", "abcde"), (None, None)]),
    ("Text.Select", "0😀", (TEXT,), [("a0b😀", "0😀"), (None, None)]),
    ("Text.Clean", None, (TEXT,), [("a\tb\n\x7f\x85c", "abc"), (None, None)]),
    ("Text.Reverse", None, (TEXT,), [("abc", "cba"), ("ae\u0301b", "b\u0301ea"), ("a😀", "😀a"), (None, None)]),
    ("Text.Replace", None, (TEXT, TEXT, TEXT), [("a.b.", ".", "", "ab"), ("ab", "", "x", "ab"), (None, "a", "b", None),
                                                ("a", None, "b", NO_TEXT), (None, "a", None, NO_TEXT),
                                                ("a", None, BAD, BAD)]),
    ("Text.Contains", None, (TEXT, TEXT), [("a", None, NO_TEXT), (None, None, NO_TEXT)]),
    ("Text.PositionOf", "first", (TEXT, TEXT), [("abab", "b", 1), ("a😀b", "b", 3), ("a", "x", -1), ("a", "", 0),
                                                (None, "a", NO_TEXT), ("a", None, NO_TEXT)]),
    ("Text.Combine", "-", (TEXT, TEXT, TEXT), [("a", None, "c", "a-c"), (None, None, None, ""), ("a", "", BAD, BAD)]),
    ("Text.Start", None, (TEXT, INT64), [("abc", 2, "ab"), ("abc", 9, "abc"), ("😀a", 2, "😀"), ("😀a", 1, HALF),
                                         ("a", -1, out("count", "-1")), (None, -1, None), ("a", None, NO_NUMBER),
                                         (None, None, NO_NUMBER), ("a", 2**63 - 1, "a")]),
    ("Text.Start", None, (TEXT, DOUBLE), [("abc", 2.0, "ab"), ("a", 0.5, out("count", "0.5")), ("a", 1e300, "a"),
                                          ("a", NAN, out("count", "NaN")), ("a", INF, out("count", "Infinity"))]),
    ("Text.End", None, (TEXT, INT64), [("abc", 2, "bc"), ("abc", 9, "abc"), ("a😀", 2, "😀"), ("a😀", 1, HALF)]),
    ("Text.Middle", None, (TEXT, INT64), [("abc", 1, "bc"), ("abc", 9, ""), ("abc", -1, out("start", "-1"))]),
    ("Text.Middle", None, (TEXT, INT64, INT64), [("abcd", 1, 2, "bc"), ("abcd", 3, 9, "d"), ("abcd", 9, 1, ""),
                                                 ("abcd", 0, -1, out("count", "-1"))]),
    ("Text.Range", None, (TEXT, INT64), [("abc", 1, "bc"), ("abc", 3, ""), ("abc", 4, out("offset", "4"))]),
    ("Text.Range", None, (TEXT, INT64, INT64), [("abc", 1, 2, "bc"), ("abc", 1, 3, out("count", "3")),
                                                ("abc", 4, -1, out("offset", "4"))]),
    ("Text.At", None, (TEXT, INT64), [("abc", 1, "b"), ("abc", 3, out("index", "3")), ("😀", 0, HALF),
                                      (None, 3, None)]),
    ("Text.Insert", None, (TEXT, INT64, TEXT), [("ad", 1, "bc", "abcd"), ("ad", 3, "", out("offset", "3")),
                                                ("ad", 1, None, NO_TEXT), (None, 0, "x", None)]),
    ("Text.RemoveRange", None, (TEXT, INT64), [("abc", 1, "ac"), ("abc", 3, out("count"))]),
    ("Text.RemoveRange", None, (TEXT, INT64, INT64), [("abcd", 1, 2, "ad"), ("abc", 1, 3, out("count", "3"))]),
    ("Text.ReplaceRange", None, (TEXT, INT64, INT64, TEXT), [("aXd", 1, 1, "bc", "abcd"), ("a", 0, 1, None, NO_TEXT)]),
    ("Text.PadStart", "0", (TEXT, INT64), [("7", 3, "007"), ("1234", 3, "1234"), ("😀", 3, "0😀"), (None, 3, None),
                                           ("7", -1, out("count", "-1"))]),
    ("Text.PadEnd", ".", (TEXT, INT64), [("7", 3, "7.."), (None, 3, None)]),
    ("Text.Repeat", None, (TEXT, INT64), [("ab", 2, "abab"), ("ab", 0, ""), (None, 1, None)]),
    ("Text.BeforeDelimiter", ("-", 0, False), (TEXT,), [("a-b-c", "a"), ("abc", "abc"), ("-a", ""), (None, None)]),
    ("Text.BeforeDelimiter", ("-", 1, True), (TEXT,), [("a-b-c", "a"), ("a-b", ""), (None, None)]),
    ("Text.AfterDelimiter", ("-", 1, False), (TEXT,), [("a-b-c-d", "c-d"), ("a-b", ""), (None, None)]),
    ("Text.AfterDelimiter", ("-", 0, True), (TEXT,), [("a-b-c", "c"), ("abc", "abc")]),
    ("Text.BetweenDelimiters", (("(", 1, False), (")", 0, False)), (TEXT,), [("f(x)+g(y)", "y"), ("f(x)", ""),
                                                                           ("f(x)+g(y", ""), (None, None)]),
    ("Text.From", "", (DOUBLE,), [(0.1, "0.1"), (3.0, "3"), (-0.0, "0"), (1e21, "1E+21"), (1e-7, "1E-07"), (NAN, "NaN"),
                                  (-INF, "-Infinity"), (None, None)]),
]  # fmt: skip

NUMBER_CASES: list[Case] = [
    ("Number.Sign", None, (DOUBLE,), [(-2.5, -1.0), (0.0, 0.0), (NAN, NAN), (None, None)]),
    ("Number.Round", (0, "HalfToEven"), (DOUBLE,), [(0.5, 0.0), (1.5, 2.0), (-2.5, -2.0), (0.49999999999999994, 0.0),
                                                    (1e300, 1e300), (NAN, NAN), (-INF, -INF), (None, None)]),
    ("Number.Round", (2, "HalfToEven"), (DOUBLE,), [(2.345, 2.34), (2.355, 2.36), (1.005, 1.0), (0.285, 0.28),
                                                    (1234567890123.455, 1234567890123.46), (0.1 + 0.2, 0.3)]),
    ("Number.Round", (2, "HalfUp"), (DOUBLE,), [(2.345, 2.35), (-2.345, -2.34)]),
    ("Number.Round", (2, "HalfDown"), (DOUBLE,), [(2.345, 2.34), (-2.345, -2.35)]),
    ("Number.Round", (2, "HalfAwayFromZero"), (DOUBLE,), [(2.345, 2.35), (-2.345, -2.35)]),
    ("Number.Round", (2, "HalfTowardZero"), (DOUBLE,), [(2.345, 2.34), (-2.345, -2.34)]),
    ("Number.Round", (1, "Up"), (DOUBLE,), [(1.21, 1.3), (-1.29, -1.2), (1.2, 1.2)]),
    ("Number.Round", (1, "Down"), (INT64,), [(7, 7.0), (2**53 + 1, float(2**53))]),
    ("Number.Round", (15, "TowardZero"), (DOUBLE,), [(0.1234567890123456, 0.123456789012345), (-1e15, -1e15)]),
    ("Number.Round", (0, "AwayFromZero"), (DOUBLE,), [(1.1, 2.0), (-1.1, -2.0), (2.0, 2.0)]),
    ("Number.IntegerDivide", None, (DOUBLE, DOUBLE), [(7.0, 2.0, 3.0), (-7.0, 2.0, -3.0), (1.0, 0.0, NAN),
                                                      (0.0, 0.0, NAN), (None, 0.0, None), (1.0, INF, 0.0)]),
    ("Number.Mod", None, (INT64, INT64), [(7, 3, 1.0), (-7, 3, -1.0), (7, -3, 1.0), (7, 0, NAN), (None, 0, None)]),
    ("Number.Mod", None, (DOUBLE, DOUBLE), [(5.5, 2.0, 1.5), (-1.0, INF, -1.0), (-6.0, 3.0, 0.0),
                                            (INF, 2.0, NAN), (1.0, NAN, NAN)]),
    ("Number.Power", None, (DOUBLE, DOUBLE), [(2.0, 10.0, 1024.0), (-1.0, 0.5, NAN), (-0.0, -1.0, INF),
            (0.0, 0.0, 1.0)]),
    ("Number.Sqrt", None, (DOUBLE,), [(16.0, 4.0), (-1.0, NAN), (INF, INF), (None, None)]),
    ("Number.Exp", None, (DOUBLE,), [(0.0, 1.0), (1000.0, INF), (1.0, math.e)]),
    ("Number.Ln", None, (DOUBLE,), [(1.0, 0.0), (0.0, -INF), (-1.0, NAN), (NAN, NAN)]),
    ("Number.Log2", None, (INT64,), [(8, 3.0), (0, -INF)]),
    ("Number.Log10", None, (INT64,), [(1000, 3.0), (-1, NAN), (None, None)]),
    *((f"Number.{name}", None, (DOUBLE,), [(0.7, getattr(math, name.lower())(0.7)), (NAN, NAN), (None, None)])
      for name in ("Sin", "Cos", "Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Tanh")),
    ("Number.Sin", None, (DOUBLE,), [(INF, NAN)]),
    ("Number.Acos", None, (DOUBLE,), [(2.0, NAN)]),
    ("Number.Atan2", None, (DOUBLE, DOUBLE), [(0.0, -1.0, math.pi), (None, 1.0, None)]),
    ("Number.IsNaN", None, (DOUBLE,), [(NAN, True), (1.0, False), (None, NO_NUMBER)]),
    ("Number.IsEven", None, (INT64,), [(2**53 + 1, False), (-4, True), (None, NO_NUMBER)]),
    ("Number.IsEven", None, (DOUBLE,), [(INF, False), (2.0, True), (2.5, False)]),
    ("Number.IsOdd", None, (DOUBLE,), [(-3.0, True), (NAN, False), (2.5, False)]),
    ("Number.BitwiseAnd", None, (INT64, INT64), [(12, 10, 8), (-1, 5, 5), (None, 1, None)]),
    ("Number.BitwiseOr", None, (DOUBLE, INT64), [(12.0, 3, 15), (0.5, 1, out("number1", "0.5")), (0.5, None, None),
                                                 (2.0**63, 0, out("number1", "9.223372036854776E+18"))]),
    ("Number.BitwiseXor", None, (INT64, DOUBLE), [(12, 10.0, 6), (1, NAN, out("number2", "NaN"))]),
    ("Int.Sized", 8, (INT64, TEXT), [(127, "127", 127), (128, "1e2", failed(rules.out_of_bits(8), "1e2")),
                                     (None, "", None)]),
    ("Int.Sized", -8, (INT64, DOUBLE), [(255, 255.0, 255), (-1, -0.6, failed(rules.out_of_bits(8), "-0.6"))]),
    ("List.Min", None, (DOUBLE, DOUBLE, DOUBLE), [(2.0, None, 1.0, 1.0), (None, None, None, None),
            (NAN, 1.0, None, 1.0)]),
    ("List.Max", None, (TEXT, TEXT), [("b", "B", "b"), (None, "é", "é"), ("a", WORSE, WORSE)]),
    ("List.Sum", None, (INT64, DOUBLE), [(1, 2.5, 3.5), (None, None, None), (None, 2.0, 2.0)]),
    ("List.Average", None, (DOUBLE, DOUBLE), [(1.0, 2.0, 1.5), (None, 3.0, 3.0), (None, None, None)]),
    ("as", "Text", (TEXT,), [("a", "a"), (None, NO_TEXT), (BAD, BAD)]),
    ("Number.From", "", (DATE,), [(date(1900, 1, 1), 2.0), (None, None)]),
]  # fmt: skip

_ISO = (("y", 4, ()), ("-",), ("M", 2, ()), ("-",), ("d", 2, ()))
_CLOCK = (("h", 1, ()), (":",), ("m", 2, ()), (":",), ("s", 2, ()), (".",), ("f", 3, ()), ("t", 0, ("A", "P")))

DATE_CASES: list[Case] = [
    ("+", None, (DATE, DURATION), [(date(2024, 2, 28), TICKS_PER_DAY, date(2024, 2, 29)),
            (date(1, 1, 1), -1, NO_DATETIME),
                                   (None, 1, None), (date(9999, 12, 31), 2**62, NO_DATETIME)]),
    ("+", None, (DURATION, TIME), [(-1, 0, TICKS_PER_DAY - 1), (25 * HOUR, HOUR, 2 * HOUR)]),
    ("+", None, (DURATION, DURATION), [(2**62, 2**62, NO_DURATION), (1, 2, 3)]),
    ("-", None, (DATE, DATE), [(date(2024, 3, 1), date(2024, 2, 28), 2 * TICKS_PER_DAY), (None, date(1, 1, 1), None)]),
    ("-", None, (DATETIME, DURATION), [(datetime(1970, 1, 1), 1, EPOCH_TICKS - 1)]),
    ("&", None, (DATE, TIME), [(date(1, 1, 1), 5, 5), (None, 5, None),
            (date(9999, 12, 31), TICKS_PER_DAY, NO_DATETIME)]),
    ("#datetime", None, (INT64,) * 6, [
        (2024, 2, 29, 23, 59, 59, ticks(2024, 2, 29, 23, 59, 59)), (2023, 2, 29, 0, 0, 0, failed(rules.NO_SUCH_DATE)),
        (2024, 1, 1, 24, 0, 0, ticks(2024, 1, 2)), (2024, 1, 1, 24, 0, 1, failed(rules.value_out_of_range("Time"))),
        (2024, 1, 1, 0, 0, 60, failed(rules.value_out_of_range("DateTime"), "60")),
        (10**6, 1, 1, 0, 0, 0, failed(rules.value_out_of_range("DateTime"))), (2024, 1, 1, 0, None, 0, NO_NUMBER)]),
    ("#duration", None, (INT64, INT64, INT64, INT64), [
        (1, 2, 0, -1, TICKS_PER_DAY + 2 * HOUR - 10**7), (10**9, 0, 0, 0, NO_DURATION), (1, None, 0, 0, NO_NUMBER),
        (10**12, 0, 0, 0, failed(rules.value_out_of_range("Duration"), str(10**12)))]),
    ("Date.QuarterOfYear", None, (DATE,), [(date(2024, 4, 1), 2), (None, None)]),
    ("Date.DayOfYear", None, (DATETIME,), [(datetime(2024, 12, 31), 366)]),
    ("Date.DaysInMonth", None, (DATE,), [(date(2024, 2, 1), 29), (date(9999, 12, 1), 31)]),
    ("Date.IsLeapYear", None, (DATE,), [(date(1900, 1, 1), False), (date(2000, 1, 1), True), (None, None)]),
    ("Date.WeekOfYear", 0, (DATE,), [(date(2024, 1, 7), 2), (date(1, 1, 1), 1), (None, None)]),
    ("Date.WeekOfMonth", 1, (DATE,), [(date(2024, 2, 4), 1), (date(2024, 2, 5), 2)]),
    ("Date.StartOf", ("Week", 1), (DATE,), [(date(2024, 2, 29), date(2024, 2, 26)), (date(1, 1, 1), date(1, 1, 1))]),
    ("Date.StartOf", ("Week", 0), (DATE,), [(date(1, 1, 1), NO_DATE)]),
    ("Date.StartOf", ("Quarter", 0), (DATETIME,), [(datetime(2024, 5, 9, 8), ticks(2024, 4, 1)), (None, None)]),
    ("Date.StartOf", ("Hour", 0), (TIME,), [(HOUR + 5, HOUR), (None, None)]),
    ("Date.EndOf", ("Month", 0), (DATE,), [(date(2024, 2, 9), date(2024, 2, 29))]),
    ("Date.EndOf", ("Year", 0), (DATETIME_TICKS,), [(LAST_TICK - 1, LAST_TICK)]),
    ("Date.EndOf", ("Week", 0), (DATE,), [(date(9999, 12, 31), NO_DATE)]),
    ("Date.AddDays", 7, (DATE, INT64), [(date(2024, 2, 22), 1, date(2024, 2, 29)), (date(1, 1, 1), -1, NO_DATETIME),
                                        (date(1, 1, 1), 2**60, NO_DURATION),
                                        (date(9999, 12, 31), 10**6, NO_DATETIME), (None, 1, None),
                                        (None, None, NO_NUMBER)]),
    ("Date.AddDays", 1, (DATETIME, DOUBLE), [(datetime(1970, 1, 1), 1.0, EPOCH_TICKS + TICKS_PER_DAY),
                                             (datetime(1970, 1, 1), NAN, NO_DURATION)]),
    ("Date.AddMonths", 1, (DATE, DOUBLE), [(date(2024, 1, 31), 1.9, date(2024, 2, 29)),
                                           (date(2024, 1, 31), -12.0, date(2023, 1, 31)),
                                           (date(2024, 1, 31), 1e5, failed(rules.NO_SUCH_DATE)),
                                           (date(2024, 1, 31), NAN, NO_NAN)]),
    ("Date.AddMonths", 12, (DATETIME, INT64), [(datetime(1970, 1, 1, 1), 1, ticks(1971, 1, 1) + HOUR)]),
    ("Date.ToText", _ISO, (DATE,), [(date(24, 2, 9), "0024-02-09"), (None, None)]),
    ("Date.ToText", _CLOCK, (TIME,), [(0, "12:00:00.000A"), (13 * HOUR + 12_345_678, "1:00:01.234P")]),
    ("Time.From", None, (DATETIME,), [(datetime(1969, 12, 31, 1), HOUR), (None, None)]),
    ("Time.Hour", None, (TIME,), [(24 * HOUR, 0), (23 * HOUR + 1, 23)]),
    ("Time.Minute", None, (DATETIME,), [(datetime(2024, 1, 1, 1, 2, 3), 2)]),
    ("Time.Second", None, (DATETIME_TICKS,), [(15_000_000, 1.5), (None, None)]),
    ("Duration.Days", None, (DURATION,), [(-TICKS_PER_DAY - 1, -1), (None, None)]),
    ("Duration.Hours", None, (DURATION,), [(-TICKS_PER_DAY - 2 * HOUR, -2)]),
    ("Duration.Minutes", None, (DURATION,), [(HOUR // 2, 30)]),
    ("Duration.Seconds", None, (DURATION,), [(-15_000_000, -1.5)]),
    ("Duration.TotalDays", None, (DURATION,), [(12 * HOUR, 0.5), (10_000_000 * TICKS_PER_DAY, 1e7)]),
    ("Duration.TotalHours", None, (DURATION,), [(-HOUR, -1.0)]),
    ("Duration.TotalMinutes", None, (DURATION,), [(1, 1 / 600_000_000)]),
    ("Duration.TotalSeconds", None, (DURATION,), [(1, 1e-7), (None, None)]),
]  # fmt: skip

CASES = [*TEXT_CASES, *NUMBER_CASES, *DATE_CASES]
LISTED: list[tuple[DataType, list[Any], list[tuple[Any, bool]]]] = [
    (TEXT, ["a", "", "é"], [("a", True), ("A", False), ("", True), (None, False)]),
    (TEXT, ["a", None], [(None, True), ("b", False)]),
    (DOUBLE, [0.0, 2.5, INF], [(-0.0, True), (NAN, False), (INF, True), (2.5, True), (None, False)]),
    (INT64, [2**53 + 1], [(2**53, False), (2**53 + 1, True)]),
    (LOGICAL, [], [(True, False), (None, False)]),
]
"""A type, constants, and values with whether they are among them."""
