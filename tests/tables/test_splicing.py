"""Files with other values in some columns: what is not named is copied, and any reader reads what came of it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.tables.compact import read_struct, write_struct
from headwater.tables.splicing import splice

KINDS: dict[str, Any] = {
    "n": pa.int64(),
    "x": pa.float64(),
    "text (long)": pa.string(),
    "b": pa.bool_(),
    "d": pa.decimal128(12, 2),
    "at": pa.timestamp("us", "UTC"),
    "list": pa.list_(pa.int64()),
    "record": pa.struct([("a", pa.string()), ("b", pa.list_(pa.float64()))]),
}


def rows_of(count: int, step: int, null_every: int) -> pa.Table:
    """Rows of every kind; other ones with another step."""

    def column(make: Any, kind: Any) -> Any:
        return pa.array([None if n % null_every == 0 else make(n * step) for n in range(count)], kind)

    made = {
        "n": lambda n: n,
        "x": lambda n: n / 4,
        "text (long)": lambda n: f"text {n % 5}" * (n % 3),
        "b": lambda n: n % 2 == 0,
        "d": lambda n: n % 1000,
        "at": lambda n: n * 1_000_000,
        "list": lambda n: list(range(n % 4)),
        "record": lambda n: {"a": f"a{n % 7}", "b": [n / 2] * (n % 3)},
    }
    return pa.table({name: column(made[name], kind) for name, kind in KINDS.items()})


def write(path: Path, rows: pa.Table, group: int) -> None:
    repeating: Any = ["b", "text (long)", "record.a"]
    pq.write_table(rows, path, row_group_size=group, use_dictionary=repeating, compression="snappy")


def spliced(folder: Path, columns: pa.Table, **options: Any) -> Path:
    splice(folder / "old", folder / "new", columns, use_dictionary=["b"], compression="snappy", **options)
    return folder / "new"


@settings(deadline=None, max_examples=60)
@given(
    st.sets(st.sampled_from(list(KINDS))), st.integers(1, 300), st.integers(1, 120), st.integers(1, 5),
    st.booleans(),
)  # fmt: skip
def test_the_named_columns_are_new_and_the_others_as_they_were(
    names: set[str], count: int, group: int, null_every: int, copies: bool
) -> None:
    old, other = rows_of(count, 1, null_every + 1), rows_of(count, 3, null_every)
    expected = old
    for name in names:
        expected = expected.set_column(expected.column_names.index(name), name, other.column(name))
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        if not copies:
            patch.delattr(os, "copy_file_range", raising=False)
        write(Path(folder) / "old", old, group)
        new = spliced(Path(folder), other.select(sorted(names)))
        with pq.ParquetFile(new) as file:
            assert file.read().equals(expected)
            before = pq.read_metadata(Path(folder) / "old")
            assert file.metadata.num_row_groups == before.num_row_groups
            for at in range(before.num_row_groups):
                assert file.metadata.row_group(at).total_byte_size > 0
                assert file.read_row_group(at).equals(expected.slice(at * group, group))


def test_other_readers_read_it(tmp_path: Path) -> None:
    old, other = rows_of(1000, 1, 4), rows_of(1000, 3, 5)
    write(tmp_path / "old", old, 300)
    new = spliced(tmp_path, other.select(["x", "text (long)", "record"]))
    expected = pq.read_table(new)
    with duckdb.connect() as engine:
        found: Any = engine.execute(f"SELECT * FROM read_parquet('{new}')").to_arrow_table()
    assert found.cast(expected.schema).equals(expected)
    # Their own statistics of the new values are what readers skip row groups by.
    most = max(value for value in other["x"].to_pylist() if value is not None)
    with duckdb.connect() as engine:
        assert engine.execute(f"SELECT count(*) FROM read_parquet('{new}') WHERE x = {most}").fetchall() == [(1,)]
    assert polars.read_parquet(new).to_dicts() == polars.DataFrame(expected).to_dicts()


def test_columns_that_stay_are_copied_to_the_byte(tmp_path: Path) -> None:
    old = rows_of(500, 1, 3)
    write(tmp_path / "old", old, 200)
    new = spliced(tmp_path, rows_of(500, 2, 3).select(["x"]))

    def pages(path: Path, group: int, at: int) -> bytes:
        chunk = pq.read_metadata(path).row_group(group).column(at)
        start = chunk.dictionary_page_offset or chunk.data_page_offset
        return path.read_bytes()[start : start + chunk.total_compressed_size]

    for group in range(3):
        for at in range(pq.read_metadata(new).num_columns):
            same = pages(new, group, at) == pages(tmp_path / "old", group, at)
            assert same == (pq.read_metadata(new).row_group(group).column(at).path_in_schema != "x")


def test_an_index_of_pages_that_moved_is_left_out(tmp_path: Path) -> None:
    pq.write_table(rows_of(500, 1, 3), tmp_path / "old", write_page_index=True)
    assert pq.read_metadata(tmp_path / "old").row_group(0).column(0).has_column_index
    new = spliced(tmp_path, rows_of(500, 2, 3).select(["x"]))
    for column in map(pq.read_metadata(new).row_group(0).column, range(3)):
        assert not column.has_column_index and not column.has_offset_index


@pytest.mark.parametrize("writer", ["pyarrow", "duckdb", "polars"])
def test_a_footer_is_written_as_it_was_read(tmp_path: Path, writer: str) -> None:
    rows, path = rows_of(100, 1, 4), tmp_path / "file"
    if writer == "pyarrow":
        write(path, rows.replace_schema_metadata({"key": "value"}), 30)
    elif writer == "duckdb":
        duckdb.sql(f"COPY (SELECT * FROM rows) TO '{path}' (FORMAT parquet)")
    else:
        polars.DataFrame(rows).write_parquet(path)
    data = path.read_bytes()
    footer = data[-8 - int.from_bytes(data[-8:-4], "little") : -8]
    assert write_struct(read_struct(footer)) == footer
    for end in range(0, len(footer) - 1, 7):
        with pytest.raises(ValueError, match=r"bytes|kind"):
            read_struct(footer[:end])


def test_what_the_footer_says_besides_is_replaced_by_key(tmp_path: Path) -> None:
    write(tmp_path / "old", rows_of(10, 1, 4).replace_schema_metadata({"a": "1", "b": "2"}), 10)
    new = spliced(tmp_path, rows_of(10, 2, 4).select(["x"]), metadata={"b": "3", "c": "4"})
    found = pq.read_metadata(new).metadata
    assert found is not None and {key: found[key] for key in (b"a", b"b", b"c")} == {b"a": b"1", b"b": b"3", b"c": b"4"}


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "old", rows_of(10, 1, 4), 10)
    for columns in (rows_of(9, 1, 4).select(["x"]), pa.table({"other": range(10)}), pa.table({"list": range(10)})):
        with pytest.raises(pa.ArrowInvalid):
            spliced(tmp_path, columns)
    whole = (tmp_path / "old").read_bytes()
    for broken in (b"", b"PAR1", whole[:-1], whole[:-8] + b"\xff\xff\xff\x7fPAR1", b"PAR1\x05\x00\x00\x00PAR1"):
        (tmp_path / "old").write_bytes(broken)
        with pytest.raises(pa.ArrowInvalid):
            spliced(tmp_path, rows_of(10, 1, 4).select(["x"]))


def test_a_delta_table_of_it(tmp_path: Path) -> None:
    from tests.tables.test_delta import staged_rows
    from tests.tables.test_staging import SCHEMA

    from headwater.tables import StageWriter, commit, read, table_files

    commit(tmp_path, staged_rows(tmp_path, 0, 30, file_rows=30), transaction="one")
    texts = pa.table({"Text (long)": pa.array([f"new {n}" for n in range(30)])})
    with StageWriter(tmp_path, SCHEMA) as writer:
        writer.rewrite(table_files(tmp_path, 0)[0], texts)
    staged = writer.staged()
    assert (staged.rows, staged.files[0].linked, staged.bytes) == (30, False, staged.files[0].bytes)
    version = commit(tmp_path, staged, transaction="two")
    assert read(tmp_path, version)["Text (long)"].to_pylist() == texts["Text (long)"].to_pylist()
    assert read(tmp_path, version)["Row No."].to_pylist() == list(range(30))
    assert DeltaTable(str(tmp_path)).to_pyarrow_table()["Text (long)"].to_pylist()[29] == "new 29"
    assert read(tmp_path, 0)["Text (long)"].to_pylist() != texts["Text (long)"].to_pylist()
