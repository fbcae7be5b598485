"""Dates and times as text, by format, in DuckDB's SQL."""

from __future__ import annotations

from sqlglot import exp

from headwater.engines.duckdb.conversions import as_date, as_ticks
from headwater.engines.duckdb.scope import Computed, Scope
from headwater.engines.duckdb.sql import cast
from headwater.engines.duckdb.ticks import (
    TICKS_PER_HOUR,
    TICKS_PER_MINUTE,
    TICKS_PER_SECOND,
    per,
    plus,
    rest,
)
from headwater.engines.sql import Sql, binary, call, case, not_null, text, whole
from headwater.plan.conversions import TICKS_PER_DAY
from headwater.plan.expressions import Call
from headwater.plan.types import DataType, Kind


def to_text(scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
    """Date.ToText."""
    value, of = scope.once(arguments[0].value), node.arguments[0].type
    fields = _Fields(scope, value, of)
    written: Sql | None = None
    for field in node.option:
        piece = text(field[0]) if len(field) == 1 else fields.written(*field)
        written = piece if written is None else binary(exp.DPipe, written, piece)
    return Computed(case((not_null(value), text("") if written is None else written)))


class _Fields:
    """What a calendar and a clock show, as text. A date's clock shows midnight, a time's calendar 0001-01-01."""

    def __init__(self, scope: Scope, value: Sql, of: DataType) -> None:
        first = cast(text("0001-01-01"), "DATE")
        self._day = scope.once(first if of.kind is Kind.TIME else as_date(value, of))
        clock = {Kind.DATE: whole(0), Kind.TIME: value}.get(of.kind)
        self._clock = scope.once(rest(as_ticks(value, of) if clock is None else clock, TICKS_PER_DAY))

    def written(self, letter: str, count: int, names: tuple[str, ...]) -> Sql:
        """A field of a format string: the number in so many digits, or where there are ``names``, its name."""
        number = self._number(letter)
        if letter == "y" and count <= 2:
            number = rest(number, 100)
        if names:
            listed = call("list_value", *(text(name) for name in names))
            return call("list_extract", listed, cast(plus(number, whole(self._first(letter))), "BIGINT"))
        shown = cast(number, "VARCHAR")
        if letter == "f":
            return call("substr", call("lpad", shown, _size(7), text("0")), whole(1), whole(count))
        least = count if letter == "y" else min(count, 2)
        longer = call("greatest", _size(least), cast(call("length", shown), "INTEGER"))
        return shown if least == 1 else call("lpad", shown, longer, text("0"))

    @staticmethod
    def _first(letter: str) -> int:
        """What to add to the field's number so that its first name is the one at 1."""
        return 0 if letter == "M" else 1

    def _number(self, letter: str) -> Sql:
        hour = per(self._clock, TICKS_PER_HOUR)
        match letter:
            case "y" | "M":
                return call("year" if letter == "y" else "month", self._day)
            case "d":
                return call("day", self._day)
            case "w":
                return call("dayofweek", self._day)
            case "H":
                return hour
            case "h":
                return plus(rest(plus(hour, whole(11)), 12), whole(1))
            case "t":
                return per(hour, 12)
            case "m":
                return per(rest(self._clock, TICKS_PER_HOUR), TICKS_PER_MINUTE)
            case "s":
                return per(rest(self._clock, TICKS_PER_MINUTE), TICKS_PER_SECOND)
        return rest(self._clock, TICKS_PER_SECOND)


def _size(value: int) -> Sql:
    return cast(whole(value), "INTEGER")
