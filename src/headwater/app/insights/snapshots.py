"""A count of all assets a day, kept apart by scope, so that each person is shown what was of what they may see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, delete, func, insert, select

from headwater.access import SYSTEM, Action, Actor, allowed_to
from headwater.app.insights.counting import MEASURES, counted, readable_assets
from headwater.catalog.chunks import chunked
from headwater.errors import HeadwaterError
from headwater.jobs import Job, JobStatus, Lease, NewSchedule, schedules
from headwater.store import tables, utc_now

__all__ = ["KIND", "DayCounts", "SnapshotHandler", "days", "keep_counting", "take_snapshot"]

#: The kind of the job that counts, and what it works on.
KIND = "snapshot"
#: Late in the day, so that it says what the day came to.
_EVERY_NIGHT = "53 23 * * *"
#: So long the counts of days are kept, and the use of models.
_KEPT = timedelta(days=800)

_day, _asset = tables.asset_snapshots.c, tables.assets.c


@dataclass(frozen=True, slots=True)
class DayCounts:
    """What one day's assets of a type in a collection came to; see :class:`AssetCounts`."""

    day: str
    collection: str
    type_name: str
    assets: int
    owned: int
    classified: int
    labelled: int
    termed: int
    described: int


def keep_counting(connection: Connection) -> None:
    """Have it counted every night, unless that is arranged already."""
    if schedules.get(connection, KIND, KIND) is None:
        schedules.put(connection, NewSchedule(KIND, KIND, {}, _EVERY_NIGHT, missed="skip"))


def take_snapshot(connection: Connection, day: str) -> int:
    """Write down what there is, as what a day came to; returns how many rows that takes."""
    by = (_asset.scope_id, _asset.collection_id, _asset.type_name)
    rows = connection.execute(counted(*by).where(readable_assets(SYSTEM))).all()
    connection.execute(delete(tables.asset_snapshots).where(_day.day == day))
    for chunk in chunked(rows):
        connection.execute(insert(tables.asset_snapshots), [{"day": day, **row._mapping} for row in chunk])
    return len(rows)


def days(connection: Connection, actor: Actor, since: str) -> Iterator[DayCounts]:
    """What each day since one came to, of what whoever asks may see now."""
    place = tables.collections
    measures = [func.sum(_day[name]) for name in MEASURES]
    query = (
        select(_day.day, place.c.name, _day.type_name, *measures)
        .join(place, place.c.id == _day.collection_id)
        .where(_day.day >= since, _day.scope_id.in_(allowed_to(actor, Action.ASSET_READ)))
        .group_by(_day.day, place.c.name, _day.type_name)
        .order_by(_day.day, place.c.name, _day.type_name)
    )
    for row in connection.execute(query):
        yield DayCounts(row[0], row[1], row[2], *(int(value) for value in row[3:]))


class SnapshotHandler:
    """Counts; see :class:`headwater.jobs.Handler`."""

    def run(self, lease: Lease) -> None:
        """Count, and forget what is very old; begun again, it counts again.

        Raises:
            LeaseLostError: another worker has the job.
        """
        now = utc_now()
        oldest = f"{now - _KEPT:%Y-%m-%d}"
        with lease.begin() as connection:
            take_snapshot(connection, f"{now:%Y-%m-%d}")
            connection.execute(delete(tables.asset_snapshots).where(_day.day < oldest))
            connection.execute(delete(tables.model_use).where(tables.model_use.c.day < oldest))

    def may_pass(self, error: Exception) -> bool:
        """Nothing beyond what passes for every job: there is a next night."""
        return False

    def ended(self, connection: Connection, job: Job, status: JobStatus, error: HeadwaterError | None) -> None:
        """Nothing belongs to its end."""
