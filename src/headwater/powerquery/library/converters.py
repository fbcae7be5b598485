"""The conversion to a type, which ``Table.TransformColumnTypes`` makes of each cell."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from headwater.errors import MError
from headwater.powerquery.library.bytes_as_text import to_binary
from headwater.powerquery.library.clock import localized, shown_locally
from headwater.powerquery.library.convert import (
    to_date,
    to_datetime,
    to_datetimezone,
    to_duration,
    to_int64,
    to_logical,
    to_number,
    to_text,
    to_time,
)
from headwater.powerquery.library.cultures import ENGLISH_US, Culture
from headwater.powerquery.library.number.sizes import WHOLE_BITS, to_currency, to_single, to_whole
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Value, plain
from headwater.powerquery.values.times import DateTime, DateTimeZone

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session

Conversion = Callable[[Value], Value]

_BY_KIND: dict[str, Callable[[Value, Culture], Value]] = {
    "number": to_number,
    "text": to_text,
    "logical": lambda value, _: to_logical(value),
    "date": to_date,
    "time": to_time,
    "datetime": to_datetime,
    "duration": to_duration,
    "binary": lambda value, _: to_binary(value),
}
"""By the name of the primitive type."""

_BY_FACET: dict[str, Callable[[Value, Culture], Value]] = {
    "Int64.Type": to_int64,
    "Currency.Type": to_currency,
    "Single.Type": to_single,
}
"""By the name of a number's facet, where its values are fewer than those of a double."""


NARROW_FACETS = frozenset({*WHOLE_BITS, "Currency.Type", "Single.Type"})
"""The facets of numbers that do not fit are errors, or are rounded: more than a conversion to their kind does."""


def facet_of(target: t.Type) -> str | None:
    """The facet of a primitive type, nullable or not."""
    inner = t.non_nullable(target)
    return inner.facet if isinstance(inner, t.PrimitiveType) else None


def converter(target: t.Type, culture: Culture = ENGLISH_US, session: Session | None = None) -> Conversion:
    """The conversion to a type; local time is the session's, or UTC without one.

    Raises:
        MError: Expression.Error where no conversion to the type is defined.
    """
    inner = t.non_nullable(target)
    if not isinstance(inner, t.PrimitiveType):
        raise _undefined(target)
    if inner.name in ("any", "anynonnull"):
        return lambda value: value
    if inner.name == "datetimezone":
        localize = _in_utc if session is None else partial(localized, session)
        return lambda value: to_datetimezone(value, culture, localize)
    convert = _conversion(inner)
    if convert is None:
        raise _undefined(target)
    if inner.name not in _OF_LOCAL_TIME:
        return partial(_converted, convert, culture)
    shown = _shown_in_utc if session is None else partial(shown_locally, session)
    return partial(_converted_locally, convert, culture, shown)


_OF_LOCAL_TIME = frozenset({"number", "date", "time", "datetime"})
"""What a datetimezone becomes by way of the datetime that local clocks show."""


def _converted(convert: Callable[[Value, Culture], Value], culture: Culture, value: Value) -> Value:
    return convert(value, culture)


def _converted_locally(
    convert: Callable[[Value, Culture], Value], culture: Culture, shown: Conversion, value: Value
) -> Value:
    return convert(shown(value), culture)


def _conversion(target: t.PrimitiveType) -> Callable[[Value, Culture], Value] | None:
    facet = target.facet or ""
    bits = WHOLE_BITS.get(facet)
    if bits is not None:
        return lambda value, culture: to_whole(value, culture, bits)
    return _BY_FACET.get(facet) or _BY_KIND.get(target.name)


def _undefined(target: t.Type) -> MError:
    return MError("Expression.Error", f"There is no conversion to {t.type_text(target)}.")


def _in_utc(local: DateTime) -> DateTimeZone:
    return DateTimeZone.at(local, 0)


def _shown_in_utc(value: Value) -> Value:
    bare = plain(value)
    return DateTimeZone(bare.ticks, 0).local if isinstance(bare, DateTimeZone) else value
