"""What library functions take from the session: clock, time zone, culture and seed; and what folds."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from headwater.errors import MError, NotFoldableError
from headwater.plan import types as p
from headwater.plan.expressions import Call, Expr, Literal, Ref
from headwater.powerquery import Session, evaluate, to_text
from headwater.powerquery.library import registry

BERLIN = ZoneInfo("Europe/Berlin")


def _in_berlin(expression: str, moment: dt.datetime) -> str:
    return to_text(evaluate(expression, session=Session(timezone=BERLIN, clock=lambda: moment)))


def test_local_time_follows_the_zone_and_its_summer() -> None:
    winter = dt.datetime(2024, 1, 31, 23, 30, tzinfo=dt.UTC)
    assert _in_berlin("DateTime.LocalNow()", winter) == "#datetime(2024, 2, 1, 0, 30, 0)"
    assert _in_berlin("DateTimeZone.LocalNow()", winter.replace(month=7)) == (
        "#datetimezone(2024, 8, 1, 1, 30, 0, 2, 0)"
    )
    assert _in_berlin("Date.IsInCurrentMonth(#date(2024, 2, 29))", winter) == "true"
    assert _in_berlin("DateTimeZone.From(#date(2024, 7, 1))", winter) == "#datetimezone(2024, 7, 1, 0, 0, 0, 2, 0)"
    assert _in_berlin("DateTimeZone.ToLocal(#datetimezone(2024, 1, 1, 0, 0, 0, 0, 0))", winter) == (
        "#datetimezone(2024, 1, 1, 1, 0, 0, 1, 0)"
    )
    zoned = "#datetimezone(2024, 1, 31, 23, 30, 0, 0, 0)"
    assert _in_berlin(f"DateTime.From({zoned})", winter) == "#datetime(2024, 2, 1, 0, 30, 0)"
    assert _in_berlin(f"{{Date.From({zoned}), Time.From({zoned})}}", winter) == "{#date(2024, 2, 1), #time(0, 30, 0)}"
    typed = f'Table.TransformColumnTypes(#table({{"A"}}, {{{{{zoned}}}}}), {{"A", type date}})[A]'
    assert _in_berlin(typed, winter) == "{#date(2024, 2, 1)}"
    assert _in_berlin(f"DateTime.Date({zoned})", winter) == "#date(2024, 1, 31)"
    assert _in_berlin("DateTime.FromFileTime(0)", winter).startswith("#datetime(1601, 1, 1, 0, 53")


def test_the_fixed_clock_stands_still_and_the_other_one_goes() -> None:
    ticking = iter(dt.datetime(2024, 1, 1, 0, 0, second, tzinfo=dt.UTC) for second in range(10))
    session = Session(clock=lambda: next(ticking))
    both = evaluate("{DateTime.FixedLocalNow(), DateTime.LocalNow(), DateTime.FixedLocalNow()}", session=session)
    first, moving, again = both
    assert first == again
    assert moving.ticks - first.ticks == 10_000_000


def test_a_seed_makes_random_numbers_repeat() -> None:
    expression = "{Number.Random(), Number.RandomBetween(1, 9), List.Random(2), Text.NewGuid()}"
    assert to_text(evaluate(expression, session=Session(seed=5))) == to_text(
        evaluate(expression, session=Session(seed=5))
    )
    assert to_text(evaluate(expression)) != to_text(evaluate(expression))


def test_the_sessions_culture_decides_where_none_is_given() -> None:
    assert evaluate("Text.From(#date(2024, 2, 9))", culture="") == "02/09/2024"
    assert evaluate("DateTime.ToText(#datetime(2024, 2, 9, 13, 0, 0))", culture="") == "02/09/2024 13:00:00"
    assert evaluate('Number.From("1,5")', culture="de-DE") == 1.5
    assert evaluate('Text.From(1.5) & Text.From(1.5, "en-US")', culture="de-DE") == "1,51.5"
    assert evaluate('Date.From("9.2.2024") = #date(2024, 2, 9)', culture="de-DE") is True
    with pytest.raises(MError, match="xx-DE"):
        evaluate('Number.From("1,5")', culture="xx-DE")


# -- folding -------------------------------------------------------------------------------------------------------


def _fold(name: str, *arguments: Expr) -> Expr:
    fold = registry().functions[name].fold
    assert fold is not None, f"{name} has a fold rule"
    return fold(arguments, Session())


TEXT, DATE = Ref("t", p.TEXT), Ref("d", p.DATE)


@pytest.mark.parametrize(
    ("name", "arguments", "option"),
    [
        ("Text.Length", (TEXT,), None),
        ("Text.Contains", (TEXT, Literal("a", p.TEXT)), None),
        ("Text.StartsWith", (TEXT, Literal("a", p.TEXT)), None),
        ("Text.EndsWith", (TEXT, Literal("a", p.TEXT)), None),
        ("Number.Abs", (Ref("n", p.DOUBLE),), None),
        ("Date.Year", (DATE,), None),
        ("Date.Month", (DATE,), None),
        ("Date.Day", (DATE,), None),
        ("Date.DayOfWeek", (DATE,), 0),
        ("Date.DayOfWeek", (DATE, Literal(1, p.INT64)), 1),
        ("Number.From", (TEXT,), "en-US"),
        ("Number.From", (TEXT, Literal("", p.TEXT)), ""),
        ("Int64.From", (TEXT, Literal(None, p.TEXT)), "en-US"),
        ("Text.From", (Ref("i", p.INT64),), "en-US"),
        ("Logical.From", (TEXT,), "en-US"),
        ("Date.From", (TEXT,), "en-US"),
        ("DateTime.From", (TEXT,), "en-US"),
    ],
)
def test_function_folds_to_its_operator(name: str, arguments: tuple[Expr, ...], option: object) -> None:
    folded = _fold(name, *arguments)
    assert isinstance(folded, Call)
    assert (folded.operator, folded.option) == (name, option)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("Date.DayOfWeek", (DATE, Ref("i", p.INT64))),
        ("Date.DayOfWeek", (DATE, Literal(7, p.INT64))),
        ("Number.From", (TEXT, Literal("de-DE", p.TEXT))),
        ("Number.From", (TEXT, TEXT)),
        ("Int64.From", (TEXT, Literal(None, p.TEXT), Literal(2, p.INT64))),
    ],
)
def test_further_arguments_do_not_fold(name: str, arguments: tuple[Expr, ...]) -> None:
    with pytest.raises(NotFoldableError):
        _fold(name, *arguments)
