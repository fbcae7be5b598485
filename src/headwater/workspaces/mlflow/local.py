"""A real MLflow tracking server as a child process, for the demo and for tests."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from headwater.errors import HeadwaterError, ServeError, WorkspaceError
from headwater.net import HttpClient
from headwater.workspaces.mlflow import guard

__all__ = ["LocalServer"]

HOST = "127.0.0.1"
READY_POLL_SECONDS = 0.1


class LocalServer:
    """An MLflow server on loopback that keeps everything under one folder.

    Used as a context manager, or by ``start`` and ``stop``. It stops when it is told to and when the process that
    started it ends, in whatever way. Runs, models and artifacts stay in the folder for the next start.

    Args:
        folder: made when absent; holds ``mlflow.db``, ``artifacts`` and ``server.log``.
        port: 0 takes a free one.
        workers: how many processes answer.
        settings: environment variables of the server's, beside our own.
        ready_seconds: how long it may take to answer.
    """

    def __init__(
        self,
        folder: Path,
        port: int = 0,
        *,
        workers: int = 1,
        settings: Mapping[str, str] | None = None,
        ready_seconds: float = 90.0,
    ) -> None:
        self.folder = folder.resolve()
        self.log_file = self.folder / "server.log"
        self.port = port
        self._workers = workers
        self._settings = dict(settings or {})
        self._ready_seconds = ready_seconds
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where it answers: ``http://127.0.0.1:PORT``."""
        return f"http://{HOST}:{self.port}"

    @property
    def pid(self) -> int | None:
        """The process that leads the server's process group; None when it does not run."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start it and return when it answers.

        Raises:
            ServeError: the port is taken.
            WorkspaceError: MLflow is not installed, or the server ended or did not answer in time.
        """
        if importlib.util.find_spec("mlflow") is None:
            raise WorkspaceError(
                "MLflow is not installed here.", hint="Install it with: pip install 'headwater[demo]'."
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = _free_port(self.port)
        with self.log_file.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", guard.__file__, *self._command()],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=_environment() | self._settings,
                start_new_session=True,
            )
        try:
            self._wait_ready(self._process)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server's whole process group; nothing happens when it does not run."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            # The guard reads the end of its input as "stop" and ends the group in good order.
            process.stdin.close()
        try:
            process.wait(guard.GRACE_SECONDS + 5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _command(self) -> list[str]:
        return [
            *(sys.executable, "-m", "mlflow", "server"),
            *("--host", HOST, "--port", str(self.port), "--workers", str(self._workers)),
            *("--backend-store-uri", f"sqlite:///{self.folder / 'mlflow.db'}"),
            *("--artifacts-destination", (self.folder / "artifacts").as_uri(), "--serve-artifacts"),
        ]

    def _wait_ready(self, process: subprocess.Popen[bytes]) -> None:
        ends = time.monotonic() + self._ready_seconds
        with HttpClient(self.url, timeout=2.0) as client:
            while time.monotonic() < ends and process.poll() is None:
                try:
                    client.get_bytes("/health")
                except HeadwaterError:
                    time.sleep(READY_POLL_SECONDS)
                else:
                    return
        why = "did not answer in time" if process.poll() is None else "ended while starting"
        raise WorkspaceError(
            f"The MLflow server {why}.", place=self.url, hint=f"The reason is at the end of {self.log_file}."
        )


def _free_port(port: int) -> int:
    """``port``, or a free one for 0.

    Raises:
        ServeError: something listens on ``port`` already.
    """
    with socket.socket() as listener:
        # As servers do, so that a port whose old connections still linger counts as free.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            raise ServeError(
                f"Port {port} is in use.",
                place=f"{HOST}:{port}",
                hint="Stop what listens there, or take port 0 to have a free one picked.",
            ) from error
        taken: int = listener.getsockname()[1]
        return taken


def _environment() -> dict[str, str]:
    """Our environment, without settings that would point the server elsewhere, with telemetry off."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "_MLFLOW_"))}
    return kept | {
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "PYTHONUNBUFFERED": "1",
    }
