"""When sources are scanned by themselves: daily unless somebody says otherwise.

Sources that are scanned daily are spread over the day by their names, so that a hundred of them do not begin together.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from sqlalchemy import Connection, select

from headwater.access import Action, Actor
from headwater.app.scanning import AUTOMATIC, KIND
from headwater.catalog import ScanOptions
from headwater.errors import UsageError
from headwater.jobs import NewSchedule, Schedule, cron, schedules
from headwater.store import Database, tables
from headwater.workspaces.source_rows import find_source

__all__ = [
    "DAILY",
    "ScheduleMode",
    "SourceSchedule",
    "SourceSchedules",
    "keep_all_scanned",
    "keep_scanned",
    "schedule_of",
    "stop_scanning",
]

ScheduleMode: TypeAlias = Literal["daily", "every", "cron", "webhook", "never"]

_HOUR, _DAY = 60, 24 * 60
#: The spaces of time that go into an hour, or hours that go into a day: cron knows no others.
_MINUTES = tuple(n for n in range(1, _HOUR + 1) if _HOUR % n == 0)
_HOURS = tuple(n * _HOUR for n in range(2, 25) if 24 % n == 0)
_HINT = 'Write "daily", "every 15 minutes", "cron 0 6 * * 1 Europe/Berlin", "webhook" or "never".'


@dataclass(frozen=True, slots=True)
class SourceSchedule:
    """When a source is scanned by itself.

    Attributes:
        mode: ``daily``; ``every`` so many minutes; by a ``cron`` expression; when its ``webhook`` says that something
            happened, and daily as well, because webhooks do not tell everything; ``never``.
        minutes: of ``every``.
        cron: of ``cron``, its five fields.
        time_zone: of ``cron``.

    >>> str(SourceSchedule.parse("every 15 minutes"))
    'every 15 minutes'
    >>> str(SourceSchedule.parse("cron 0 6 * * 1 Europe/Berlin"))
    'cron 0 6 * * 1 Europe/Berlin'
    """

    mode: ScheduleMode = "daily"
    minutes: int = 0
    cron: str = ""
    time_zone: str = "UTC"

    @classmethod
    def parse(cls, text: str) -> SourceSchedule:
        """What people write.

        Raises:
            UsageError: it means nothing (``source.schedule``), or its expression or time zone does.
        """
        words = text.split()
        match words:
            case ["daily"]:
                return cls("daily")
            case ["webhook"]:
                return cls("webhook")
            case ["never"]:
                return cls("never")
            case ["every", "minute"]:
                return cls("every", minutes=1)
            case ["every", number, "minutes"]:
                return cls("every", minutes=_minutes(number))
            case ["cron", *fields] if len(fields) in {5, 6}:
                zone = fields[5] if len(fields) == 6 else "UTC"
                cron.check(" ".join(fields[:5]), zone)
                return cls("cron", cron=" ".join(fields[:5]), time_zone=zone)
        raise UsageError(f"'{text}' says of no time when to scan.", code="source.schedule", hint=_HINT)

    def __str__(self) -> str:
        match self.mode:
            case "every":
                return "every minute" if self.minutes == 1 else f"every {self.minutes} minutes"
            case "cron":
                return f"cron {self.cron}" + ("" if self.time_zone == "UTC" else f" {self.time_zone}")
            case _:
                return self.mode


#: What a source whose settings say nothing has.
DAILY = SourceSchedule()


def schedule_of(source_name: str, schedule: SourceSchedule, options: ScanOptions | None = None) -> NewSchedule | None:
    """The jobs room's schedule of a source; None where it is never scanned by itself.

    Daily scans, and those of an expression, are full. Those that come every few minutes are incremental, the first of
    them in a day excepted. ``options`` say what is in scope.

    >>> schedule_of("lab", SourceSchedule.parse("every 15 minutes")).cron
    '9-59/15 * * * *'
    """
    spread = zlib.crc32(source_name.encode())
    options = options or ScanOptions()
    match schedule.mode:
        case "never":
            return None
        case "every":
            expression = _every(schedule.minutes, spread)
            payload = {**replace(options, kind="incremental").to_json(), AUTOMATIC: True}
        case "cron":
            expression, payload = schedule.cron, replace(options, kind="full").to_json()
        case _:
            expression = _every(_DAY, spread)
            payload = replace(options, kind="full").to_json()
    return NewSchedule(KIND, _subject(source_name), payload, expression, schedule.time_zone)


def keep_scanned(connection: Connection, source_name: str) -> None:
    """Have a source scanned daily, unless somebody has arranged something else.

    One where each person has a credential of their own is scanned when somebody asks for it.
    """
    source = tables.sources.c
    mode = connection.scalar(select(source.credential_mode).where(source.name == source_name))
    if mode == "service" and schedules.get(connection, KIND, _subject(source_name)) is None:
        schedules.put(connection, _daily(source_name))


def stop_scanning(connection: Connection, source_name: str) -> None:
    """Forget when a source that is gone was scanned."""
    schedules.remove(connection, KIND, _subject(source_name))


def keep_all_scanned(connection: Connection) -> None:
    """As :func:`keep_scanned`, for every source."""
    for name in connection.scalars(select(tables.sources.c.name)).all():
        keep_scanned(connection, name)


class SourceSchedules:
    """When sources are scanned by themselves, as whoever may scan them sees and sets it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, actor: Actor, name: str) -> Schedule | None:
        """A source's schedule; one that is paused is not scanned by itself. None: nor was that ever arranged.

        Raises:
            NotFoundError: there is no such source, or none that may be seen.
        """
        with self._database.read() as connection:
            find_source(connection, actor, name, Action.SOURCE_READ)
            return schedules.get(connection, KIND, _subject(name))

    def set(self, actor: Actor, name: str, wanted: SourceSchedule, options: ScanOptions | None = None) -> Schedule:
        """Have a source scanned when ``wanted`` says, from now on.

        Raises:
            NotFoundError: there is no such source, or none that may be seen.
            ForbiddenError: the actor may not scan it.
        """
        with self._database.begin() as connection:
            find_source(connection, actor, name, Action.SOURCE_SCAN)
            schedules.put(connection, schedule_of(name, wanted, options) or _daily(name))
            if wanted.mode == "never":
                schedules.pause(connection, KIND, _subject(name), f"{actor.name} wants it scanned when asked alone.")
            else:
                schedules.resume(connection, KIND, _subject(name))
            found = schedules.get(connection, KIND, _subject(name))
        assert found is not None, "put above"
        return found


def _daily(name: str) -> NewSchedule:
    made = schedule_of(name, DAILY)
    assert made is not None, "daily is a time"
    return made


def _subject(source_name: str) -> str:
    return f"source:{source_name}"


def _minutes(number: str) -> int:
    allowed = (*_MINUTES, *_HOURS)
    if number.isdecimal() and len(number) < 5 and int(number) in allowed:
        return int(number)
    raise UsageError(
        f"A source cannot be scanned every {number} minutes.",
        code="source.schedule",
        hint=f"Take what goes into an hour or a day: {', '.join(map(str, allowed))}.",
    )


def _every(minutes: int, spread: int) -> str:
    """A cron expression that is due so often, at times of a source's own."""
    if minutes <= _HOUR:
        return f"{spread % minutes}-59/{minutes} * * * *"
    hours = minutes // _HOUR
    return f"{spread % _HOUR} {spread // _HOUR % hours}-23/{hours} * * *"
