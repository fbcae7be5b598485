"""Templates: text with places such as ``#{0}`` or ``#[name]``."""

from __future__ import annotations

import re
from collections.abc import Callable

from headwater.errors import MError
from headwater.powerquery.values.core import List, Record, Value, force, plain
from headwater.powerquery.values.operators import cannot_convert

_PLACE = re.compile(r"#\{([0-9]+)\}|#\[([^\]]*)\]")


def fill(template: str, arguments: Value, show: Callable[[Value], str]) -> str:
    """``template`` with its places filled from a list or a record, each value as ``show`` writes it, null as nothing.

    Raises:
        MError: Expression.Error, an argument is missing, or ``show`` cannot write it.
    """
    lookup = _lookup(plain(arguments))

    def shown(place: re.Match[str]) -> str:
        value = plain(lookup(place))
        return "" if value is None else show(value)

    return _PLACE.sub(shown, template)


def _lookup(arguments: Value) -> Callable[[re.Match[str]], Value]:
    def from_list(place: re.Match[str]) -> Value:
        items = arguments.items
        if place[1] is None or int(place[1]) >= len(items):
            raise _unfilled(place, arguments)
        return force(items[int(place[1])])

    def from_record(place: re.Match[str]) -> Value:
        if place[2] is None or place[2] not in arguments:
            raise _unfilled(place, arguments)
        return arguments.get(place[2])

    if isinstance(arguments, List):
        return from_list
    if isinstance(arguments, Record):
        return from_record
    raise cannot_convert(arguments, "List")


def _unfilled(place: re.Match[str], arguments: Value) -> MError:
    return MError("Expression.Error", f"The place {place[0]} has no argument.", arguments)
