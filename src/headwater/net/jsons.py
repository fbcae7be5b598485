"""Reading JSON that somebody else wrote."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import orjson

__all__ = ["parse_json"]

#: As deep as orjson goes; nobody describes anything that is nested deeper.
_DEEPEST: Final = 1024
_BRACKETS: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


def parse_json(body: bytes) -> Any:
    """What a JSON text holds, NaN and Infinity too, which servers written in Python do send.

    The standard library's reader calls itself for each level, and where the language has raised the limit for that, a
    text that is nothing but brackets would end the process. So how deep it goes is looked at first.

    Raises:
        ValueError: it is no JSON, or nested deeper than anything is.

    >>> parse_json(b'{"loss": NaN, "big": 12345678901234567890123}')
    {'loss': nan, 'big': 12345678901234567890123}
    """
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        _check_depth(body)
    return json.loads(body)


def _check_depth(body: bytes) -> None:
    depth = 0
    for token in _BRACKETS.finditer(body):
        kind = token.group()[:1]
        depth += 1 if kind in b"[{" else -1 if kind in b"]}" else 0
        if depth > _DEEPEST:
            raise ValueError("the text is nested too deeply")
