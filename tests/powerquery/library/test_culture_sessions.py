"""What an evaluation is set to decides where nothing is said: the culture, the week's first day, the time zone."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from headwater.errors import MError
from headwater.powerquery import Session, evaluate, to_text
from headwater.powerquery.tables.holding import to_plan
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values.core import Value
from headwater.powerquery.values.types import TEXT

FRIDAY_NIGHT = dt.datetime(2024, 2, 9, 22, 30, tzinfo=dt.UTC)


def _session(culture: str = "en-US", zone: dt.tzinfo = dt.UTC) -> Session:
    return Session(culture, zone, clock=lambda: FRIDAY_NIGHT)


@pytest.mark.parametrize(
    ("culture", "expression", "expected"),
    [
        ("de-DE", "Culture.Current", '"de-DE"'),
        ("de-DE", 'Number.FromText("1.234,5")', "1234.5"),
        ("de-DE", 'Int64.From("1.234")', "1234"),
        ("de-DE", "Text.From(#datetime(2024, 2, 9, 13, 5, 9))", '"09.02.2024 13:05:09"'),
        ("de-DE", 'Number.ToText(1234.5, "N1")', '"1.234,5"'),
        ("de-DE", 'Date.FromText("9. Februar 2024")', "#date(2024, 2, 9)"),
        ("de-DE", 'Date.ToText(#date(2024, 2, 9), [Format = "MMMM"])', '"Februar"'),
        ("de-DE", "Date.DayOfWeekName(#date(2024, 2, 9))", '"Freitag"'),
        ("de-DE", "Date.DayOfWeek(#date(2024, 2, 9))", "4"),
        ("en-US", "Date.DayOfWeek(#date(2024, 2, 9))", "5"),
        ("de-DE", "Date.DayOfWeek(#date(2024, 2, 9), Day.Sunday)", "5"),
        ("de-DE", "Date.StartOfWeek(#date(2024, 2, 11))", "#date(2024, 2, 5)"),
        ("de-DE", "Date.EndOfWeek(#date(2024, 2, 11))", "#date(2024, 2, 11)"),
        ("de-DE", "Date.WeekOfYear(#date(2024, 1, 7))", "1"),
        ("de-DE", "Date.WeekOfMonth(#date(2024, 2, 4))", "1"),
        ("de-DE", "Date.IsInCurrentWeek(#date(2024, 2, 11))", "true"),
        ("en-US", "Date.IsInCurrentWeek(#date(2024, 2, 11))", "false"),
        ("en-US", "Date.IsInNextWeek(#date(2024, 2, 11))", "true"),
        ("tr-TR", 'Text.Upper("i")', '"İ"'),
        ("ar-SA", "Date.MonthName(#date(2024, 3, 11))", '"رمضان"'),
        ("", "Text.From(#date(2024, 2, 9))", '"02/09/2024"'),
        ("de-DE", 'Table.TransformColumnTypes(#table({"A"}, {{"1,5"}}), {{"A", type number}}){0}[A]', "1.5"),
        ("de-DE", 'Table.TransformColumnTypes(#table({"A"}, {{"1.5"}}), {{"A", type number}}, "en-US"){0}[A]', "1.5"),
        ("de-DE", 'Table.ColumnNames(Table.PromoteHeaders(#table({"A"}, {{1.5}})))', '{"1,5"}'),
        (
            "de-DE",
            'Table.ColumnNames(Table.PromoteHeaders(#table({"A"}, {{#date(2024, 2, 9)}}), [PromoteAllScalars = true]))',
            '{"09.02.2024"}',
        ),
    ],
)
def test_culture_of_the_session(culture: str, expression: str, expected: str) -> None:
    assert to_text(evaluate(expression, session=_session(culture))) == expected


def test_a_culture_that_does_not_exist_is_an_error_where_it_is_needed() -> None:
    assert evaluate("1 + 1", session=_session("xx-YY")) == 2
    with pytest.raises(MError, match="xx-YY"):
        evaluate("Text.From(1)", session=_session("xx-YY"))


def _planned(session: Session) -> Session:
    """The session with a table of texts, held as a plan, under the name ``Texts``."""
    rows: list[list[Value]] = [["1.5"], ["2.5"]]
    session.environment = {"Texts": to_plan(RowTable.held(table_type(["A"], [TEXT]), rows), rows, session)}
    return session


@pytest.mark.parametrize(
    "expression",
    [
        'Table.TransformColumnTypes(Texts, {{"A", type number}})',
        'Table.TransformColumnTypes(Texts, {{"A", type number}}, null)',
        'Table.SelectColumns(Table.AddColumn(Texts, "B", each Number.From([A])), "B")',
        'Table.SelectColumns(Table.AddColumn(Texts, "B", each Number.From([A], null)), "B")',
    ],
)
def test_conversions_fold_in_english_only(expression: str) -> None:
    english, german = _planned(_session()), _planned(_session("de-DE"))
    assert "{{1.5}, {2.5}}" in to_text(evaluate(expression, session=english))
    assert english.unfolded == []
    assert "{{15}, {25}}" in to_text(evaluate(expression, session=german))
    assert ["culture" in step.reason for step in german.unfolded] == [True]


def test_numbers_of_few_bits_and_currency_do_not_fold_as_any_number() -> None:
    session = _planned(_session())
    table = to_text(evaluate('Table.TransformColumnTypes(Texts, {{"A", Int32.Type}})', session=session))
    assert table.endswith("{{2}, {2}})")
    assert [step.function for step in session.unfolded] == ["Table.TransformColumnTypes"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("TimeZone.Current", '"Europe/Berlin"'),
        ("DateTime.LocalNow()", "#datetime(2024, 2, 9, 23, 30, 0)"),
        ("DateTimeZone.LocalNow()", "#datetimezone(2024, 2, 9, 23, 30, 0, 1, 0)"),
        ('DateTimeZone.From("7/1/2024 08:00")', "#datetimezone(2024, 7, 1, 8, 0, 0, 2, 0)"),
        ('DateTimeZone.FromText("1.7.2024 8:00", [Culture = "de-DE"])', "#datetimezone(2024, 7, 1, 8, 0, 0, 2, 0)"),
        ("DateTimeZone.ToLocal(#datetimezone(2024, 7, 1, 8, 0, 0, 0, 0))", "#datetimezone(2024, 7, 1, 10, 0, 0, 2, 0)"),
        (
            'Table.TransformColumnTypes(#table({"A"}, {{#date(2024, 7, 1)}}), {{"A", type datetimezone}}){0}[A]',
            "#datetimezone(2024, 7, 1, 0, 0, 0, 2, 0)",
        ),
    ],
)
def test_time_zone_of_the_session(expression: str, expected: str) -> None:
    assert to_text(evaluate(expression, session=_session(zone=ZoneInfo("Europe/Berlin")))) == expected


def test_a_local_time_beyond_the_calendar_is_an_error() -> None:
    west = _session(zone=dt.timezone(dt.timedelta(hours=-5)))
    with pytest.raises(MError, match="range"):
        to_text(evaluate("DateTimeZone.ToLocal(#datetimezone(1, 1, 1, 0, 0, 0, 0, 0))", session=west))


def test_a_zone_without_a_name_in_the_database_gives_its_own() -> None:
    assert evaluate("TimeZone.Current", session=_session(zone=dt.timezone(dt.timedelta(hours=2), "here"))) == "here"
