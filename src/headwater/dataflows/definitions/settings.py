"""What a dataflow's settings are; ``settings_file`` beside this says how ``dataflow.toml`` states them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from headwater.errors import UsageError
from headwater.jobs.schedules import MissedPolicy

ErrorPolicy = Literal["null", "fail"]
SchemaPolicy = Literal["follow", "add", "fail"]
RescorePolicy = Literal["all", "new_rows", "never"]
Mode = Literal["full", "keyed", "partitioned"]
Gone = Literal["remove", "keep"]
Unit = Literal["days", "months", "quarters", "years"]
ColumnKind = Literal[
    "any", "text", "number", "int64", "decimal", "logical", "date", "time", "datetime", "datetimezone", "duration",
    "binary",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Periods:
    """So many days, months, quarters or years.

    >>> Periods.parse("10 days")
    Periods(count=10, unit='days')
    """

    count: int
    unit: Unit

    @classmethod
    def parse(cls, text: str) -> Periods:
        """The periods that a text names; UsageError where it names none."""
        found = re.fullmatch(r"([1-9][0-9]{0,4}) (day|month|quarter|year)s?", text.strip())
        if found is None:
            raise UsageError(
                f"'{text}' is no number of periods.", hint='Write it as "10 days", "3 months" or "5 years".'
            )
        unit: Any = found[2] + "s"
        return cls(int(found[1]), unit)

    def __str__(self) -> str:
        return f"{self.count} {self.unit}"


@dataclass(frozen=True, slots=True)
class Partitions:
    """Which periods of an entity are kept, and which of them are computed anew.

    Attributes:
        store: how far back rows are kept.
        refresh: how far back they are computed anew.
        detect_changes: a column whose greatest value in a period tells whether it changed; "": all are computed.
        complete_periods: a period that is not over is left out.
    """

    store: Periods
    refresh: Periods
    detect_changes: str = ""
    complete_periods: bool = False


@dataclass(frozen=True, slots=True)
class EntitySettings:
    """How one entity is refreshed; ``errors`` and ``schema_changes`` None: as the dataflow says.

    Attributes:
        mode: the whole table anew, by key, or by period.
        key: the columns that tell rows apart.
        gone: with a key, what happens to rows that the query no longer gives.
        partitions: with periods, which.
    """

    mode: Mode = "full"
    key: tuple[str, ...] = ()
    gone: Gone = "remove"
    partitions: Partitions | None = None
    errors: ErrorPolicy | None = None
    schema_changes: SchemaPolicy | None = None


@dataclass(frozen=True, slots=True)
class ScheduleSettings:
    """When it is refreshed by itself: a cron expression in a time zone ("": the dataflow's)."""

    cron: str
    time_zone: str = ""
    missed: MissedPolicy = "once"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a refresh may use: entities side by side, bytes, seconds, rows of an entity; None: no limit of its own."""

    parallel: int = 2
    memory: int | None = None
    seconds: int | None = None
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Somebody who is told how refreshes end: a person of this installation, an address, or a webhook."""

    kind: Literal["person", "email", "webhook"]
    address: str
    on: Literal["failure", "always"] = "failure"


@dataclass(frozen=True, slots=True)
class LinkedEntity:
    """Another dataflow's table, under a name of this one's."""

    dataflow: str
    entity: str


@dataclass(frozen=True, slots=True)
class Settings:
    """How a dataflow behaves. ``load`` lists the queries that are published, in no particular order.

    ``columns`` are those that a loaded query was said to have, with their types, by the tool that it comes from; what
    it publishes is told by its rows.
    """

    load: tuple[str, ...]
    errors: ErrorPolicy = "null"
    culture: str = "en-US"
    description: str = ""
    owner: str = ""
    time_zone: str = "UTC"
    schema_changes: SchemaPolicy = "follow"
    rescore: RescorePolicy = "all"
    retries: int = 2
    schedule: ScheduleSettings | None = None
    limits: Limits = field(default_factory=Limits)
    notify: tuple[Subscriber, ...] = ()
    entities: Mapping[str, EntitySettings] = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    linked: Mapping[str, LinkedEntity] = field(default_factory=dict)
    columns: Mapping[str, tuple[tuple[str, ColumnKind], ...]] = field(default_factory=dict)

    def of(self, entity: str) -> EntitySettings:
        """How an entity is refreshed, where nothing is said: as a whole."""
        return self.entities.get(entity, EntitySettings())

    def to_json(self) -> dict[str, Any]:
        """JSON values, as a version in the database keeps them."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Settings:
        """What :meth:`to_json` wrote."""
        values = dict(stored)
        schedule, limits = values.get("schedule"), values.get("limits")
        return cls(
            **{
                **values,
                "load": tuple(values["load"]),
                "schedule": None if schedule is None else ScheduleSettings(**schedule),
                "limits": Limits() if limits is None else Limits(**limits),
                "notify": tuple(Subscriber(**told) for told in values.get("notify", ())),
                "entities": {name: _stored_entity(entity) for name, entity in values.get("entities", {}).items()},
                "groups": {name: tuple(members) for name, members in values.get("groups", {}).items()},
                "linked": {name: LinkedEntity(**linked) for name, linked in values.get("linked", {}).items()},
                "columns": {
                    name: tuple((column, kind) for column, kind in listed)
                    for name, listed in values.get("columns", {}).items()
                },
            }
        )


def _stored_entity(stored: Mapping[str, Any]) -> EntitySettings:
    partitions = stored.get("partitions")
    if partitions is not None:
        store, refresh = Periods(**partitions["store"]), Periods(**partitions["refresh"])
        partitions = Partitions(**{**partitions, "store": store, "refresh": refresh})
    return EntitySettings(**{**stored, "key": tuple(stored.get("key", ())), "partitions": partitions})
