"""A started server over a new home, on each kind of database, and how clients reach it."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest
import uvicorn
from tests.server.homes import home_over

from headwater.access.administrator import AdministratorToken
from headwater.app.identity import Identity
from headwater.app.runtime import Headwater
from headwater.server.application import create_app
from headwater.server.listening import MAX_HEAD, bind

SECONDS = 30


@dataclass
class Served:
    """A server that listens, and the token that it takes for its administrator's."""

    url: str
    app: Headwater
    token: str = field(repr=False)

    @property
    def atlas(self) -> str:
        return f"{self.url}/datamap/api/atlas/v2"

    def client(self, token: str | None = None, root: str = "/datamap/api/atlas/v2") -> httpx.Client:
        """A client of one of Atlas's roots."""
        headers = {"Authorization": f"Bearer {token or self.token}"}
        return httpx.Client(base_url=self.url + root, headers=headers, timeout=SECONDS, trust_env=False)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for a module's tests: each names its own things."""
    with pytest.MonkeyPatch.context() as patch:
        home = home_over(request, tmp_path_factory.mktemp("atlas") / "home", patch)
        with Headwater(home) as app:
            token = secrets.token_urlsafe(32)
            app.identity = Identity(app.database, AdministratorToken(token))
            with listening(app) as url:
                yield Served(url, app, token)


class listening:
    """A server in a thread of its own, on a free port."""

    def __init__(self, app: Headwater) -> None:
        config = uvicorn.Config(
            create_app(app), log_config=None, timeout_graceful_shutdown=1, h11_max_incomplete_event_size=MAX_HEAD
        )
        self._server = uvicorn.Server(config)
        self._socket = bind("127.0.0.1", 0)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        end = time.monotonic() + SECONDS
        while not self._server.started:
            assert time.monotonic() < end and self._thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(SECONDS)
        self._socket.close()


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    """The administrator's client."""
    with served.client() as client:
        yield client
