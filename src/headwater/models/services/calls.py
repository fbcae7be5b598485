"""The conversation with a service about one batch: sent, waited for, sent again where that is called for, and read."""

from __future__ import annotations

import hashlib
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pyarrow as pa

from headwater.errors import HeadwaterError, RemoteError, ScoringError, UnreachableError
from headwater.models.bisect import Answer, Failed
from headwater.models.forms.base import FormError, LengthError, Request, ServiceForm
from headwater.models.services.health import Health
from headwater.models.services.options import ServiceOptions
from headwater.models.services.sizing import BatchSize
from headwater.models.services.throttle import Throttle
from headwater.models.services.verdicts import Stop, Verdict, judge, pause_asked_for, said, stop_for
from headwater.net import Answer as HttpAnswer
from headwater.net import HttpClient

__all__ = ["ENDING", "IDEMPOTENCY_KEY", "SIZE", "Calls", "Tally", "idempotency_key", "joined"]

#: The header by which a service can tell a call that it has answered before.
IDEMPOTENCY_KEY = "Idempotency-Key"

#: The kind of failure of a batch that was too large, or took too long.
SIZE = "size"

#: The codes of failures that no other batch would escape.
ENDING = frozenset({"model.refused", "model.gone", "model.form", "model.systemic"})

#: What the client calls a service that was connected and did not answer in time.
_TIMEOUT = "network.timeout"

_NO_ROWS_FAULT = frozenset({Verdict.BUSY, Verdict.CUT, Verdict.TOO_LARGE, Verdict.TOO_SLOW})

#: How much longer than asked for a pause may be, so that not everybody comes back in the same moment.
_SPREAD = 0.1


@dataclass(slots=True)
class Tally:
    """Counts over one batch, since ``begun`` (monotonic); ``retries`` are calls that no row was to blame for."""

    calls: int = 0
    retries: int = 0
    begun: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True)
class _Reply:
    """What came of one call: what it means, that in words, and why scoring stops, if that is what it means."""

    verdict: Verdict
    said: str
    stop: Stop
    begun: float
    seconds: float
    answer: HttpAnswer | None = None


class Calls:
    """Asks a service for the scores of batches. For any thread.

    Args:
        client: bound to the service's origin and credential.
        form: how batches and answers are written.
        name: the function's name, for messages.
        url_path: the service's address within the origin.
        options: limits.
        size: told what was measured.
        throttle: asked before each call.
        health: told of good answers.
    """

    def __init__(
        self,
        client: HttpClient,
        form: ServiceForm,
        name: str,
        url_path: str,
        options: ServiceOptions,
        *,
        size: BatchSize,
        throttle: Throttle,
        health: Health,
    ) -> None:
        self._client = client
        self._form = form
        self._name = name
        self._url_path = url_path
        self._options = options
        self._size = size
        self._throttle = throttle
        self._health = health
        self._counting = threading.Lock()
        #: All calls so far.
        self.total = Tally()

    def ask(self, batch: pa.RecordBatch, params: Mapping[str, Any], check: Callable[[], None], tally: Tally) -> Answer:
        """The outputs for a batch, or why there are none; waits and asks again where the service is busy.

        Args:
            batch: at least one row.
            params: settings of the call.
            check: called before each call; raises where it may not be made.
            tally: added to.

        Raises:
            ScoringError: the service was too busy, or could not be reached, for too long; or (codes in ``ENDING``) it
                does not take calls at all, whatever the batch.
        """
        request = self._form.encode(batch, params)
        self._size.encoded(batch.num_rows, len(request.content))
        if len(request.content) > self._options.payload_bytes and batch.num_rows > 1:
            return Failed(SIZE, "the request is too large")
        vain: list[Verdict] = []
        not_before = 0.0
        while True:
            reply = self._call(request, not_before, check, tally)
            answer = self._settled(reply, batch.num_rows, repeated=reply.verdict in vain)
            if answer is not None:
                return answer
            vain.append(reply.verdict)
            self._check_patience(reply, len(vain), tally)
            not_before = self._pause(reply, len(vain))

    def _call(self, request: Request, not_before: float, check: Callable[[], None], tally: Tally) -> _Reply:
        with self._throttle.call(not_before) as begun:
            check()
            self._count(tally, calls=1)
            reply = self._sent(request, begun)
        if reply.verdict in _NO_ROWS_FAULT:
            self._count(tally, retries=1)
        if reply.verdict is Verdict.TOO_SLOW:
            # A service that hangs would otherwise be waited for again with each half, down to every single row.
            self._check_patience(reply, 0, tally)
        return reply

    def _sent(self, request: Request, begun: float) -> _Reply:
        try:
            answer = self._client.request(
                request.method,
                joined(self._url_path, request.path),
                headers={**request.headers, IDEMPOTENCY_KEY: idempotency_key(request)},
                content=request.content,
                deadline=self._options.call_timeout,
            )
        except HeadwaterError as error:
            return _Reply(*_judged(error), begun, time.monotonic() - begun)
        return _Reply(judge(answer), said(answer), stop_for(answer.status), begun, time.monotonic() - begun, answer)

    def _count(self, tally: Tally, *, calls: int = 0, retries: int = 0) -> None:
        with self._counting:
            for counts in (tally, self.total):
                counts.calls += calls
                counts.retries += retries

    def _settled(self, reply: _Reply, rows: int, *, repeated: bool) -> Answer | None:
        """What the reply comes to; None where the batch has to be sent again."""
        if reply.verdict is Verdict.SCORED:
            return self._read(reply, rows)
        if reply.verdict is Verdict.TOO_LARGE:
            self._size.too_large(rows)
            return Failed(SIZE, reply.said)
        if reply.verdict is Verdict.TOO_SLOW:
            self._size.too_slow(rows)
            return Failed(SIZE, reply.said)
        if reply.verdict is Verdict.MODEL or (reply.verdict is Verdict.BROKEN and repeated):
            self._health.answered()
            return Failed("model", reply.said)
        if reply.verdict is Verdict.STOP:
            raise self._stopped(reply)
        return None

    def _read(self, reply: _Reply, rows: int) -> Answer:
        assert reply.answer is not None, "it was judged"
        self._throttle.good()
        self._health.answered()
        try:
            outputs = self._form.decode(reply.answer.body, reply.answer.header("Content-Type"), rows)
        except FormError as error:
            return Failed("batch", str(error))
        except LengthError:
            return Failed("length", f"another number of rows than its {rows:,}")
        if outputs.num_rows != rows:
            return Failed("length", f"{outputs.num_rows:,} rows for {rows:,}")
        self._size.scored(rows, reply.seconds)
        self._health.scored()
        return outputs

    def _check_patience(self, reply: _Reply, tries: int, tally: Tally) -> None:
        silent = time.monotonic() - max(tally.begun, self._health.last_answer)
        if tries < self._options.tries and silent < self._options.patience:
            return
        spent = f"{tries} tries" if tries else f"{silent:,.0f} s"
        raise ScoringError(
            f"The service behind {self._name} could not be had in {spent}: {reply.said}.",
            code="model.unavailable",
            place=str(self._client.origin),
            hint="It is overloaded or down: try again later, or have it given more capacity.",
        )

    def _pause(self, reply: _Reply, tries: int) -> float:
        """The moment (monotonic) from which the batch may be sent again. A busy service is left alone by all calls."""
        longest = self._options.longest_pause
        asked = pause_asked_for(reply.answer) if reply.answer is not None else None
        if asked is None:
            seconds = _random(min(longest, self._options.first_backoff * 2.0 ** (tries - 1)))
        else:
            seconds = min(longest, asked)
            seconds += _random(_SPREAD * seconds)
        if reply.verdict is Verdict.BUSY:
            self._throttle.busy(reply.begun, seconds)
        return time.monotonic() + seconds

    def _stopped(self, reply: _Reply) -> ScoringError:
        return ScoringError(
            f"The service behind {self._name} cannot be called: {reply.said}.",
            code=reply.stop.code,
            place=str(self._client.origin),
            hint=reply.stop.hint,
        )


def _judged(error: HeadwaterError) -> tuple[Verdict, str, Stop]:
    """What it means that there is no answer, that in words, and why scoring stops, if it does."""
    words, stop = error.message.rstrip("."), Stop("model.refused", error.hint)
    if isinstance(error, UnreachableError):
        if error.code == _TIMEOUT:
            return Verdict.TOO_SLOW, "the service did not answer in time", stop
        return Verdict.CUT, "the connection failed or was cut", stop
    if not isinstance(error, RemoteError):
        return Verdict.STOP, words, stop
    if 200 <= error.status < 300:
        return Verdict.TOO_LARGE, "the service's answer is too large or cannot be unpacked", stop
    if error.status == 429 or error.status >= 500:  # whoever gives out the tokens is busy
        return Verdict.CUT, words, stop
    return Verdict.STOP, words, stop_for(error.status)


def idempotency_key(request: Request) -> str:
    """What tells a call from others: the same rows sent again, also after a crash, have the same one.

    >>> idempotency_key(Request(b"[1]")) == idempotency_key(Request(b"[1]")) != idempotency_key(Request(b"[2]"))
    True
    """
    digest = hashlib.sha256(f"{request.method} {request.path}\n".encode())
    digest.update(request.content)
    return digest.hexdigest()[:32]


def joined(url_path: str, path: str) -> str:
    """A request's path at a service's address; both may have a query.

    >>> joined("/score?key=1", ""), joined("/services/1", "execute?details=true")
    ('/score?key=1', '/services/1/execute?details=true')
    """
    base, more = urlsplit(url_path), urlsplit(path)
    whole = f"{base.path.rstrip('/')}/{more.path.lstrip('/')}" if more.path else base.path
    query = "&".join(part for part in (base.query, more.query) if part)
    return urlunsplit((base.scheme, base.netloc, whole, query, ""))


def _random(most: float) -> float:
    return random.uniform(0, most)  # noqa: S311 -- spreads calls, guards nothing
