"""Functions on dates, times, datetimes, datetimezones and durations."""

from headwater.powerquery.library.date import (
    boundaries,
    conversion,
    dates,
    datetimes,
    durations,
    literals,
    relative,
    text,
    times,
    zones,
)

__all__ = [
    "boundaries",
    "conversion",
    "dates",
    "datetimes",
    "durations",
    "literals",
    "relative",
    "text",
    "times",
    "zones",
]
