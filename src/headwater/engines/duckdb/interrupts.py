"""Ctrl+C while DuckDB works."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

import duckdb

_T = TypeVar("_T")

_RETRY_SECONDS = 0.1


def interruptible(connection: duckdb.DuckDBPyConnection, work: Callable[[], _T]) -> _T:
    """The result of ``work``, which calls ``connection``; Ctrl+C ends it at once.

    DuckDB itself looks for signals between some of its tasks only (a large sort can take minutes without), and what
    it then raises is no KeyboardInterrupt. Signals come to the main thread, so it waits while another one works.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    with ThreadPoolExecutor(1, "headwater-duckdb") as pool:
        running = pool.submit(work)
        try:
            return running.result()
        except KeyboardInterrupt:
            # Said before the query has begun, it is not heard.
            while not running.done():
                connection.interrupt()
                wait([running], _RETRY_SECONDS)
            raise
