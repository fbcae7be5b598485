"""Where the server listens, and how it ends."""

from __future__ import annotations

import errno
import socket
import threading
import time
from pathlib import Path

import httpx
import pytest
from tests.server.echo import SECONDS, Echo, echo

from headwater.errors import ServeError
from headwater.server.listening import DRAIN_SECONDS, address_of, bind, bind_locally


def loopback(version: socket.AddressFamily) -> str:
    return "127.0.0.1" if version == socket.AF_INET else "::1"


@pytest.mark.parametrize(
    ("host", "reached"),
    [
        ("127.0.0.1", {socket.AF_INET}),
        ("localhost", {socket.AF_INET}),
        ("::1", {socket.AF_INET6}),
        ("0.0.0.0", {socket.AF_INET}),
        ("::", {socket.AF_INET, socket.AF_INET6}),
    ],
)
def test_an_address_is_reached_by_its_versions_of_ip(host: str, reached: set[socket.AddressFamily]) -> None:
    try:
        bound = bind(host, 0)
    except OSError as error:
        if error.errno != errno.EAFNOSUPPORT:
            raise
        pytest.skip("this machine has no IPv6")
    with bound:
        port = bound.getsockname()[1]
        for version in (socket.AF_INET, socket.AF_INET6):
            with socket.socket(version) as probe:
                probe.settimeout(SECONDS)
                assert (probe.connect_ex((loopback(version), port)) == 0) is (version in reached)


def test_a_port_in_use_is_told() -> None:
    with bind("127.0.0.1", 0) as bound:
        port = bound.getsockname()[1]
        with pytest.raises(ServeError) as caught:
            bind("127.0.0.1", port)
        assert caught.value.code == "serve.port_in_use"
        assert address_of(bound) == f"http://127.0.0.1:{port}"
        assert address_of(bound, tls=True) == f"https://127.0.0.1:{port}"


def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(ServeError) as caught:
        bind("192.0.2.1", 0)
    assert (caught.value.code, caught.value.place) == ("serve.bind", "192.0.2.1:0")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_what_is_for_this_machine_alone_is_bound_nowhere_else(host: str) -> None:
    with pytest.raises(ServeError) as caught:
        bind_locally(host, 0)
    assert (caught.value.code, caught.value.place) == ("serve.not_local", host)


class Asking:
    """A request under way in a thread; it is answered once ``until`` is there."""

    def __init__(self, server: Echo, folder: Path) -> None:
        self._port = server.port
        self._begun, self._until = folder / "begun", folder / "until"
        self.status = 0
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()
        while not self._begun.exists():
            assert self._thread.is_alive(), "the request was turned away"
            time.sleep(0.01)

    def _ask(self) -> None:
        try:
            self.status = httpx.get(
                f"http://127.0.0.1:{self._port}/api/wait",
                params={"begun": str(self._begun), "until": str(self._until)},
                timeout=SECONDS,
                trust_env=False,
            ).status_code
        except httpx.TransportError:
            self.status = -1

    def let_finish(self) -> None:
        self._until.touch()

    def end(self) -> int:
        self._thread.join(SECONDS)
        return self.status


def test_requests_under_way_are_finished_and_no_others_taken(tmp_path: Path) -> None:
    """It is waited longer than it would be if nothing were said."""
    with echo(drain_seconds=SECONDS) as server:
        asking = Asking(server, tmp_path)
        server.process.terminate()
        # It takes no more connections once it is ending.
        while not refuses(server.port):
            time.sleep(0.01)
        time.sleep(DRAIN_SECONDS + 1)
        assert asking.status == 0
        asking.let_finish()
        assert asking.end() == 200
        server.end()


def refuses(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(SECONDS)
        return probe.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED


def test_a_request_that_takes_longer_than_it_may_is_cut(tmp_path: Path) -> None:
    with echo(drain_seconds=0) as server:
        asking = Asking(server, tmp_path)
        server.end()
        assert asking.end() != 200


def test_an_answer_does_not_wait_for_its_first_packet_to_be_acknowledged() -> None:
    """asyncio switches Nagle's algorithm off for sockets that say that they speak TCP; accepted ones say so then."""
    with bind("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.proto == socket.IPPROTO_TCP
