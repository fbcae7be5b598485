"""Recurrences, as Purview writes them, as cron expressions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from headwater.errors import UsageError
from headwater.jobs import cron

__all__ = ["Recurrence", "parse_recurrence"]

_DAYS: Final = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_PARTS: Final = {
    "hours": (0, 23),
    "minutes": (0, 59),
    "monthDays": (-1, 31),
}


@dataclass(frozen=True, slots=True)
class Recurrence:
    """When something is due again and again: local times of a zone, from a moment on and up to another."""

    cron: str
    time_zone: str
    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class _Stated:
    """A recurrence with what it leaves out filled in from its start, in local time."""

    frequency: str
    interval: int
    start: datetime
    schedule: Mapping[str, Any]

    def numbers(self, name: str, otherwise: int) -> str:
        values = _list(self.schedule, name) or [otherwise]
        lowest, highest = _PARTS[name]
        # Days of a month count from 1, or back from -1: there is no day 0.
        if not all(isinstance(each, int) and lowest <= each <= highest and (each or not lowest) for each in values):
            raise _nonsense(f"'{name}' holds a number that is none of them")
        return ",".join("L" if each < 0 else str(each) for each in sorted(set(values)))

    def time(self) -> str:
        """Minutes and hours, as the first two fields of an expression."""
        return f"{self.numbers('minutes', self.start.minute)} {self.numbers('hours', self.start.hour)}"


def parse_recurrence(stated: Mapping[str, Any]) -> Recurrence:
    """What a recurrence means, if a cron expression can say it.

    Raises:
        UsageError: it means nothing, or nothing that cron can say: every other week (``source.schedule``).

    >>> weekly = {"frequency": "Week", "interval": 1, "startTime": "2026-03-04T07:30:00",
    ...           "timeZone": "W. Europe Standard Time", "schedule": {"weekDays": ["Monday", "Friday"]}}
    >>> found = parse_recurrence(weekly)
    >>> found.cron, found.time_zone
    ('30 7 * * 1,5', 'Europe/Berlin')
    """
    zone = _zone(stated.get("timeZone"))
    start, end = (_moment(stated.get(name), zone, name) for name in ("startTime", "endTime"))
    schedule = stated.get("schedule") or {}
    if not isinstance(schedule, Mapping):
        raise _nonsense("'schedule' is no object")
    interval = stated.get("interval", 1)
    if not isinstance(interval, int) or isinstance(interval, bool) or interval < 1:
        raise _nonsense("'interval' is no number of one or more")
    local = (start or datetime(2026, 1, 1, tzinfo=UTC)).astimezone(zone)
    expression = _expression(_Stated(str(stated.get("frequency", "")).lower(), interval, local, schedule))
    cron.check(expression, zone.key)
    return Recurrence(expression, zone.key, start, end)


def _expression(stated: _Stated) -> str:
    match stated.frequency:
        case "minute":
            return f"{_steps(stated.interval, stated.start.minute, 60)} * * * *"
        case "hour":
            hours = _steps(stated.interval, stated.start.hour, 24)
            return f"{stated.numbers('minutes', stated.start.minute)} {hours} * * *"
        case "day":
            _only_every_one(stated, "day")
            return f"{stated.time()} * * *"
        case "week":
            _only_every_one(stated, "week")
            return f"{stated.time()} * * {_week_days(stated)}"
        case "month":
            return _monthly(stated)
    raise _nonsense("'frequency' is none of Minute, Hour, Day, Week and Month")


def _monthly(stated: _Stated) -> str:
    months = _steps(stated.interval, stated.start.month % 12, 12)
    # Cron calls December 12 and knows no month 0.
    if months != "*":
        months = ",".join(map(str, sorted(int(each) or 12 for each in months.split(","))))
    occurrences = _list(stated.schedule, "monthlyOccurrences")
    if not occurrences:
        return f"{stated.time()} {stated.numbers('monthDays', stated.start.day)} {months} *"
    if _list(stated.schedule, "monthDays"):
        raise _nonsense("'monthDays' and 'monthlyOccurrences' are given at once")
    return f"{stated.time()} * {months} {','.join(_occurrence(each) for each in occurrences)}"


def _occurrence(stated: Any) -> str:
    """A weekday of a month: ``1#2`` is the second Monday, ``5L`` the last Friday."""
    if not isinstance(stated, Mapping):
        raise _nonsense("One of 'monthlyOccurrences' is no object")
    day, which = _day(stated.get("day")), stated.get("occurrence")
    if which == -1:
        return f"{day}L"
    if not isinstance(which, int) or not 1 <= which <= 5:
        raise _nonsense("An 'occurrence' is none of 1 to 5 and -1")
    return f"{day}#{which}"


def _week_days(stated: _Stated) -> str:
    named = _list(stated.schedule, "weekDays")
    days = {_day(each) for each in named} if named else {stated.start.isoweekday() % 7}
    return ",".join(map(str, sorted(days)))


def _day(name: Any) -> int:
    if str(name).lower() not in _DAYS:
        raise _nonsense("A day of the week is none of Sunday to Saturday")
    return _DAYS.index(str(name).lower())


def _steps(interval: int, first: int, of: int) -> str:
    """Every so many of what there are ``of`` in the next larger unit, counted so that ``first`` is one of them.

    >>> _steps(3, 2, 12), _steps(1, 5, 60)
    ('2,5,8,11', '*')
    """
    if of % interval:
        raise _beyond(f"An interval of {interval} does not go into {of}")
    return "*" if interval == 1 else ",".join(str(each) for each in range(first % interval, of, interval))


def _only_every_one(stated: _Stated, what: str) -> None:
    if stated.interval != 1:
        raise _beyond(f"Scans come every {what}, and not every {stated.interval} {what}s")


def _list(stated: Mapping[str, Any], name: str) -> Sequence[Any]:
    found = stated.get(name) or []
    if not isinstance(found, list):
        raise _nonsense(f"'{name}' is no list")
    return found


def _moment(stated: Any, zone: ZoneInfo, name: str) -> datetime | None:
    """A moment; one without an offset is local."""
    if stated is None:
        return None
    try:
        found = datetime.fromisoformat(str(stated))
    except ValueError as error:
        raise _nonsense(f"'{name}' is no moment") from error
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def _zone(stated: Any) -> ZoneInfo:
    """A time zone by its name in the tz database or in Windows."""
    from babel.core import get_global

    name = str(stated or "UTC")
    try:
        return ZoneInfo(get_global("windows_zone_mapping").get(name, name))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise _nonsense("'timeZone' is none") from error


def _nonsense(what: str) -> UsageError:
    return UsageError(f"{what}.", code="source.schedule", hint="Send the recurrence as Purview's triggers have it.")


def _beyond(what: str) -> UsageError:
    return UsageError(
        f"{what}.", code="source.schedule", hint="Take every week with weekDays, or every month with monthDays."
    )
