"""What cultures write they read again; and what is written in two ways, sooner and generally, is the same."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from headwater.plan import conversions as c
from headwater.powerquery.library.convert import to_date, to_datetime, to_datetimezone, to_number, to_text
from headwater.powerquery.library.cultures import ENGLISH_US, culture_of
from headwater.powerquery.library.cultures.numerals import invariant
from headwater.powerquery.library.number.formats import format_number
from headwater.powerquery.library.temporal.exact import read_by_picture
from headwater.powerquery.library.temporal.usual import _ISO, read_usual, usual_date, usual_moment
from headwater.powerquery.library.temporal.writing import format_temporal
from headwater.powerquery.values.times import TICKS_PER_SECOND, Date, DateTime, DateTimeZone, Time

NAMES = [
    "de-DE", "fr-FR", "pt-BR", "en-GB", "sv-SE", "ja-JP", "tr-TR", "ar-SA", "hi-IN", "", "en-US", "zh-CN", "ko-KR",
    "pl-PL", "ru-RU", "fi-FI", "de-CH", "es-ES", "th-TH", "hu-HU", "vi-VN", "fa-IR", "he-IL", "nl",
]  # fmt: skip
CULTURES = st.sampled_from(NAMES).map(culture_of)
DOUBLES = st.floats(allow_nan=False)
# years that two digits of either calendar stand for
DATES = st.integers(Date.of(1951, 1, 1).days, Date.of(2029, 12, 31).days).map(Date)
SECONDS = st.integers(Date.of(1951, 1, 1).ticks // TICKS_PER_SECOND, Date.of(2029, 12, 31).ticks // TICKS_PER_SECOND)
MOMENTS = SECONDS.map(lambda seconds: DateTime(seconds * TICKS_PER_SECOND))
PICTURES = st.sampled_from(
    ["d", "yyyy-MM-dd", "dd MMM yyyy", "dddd d MMMM yyyy", "MMMM d, yyyy", "yy/M/d", "ddd, dd.MM.yyyy", "gg yyyyMMdd"]
)


@given(CULTURES, DOUBLES)
def test_number_reads_back(culture: Any, number: float) -> None:
    assert to_number(to_text(number, culture), culture) == number


@given(CULTURES, st.decimals(-(10**9), 10**9, places=2), st.sampled_from(["N2", "C2", "#,##0.00", "F2"]))
def test_formatted_number_reads_back(culture: Any, number: Any, picture: str) -> None:
    value = float(number)
    assume(picture != "C2" or not culture.usual)
    assert to_number(format_number(value, picture, culture), culture) == pytest.approx(value, abs=1e-9)


@given(CULTURES, st.integers(-(10**4), 10**4))
def test_percentage_reads_back(culture: Any, number: int) -> None:
    assert to_number(format_number(number / 100, "P0", culture), culture) == pytest.approx(number / 100)


@given(CULTURES, DATES)
def test_date_reads_back(culture: Any, day: Date) -> None:
    assert to_date(to_text(day, culture), culture) == day


@given(CULTURES, DATES, st.sampled_from(["D", "d MMM yyyy", "d MMMM yyyy"]))
def test_date_with_a_month_by_name_reads_back(culture: Any, day: Date, picture: str) -> None:
    assert usual_date(format_temporal(day, picture, culture), culture) == day


@given(CULTURES, DATES, PICTURES)
def test_date_by_format_reads_back(culture: Any, day: Date, picture: str) -> None:
    reading = read_by_picture(format_temporal(day, picture, culture), picture, culture)
    assert reading is not None
    assert reading.date == day


@given(CULTURES, MOMENTS)
def test_datetime_reads_back(culture: Any, moment: DateTime) -> None:
    assert to_datetime(to_text(moment, culture), culture) == moment


@given(CULTURES, MOMENTS, st.integers(-14 * 4, 14 * 4))
def test_datetimezone_reads_back(culture: Any, moment: DateTime, quarters: int) -> None:
    zoned = DateTimeZone.at(moment, quarters * 15)
    read = to_datetimezone(to_text(zoned, culture), culture, lambda local: DateTimeZone.at(local, 0))
    assert (read.ticks, read.offset) == (zoned.ticks, zoned.offset)


@given(st.from_regex(c.NUMBER_PATTERN, fullmatch=True))
def test_numbers_of_the_shared_grammar_mean_the_same_in_a_culture_with_the_same_signs(text: str) -> None:
    shown = invariant(text, culture_of("en-CA"))
    assert shown is not None
    expected, found = c.number_from_text(text), c.number_from_text(shown)
    assert found == expected or (math.isnan(found or 0) and math.isnan(expected or 0))


@given(
    st.one_of(
        st.integers(0, Date.of(9999, 12, 31).days).map(Date),
        st.integers(0, Date.of(9999, 12, 31).ticks).map(DateTime),
        MOMENTS.map(lambda moment: DateTimeZone.at(moment, -90)),
        st.integers(0, 10**11).map(Time),
    )
)
def test_the_short_way_to_english_text_is_the_general_one(value: Any) -> None:
    assert to_text(value, ENGLISH_US) == format_temporal(value, None, ENGLISH_US)


@given(CULTURES.filter(lambda culture: culture.name not in ("ar-SA", "th-TH")), st.from_regex(_ISO, fullmatch=True))
def test_iso_moments_are_read_alike_by_the_short_way_and_by_that_of_the_culture(culture: Any, text: str) -> None:
    general, found = read_usual(text, culture), usual_moment(text, culture)
    local = None if general is None else general.datetime
    if general is None or local is None or abs(general.offset or 0) > 14 * 60:
        assert found is None
    else:
        expected = local if general.offset is None else DateTimeZone.at(local, general.offset)
        assert found == expected


def test_every_culture_that_cldr_knows_reads_what_it_writes() -> None:
    from babel.localedata import locale_identifiers

    day, number = Date.of(2024, 12, 9), -1234567.891
    names = [name.replace("_", "-") for name in locale_identifiers() if name.count("_") < 3]
    known = [culture_of(name) for name in names if name not in _UNKNOWN]
    wrong = [
        culture.name
        for culture in known
        if to_date(to_text(day, culture), culture) != day
        or to_number(format_number(number, "N3", culture), culture) != number
        or (culture.name not in _NAMES_THAT_RUN_TOGETHER and usual_date(_long_date(day, culture), culture) != day)
    ]
    assert wrong == []


def _long_date(day: Date, culture: Any) -> str:
    return format_temporal(day, "D", culture)


_NAMES_THAT_RUN_TOGETHER = frozenset({"csw", "csw-CA", "mn-Mong-MN"})
"""Here the names of days or months cannot be told from what stands beside them."""

_UNKNOWN = frozenset({"no", "en-US-POSIX", "ca-ES-VALENCIA", "be-TARASK", "el-POLYTON"})
"""Names that .NET writes in another way, or has none of."""


def test_names_of_one_culture_do_not_turn_up_in_another() -> None:
    culture_of("hnj-Hmnp")
    assert culture_of("zh-HK").months[0] == "1月"
    assert culture_of("ar-EG").short_days[0] == "الأحد"
