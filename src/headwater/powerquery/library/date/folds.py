"""How calls of functions of dates and times become plan expressions."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import TYPE_CHECKING

from headwater.errors import MError, NotFoldableError
from headwater.plan.expressions import Expr, Literal, call
from headwater.plan.operators import FOLDED_CULTURES
from headwater.plan.types import DATE, Kind
from headwater.powerquery.library.clock import local_moment
from headwater.powerquery.library.cultures import Culture, culture_of
from headwater.powerquery.library.declarations import Argument, Fold, plain_arguments
from headwater.powerquery.library.fold_rules import constant, conversion, exactly, given, is_whole, refused
from headwater.powerquery.library.temporal.pictures import Token, culture_for, tokens_of
from headwater.powerquery.values.core import Value
from headwater.powerquery.values.times import Date

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session


def bound(operator: str, unit: str) -> Fold:
    """The start or the end of a unit."""
    return exactly(operator, 1, option=(unit, 0))


def days_later(name: str, days: int) -> Fold:
    """A whole number of days or weeks later."""

    def rule(arguments: tuple[Argument, ...], _session: Session) -> Expr:
        value, count = _two(name, arguments)
        if not is_whole(count):
            raise NotFoldableError(f"'{name}' folds with whole numbers only.")
        return call("Date.AddDays", value, count, option=days)

    return rule


def months_later(name: str, months: int) -> Fold:
    """A number of months, quarters or years later."""
    return lambda arguments, _session: call("Date.AddMonths", *_two(name, arguments), option=months)


def _two(name: str, arguments: tuple[Argument, ...]) -> tuple[Expr, Expr]:
    value, count = plain_arguments(name, arguments)
    return value, count


def of_whole_parts(operator: str) -> Fold:
    """A value of parts that are all whole numbers."""

    def rule(arguments: tuple[Argument, ...], _session: Session) -> Expr:
        parts = plain_arguments(operator, arguments)
        if not all(is_whole(part) for part in parts):
            raise NotFoldableError(f"'{operator}' folds of whole numbers only.")
        return call(operator, *parts)

    return rule


def time_from(arguments: tuple[Argument, ...], session: Session) -> Expr:
    """Time.From of a time or a datetime."""
    return call("Time.From", *plain_arguments("Time.From", arguments[:1]))


# -- as text -------------------------------------------------------------------------------------------------------


def written(name: str, choices: Callable[[Session, Value, str | None], tuple[str | None, Culture]], kind: Kind) -> Fold:
    """X.ToText: ``choices`` gives the format and the culture of its further arguments."""

    def rule(arguments: tuple[Argument, ...], session: Session) -> Expr:
        (value,) = plain_arguments(name, arguments[:1])
        options, culture = constant(name, given(arguments, 1)), constant(name, given(arguments, 2))
        if value.type.kind is not kind:
            raise NotFoldableError(f"'{name}' does not fold for a {value.type.kind.value}.")
        try:
            return as_text(name, value, *choices(session, options, culture))
        except MError as error:
            raise refused(name, error) from error

    return rule


def text_from(arguments: tuple[Argument, ...], session: Session) -> Expr:
    """Text.From, of dates and times, too."""
    name = "Text.From"
    (value,) = plain_arguments(name, arguments[:1])
    if value.type.kind not in (Kind.DATE, Kind.TIME, Kind.DATETIME):
        return conversion(name)(arguments, session)
    try:
        culture = culture_of(constant(name, given(arguments, 1)), session)
    except MError as error:
        raise refused(name, error) from error
    return as_text(name, value, None, culture)


def name_of(function: str, format_string: str) -> Fold:
    """The name of a date's month or day of the week."""

    def rule(arguments: tuple[Argument, ...], session: Session) -> Expr:
        (value,) = plain_arguments(function, arguments[:1])
        if value.type.kind not in (Kind.DATE, Kind.DATETIME):
            raise NotFoldableError(f"'{function}' does not fold for a {value.type.kind.value}.")
        try:
            culture = culture_of(constant(function, given(arguments, 1)), session)
        except MError as error:
            raise refused(function, error) from error
        return as_text(function, value, format_string, culture)

    return rule


def as_text(name: str, value: Expr, picture: str | None, culture: Culture) -> Expr:
    """A date or time by a format string, or as is usual in the culture.

    Raises:
        NotFoldableError: engines do not know the culture, or a field of the format.
        MError: there is no such standard format.
    """
    if culture.name not in FOLDED_CULTURES:
        raise NotFoldableError(f"'{name}' does not fold with this culture.")
    usual = {
        Kind.DATE: culture.short_date,
        Kind.TIME: culture.short_time,
        Kind.DATETIME: f"{culture.short_date} {culture.long_time}",
    }[value.type.kind]
    picture = picture or usual
    tokens = tokens_of(picture, culture)
    fields = tuple(_field(name, token, culture_for(picture, culture)) for token in tokens)
    return call("Date.ToText", value, option=fields)


def _field(name: str, token: Token, culture: Culture) -> tuple[str, ...] | tuple[str, int, tuple[str, ...]]:
    """A field of a format string as the plan has it."""
    match token.letter, min(token.count, 4):
        case "", _:
            return (token.text,)
        case "d", 3 | 4 as count:
            return "w", 0, culture.short_days if count == 3 else culture.days
        case "M", 3 | 4 as count:
            return "M", 0, culture.short_months if count == 3 else culture.months
        case "t", count:
            return "t", 0, tuple(half[:1] if count == 1 else half for half in culture.halves)
        case ("d" | "M" | "y" | "H" | "h" | "m" | "s") as letter, _:
            return letter, token.count, ()
        case "f", _ if token.count <= _MOST_DECIMALS:
            return "f", token.count, ()
    raise NotFoldableError(f"'{name}' does not fold with '{token.text}' in its format.")


_MOST_DECIMALS = 7


# -- near now ------------------------------------------------------------------------------------------------------

_LAST_DAY = 3_652_058
"""Days from 0001-01-01 to 9999-12-31."""

Number = Callable[["Session", Value], int | None]
"""The number of a date's unit, which never falls from one day to the next."""


def near_now(name: str, number: Number, span: Callable[[int], tuple[int, int]]) -> Fold:
    """A date in the units at some distance from the clock's: those are the days from one constant to another.

    Args:
        name: the function's.
        number: of a unit.
        span: the least and the greatest distance, by the function's count (1 where it takes none).
    """

    def rule(arguments: tuple[Argument, ...], session: Session) -> Expr:
        (value,) = plain_arguments(name, arguments[:1])
        count = constant(name, arguments[1]) if len(arguments) > 1 else 1
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise NotFoldableError(f"'{name}' folds with a constant whole number only.")
        now = number(session, local_moment(session, session.started))
        assert now is not None, "now is not null"
        low, high = span(count)
        first, behind = (_first_day(session, number, now + distance) for distance in (low, high + 1))
        return between(name, value, first, behind - 1)

    return rule


def _first_day(session: Session, number: Number, wanted: int) -> int:
    """The first day, counted from 0001-01-01, whose unit has at least this number."""

    def number_of(day: int) -> int:
        found = number(session, Date(day))
        assert found is not None, "a day is not null"
        return found

    return bisect_left(range(_LAST_DAY + 1), wanted, key=number_of)


def between(name: str, value: Expr, first: int, last: int) -> Expr:
    """Whether a date or datetime lies on one of these days.

    Raises:
        NotFoldableError: it is another kind of value.
    """
    if value.type.kind not in (Kind.DATE, Kind.DATETIME):
        raise NotFoldableError(f"'{name}' does not fold for a {value.type.kind.value}.")
    if first > last:
        first, last = _LAST_DAY, 0  # no day at all, in days that there are
    day = call("Date.From", value, option="")
    return call("and", call(">=", day, _day(first)), call("<=", day, _day(last)))


def _day(days: int) -> Literal:
    return Literal(Date(days).calendar, DATE)
