"""Moments as numbers of days since 30 December 1899: the dates of OLE Automation, which .NET and Excel know.

They count whole milliseconds. Before that day the fraction still counts forward from midnight: -1.25 is six in the
morning of the day before.
"""

from __future__ import annotations

import math

from headwater.powerquery.values.times import TICKS_PER_DAY, TICKS_PER_SECOND, Date, DateTime, out_of_range

_TICKS_PER_MILLISECOND = TICKS_PER_SECOND // 1000
_PER_DAY = TICKS_PER_DAY // _TICKS_PER_MILLISECOND

EPOCH = Date.of(1899, 12, 30).ticks
"""The ticks of day 0."""


def number_of_moment(moment: DateTime) -> float:
    """The number of days of a moment; what is below a millisecond is cut off.

    >>> number_of_moment(DateTime.of(1899, 12, 29, 6, 0, 0))
    -1.25
    """
    days, clock = divmod(moment.ticks - EPOCH, TICKS_PER_DAY)
    passed = clock // _TICKS_PER_MILLISECOND
    return (days * _PER_DAY + (passed if days >= 0 else -passed)) / _PER_DAY


def moment_of_number(number: float) -> DateTime:
    """The moment of a number of days, to the nearest millisecond.

    Raises:
        MError: Expression.Error, there is no such moment.

    >>> moment_of_number(-1.25) == DateTime.of(1899, 12, 29, 6, 0, 0)
    True
    """
    passed = number * _PER_DAY
    if not math.isfinite(passed):
        raise out_of_range("DateTime")
    whole = math.floor(abs(passed) + 0.5)
    days, clock = divmod(whole, _PER_DAY)
    return DateTime(EPOCH + ((days if passed >= 0 else -days) * _PER_DAY + clock) * _TICKS_PER_MILLISECOND)
