"""Dates and times as text and from text, by format and culture."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from headwater.errors import MError
from headwater.plan.types import Kind
from headwater.powerquery.library.clock import localized
from headwater.powerquery.library.convert import to_date
from headwater.powerquery.library.cultures import Culture, culture_of
from headwater.powerquery.library.date.folds import written
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.temporal.exact import Reading, read_by_picture, unreadable
from headwater.powerquery.library.temporal.usual import usual_date, usual_moment, usual_time
from headwater.powerquery.library.temporal.writing import Temporal, format_temporal
from headwater.powerquery.values.core import Record, Value, plain
from headwater.powerquery.values.operators import cannot_convert
from headwater.powerquery.values.times import Date, DateTime, DateTimeZone, Time

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session

_Made = TypeVar("_Made")


def _choices(session: Session, options: Value, culture: str | None) -> tuple[str | None, Culture]:
    """(format, culture) of what writes: options are a record of Format and Culture, or a format itself."""
    options = plain(options)
    if isinstance(options, Record):
        picture, named = _option(options, "Format"), _option(options, "Culture")
        return picture, culture_of(culture if named is None else named, session)
    if options is None or isinstance(options, str):
        return options, culture_of(culture, session)
    raise cannot_convert(options, "Record")


def _reading_choices(session: Session, options: Value) -> tuple[str | None, Culture]:
    """(format, culture) of what reads: options are a record of Format and Culture, or a culture itself."""
    named = plain(options)
    return (None, culture_of(named, session)) if isinstance(named, str) else _choices(session, options, None)


def _option(options: Record, name: str) -> str | None:
    """A text of the options record, which has no others than Format and Culture."""
    unknown = next((field for field in options.names if field not in ("Format", "Culture")), None)
    if unknown is not None:
        raise MError(
            "Expression.Error", f"'{unknown}' is no option here.", unknown, hint="The options are Format and Culture."
        )
    value = options.plain(name, None)
    if value is None or isinstance(value, str):
        return value
    raise cannot_convert(value, "Text")


_KINDS = {"Date": Kind.DATE, "Time": Kind.TIME, "DateTime": Kind.DATETIME}


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
        fold=written(f"{name}.ToText", _choices, _KINDS[name]) if name in _KINDS else None,
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
    text: str | None,
    choices: tuple[str | None, Culture],
    kind: str,
    usual: Callable[[str, Culture], _Made | None],
    by_picture: Callable[[Reading], _Made | None],
) -> _Made | None:
    """Text read by a format if one is given, else in the usual forms; null from null and from the empty text.

    Raises:
        MError: DataFormat.Error, the text does not have that form.
    """
    picture, culture = choices
    if not text:
        return None
    if picture:
        reading = read_by_picture(text, picture, culture)
        found = None if reading is None else by_picture(reading)
    else:
        found = usual(text, culture)
    if found is None:
        raise unreadable(kind, text)
    return found


def _usual_date(text: str, culture: Culture) -> Date | None:
    if culture.usual:
        try:
            found: Date = to_date(text)  # sooner than looking at every form
        except MError:
            pass
        else:
            return found
    return usual_date(text, culture)


@function(
    "Date.FromText(text as nullable text, optional options as any) as nullable date",
    examples=[
        ('Date.FromText("2024-02-09")', "#date(2024, 2, 9)"),
        ('Date.FromText("Feb 9, 2024")', "#date(2024, 2, 9)"),
        ('Date.FromText("9 Feb 24", [Format = "d MMM yy", Culture = "en-US"])', "#date(2024, 2, 9)"),
        ('Date.FromText("9.2.2024", [Culture = "de-DE"])', "#date(2024, 2, 9)"),
        ('Date.FromText("9/2/2024", "en-GB")', "#date(2024, 2, 9)"),
    ],
    session=True,
)
def date_from_text(session: Session, text: str | None, options: Value = None) -> Value:
    """The date that a text writes, by [Format, Culture] or in a form that is usual in the culture.

    A text in place of the record names the culture.
    """
    return _read(text, _reading_choices(session, options), "Date", _usual_date, lambda reading: reading.date)


def _time(reading: Reading) -> Time | None:
    ticks = reading.ticks
    return None if ticks is None else Time(ticks)


@function(
    "Time.FromText(text as nullable text, optional options as any) as nullable time",
    examples=[
        ('Time.FromText("1:05:09 PM")', "#time(13, 5, 9)"),
        ('Time.FromText("1305")', "#time(13, 5, 0)"),
        ('Time.FromText("0105", [Format = "HHmm"])', "#time(1, 5, 0)"),
    ],
    session=True,
)
def time_from_text(session: Session, text: str | None, options: Value = None) -> Value:
    """The time of day that a text writes, by [Format, Culture] or in a form that is usual in the culture.

    A text in place of the record names the culture.
    """
    return _read(text, _reading_choices(session, options), "Time", usual_time, _time)


def _usual_datetime(text: str, culture: Culture) -> DateTime | None:
    found = usual_moment(text, culture)
    return found if isinstance(found, DateTime) else None


@function(
    "DateTime.FromText(text as nullable text, optional options as any) as nullable datetime",
    examples=[
        ('DateTime.FromText("2024-02-09T13:05:09.5")', "#datetime(2024, 2, 9, 13, 5, 9.5)"),
        ('DateTime.FromText("9 Feb 2024 1:05 PM")', "#datetime(2024, 2, 9, 13, 5, 0)"),
        ('DateTime.FromText("20240209 0105PM", [Format = "yyyyMMdd hhmmtt"])', "#datetime(2024, 2, 9, 13, 5, 0)"),
    ],
    session=True,
)
def datetime_from_text(session: Session, text: str | None, options: Value = None) -> Value:
    """The datetime that a text writes, by [Format, Culture] or in a form that is usual in the culture.

    A text in place of the record names the culture.
    """
    return _read(
        text, _reading_choices(session, options), "DateTime", _usual_datetime, lambda reading: reading.datetime
    )


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
    """The datetimezone that a text writes, by [Format, Culture] or in a usual form; without a zone, local time.

    A text in place of the record names the culture.
    """

    def by_picture(reading: Reading) -> DateTimeZone | DateTime | None:
        local = reading.datetime
        return local if local is None or reading.offset is None else DateTimeZone.at(local, reading.offset)

    found = _read(text, _reading_choices(session, options), "DateTimeZone", usual_moment, by_picture)
    return localized(session, found) if isinstance(found, DateTime) else found
