"""Dates and times as text and from text, by format and culture."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from headwater.powerquery.library.arguments import option
from headwater.powerquery.library.convert import to_date, to_datetime
from headwater.powerquery.library.cultures import Culture, culture_of
from headwater.powerquery.library.date.formats import Temporal, format_temporal
from headwater.powerquery.library.date.parts import localized
from headwater.powerquery.library.date.reading import Reading, read_by_picture, read_time, read_zoned, unreadable
from headwater.powerquery.library.declarations import function
from headwater.powerquery.values.core import Record, Value, plain
from headwater.powerquery.values.operators import cannot_convert
from headwater.powerquery.values.times import Date, DateTime, DateTimeZone, Time

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session


def _choices(session: Session, options: Value, culture: str | None) -> tuple[str | None, Culture]:
    """(format, culture) of the arguments: options are a record of Format and Culture, or a format itself."""
    options = plain(options)
    if isinstance(options, Record):
        return option(options, "Format"), culture_of(option(options, "Culture", culture), session)
    if options is None or isinstance(options, str):
        return options, culture_of(culture, session)
    raise cannot_convert(options, "Record")


def _declare_to_text(name: str, parameter: str, examples: list[tuple[str, str]]) -> None:
    def implementation(
        session: Session, value: Temporal | None, options: Value = None, culture: str | None = None
    ) -> Value:
        picture, known = _choices(session, options, culture)
        return None if value is None else format_temporal(value, picture, known)

    implementation.__doc__ = f"The {name.lower()} as text, by [Format, Culture] or as is usual in the culture."
    function(
        f"{name}.ToText({parameter} as nullable {name.lower()}, optional options as any, optional culture as nullable"
        " text) as nullable text",
        examples=examples,
        session=True,
    )(implementation)


_declare_to_text(
    "Date",
    "date",
    [
        ("Date.ToText(#date(2024, 2, 9))", '"2/9/2024"'),
        ('Date.ToText(#date(2024, 2, 9), [Format = "dd MMM yyyy", Culture = "en-US"])', '"09 Feb 2024"'),
    ],
)
_declare_to_text(
    "Time",
    "time",
    [
        ("Time.ToText(#time(13, 5, 9))", '"1:05 PM"'),
        ('Time.ToText(#time(13, 5, 9.25), "HH:mm:ss.ff")', '"13:05:09.25"'),
    ],
)
_declare_to_text(
    "DateTime",
    "dateTime",
    [
        ("DateTime.ToText(#datetime(2024, 2, 9, 13, 5, 9))", '"2/9/2024 1:05:09 PM"'),
        ('DateTime.ToText(#datetime(2024, 2, 9, 13, 5, 9), "s")', '"2024-02-09T13:05:09"'),
    ],
)
_declare_to_text(
    "DateTimeZone",
    "dateTimeZone",
    [
        ("DateTimeZone.ToText(#datetimezone(2024, 2, 9, 13, 5, 9, -7, 0))", '"2/9/2024 1:05:09 PM -07:00"'),
        ('DateTimeZone.ToText(#datetimezone(2024, 2, 9, 13, 5, 9, -7, 0), "HH:mm zz")', '"13:05 -07"'),
    ],
)


def _read(
    session: Session,
    text: str | None,
    options: Value,
    kind: str,
    usual: Callable[[str], Value],
    by_picture: Callable[[Reading], Value],
) -> Value:
    """Text read by a format if one is given, else in the usual forms."""
    picture, culture = _choices(session, options, None)
    if text is None:
        return None
    if not picture:
        return usual(text)
    reading = read_by_picture(text, picture, culture)
    found = None if reading is None else by_picture(reading)
    if found is None:
        raise unreadable(kind, text)
    return found


@function(
    "Date.FromText(text as nullable text, optional options as any) as nullable date",
    examples=[
        ('Date.FromText("2024-02-09")', "#date(2024, 2, 9)"),
        ('Date.FromText("9 Feb 24", [Format = "d MMM yy", Culture = "en-US"])', "#date(2024, 2, 9)"),
    ],
    session=True,
)
def date_from_text(session: Session, text: str | None, options: Value = None) -> Value:
    """The date that a text writes, by [Format, Culture] or in a usual form."""
    return _read(session, text, options, "Date", to_date, lambda reading: reading.date)


@function(
    "Time.FromText(text as nullable text, optional options as any) as nullable time",
    examples=[
        ('Time.FromText("1:05:09 PM")', "#time(13, 5, 9)"),
        ('Time.FromText("0105", [Format = "HHmm"])', "#time(1, 5, 0)"),
    ],
    session=True,
)
def time_from_text(session: Session, text: str | None, options: Value = None) -> Value:
    """The time of day that a text writes, by [Format, Culture] or in a usual form."""
    return _read(session, text, options, "Time", read_time, lambda reading: Time(reading.ticks))


def _datetime(reading: Reading) -> DateTime | None:
    day: Date | None = reading.date
    return None if day is None else DateTime(day.ticks + reading.ticks)


@function(
    "DateTime.FromText(text as nullable text, optional options as any) as nullable datetime",
    examples=[
        ('DateTime.FromText("2024-02-09T13:05:09.5")', "#datetime(2024, 2, 9, 13, 5, 9.5)"),
        ('DateTime.FromText("20240209 0105PM", [Format = "yyyyMMdd hhmmtt"])', "#datetime(2024, 2, 9, 13, 5, 0)"),
    ],
    session=True,
)
def datetime_from_text(session: Session, text: str | None, options: Value = None) -> Value:
    """The datetime that a text writes, by [Format, Culture] or in a usual form."""
    return _read(session, text, options, "DateTime", to_datetime, _datetime)


@function(
    "DateTimeZone.FromText(text as nullable text, optional options as any) as nullable datetimezone",
    examples=[
        ('DateTimeZone.FromText("2024-02-09T13:05:09Z")', "#datetimezone(2024, 2, 9, 13, 5, 9, 0, 0)"),
        ('DateTimeZone.FromText("9.2.2024 13:05 +02:00", [Format = "d.M.yyyy HH:mm zzz"])',
         "#datetimezone(2024, 2, 9, 13, 5, 0, 2, 0)"),
    ],
    session=True,
)  # fmt: skip
def datetimezone_from_text(session: Session, text: str | None, options: Value = None) -> Value:
    """The datetimezone that a text writes, by [Format, Culture] or in a usual form; without a zone, local time."""

    def usual(written: str) -> DateTimeZone:
        found = read_zoned(written)
        return localized(session, found) if isinstance(found, DateTime) else found

    def by_picture(reading: Reading) -> DateTimeZone | None:
        local = _datetime(reading)
        if local is None:
            return None
        return localized(session, local) if reading.offset is None else DateTimeZone.at(local, reading.offset)

    return _read(session, text, options, "DateTimeZone", usual, by_picture)
