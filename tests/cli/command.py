"""Running the command line as a person does: a process of its own."""

from __future__ import annotations

import atexit
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from tests.cli.forks import Forks, forks

COMMAND = (sys.executable, "-m", "headwater.cli.main")
SECONDS = 60

#: Of the built-in administrator, for servers that the commands start.
TOKEN = "the-administrators-token-of-these-tests"
ADMINISTRATOR = {"Authorization": f"Bearer {TOKEN}"}


@dataclass(frozen=True)
class Outcome:
    """How a command ended, and what it wrote."""

    status: int
    out: str
    err: str


def headwater(*arguments: str | Path, cwd: Path | None = None, environ: Mapping[str, str] | None = None) -> Outcome:
    """Run a command to its end; whatever it was, it never shows a traceback."""
    with TemporaryFile("w+") as out, TemporaryFile("w+") as err, Path(os.devnull).open() as nothing:
        status = forked().run(
            [*map(str, arguments)],
            cwd=str(cwd or Path.cwd()),
            environ=environment(environ),
            streams=(nothing.fileno(), out.fileno(), err.fileno()),
            seconds=SECONDS,
        )
        written, told = _whole(out), _whole(err)
    assert "Traceback" not in written + told, told
    return Outcome(status, written, told)


def _whole(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


@cache
def forked() -> Forks:
    """What forks commands for this process of tests, while it runs."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(forks())


def succeeded(*arguments: str | Path, cwd: Path | None = None) -> Outcome:
    """Run a command that has to succeed."""
    outcome = headwater(*arguments, cwd=cwd)
    assert outcome.status == 0, outcome.err
    return outcome


@dataclass(frozen=True)
class Failure:
    """The one message of a command that failed."""

    code: str
    message: str
    where: str
    hint: str


def failed(*arguments: str | Path, status: int = 1, cwd: Path | None = None) -> Failure:
    """Run a command that has to fail; its one message says what, where and what to do."""
    return failure_in(headwater(*arguments, cwd=cwd), status)


def failure_in(outcome: Outcome, status: int = 1) -> Failure:
    """The one message of an outcome."""
    assert outcome.status == status, outcome.err
    found = re.findall(r"^error \[([\w.]+)\]: (.*)$", outcome.err, re.M)
    assert len(found) == 1, outcome.err
    ((code, message),) = found
    where = re.findall(r"^  where: (.*)$", outcome.err, re.M)
    hints = re.findall(r"^  to do: (.*)$", outcome.err, re.M)
    assert len(hints) == 1, outcome.err
    assert len(where) <= 1, outcome.err
    return Failure(code, message, where[0] if where else "", hints[0])


@contextmanager
def started(*arguments: str | Path, environ: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """A command under way, in a process group of its own as a terminal gives it one; killed at the end if need be."""
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        env=environment(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def interrupt(process: subprocess.Popen[str], with_signal: signal.Signals = signal.SIGINT) -> Outcome:
    """What Ctrl+C does: the signal goes to the whole group."""
    os.killpg(process.pid, with_signal)
    out, err = process.communicate(timeout=SECONDS)
    assert "Traceback" not in out + err, err
    return Outcome(process.returncode, out, err)


def line_with(stream: IO[str] | None, text: str) -> str:
    """The first line that holds ``text``."""
    assert stream is not None, "made with a pipe"
    seen = []
    for line in stream:
        if text in line:
            return line
        seen.append(line)
    raise AssertionError(f"'{text}' was not written: {''.join(seen)}")


def environment(changes: Mapping[str, str] | None) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("HEADWATER_")}
    # Wide enough that no message is broken into lines.
    return {**own, "COLUMNS": "300", "HEADWATER_ADMIN_TOKEN": TOKEN, **(changes or {})}
