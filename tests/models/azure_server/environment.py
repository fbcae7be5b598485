"""The environment in which Azure's inference server runs, and the server itself with an entry script."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "requirements.txt"
SCRIPTS = HERE / "scripts"
#: Beside the project's own environment; git ignores it.
DEFAULT_FOLDER = HERE.parents[2] / ".venv-azureml"

#: Loopback is reached without a proxy, whatever the environment says.
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))

INSTALL_SECONDS = 170
READY_SECONDS = 60


class Unavailable(Exception):
    """The environment cannot be made here; says why."""


def azure_environment(folder: Path = DEFAULT_FOLDER) -> Path:
    """The folder of a virtual environment with the packages of ``requirements.txt``, made where it is not there yet.

    Raises:
        Unavailable: pip cannot install them.
    """
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    made = folder / "requirements.sha256"
    with FileLock(f"{folder}.lock", timeout=INSTALL_SECONDS):
        if not made.is_file() or made.read_text() != wanted:
            _run(sys.executable, "-m", "venv", "--clear", str(folder))
            _run(str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "-r", str(REQUIREMENTS))
            made.write_text(wanted)
    return folder


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise Unavailable("pip did not end in time") from error
    if done.returncode:
        raise Unavailable(done.stderr.strip()[-500:])


@contextmanager
def entry_script(name: str, environment: Path, folder: Path) -> Iterator[str]:
    """The address of a server of the entry script ``scripts/NAME.py``; ``folder`` takes its log."""
    port, health = _free_ports()
    command = [
        *(str(environment / "bin" / "azmlinfsrv"), "--entry_script", str(SCRIPTS / f"{name}.py")),
        *("--port", str(port), "--health_port", str(health)),
    ]
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            command,
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_ready(server, url, log)
        yield url
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait(10)


def _free_ports() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        return first.getsockname()[1], second.getsockname()[1]


def _wait_ready(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    ends = time.monotonic() + READY_SECONDS
    while time.monotonic() < ends and server.poll() is None:
        try:
            with direct.open(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise AssertionError(f"the server of {log.stem} did not start: {log.read_text()[-2000:]}")
