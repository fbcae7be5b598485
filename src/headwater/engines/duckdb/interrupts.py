"""Ctrl+C while DuckDB works."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

import duckdb

_T = TypeVar("_T")

_RETRY_SECONDS = 0.1


def interruptible(connection: duckdb.DuckDBPyConnection, work: Callable[[], _T]) -> _T:
    """The result of ``work``, which calls ``connection``; Ctrl+C ends it at once.

    DuckDB itself looks for signals between some of its tasks only (a large sort can take minutes without), and what
    it then raises is no KeyboardInterrupt. So whoever calls waits in Python, where one is heard (in the main thread
    from the signal, elsewhere because that thread is asked to end), while another thread works.
    """
    with ThreadPoolExecutor(1, "headwater-duckdb") as pool:
        running = pool.submit(work)
        try:
            while not running.done():
                wait([running], _RETRY_SECONDS)
            return running.result()
        except KeyboardInterrupt:
            # Said before the query has begun, it is not heard.
            while not running.done():
                connection.interrupt()
                wait([running], _RETRY_SECONDS)
            raise
