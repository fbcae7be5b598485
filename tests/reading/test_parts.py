"""Rows by way of parts in memory, against the rows themselves; each part read once, and room made for others."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.app.reading.parts import PART_ROWS, Parts

TABLE = pa.table({"n": range(2 * PART_ROWS + 100)})


class Reads:
    def __init__(self, table: pa.Table = TABLE) -> None:
        self.table = table
        self.starts: list[int] = []

    def __call__(self, offset: int, limit: int) -> pa.Table:
        self.starts.append(offset)
        return self.table.slice(offset, limit)


near = (
    st.integers(0, 60)
    | st.integers(PART_ROWS - 60, PART_ROWS + 60)
    | st.integers(2 * PART_ROWS - 60, TABLE.num_rows + 60)
)


@settings(max_examples=60, deadline=None)
@given(offset=near, limit=st.integers(0, 200) | st.just(PART_ROWS * 2))
def test_any_rows_are_those_of_the_table(offset: int, limit: int) -> None:
    assert Parts().rows("t", offset, limit, Reads()).equals(TABLE.slice(offset, limit))


def test_a_part_is_read_once() -> None:
    parts, read = Parts(), Reads()
    for offset in range(0, TABLE.num_rows, 20_000):
        parts.rows("t", offset, 20_000, read)
    assert read.starts == [0, PART_ROWS, 2 * PART_ROWS]
    assert parts.rows("other", 0, 1, Reads(TABLE.slice(5)))["n"].to_pylist() == [5]


def test_what_was_used_longest_ago_makes_room() -> None:
    parts, read = Parts(most_bytes=2 * PART_ROWS * 8), Reads()
    for name in ("a", "b", "a", "c", "a", "b"):
        parts.rows(name, 0, 10, read)
    # a; b; then c in the place of b, which is read again.
    assert len(read.starts) == 4
    assert Parts(most_bytes=1).rows("t", 0, 10, read).num_rows == 10
