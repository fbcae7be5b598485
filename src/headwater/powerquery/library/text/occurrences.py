"""Which occurrence of a delimiter is meant."""

from __future__ import annotations

from headwater.errors import MError
from headwater.powerquery.library.arguments import whole
from headwater.powerquery.values.core import List, Value, plain

_FROM_END = 1


def wanted(index: Value, argument: str) -> tuple[int, bool]:
    """(which occurrence, whether counted from the end) of an argument: a number, or ``{number, RelativePosition}``."""
    index = plain(index)
    if index is None:
        return 0, False
    if not isinstance(index, List):
        return whole(index, argument), False
    parts = list(index.plain())
    if len(parts) != 2:
        raise MError(
            "Expression.Error", f"The '{argument}' argument takes a number, or a number and a position.", index
        )
    return whole(parts[0], argument), parts[1] == _FROM_END
