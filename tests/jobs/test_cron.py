from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.errors import UsageError
from headwater.jobs import cron

BERLIN = ZoneInfo("Europe/Berlin")
SPRING = datetime(2026, 3, 28, 22, tzinfo=UTC)
AUTUMN = datetime(2026, 10, 24, 22, tzinfo=UTC)


def local(expression: str, since: datetime, hours: int = 24) -> list[str]:
    """The local times of due times within so many hours."""
    found = takewhile(
        lambda due: due < since + timedelta(hours=hours), cron.due_after(expression, "Europe/Berlin", since)
    )
    return [due.astimezone(BERLIN).strftime("%H:%M%z") for due in found]


class TestClockChanges:
    """In Berlin, 2026-03-29 has no time from 2:00 to 3:00, and 2026-10-25 has it twice."""

    def test_a_time_that_is_left_out_happens_at_the_end_of_the_gap(self) -> None:
        assert local("30 2 * * *", SPRING) == ["03:00+0200"]
        assert local("*/15 2 * * *", SPRING) == ["03:00+0200"]
        assert local("0,30 1-3 * * *", SPRING) == ["01:00+0100", "01:30+0100", "03:00+0200", "03:30+0200"]

    def test_a_time_that_is_repeated_happens_once(self) -> None:
        assert local("30 2 * * *", AUTUMN) == ["02:30+0200"]
        assert local("30 1-3 * * *", AUTUMN) == ["01:30+0200", "02:30+0200", "03:30+0100"]
        assert local("0 */2 * * *", AUTUMN, 6) == ["02:00+0200", "04:00+0100"]

    def test_every_hour_is_every_hour_that_passes(self) -> None:
        assert local("30 * * * *", SPRING, 4) == ["23:30+0100", "00:30+0100", "01:30+0100", "03:30+0200"]
        assert local("30 * * * *", AUTUMN, 5) == ["00:30+0200", "01:30+0200", "02:30+0200", "02:30+0100", "03:30+0100"]

    def test_what_was_due_before_the_change_is_not_due_again_in_the_repeated_hour(self) -> None:
        second_ten_past_two = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
        assert local("30 2 * * *", second_ten_past_two, 30) == ["02:30+0100"]
        found = next(cron.due_before("30 2 * * *", "Europe/Berlin", second_ten_past_two))
        assert found == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)

    def test_a_day_without_midnight_begins_later(self) -> None:
        found = next(cron.due_after("0 0 * * *", "Africa/Cairo", datetime(2026, 4, 23, 12, tzinfo=UTC)))
        assert found.astimezone(ZoneInfo("Africa/Cairo")).strftime("%d %H:%M") == "24 01:00"


class TestReading:
    @pytest.mark.parametrize("wrong", ["", "daily", "* * * *", "61 * * * *", "0 0 6 * * *", "0 0 31 2 *"])
    def test_what_is_no_expression_is_refused(self, wrong: str) -> None:
        with pytest.raises(UsageError) as raised:
            cron.check(wrong, "UTC")
        assert raised.value.code == "schedule.cron"

    @pytest.mark.parametrize("wrong", ["Berlin", "", "../etc/passwd", "/etc/localtime"])
    def test_what_is_no_zone_is_refused(self, wrong: str) -> None:
        with pytest.raises(UsageError) as raised:
            cron.check("0 6 * * *", wrong)
        assert raised.value.code == "schedule.time_zone"


MINUTES = st.sampled_from(["0", "30", "*/20", "5,50", "*"])
HOURS = st.sampled_from(["*", "2", "*/2", "1-3", "0", "23", "*/7"])
DAYS = st.sampled_from(["* * *", "1 * *", "* * SUN", "L * *", "* 3,10 *"])
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo"])
#: Days around changes of those zones' clocks, and any others.
MOMENTS = st.one_of(
    st.sampled_from([SPRING, AUTUMN, datetime(2026, 4, 4, 12, tzinfo=UTC), datetime(2026, 10, 29, 18, tzinfo=UTC)]),
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC)),
).flatmap(lambda moment: st.integers(0, 86_400).map(lambda seconds: moment + timedelta(seconds=seconds)))


@settings(deadline=None, max_examples=150)
@given(MINUTES, HOURS, DAYS, ZONES, MOMENTS)
def test_forwards_and_backwards_find_the_same(minute: str, hour: str, days: str, zone: str, moment: datetime) -> None:
    expression = f"{minute} {hour} {days}"
    forwards = list(islice(cron.due_after(expression, zone, moment), 12))
    assert forwards == sorted(set(forwards))
    assert forwards[0] > moment
    backwards = takewhile(lambda due: due > moment, cron.due_before(expression, zone, forwards[-1]))
    assert list(backwards)[::-1] == forwards


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(["0 2 * * *", "30 2 * * *", "59 23 * * *", "0 0 * * *"]), ZONES, MOMENTS)
def test_once_a_day_is_once_a_day(expression: str, zone: str, moment: datetime) -> None:
    days = [due.astimezone(ZoneInfo(zone)).date() for due in islice(cron.due_after(expression, zone, moment), 30)]
    assert [day - days[0] for day in days] == [timedelta(days=number) for number in range(30)]
