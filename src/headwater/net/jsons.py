"""Reading JSON that somebody else wrote."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import orjson

__all__ = ["is_too_deep", "parse_json"]

#: As deep as orjson goes; nobody describes anything that is nested deeper.
_DEEPEST: Final = 1024
#: Texts, one that is not finished too.
_TEXTS: Final = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\Z)', re.DOTALL)


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
        # Brackets and quotes are the same byte in every encoding that this reads byte by byte.
        if is_too_deep(body.decode("latin-1")):
            raise ValueError("the text is nested too deeply") from None
    return json.loads(body)


def is_too_deep(text: str) -> bool:
    """Whether a text of JSON values, or the beginning of one, is nested deeper than anything is.

    To be asked before the standard library's reader is given what may be unfinished; see :func:`parse_json`.

    >>> is_too_deep('[{"a": "' + "[" * 5000), is_too_deep("[" * 5000)
    (False, True)
    """
    if text.count("[") + text.count("{") <= _DEEPEST:
        return False
    import numpy as np

    signs = np.frombuffer(_TEXTS.sub("", text).encode("ascii", "replace"), np.uint8)
    opened = np.isin(signs, np.frombuffer(b"[{", np.uint8)).astype(np.int64)
    closed = np.isin(signs, np.frombuffer(b"]}", np.uint8))
    return bool((np.cumsum(opened - closed) > _DEEPEST).any())
