"""Reading the arguments that many library functions share: names, lists of names, criteria, options."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence

from headwater.errors import MError
from headwater.powerquery.values.core import List, Record, Value, force, plain
from headwater.powerquery.values.functions import Function, wrong_count
from headwater.powerquery.values.operators import cannot_convert, is_number
from headwater.powerquery.values.table import Table


def text_of(value: Value) -> str:
    """A text."""
    value = plain(value)
    if isinstance(value, str):
        return value
    raise cannot_convert(value, "Text")


def function_of(value: Value) -> Function:
    """A function."""
    value = plain(value)
    if isinstance(value, Function):
        return value
    raise cannot_convert(value, "Function")


def list_of(value: Value) -> List:
    """A list."""
    value = plain(value)
    if isinstance(value, List):
        return value
    raise cannot_convert(value, "List")


def table_of(value: Value) -> Table:
    """A table."""
    value = plain(value)
    if isinstance(value, Table):
        return value
    raise cannot_convert(value, "Table")


def record_of(value: Value) -> Record:
    """A record."""
    value = plain(value)
    if isinstance(value, Record):
        return value
    raise cannot_convert(value, "Record")


def names_of(value: Value) -> list[str]:
    """One name or a list of names."""
    value = plain(value)
    return [value] if isinstance(value, str) else [text_of(item) for item in list_of(value).plain()]


def pairs_of(value: Value, *, most: int = 2) -> list[list[Value]]:
    """A list of lists of two items, or one such list by itself: ``{"a", "b"}`` stands for ``{{"a", "b"}}``.

    Raises:
        MError: Expression.Error where one has fewer than two items or more than ``most``.
    """
    value = plain(value)
    items = list(list_of(value).plain())
    pairs = [items] if items and not isinstance(items[0], List) else [list(list_of(item).plain()) for item in items]
    for pair in pairs:
        if not 2 <= len(pair) <= most:
            raise MError("Expression.Error", f"A list of two items is expected here, not of {len(pair)}.", List(pair))
    return pairs


def whole(value: Value, what: str, *, least: int = 0) -> int:
    """A whole number of at least ``least``; ``what`` names the argument in the error.

    What is beyond any position or length that there can be comes as the largest that Python counts by.
    """
    value = plain(value)
    if not is_number(value):
        raise cannot_convert(value, "Number")
    if not math.isfinite(value) or value < least or value != int(value):
        raise MError("Expression.Error", f"The '{what}' argument is out of range.", value)
    return min(int(value), sys.maxsize)


def call_each(function: Function, items: Sequence[Value]) -> list[Value]:
    """The function of each item."""
    return [function.call(item) for item in items]


def caller(function: Function, count: int) -> Callable[..., Value]:
    """The function, ready to be called with ``count`` evaluated arguments again and again.

    Raises:
        MError: Expression.Error where the function does not take that many.
    """
    if count < function.minimum or (function.maximum is not None and count > function.maximum):
        raise wrong_count(function, count)
    call = function.call
    return lambda *arguments: force(call(*arguments))


def known_options(options: Record | None, function: str, *known: str) -> dict[str, Value]:
    """The options given that are not null.

    Raises:
        MError: Expression.Error, one of them is none of those that the function knows.
    """
    given = {} if options is None else {name: plain(value) for name, value in options.items()}
    unknown = next((name for name in given if name not in known), None)
    if unknown is not None:
        listed = ", ".join(f"'{name}'" for name in known) or "none"
        raise MError("Expression.Error", f"'{unknown}' is no option of {function}. Its options are: {listed}.", options)
    return {name: value for name, value in given.items() if value is not None}
