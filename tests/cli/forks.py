"""Processes of the command line that start at once: forked from one that has imported everything.

A ``headwater`` command takes a second and a half of processor time, most of it for imports, and the tests run well over
a thousand. Here a process imports the program once and then waits on a socket; whoever asks sends what a process is
made of (arguments, folder, environment, the three standard streams), and a fork of it runs the command from its first
line to its last, ends as the interpreter ends, and hands back its status. As a program (``forks.py ask SOCKET …``) this
file stands in for the ``headwater`` script in a shell.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

_STREAMS = 3
_NUMBER = struct.Struct("!q")


class Forks:
    """What forks commands, and where it listens."""

    def __init__(self, address: str) -> None:
        self.address = address

    def run(
        self,
        arguments: Sequence[str],
        *,
        cwd: str,
        environ: Mapping[str, str],
        streams: Sequence[int],
        seconds: float | None = None,
    ) -> int:
        """The status of a command, as a shell gives it (128 and the signal's number). Raises TimeoutError."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asked:
            asked.connect(self.address)
            made_of = json.dumps([list(arguments), cwd, dict(environ)]).encode()
            socket.send_fds(asked, [_NUMBER.pack(len(made_of))], list(streams))
            asked.sendall(made_of)
            process = _number(asked)
            asked.settimeout(seconds)
            try:
                with _passing_on(process):
                    return _number(asked)
            except TimeoutError:
                os.kill(process, signal.SIGKILL)
                raise

    @property
    def scripts(self) -> str:
        """A folder with a ``headwater`` script, for the path of a shell."""
        return str(Path(self.address).parent / "bin")


@contextmanager
def forks() -> Iterator[Forks]:
    """Have commands forked; what forks them ends with the block, or with whoever entered it."""
    with tempfile.TemporaryDirectory(prefix="headwater-forks-") as folder:
        address = str(Path(folder) / "socket")
        _write_script(Path(folder) / "bin", address)
        command = [sys.executable, __file__, "serve", address]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            try:
                yield Forks(address)
            finally:
                assert process.stdin is not None
                process.stdin.close()


def _write_script(folder: Path, address: str) -> None:
    folder.mkdir()
    path = folder / "headwater"
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{__file__}" ask "{address}" "$@"\n')
    path.chmod(0o700)


@contextmanager
def _passing_on(process: int) -> Iterator[None]:
    """A signal that ends the asking process is the command's, when a program asks; a test has handlers of its own."""
    if not _PROGRAM:
        yield
        return
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda sent, _: os.kill(process, sent))
    yield


def _number(stream: socket.socket) -> int:
    return int(_NUMBER.unpack(_exactly(stream, _NUMBER.size))[0])


def _exactly(stream: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        more = stream.recv(size - len(found))
        if not more:
            raise ConnectionError("what forks commands has ended")
        found += more
    return found


def _serve(address: str) -> None:
    """Fork for whoever asks, until standard input ends."""
    import headwater.app.runtime
    import headwater.cli.main
    import headwater.server.application  # noqa: F401 -- the imports are what the forks save

    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(address)
    listening.listen()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the processes in between
    gc.freeze()
    os.write(1, b"ready\n")
    while True:
        ready, _, _ = select.select([sys.stdin, listening], [], [])
        if sys.stdin in ready:
            os._exit(0)
        asking, _ = listening.accept()
        if os.fork() == 0:
            listening.close()
            _attend(asking)
        asking.close()


def _attend(asking: socket.socket) -> None:
    """In a process in between: fork the command, tell its number, wait, tell its status. Only the command returns."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    size, streams, _, _ = socket.recv_fds(asking, _NUMBER.size, _STREAMS)
    arguments, cwd, environ = json.loads(_exactly(asking, _NUMBER.unpack(size)[0]))
    command = os.fork()
    if command == 0:
        asking.close()
        _become(arguments, cwd, environ, streams)
    for stream in streams:
        os.close(stream)
    with suppress(OSError):  # the one who asked may be gone
        asking.sendall(_NUMBER.pack(command))
    _, ended = os.waitpid(command, 0)
    status = os.waitstatus_to_exitcode(ended)
    with suppress(OSError):
        asking.sendall(_NUMBER.pack(status if status >= 0 else 128 - status))
    os._exit(0)


def _become(arguments: Sequence[str], cwd: str, environ: Mapping[str, str], streams: Sequence[int]) -> None:
    """Run the command in this process, and end as the interpreter does."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environ)
    sys.argv = ["headwater", *arguments]
    from headwater.cli.main import main

    status = 0
    try:
        main()
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    # As the interpreter ends, but for taking a thousand modules apart, which takes longer than most commands.
    threading._shutdown()  # type: ignore[attr-defined]  # what the interpreter calls, and nothing else ends executors
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _ask(address: str, arguments: Sequence[str]) -> int:
    return Forks(address).run(arguments, cwd=str(Path.cwd()), environ=os.environ, streams=(0, 1, 2))


_PROGRAM = __name__ == "__main__"
if _PROGRAM:
    if sys.argv[1] == "ask":
        sys.exit(_ask(sys.argv[2], sys.argv[3:]))
    _serve(sys.argv[2])
