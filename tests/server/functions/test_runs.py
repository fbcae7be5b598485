"""Calls of functions that are under way: seen, called off, and given up."""

from __future__ import annotations

import http.client
import json
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from tests.app.scoring_service import HANGS, NAME, ScoringService
from tests.server.functions.support import SHOP, good
from tests.server.test_access_api import Site, code

from headwater.server import function_calls
from headwater.server.listening import bind


@contextmanager
def served(site: Site) -> Iterator[int]:
    """The application on a port, over real connections."""
    server = uvicorn.Server(uvicorn.Config(site.app, port=0, log_config=None, timeout_graceful_shutdown=1))
    with bind("127.0.0.1", 0) as bound:
        thread = threading.Thread(target=server.run, args=([bound],))
        thread.start()
        try:
            yield bound.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(20)


def hung(site: Site, service: ScoringService, port: int) -> socket.socket:
    """The connection of a call that the service does not answer."""
    body = json.dumps({"rows": [[HANGS]]}).encode()
    head = f"POST {SHOP} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {site.token}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    service.asked.clear()
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.sendall(head.encode() + body)
    assert service.asked.wait(30)
    return connection


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not come about"
        time.sleep(0.02)


def is_scoring() -> bool:
    """Whether a thread of this process is busy with a call."""
    stacks = [traceback.extract_stack(frame) for frame in sys._current_frames().values()]
    return any(line.name == function_calls._json_answer.__name__ for stack in stacks for line in stack)


def under_way(who: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = good(who.get("/api/function-runs"))["value"]
    return found


class TestRuns:
    def test_a_call_is_seen_and_called_off(self, site: Site, service: ScoringService, reader: Any) -> None:
        with served(site) as port, hung(site, service, port) as connection:
            (run,) = under_way(site.administrator)
            assert (run["function"], run["progress"]) == (f"shop.{NAME}@latest", None)
            assert under_way(reader) == []
            assert code(reader.delete(f"/api/function-runs/{run['id']}")) == (404, "not_found")
            assert site.administrator.delete(f"/api/function-runs/{run['id']}").status_code == 204
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            assert (answer.status, json.loads(answer.read())["error"]["code"]) == (502, "model.cancelled")
            assert under_way(site.administrator) == []
        assert code(site.administrator.delete(f"/api/function-runs/{run['id']}")) == (404, "not_found")

    def test_who_goes_away_calls_it_off(self, site: Site, service: ScoringService) -> None:
        with served(site) as port, hung(site, service, port) as connection:
            assert len(under_way(site.administrator)) == 1
            connection.close()
            until(lambda: not is_scoring())
            until(lambda: under_way(site.administrator) == [])

    def test_a_server_that_is_ended_calls_it_off(self, site: Site, service: ScoringService) -> None:
        with served(site) as port:
            connection = hung(site, service, port)
            assert is_scoring()
        until(lambda: not is_scoring())
        assert under_way(site.administrator) == []
        connection.close()
