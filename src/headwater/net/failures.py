"""What a far side's failure comes to in words of ours: never in its own, which may hold somebody's row."""

from __future__ import annotations

import email.utils
import re
import time
from urllib.parse import urlsplit

from headwater.net.jsons import parse_json

__all__ = ["bare_path", "error_code_of", "pause_asked_for", "status_hint"]

#: A far side's error code is shown; anything longer or looser than this could be a sentence with data in it.
_ERROR_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,79}")
_TRANSIENT = frozenset({429, 502, 503, 504})


def bare_path(path: str) -> str:
    """``path`` without its query, which may hold names, keys and signatures."""
    return urlsplit(path).path or "/"


def error_code_of(body: bytes) -> str:
    """The far side's word for the failure, where its JSON has one (MLflow's, Azure's or OAuth's form)."""
    try:
        answer = parse_json(body)
    except ValueError:
        return ""
    if not isinstance(answer, dict):
        return ""
    error = answer.get("error")
    nested = error.get("code") if isinstance(error, dict) else error
    for word in (answer.get("error_code"), answer.get("errorCode"), nested, answer.get("code")):
        if isinstance(word, str) and _ERROR_CODE.fullmatch(word):
            return word
    return ""


def status_hint(status: int) -> str:
    """What to do about a failure of that status."""
    if status == 401:
        return "Check the credential stored for this address: it is missing, wrong or has expired."
    if status == 403:
        return "The credential stored for this address is known there, but may not do this: have it given the right."
    if status == 404:
        return "Check the name and the address."
    if status in _TRANSIENT:
        return "The service is overloaded or restarting: try again later."
    return "See the service's own log for the reason."


def pause_asked_for(retry_after: str, attempt: int) -> float:
    """Seconds to wait before asking again: what the ``Retry-After`` header says, else longer after each attempt.

    >>> pause_asked_for("7", 1), pause_asked_for("", 1), pause_asked_for("soon", 3)
    (7.0, 0.5, 2.0)
    """
    asked = retry_after.strip()
    if asked.isdecimal():
        return float(asked)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(asked).timestamp() - time.time())
    except ValueError:
        return 0.25 * float(2**attempt)
