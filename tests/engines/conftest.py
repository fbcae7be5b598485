"""What several files of the engines' tests run on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from headwater.engines.duckdb import DuckDBEngine


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDBEngine]:
    """DuckDB on two threads, for a whole file."""
    engine = DuckDBEngine(threads=2)
    yield engine
    engine.close()
