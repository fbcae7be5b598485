"""The MLflow child process: it starts, it says why it cannot, and nothing of it survives."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from headwater.errors import HeadwaterError, ServeError, WorkspaceError
from headwater.net import HttpClient
from headwater.workspaces.mlflow.local import LocalServer

PARENT = """
import sys, time
from pathlib import Path
from headwater.workspaces.mlflow.local import LocalServer
server = LocalServer(Path(sys.argv[1]))
server.start()
print(server.pid, server.url, flush=True)
time.sleep(600)
"""


def group(leader: int) -> list[int]:
    """The processes of a process group that still run."""
    members = []
    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                members.append(process.pid)
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return members


def test_it_dies_with_whoever_started_it(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert parent.stdout is not None
        leader, url = parent.stdout.readline().split()
        with HttpClient(url) as client:
            assert client.get_bytes("/health")
        assert len(group(int(leader))) > 1
        parent.send_signal(signal.SIGKILL)
        parent.wait(10)
        deadline = time.monotonic() + 20
        while group(int(leader)) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert group(int(leader)) == []
    finally:
        parent.kill()
        parent.wait(10)


def test_stopping_leaves_no_process_and_keeps_the_folder(tmp_path: Path) -> None:
    with LocalServer(tmp_path) as server:
        leader = server.pid
        assert leader is not None
        with HttpClient(server.url) as client:
            client.post_json("/api/2.0/mlflow/registered-models/create", {"name": "kept"})
    assert group(leader) == []
    assert server.pid is None
    with pytest.raises(HeadwaterError), HttpClient(server.url, timeout=1) as client:
        client.get_bytes("/health")
    server.stop()
    assert (tmp_path / "mlflow.db").is_file()


def test_a_port_in_use_is_said_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with pytest.raises(ServeError, match="in use"):
            LocalServer(tmp_path, listener.getsockname()[1]).start()
    assert not (tmp_path / "server.log").exists()


@pytest.mark.parametrize(
    ("program", "why"), [("raise SystemExit('no')", "ended while starting"), ("import time; time.sleep(60)", "in time")]
)
def test_a_server_that_does_not_start_names_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, why: str
) -> None:
    monkeypatch.setattr(LocalServer, "_command", lambda self: [sys.executable, "-c", f"print('said'); {program}"])
    before = set(psutil.Process().children(recursive=True))
    server = LocalServer(tmp_path, ready_seconds=2)
    with pytest.raises(WorkspaceError, match=why) as caught:
        server.start()
    assert str(server.log_file) in caught.value.hint
    assert "said" in server.log_file.read_text()
    assert server.pid is None
    assert set(psutil.Process().children(recursive=True)) == before
