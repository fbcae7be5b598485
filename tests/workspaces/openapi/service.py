"""A scoring service as people write them, on loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel


class Claim(BaseModel):
    """What is scored."""

    distance: float
    carrier: str


class Score(BaseModel):
    """What comes of it."""

    probability: float


@contextmanager
def running_service() -> Iterator[str]:
    """The address of a service that describes itself at /openapi.json."""
    app = FastAPI(title="Late arrival", description="Will the adjuster be late?", version="2.1")

    @app.post("/score")
    def score(claims: list[Claim]) -> list[Score]:
        return [Score(probability=0.5) for _ in claims]

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
