"""What each answer of a service means, and what is told of it."""

from __future__ import annotations

import email.utils
import time

import pytest

from headwater.models.services.verdicts import Verdict, judge, pause_asked_for, said, stop_for
from headwater.net import Answer

SCRIPT = "ms-azureml-model-error-statuscode"
RUN_FAILED = "x-ms-run-function-failed"


def answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    return Answer(status, "", tuple((name.replace("_", "-"), value) for name, value in headers.items()), body)


def named(status: int, name: str, value: str) -> Answer:
    return Answer(status, "", ((name, value),), b"")


@pytest.mark.parametrize(
    ("statuses", "verdict"),
    [
        ([200, 201, 204], Verdict.SCORED),
        ([429, 502, 503], Verdict.BUSY),
        ([413], Verdict.TOO_LARGE),
        ([408, 504], Verdict.TOO_SLOW),
        ([301, 304, 401, 403, 404, 405, 410, 415], Verdict.STOP),
        ([400, 409, 422, 424, 431, 499], Verdict.MODEL),
        ([500, 501, 505, 529], Verdict.BROKEN),
    ],
)
def test_statuses(statuses: list[int], verdict: Verdict) -> None:
    assert [judge(answer(status)) for status in statuses] == [verdict] * len(statuses)


@pytest.mark.parametrize(
    ("failure", "verdict"),
    [
        (named(500, RUN_FAILED, "True"), Verdict.MODEL),
        (named(500, RUN_FAILED, "False"), Verdict.BROKEN),
        (named(503, RUN_FAILED, "True"), Verdict.BUSY),
        (named(424, SCRIPT, "500"), Verdict.MODEL),
        (named(424, SCRIPT, "404"), Verdict.MODEL),
        (named(424, SCRIPT, "429"), Verdict.BUSY),
        (named(424, SCRIPT, "503"), Verdict.BUSY),
        (named(424, SCRIPT, "504"), Verdict.TOO_SLOW),
        (named(424, SCRIPT, "413"), Verdict.TOO_LARGE),
        (named(424, SCRIPT, "soon"), Verdict.MODEL),
    ],
)
def test_what_azure_says_besides(failure: Answer, verdict: Verdict) -> None:
    assert judge(failure) is verdict


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        (answer(400, b'{"error_code": "BAD_REQUEST", "message": "row 4711"}'), "400 BAD_REQUEST"),
        (answer(400, b'{"error_code": "row 4711"}'), "400"),
        (answer(400, b'{"error_code": "ROW4711"}'), "400"),
        (answer(400, b'{"error_code": "' + b"A" * 65 + b'"}'), "400"),
        (answer(400, b'{"error_code": "BAD_REQUEST", "message": "' + b"x" * (1 << 17) + b'"}'), "400"),
        (answer(400, b"row 4711"), "400"),
        (named(424, SCRIPT, "500"), "424 (its script: 500)"),
        (named(424, SCRIPT, "row 4711"), "424"),
        (named(400, SCRIPT, "500"), "400"),
    ],
)
def test_a_row_is_never_quoted(failure: Answer, text: str) -> None:
    assert said(failure) == f"the service answered {text}"


def test_pauses_asked_for() -> None:
    def asked(value: str) -> float | None:
        return pause_asked_for(named(503, "retry-after", value))

    assert (asked("7"), asked("0"), asked(" 3 ")) == (7.0, 0.0, 3.0)
    assert [asked(value) for value in ("", "soon", "-1", "1e3", "٣", "Thu, 99 Foo 2020")] == [None] * 6
    in_a_minute = asked(email.utils.formatdate(time.time() + 60, usegmt=True))
    assert in_a_minute is not None and 50 < in_a_minute <= 60
    assert asked(email.utils.formatdate(0, usegmt=True)) == 0
    assert pause_asked_for(answer(503)) is None


def test_every_end_has_a_code_and_a_hint() -> None:
    for status in (302, 401, 403, 404, 405, 410, 415):
        stop = stop_for(status)
        assert stop.code in {"model.refused", "model.gone", "model.form"} and stop.hint
