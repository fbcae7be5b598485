"""Reading over OData from a server process of its own, on loopback.

A table of twelve columns is published. A client follows the links through all pages of a request with $filter and
$orderby, and keeps every byte; the time of the sort is included.
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from benchmarks.dataflow_cases.measuring import Results

from headwater.access import SYSTEM
from headwater.app.runtime import Headwater

TOKEN = secrets.token_urlsafe(32)
QUERY = "$filter=amount gt 10 and region ne 'west'&$orderby=amount desc,id"
TARGET = 200_000.0
PAGE = 20_000


def write_rows(path: Path, rows: int) -> None:
    """A table like a warehouse has: keys, amounts, dates, texts."""
    draw = np.random.default_rng(7)
    regions = np.array(["north", "south", "east", "west"])
    columns: dict[str, pa.Array[Any]] = {
        "id": pa.array(np.arange(rows)),
        "customer": pa.array(draw.integers(0, rows // 10, rows)),
        "region": pa.array(regions[draw.integers(0, 4, rows)]),
        "amount": pa.array(np.round(draw.random(rows) * 1000, 2)),
        "weight": pa.array(draw.random(rows)),
        "ordered": pa.array(draw.integers(18_000, 20_000, rows).astype("int32")).cast(pa.date32()),
        "seen": pa.array(draw.integers(10**15, 2 * 10**15, rows)).cast(pa.timestamp("us")),
        "express": pa.array(draw.random(rows) > 0.5),
        "note": pa.array([f"order {number} of customer {number % 977}" for number in range(rows)]),
        "score": pa.array(draw.random(rows), mask=draw.random(rows) < 0.1),
        "quantity": pa.array(draw.integers(1, 100, rows)),
        "carrier": pa.array(np.array(["AA", "B6", "UA", "DL", "WN"])[draw.integers(0, 5, rows)]),
    }
    pq.write_table(pa.table(columns), path)


def make_home(folder: Path, rows: int) -> Path:
    """A home that has published the table ``orders`` of the dataflow ``shop``."""
    data, flow = folder / "data", folder / "flow"
    data.mkdir()
    flow.mkdir()
    write_rows(data / "orders.parquet", rows)
    (flow / "dataflow.toml").write_text('[dataflow]\nname = "shop"\nload = ["orders"]\n')
    (flow / "orders.pq").write_text(f'Parquet.Document(File.Contents("{data}/orders.parquet"))')
    with Headwater.open(folder / "home", create=True, folders=(str(data),)) as app:
        app.refresh(SYSTEM, app.apply(SYSTEM, flow).name)
    return folder / "home"


@contextmanager
def served(home: Path) -> Iterator[tuple[int, psutil.Process]]:
    """A server process over the home: its port, and itself."""
    command = [sys.executable, "-m", "headwater.cli.main", "serve", "--home", str(home), "--port", "0"]
    environment = {**os.environ, "HEADWATER_ADMIN_TOKEN": TOKEN}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            line = next(line for line in process.stderr if line.startswith("Headwater serves"))
            yield int(line.split("http://", 1)[1].split()[0].rsplit(":", 1)[1]), psutil.Process(process.pid)
        finally:
            process.terminate()


class Client:
    """Asks over one connection, and keeps what it is sent without looking into it."""

    def __init__(self, port: int, page: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        self._headers = {"Authorization": f"Bearer {TOKEN}", "Prefer": f"odata.maxpagesize={page}"}

    def _body(self, address: str) -> bytes:
        self._connection.request("GET", address, headers=self._headers)
        answer = self._connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body[:500]
        return body

    def count(self, address: str) -> int:
        """What a count says."""
        return int(self._body(address))

    def get(self, address: str) -> tuple[bytes, str | None]:
        """A page, and the address of the next one."""
        body = self._body(address)
        end = body[-2_000:].rpartition(b'"@odata.nextLink":')[2]
        if not body.endswith(b"]}"):
            parts = urlsplit(json.loads(end[:-1]))
            return body, f"{parts.path}?{parts.query}"
        return body, None

    def pages(self, address: str) -> tuple[int, float, list[str]]:
        """Bytes, seconds and the addresses of all pages."""
        started, size, addresses = time.perf_counter(), 0, []
        following: str | None = address
        while following is not None:
            addresses.append(following)
            body, following = self.get(following)
            size += len(body)
        return size, time.perf_counter() - started, addresses

    def seconds(self, address: str) -> float:
        """How long a page takes, the middle of five."""
        times = []
        for _ in range(5):
            started = time.perf_counter()
            self.get(address)
            times.append(time.perf_counter() - started)
        return statistics.median(times)


def read_all(client: Client, server: psutil.Process, address: str, rows: int) -> tuple[int, float, list[str]]:
    """All pages, as :meth:`Client.pages`; prints what they took, of the server's CPU too."""
    before = sum(server.cpu_times()[:2])
    size, seconds, addresses = client.pages(address)
    used = sum(server.cpu_times()[:2]) - before
    print(f"{rows:,} rows in {len(addresses)} pages, {size / 1e6:,.0f} MB in {seconds:.2f} s, {used:.2f} s of CPU")
    return size, seconds, addresses


def measure(folder: Path, rows: int, results: Results) -> None:
    """Rows per second of all pages, and the last full page against the first, both asked for when all were read."""
    home = make_home(folder, rows)
    with served(home) as (port, server):
        client = Client(port, min(PAGE, rows // 10))
        address = f"/odata/shop/orders?{quote(QUERY, safe='$=&')}"
        found = client.count(f"/odata/shop/orders/$count?{quote(QUERY.partition('&')[0], safe='$=&')}")
        _, seconds, addresses = read_all(client, server, address, found)
        results.add("odata: rows/s, $filter and $orderby", found / seconds, TARGET, 1.0, at_least=True)
        last, first = client.seconds(addresses[-2]), client.seconds(addresses[0])
        results.add("odata: s of the last page, of the first", last, first, 2.0)
        _, seconds, _ = read_all(client, server, "/odata/shop/orders", rows)
        results.add("odata: rows/s, all of the table", rows / seconds, TARGET, 1.0, at_least=True)
