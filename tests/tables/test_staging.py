"""Staging part by part: links, what belongs to the rows, error cells, and disks that are full."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from deltalake import DeltaTable
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tables.test_delta import COLUMNS, files_in, staged_rows, stream

from headwater.errors import TableError
from headwater.plan.nodes import Column
from headwater.plan.types import DATE, INT64, TEXT, list_type
from headwater.tables import (
    Staged,
    StagedFile,
    StageWriter,
    StoredRows,
    commit,
    discard,
    published_schema,
    read,
    row_count,
    stage,
    table_files,
    unchanged,
)

SCHEMA = published_schema(COLUMNS)


def test_linked_files_stand_between_written_ones(tmp_path: Path) -> None:
    commit(tmp_path, staged_rows(tmp_path, 0, 30, file_rows=10), transaction="one")
    first, _, third = table_files(tmp_path, 0)
    rows = pa.RecordBatch.from_pydict({"Row No.": [100, 101], "Text (long)": ["a", None]}, schema=SCHEMA.stored)
    with StageWriter(tmp_path, SCHEMA) as writer:
        writer.link(third)
        writer.add(rows)
        writer.link(first)
        assert (writer.rows, writer.is_between_files) == (22, True)
    staged = writer.staged()
    assert [(file.rows, file.linked) for file in staged.files] == [(10, True), (2, False), (10, True)]
    assert staged.bytes == staged.files[1].bytes
    assert json.loads(staged.files[0].statistics)["minValues"] == {"Row No.": 20}
    version = commit(tmp_path, Staged.from_json(json.loads(json.dumps(staged.to_json()))), transaction="two")
    assert read(tmp_path, version)["Row No."].to_pylist() == [*range(20, 30), 100, 101, *range(10)]
    assert DeltaTable(str(tmp_path)).to_pyarrow_table().num_rows == 22


def test_what_is_unchanged_is_committed_as_it_is(tmp_path: Path) -> None:
    commit(tmp_path, staged_rows(tmp_path, 0, 30, file_rows=10), transaction="one")
    same = unchanged(tmp_path, 0, SCHEMA)
    assert (same.rows, same.bytes, same.unchanged_of) == (30, 0, 0)
    again = Staged.from_json(json.loads(json.dumps(same.to_json())))
    assert commit(tmp_path, again, transaction="two") == 0
    discard(again)
    assert read(tmp_path, 0).num_rows == 30 and DeltaTable(str(tmp_path)).version() == 0


def test_what_belongs_to_rows_goes_with_them(tmp_path: Path) -> None:
    def staged() -> Staged:
        with StageWriter(tmp_path, SCHEMA) as writer:
            for batch in stream(0, 5):
                writer.add(batch.select(["n", "t"]).rename_columns(SCHEMA.stored.names).cast(SCHEMA.stored))
            (tmp_path / "beside").write_text("x")
            writer.belongs("beside")
        return writer.staged()

    discard(staged())
    assert not (tmp_path / "beside").exists() and files_in(tmp_path) == set()
    kept = staged()
    commit(tmp_path, kept, transaction="one")
    discard(kept)
    assert (tmp_path / "beside").exists() and read(tmp_path, 0).num_rows == 5


def test_an_error_takes_back_links_and_what_belongs(tmp_path: Path) -> None:
    commit(tmp_path, staged_rows(tmp_path, 0, 30, file_rows=10), transaction="one")
    before = files_in(tmp_path)
    with pytest.raises(RuntimeError), StageWriter(tmp_path, SCHEMA) as writer:
        writer.link(table_files(tmp_path, 0)[0])
        (tmp_path / "beside").write_text("x")
        writer.belongs("beside")
        raise RuntimeError
    assert files_in(tmp_path) == before and not (tmp_path / "beside").exists()
    with pytest.raises(TableError), StageWriter(tmp_path, SCHEMA) as writer:
        writer.link(StagedFile("nowhere.parquet", 1, 1, ""))
    assert files_in(tmp_path) == before


def test_the_first_error_cells_are_kept_with_their_keys(tmp_path: Path) -> None:
    staged = stage(tmp_path, SCHEMA, stream(0, 3000, batch=500, error_every=7), key=["Row No."])
    assert staged.errors == {"Text (long)": 429} and len(staged.error_cells) == 100
    first, second, *_, last = staged.error_cells
    assert (first.column, first.row, first.key, first.reason) == ("Text (long)", 1, {"Row No.": 0}, "Test.Error")
    assert first.message == "bad (secret 0)"
    assert (second.row, second.key, last.row) == (8, {"Row No.": 7}, 694)
    assert "secret" not in json.dumps(staged.to_json()), "they quote rows, and stay here"


def test_keys_of_any_type_are_json(tmp_path: Path) -> None:
    columns = (Column("d", "Day", DATE), Column("t", "Text", TEXT, True))
    day = pa.array([19724], pa.int32()).cast(pa.date32())
    rows = pa.table({"d": day, "t": pa.array([None], pa.string()), "t__err": pa.array(["A\x1fB"])})
    staged = stage(tmp_path, published_schema(columns), rows.to_reader(), key=["Day"])
    assert staged.error_cells[0].key == {"Day": "2024-01-02"}


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.integers(0, 59), max_size=80), st.integers(1, 25), st.integers(1, 9), st.integers(0, 59),
    st.integers(0, 30),
)  # fmt: skip
def test_rows_are_found_by_their_place(
    tmp_path_factory: pytest.TempPathFactory, places: list[int], file_rows: int, group: int, start: int, count: int
) -> None:
    path = tmp_path_factory.mktemp("table")
    columns = [Column("n", "n", INT64), Column("l", "l", list_type(TEXT))]
    schema = published_schema(columns)
    rows = pa.table({"n": range(60), "l": [[str(n)] * (n % 3) for n in range(60)]})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("headwater.tables.staging.ROW_GROUP_ROWS", group)
        commit(path, stage(path, schema, rows.to_reader(), file_rows=file_rows), transaction="one")
    stored = StoredRows(path, 0, schema.stored)
    assert len(stored) == 60
    found = stored.take(np.array(places, np.int64))
    assert found.to_pydict() == rows.take(pa.array(places, pa.int64())).to_pydict()
    count = min(count, 60 - start)
    numbers = [n for part in stored.slices(start, count) for n in part["n"].to_pylist()]
    assert numbers == list(range(start, start + count))


def test_a_version_that_is_gone_says_so(tmp_path: Path) -> None:
    commit(tmp_path, staged_rows(tmp_path, 0, 10), transaction="one")
    for file in tmp_path.glob("*.parquet"):
        file.unlink()
    for ask in (lambda: read(tmp_path, 0), lambda: table_files(tmp_path, 0)):
        with pytest.raises(TableError) as caught:
            ask()
        assert caught.value.code == "table.version_gone" and "[retention]" in caught.value.hint
    assert row_count(tmp_path, 0) == 10


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.tables.test_delta import COLUMNS, staged_rows
from headwater.errors import TableError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
try:
    staged_rows(Path(sys.argv[2]), 0, 300_000, file_rows=100_000)
except TableError as error:
    print(error.code, error.message)
"""


@pytest.mark.parametrize("bytes_", [1_000, 500_000])
def test_a_disk_that_is_full_leaves_nothing(tmp_path: Path, bytes_: int) -> None:
    table = tmp_path / "table"
    commit(table, staged_rows(table, 0, 10), transaction="one")
    before = files_in(table)
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, root, str(table), str(bytes_)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("table The table could not be written: "), done.stdout
    assert files_in(table) == before
    assert read(table, 0).num_rows == 10
