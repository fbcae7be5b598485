"""Calendar periods: which a partitioned entity keeps, and which of them it computes anew.

Moments here are local ones of the dataflow's time zone, without it: RangeStart and RangeEnd are datetimes, and a day
begins at midnight however long it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from headwater.dataflows.definitions.settings import Partitions, Unit

__all__ = ["Layout", "Period", "layout_of", "missing", "pieces"]

#: The largest first.
_UNITS: tuple[Unit, ...] = ("years", "quarters", "months", "days")
_MONTHS = {"years": 12, "quarters": 3, "months": 1}


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """From ``start`` until before ``end``."""

    start: datetime
    end: datetime

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d} to {self.end:%Y-%m-%d}"


@dataclass(frozen=True, slots=True)
class Layout:
    """What is kept and what is computed anew, as of some moment.

    Attributes:
        kept: from where on rows are kept, until where.
        refreshed: from where on they are computed anew.
        stored_unit: the longest a period may be.
        refreshed_unit: how long those are that are computed anew.
    """

    kept: Period
    refreshed: datetime
    stored_unit: Unit
    refreshed_unit: Unit

    @property
    def window(self) -> tuple[Period, ...]:
        """The periods that are computed anew."""
        found = []
        start = self.refreshed
        while start < self.kept.end:
            end = min(after(start, self.refreshed_unit), self.kept.end)
            found.append(Period(start, end))
            start = end
        return tuple(found)


def layout_of(partitions: Partitions, now: datetime) -> Layout:
    """What is kept at a moment: so many whole periods, and the running one unless only complete ones are wanted.

    >>> from headwater.dataflows.definitions.settings import Periods
    >>> found = layout_of(Partitions(Periods(2, "years"), Periods(1, "months")), datetime(2024, 6, 15, 12))
    >>> str(found.kept), [str(period) for period in found.window]
    ('2022-01-01 to 2024-07-01', ['2024-05-01 to 2024-06-01', '2024-06-01 to 2024-07-01'])
    """
    local = now.replace(tzinfo=None)
    refresh, store = partitions.refresh, partitions.store
    running = floor(local, refresh.unit)
    end = running if partitions.complete_periods else after(running, refresh.unit)
    first = before(floor(local, store.unit), store.unit, store.count)
    refreshed = before(running, refresh.unit, refresh.count)
    return Layout(Period(min(first, end), end), max(first, refreshed), store.unit, refresh.unit)


def missing(kept: Period, known: Sequence[Period]) -> Iterator[Period]:
    """What of a time no known period covers; these are in order, and do not overlap."""
    start = kept.start
    for period in known:
        if period.start > start:
            yield Period(start, period.start)
        start = max(start, period.end)
    if start < kept.end:
        yield Period(start, kept.end)


def pieces(gap: Period, longest: Unit) -> Iterator[Period]:
    """A time as calendar periods, each as long as it can be.

    >>> gap = Period(datetime(2022, 1, 1), datetime(2024, 5, 3))
    >>> ["2024-04" in str(piece) and str(piece) or str(piece)[:7] for piece in pieces(gap, "years")]
    ['2022-01', '2023-01', '2024-01-01 to 2024-04-01', '2024-04-01 to 2024-05-01', '2024-05', '2024-05']
    """
    start = gap.start
    while start < gap.end:
        end = next(
            (
                after(start, unit)
                for unit in _UNITS[_UNITS.index(longest) :]
                if floor(start, unit) == start and after(start, unit) <= gap.end
            ),
            min(after(floor(start, "days"), "days"), gap.end),
        )
        yield Period(start, end)
        start = end


def floor(moment: datetime, unit: Unit) -> datetime:
    """The beginning of the period that a moment lies in."""
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "days":
        return midnight
    months = _MONTHS[unit]
    return midnight.replace(day=1, month=(midnight.month - 1) // months * months + 1)


def after(moment: datetime, unit: Unit, count: int = 1) -> datetime:
    """The beginning of the ``count``-th period after the one that a moment lies in."""
    start = floor(moment, unit)
    if unit == "days":
        return start + timedelta(days=count)
    months = start.year * 12 + start.month - 1 + count * _MONTHS[unit]
    return start.replace(year=months // 12, month=months % 12 + 1)


def before(moment: datetime, unit: Unit, count: int) -> datetime:
    """The beginning of the ``count``-th period before the one that a moment lies in; never before year 1."""
    try:
        return after(moment, unit, -count)
    except (ValueError, OverflowError):
        return datetime.min
