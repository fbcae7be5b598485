"""Dictionaries in Parquet files: where values repeat, nested ones too, and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from headwater.tables.encodings import columns_that_repeat

ROWS = 100


def test_what_is_named_is_what_parquet_writes_with_a_dictionary(tmp_path: Path) -> None:
    columns: dict[str, Any] = {
        "list": [[1, 1], [1, 1]] * (ROWS // 2),
        "numbers": [[n * 0.5, -n * 0.5] for n in range(ROWS)],
        "record": [{"kind": "a", "id": n} for n in range(ROWS)],
        "distinct": [n * 0.5 for n in range(ROWS)],
        "a.dotted name": ["x"] * ROWS,
        "nothing": pa.nulls(ROWS, pa.string()),
    }
    table = pa.table(columns)
    repeating: Any = columns_that_repeat(table)
    pq.write_table(table, tmp_path / "t.parquet", use_dictionary=repeating)
    group = pq.read_metadata(tmp_path / "t.parquet").row_group(0)
    written = {group.column(i).path_in_schema: group.column(i).encodings for i in range(group.num_columns)}
    dictionaries = {path for path, encodings in written.items() if "RLE_DICTIONARY" in encodings}
    assert dictionaries == {"list.list.element", "record.kind", "a.dotted name", "nothing"}
    assert pq.read_table(tmp_path / "t.parquet").equals(table)


def test_no_rows() -> None:
    assert columns_that_repeat(pa.table({"a": pa.array([], pa.int64())})) == ["a"]
