"""When a cron expression is due, in the local time of a zone, clock changes included.

An expression whose hour field is ``*`` counts hours as they pass: the hour that a clock change repeats has its minutes
twice, the one it leaves out has none. Any other expression names times of the day, and each happens once a day: a time
that a change leaves out happens at the first moment after the gap, one that it repeats happens the first time.

cronsim reads the expression and finds the local times. What it does itself about changes follows Debian's cron, which
drops ``*/15 2 * * *`` on the day without that hour and runs ``0 */2 * * *`` twice on the day that repeats one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from headwater.errors import UsageError

__all__ = ["check", "due_after", "due_before"]

#: No clock is put back by more: local times up to so much later may be of earlier moments.
_REPEATED = timedelta(hours=3)
_MINUTE = timedelta(minutes=1)


def check(expression: str, time_zone: str) -> None:
    """Refuse what cannot be used.

    Raises:
        UsageError: the expression (``schedule.cron``) or the zone (``schedule.time_zone``) means nothing.
    """
    _simulated(expression, datetime(2000, 1, 1), reverse=False)
    _zone(time_zone)


def due_after(expression: str, time_zone: str, moment: datetime) -> Iterator[datetime]:
    """The due times after a moment, in UTC, the earliest first; it ends where none comes in fifty years.

    >>> from itertools import islice
    >>> eve = datetime(2026, 3, 28, 12, tzinfo=UTC)
    >>> [due.isoformat() for due in islice(due_after("30 2 * * *", "Europe/Berlin", eve), 2)]
    ['2026-03-29T01:00:00+00:00', '2026-03-30T00:30:00+00:00']
    """
    last = moment
    for due in _moments(expression, _zone(time_zone), moment, reverse=False):
        if due > last:
            yield due
            last = due


def due_before(expression: str, time_zone: str, moment: datetime) -> Iterator[datetime]:
    """The due times up to a moment, and at it, in UTC, the latest first.

    >>> noon = datetime(2026, 3, 29, 12, tzinfo=UTC)
    >>> next(due_before("30 2 * * *", "Europe/Berlin", noon)).isoformat()
    '2026-03-29T01:00:00+00:00'
    """
    last = moment + timedelta.resolution
    for due in _moments(expression, _zone(time_zone), moment, reverse=True):
        if due < last:
            yield due
            last = due


def _moments(expression: str, zone: ZoneInfo, moment: datetime, *, reverse: bool) -> Iterator[datetime]:
    """Due times from about ``moment`` on, in their order; those at the clock's changes may repeat or come too early."""
    local = moment.astimezone(zone)
    if _counts_hours(expression):
        # The next second is included, because going backwards leaves out where it starts.
        start = local + timedelta(seconds=1) if reverse else local
        yield from (due.astimezone(UTC) for due in _simulated(expression, start, reverse=reverse))
        return
    start = local.replace(tzinfo=None) + (_REPEATED if reverse else timedelta())
    for named in _simulated(expression, start, reverse=reverse):
        yield _moment_of(named, zone)


def _counts_hours(expression: str) -> bool:
    return expression.split()[1] == "*"


def _moment_of(named: datetime, zone: ZoneInfo) -> datetime:
    """The moment of a local time: the first of two, the end of the gap where there is none."""
    while True:
        moment = named.replace(tzinfo=zone).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None) == named:
            return moment
        named += _MINUTE


def _simulated(expression: str, start: datetime, *, reverse: bool) -> CronSim:
    try:
        if len(expression.split()) == 5:
            return CronSim(expression, start, reverse=reverse)
        reason = "it needs five fields"
    except CronSimError as error:
        reason = str(error)
    raise UsageError(
        f"'{expression}' is no cron expression: {reason}.",
        code="schedule.cron",
        hint='Write minute, hour, day of month, month and day of week, as in "0 6 * * *": daily at six.',
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UsageError(
            f"'{name}' is no time zone.", code="schedule.time_zone", hint='Write it as "Europe/Berlin" or "UTC".'
        ) from error
