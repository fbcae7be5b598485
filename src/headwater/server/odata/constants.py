"""Constants of OData's expressions as literals of a plan, each of the type of what it is compared with."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import re
from decimal import Context, Decimal, InvalidOperation
from typing import Any, Final

from headwater.errors import UsageError
from headwater.plan.conversions import INT64_MAX, INT64_MIN, TICKS_PER_MICROSECOND
from headwater.plan.expressions import Literal
from headwater.plan.types import (
    BINARY,
    DATE,
    DATETIMEZONE,
    DOUBLE,
    DURATION,
    INT64,
    LOGICAL,
    TEXT,
    TIME,
    DataType,
    Kind,
)
from headwater.server.odata.syntax import Constant

__all__ = ["literal", "zoned_literal"]

_TICKS_PER_SECOND: Final = 10_000_000
_CLOCK: Final = re.compile(r"(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,12}))?)?")
_DURATION: Final = re.compile(r"(-?)P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.(\d{1,12}))?S)?)?")


def literal(constant: Constant, wanted: DataType | None, option: str) -> Literal:
    """The literal that a constant is.

    Args:
        constant: as it was written.
        wanted: the type of what it stands beside; None: its own.
        option: where it stands, for errors.

    Raises:
        UsageError: it is not what it looks like, or nothing that can stand there (``odata.constant``).
    """
    if constant.kind == "null":
        return Literal(None, wanted or TEXT)
    try:
        found = _read(constant, wanted)
    except (ValueError, OverflowError, InvalidOperation, binascii.Error):
        found = None
    if found is None:
        raise UsageError(
            f"This is no {constant.kind} that there is.",
            place=f"{option}, character {constant.at + 1}",
            hint="Correct the constant.",
            code="odata.constant",
        )
    return found


def _read(constant: Constant, wanted: DataType | None) -> Literal | None:
    text = constant.text
    match constant.kind:
        case "boolean":
            return Literal(text == "true", LOGICAL)
        case "text":
            return Literal(text, TEXT)
        case "number":
            return _number(text, wanted)
        case "date":
            return Literal(dt.date.fromisoformat(text), DATE)
        case "time":
            return Literal(_clock_ticks(text), TIME)
        case "duration":
            return _duration(text)
        case "binary":
            return Literal(base64.b64decode(text.replace("-", "+").replace("_", "/") + "==", validate=False), BINARY)
        case _:
            return _moment(text, wanted)


def _number(text: str, wanted: DataType | None) -> Literal | None:
    if text.lstrip("-") in ("INF", "NaN"):
        return Literal(float(text.replace("INF", "inf")), DOUBLE)
    if wanted is not None and wanted.kind is Kind.DECIMAL:
        exact = _decimal(Decimal(text), wanted)
        if exact is not None:
            return Literal(exact, wanted)
    whole = re.fullmatch(r"-?\d+", text) is not None
    if whole and INT64_MIN <= int(text) <= INT64_MAX:
        return Literal(int(text), INT64)
    return Literal(float(text), DOUBLE)


def _decimal(value: Decimal, wanted: DataType) -> Decimal | None:
    """A number as one of this decimal type, if it is exactly one."""
    context = Context(prec=wanted.precision, traps=[InvalidOperation])
    try:
        found = value.quantize(Decimal(1).scaleb(-wanted.scale), context=context)
    except InvalidOperation:
        return None
    return found if found == value else None


def _fraction(digits: str | None) -> int:
    """Digits after a point, in ticks; ValueError where there are more than ticks."""
    padded = (digits or "").ljust(7, "0")
    if padded[7:].strip("0"):
        raise ValueError
    return int(padded[:7])


def _clock_ticks(text: str) -> int:
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise ValueError
    hours, minutes, seconds = (int(found[at] or 0) for at in (1, 2, 3))
    if hours > 23 or minutes > 59 or seconds > 59:
        raise ValueError
    return (hours * 3600 + minutes * 60 + seconds) * _TICKS_PER_SECOND + _fraction(found[4])


def _duration(text: str) -> Literal | None:
    found = _DURATION.fullmatch(text)
    if found is None or not any(found[at] for at in range(2, 6)):
        return None
    days, hours, minutes, seconds = (int(found[at] or 0) for at in range(2, 6))
    ticks = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * _TICKS_PER_SECOND + _fraction(found[6])
    ticks = -ticks if found[1] else ticks
    return Literal(ticks, DURATION) if INT64_MIN <= ticks <= INT64_MAX else None


def _moment(text: str, wanted: DataType | None) -> Literal | None:
    """A moment with an offset: of a datetime column it is the clock that the column shows as UTC."""
    day, _, rest = text.partition("T")
    zone = re.search(r"Z|[+-]\d\d:\d\d$", rest)
    assert zone is not None, "the lexer saw one"
    ticks = (dt.date.fromisoformat(day).toordinal() - 1) * 86_400 * _TICKS_PER_SECOND + _clock_ticks(
        rest[: zone.start()]
    )
    offset = 0 if zone.group() == "Z" else _minutes(zone.group())
    instant = ticks - offset * 60 * _TICKS_PER_SECOND
    if wanted is not None and wanted.kind is Kind.DATETIME:
        return Literal(_clock_value(instant, wanted), wanted)
    return zoned_literal(instant, offset)


def zoned_literal(instant: int, offset: int = 0) -> Literal:
    """A moment, in ticks since the year 1, on a clock so many minutes ahead of UTC."""
    return Literal({"instant": instant, "offset": offset}, DATETIMEZONE)


def _clock_value(instant: int, wanted: DataType) -> Any:
    if wanted.unit == "tick":
        return instant
    microseconds, more = divmod(instant, TICKS_PER_MICROSECOND)
    if more:
        # Of a column by the microsecond nothing is equal to it; cut, something might be.
        raise ValueError
    return dt.datetime(1, 1, 1) + dt.timedelta(microseconds=microseconds)


def _minutes(zone: str) -> int:
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    if hours > 14 or minutes > 59:
        raise ValueError
    total = hours * 60 + minutes
    return -total if zone[0] == "-" else total
