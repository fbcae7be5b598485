"""Parameters of native queries: written into the text as constants, where it names them and not inside of quotes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from headwater.errors import MError
from headwater.powerquery.values.core import List, Record, Value, plain
from headwater.powerquery.values.operators import cannot_convert

_PARTS = re.compile(
    r"""
      (?P<quoted> '(?:[^']|'')*' | "(?:[^"]|"")*" | `[^`]*` | \[[^\]\n]*\] | --[^\n]* | /\*.*?\*/
        | \$(?P<tag>[A-Za-z_]*)\$.*?\$(?P=tag)\$ )
    | (?P<at> (?<![@\w]) @ (?P<name>[A-Za-z_]\w*) )
    | (?P<dollar> \$(?P<number>[0-9]+) )
    | (?P<mark> \? )
    """,
    re.VERBOSE | re.DOTALL,
)


def with_parameters(query: str, parameters: Value, literal: Callable[[Value], str]) -> str:
    """The query with its parameters written into it.

    Args:
        query: its text.
        parameters: a record, whose fields the text names as ``@name``; or a list, whose items it names in turn as
            ``?`` or by their places as ``$1``; or null.
        literal: a value as a constant of the source's language.

    Raises:
        MError: Expression.Error, the text names a parameter that is not given, or the parameters are of another kind.
    """
    parameters = plain(parameters)
    if parameters is None:
        return query
    if not isinstance(parameters, List | Record):
        raise cannot_convert(parameters, "Record")
    named = dict(parameters.items()) if isinstance(parameters, Record) else {}
    listed = [] if isinstance(parameters, Record) else list(parameters.plain())
    return _written(query, {name: plain(value) for name, value in named.items()}, listed, literal)


def _written(query: str, named: Mapping[str, Value], listed: list[Value], literal: Callable[[Value], str]) -> str:
    marks = 0

    def replaced(found: re.Match[str]) -> str:
        nonlocal marks
        if found["at"] and named:
            return literal(_given(named, found["name"]))
        if found["dollar"] and listed:
            return literal(_given(dict(enumerate(listed, 1)), int(found["number"])))
        if found["mark"] and listed:
            marks += 1
            return literal(_given(dict(enumerate(listed, 1)), marks))
        return found[0]

    return _PARTS.sub(replaced, query)


def _given(values: Mapping[Any, Value], key: str | int) -> Value:
    if key not in values:
        raise MError("Expression.Error", f"The query names the parameter '{key}', which is not given.")
    return values[key]
