"""The process in which one person's previews are evaluated: requests in, answers out, until nobody is there."""

from __future__ import annotations

import signal
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from headwater.access import Actor
from headwater.app.previews.evaluating import Previewer
from headwater.app.runtime import Headwater
from headwater.errors import HeadwaterError
from headwater.powerquery.evaluator.parcel import packed_error

__all__ = ["Answer", "Request", "serve"]


@dataclass(frozen=True, slots=True)
class Request:
    """A call of one of :class:`Previewer`'s methods."""

    method: str
    arguments: tuple[Any, ...]
    options: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it: a result, an error (see :mod:`headwater.powerquery.evaluator.parcel`), or it was called off."""

    result: Any = None
    error: dict[str, Any] | None = None
    called_off: bool = False


def serve(connection: Connection, home: Path, actor: Actor) -> None:
    """Answer requests until the other end is closed; an interrupt calls off the one under way."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    with Headwater.open(home) as app:
        previewer = Previewer(app, actor)
        try:
            while (request := _received(connection)) is not None:
                connection.send(_answer(previewer, request))
        finally:
            previewer.close()


def _received(connection: Connection) -> Request | None:
    while True:
        # An interrupt that comes when nothing is under way came too late.
        with suppress(KeyboardInterrupt):
            try:
                request: Request = connection.recv()
            except (EOFError, OSError):
                return None
            return request


def _answer(previewer: Previewer, request: Request) -> Answer:
    try:
        return Answer(getattr(previewer, request.method)(*request.arguments, **request.options))
    except HeadwaterError as error:
        return Answer(error=packed_error(error))
    except KeyboardInterrupt:
        return Answer(called_off=True)
