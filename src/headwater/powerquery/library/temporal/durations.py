"""Durations from text."""

from __future__ import annotations

import re

from headwater.plan import conversions as c
from headwater.powerquery.library.temporal.exact import unreadable
from headwater.powerquery.values.times import (
    TICKS_PER_DAY,
    TICKS_PER_HOUR,
    TICKS_PER_MINUTE,
    TICKS_PER_SECOND,
    Duration,
)

_DURATION = re.compile(
    r"(-)?(?:([0-9]+)|(?:([0-9]+)\.)?([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:\.([0-9]{1,7}))?)?)"
)


def read_duration(text: str) -> Duration:
    """The duration that a text of the form ``[-]days.hours:minutes:seconds[.fraction]`` writes, or a number of days.

    Raises:
        MError: DataFormat.Error, it writes none.
    """
    found = _DURATION.fullmatch(text.strip(c.BLANKS))
    if found is None:
        raise unreadable("Duration", text)
    hours, minutes, seconds = (int(part or 0) for part in found.group(4, 5, 6))
    if hours > 23 or minutes > 59 or seconds > 59:
        raise unreadable("Duration", text)
    ticks = int(found[2] or found[3] or 0) * TICKS_PER_DAY + int((found[7] or "").ljust(7, "0"))
    ticks += hours * TICKS_PER_HOUR + minutes * TICKS_PER_MINUTE + seconds * TICKS_PER_SECOND
    return Duration(-ticks if found[1] else ticks)
