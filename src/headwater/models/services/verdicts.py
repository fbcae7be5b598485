"""What an answer of a service means for the batch that was sent.

| answer | what follows |
|---|---|
| 2xx | the answer is read |
| 429, 502, 503 | a pause for all calls, as long as the service asks for; then the batch is sent again |
| connection cut or refused | a pause for this batch, then it is sent again |
| 413, an answer that is too large | the batch is halved, and no batch is as large again |
| 408, 504, no answer in time | the batch is halved |
| 401, 403, 404, 405, 410, 415, a redirect that leads nowhere | all scoring stops |
| 424, 500 that a scoring script is said to have caused, other 4xx | the batch is taken apart: some row is to blame |
| other 5xx | the batch is sent once more, then taken apart: both a mishap and a row can be behind it |

What Azure calls 424 is the status that the scoring script itself answered with; where that one means "not now" or "too
large", it is taken for what it means.
"""

from __future__ import annotations

import email.utils
import re
import time
from enum import Enum, auto
from typing import Final, NamedTuple

from headwater.net import Answer
from headwater.net.failures import error_code_of

__all__ = ["Stop", "Verdict", "judge", "pause_asked_for", "said", "stop_for"]

_BUSY: Final = frozenset({429, 502, 503})
_SLOW: Final = frozenset({408, 504})
_LARGE: Final = 413
_MODEL_ERROR: Final = 424
_SCRIPT_STATUS: Final = "ms-azureml-model-error-statuscode"
_SCRIPT_FAILED: Final = "x-ms-run-function-failed"

#: Failures are a few words; what is longer is not read for them.
_MOST_READ: Final = 64 * 1024
#: A far side's word is repeated if it can be nothing but a name; anything looser could be a row's.
_PLAIN = re.compile(r"[A-Z_]{1,64}")


class Verdict(Enum):
    """What an answer means; see the table above."""

    SCORED = auto()
    BUSY = auto()
    CUT = auto()
    TOO_LARGE = auto()
    TOO_SLOW = auto()
    STOP = auto()
    MODEL = auto()
    BROKEN = auto()


class Stop(NamedTuple):
    """Why nothing can be scored any more: the code of the error, and what to do."""

    code: str
    hint: str


_REFUSED: Final = "model.refused"
_GONE: Final = "model.gone"
_STOPS: Final = {
    401: Stop(_REFUSED, "Check the credential stored for this service: it is missing, wrong or has expired."),
    403: Stop(_REFUSED, "The credential stored for this service may not call it: have it given the right."),
    404: Stop(_GONE, "The endpoint is not there any more, or its address has changed: look it up anew."),
    405: Stop(_GONE, "The address takes no such calls: check that it is the one for scoring."),
    410: Stop(_GONE, "The endpoint has been removed: look for the one in its place."),
    415: Stop("model.form", "The service does not take rows in this form: check its kind and its schema."),
}
_NO_ANSWER: Final = Stop(_GONE, "Check the service's address: what answers there is no scoring service.")


def judge(answer: Answer) -> Verdict:
    """What the answer means for the batch."""
    status = answer.status
    if status == _MODEL_ERROR:
        return _about_load(_script_status(answer)) or Verdict.MODEL
    if 200 <= status < 300:
        return Verdict.SCORED
    about_load = _about_load(status)
    if about_load is not None:
        return about_load
    if status in _STOPS or status < 400:
        return Verdict.STOP
    by_script = answer.header(_SCRIPT_FAILED).lower() == "true"
    return Verdict.MODEL if status < 500 or by_script else Verdict.BROKEN


def stop_for(status: int) -> Stop:
    """Why an answer of that status ends scoring."""
    return _STOPS.get(status, _NO_ANSWER)


def said(answer: Answer) -> str:
    """The answer in words of ours: status and error code, nothing of its text."""
    words = [str(answer.status)]
    code = error_code_of(answer.body) if len(answer.body) <= _MOST_READ else ""
    if _PLAIN.fullmatch(code):
        words.append(code)
    script = _script_status(answer)
    if answer.status == _MODEL_ERROR and script:
        words.append(f"(its script: {script})")
    return f"the service answered {' '.join(words)}"


def pause_asked_for(answer: Answer) -> float | None:
    """Seconds that the ``Retry-After`` header asks for, as a number or a date; None where it asks for nothing."""
    asked = answer.header("Retry-After").strip()
    if asked.isascii() and asked.isdecimal():
        return float(asked)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(asked).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def _about_load(status: int) -> Verdict | None:
    """What a status says about too much at once, if that is what it is about."""
    if status in _BUSY:
        return Verdict.BUSY
    if status in _SLOW:
        return Verdict.TOO_SLOW
    return Verdict.TOO_LARGE if status == _LARGE else None


def _script_status(answer: Answer) -> int:
    """The status that Azure says the scoring script answered with; 0 where it does not say."""
    given = answer.header(_SCRIPT_STATUS)
    return int(given) if re.fullmatch("[1-5][0-9]{2}", given) else 0
