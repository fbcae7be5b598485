"""Tables are staged, committed and read; a process may die at any point, and the last good version stays."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from headwater.engines.duckdb import DuckDBEngine
from headwater.errors import MError, TableError
from headwater.plan.cells import encode_error
from headwater.plan.nodes import Column, Source
from headwater.plan.types import DATE, DATETIME_TICKS, DATETIMEZONE, DOUBLE, INT64, TEXT, TIME
from headwater.tables import (
    Staged,
    commit,
    delta,
    discard,
    plan_scan,
    published_schema,
    read,
    row_count,
    stage,
    staged_scan,
    staging,
    stored_batches,
    versions,
)
from headwater.tables import schema as schema_of

COLUMNS = (Column("n", "Row No.", INT64), Column("t", "Text (long)", TEXT, may_fail=True))


def schema_with(types: dict[str, pa.DataType]) -> pa.Schema:
    return pa.schema(types)


def stream(start: int, count: int, batch: int = 1000, error_every: int = 0) -> pa.RecordBatchReader:
    """``n`` counts from ``start``; every ``error_every``-th text is an error."""
    fields = schema_with({"n": pa.int64(), "t": pa.string(), "t__err": pa.string()})

    def batches() -> Iterator[pa.RecordBatch]:
        for at in range(start, start + count, batch):
            numbers = range(at, min(at + batch, start + count))
            bad = [error_every > 0 and n % error_every == 0 for n in numbers]
            texts = [None if b else f"t{n}" for n, b in zip(numbers, bad, strict=True)]
            errors = [
                encode_error("Test.Error", "bad", f"secret {n}") if b else None
                for n, b in zip(numbers, bad, strict=True)
            ]
            yield pa.RecordBatch.from_arrays(
                [pa.array(numbers, pa.int64()), pa.array(texts), pa.array(errors, pa.string())], schema=fields
            )

    return pa.RecordBatchReader.from_batches(fields, batches())


def staged_rows(path: Path, start: int, count: int, **options: Any) -> Staged:
    return stage(path, published_schema(COLUMNS), stream(start, count), **options)


def files_in(path: Path) -> set[str]:
    return {file.name for file in path.glob("*.parquet")}


def test_staging_leaves_the_table_alone_until_it_is_committed(tmp_path: Path) -> None:
    first = commit(tmp_path, staged_rows(tmp_path, 0, 10), transaction="one")
    staged = staged_rows(tmp_path, 100, 20)
    assert (staged.rows, staged.bytes > 0, staged.errors, staged.losses) == (20, True, {}, {})
    assert DeltaTable(str(tmp_path)).version() == first == 0
    second = commit(tmp_path, staged, transaction="two")
    assert read(tmp_path, second)["Row No."].to_pylist() == list(range(100, 120))
    assert read(tmp_path, first)["Row No."].to_pylist() == list(range(10))
    assert (row_count(tmp_path, first), row_count(tmp_path, second)) == (10, 20)
    assert [(v.version, v.transaction) for v in versions(tmp_path)] == [(1, "two"), (0, "one")]


def test_staged_survives_as_json(tmp_path: Path) -> None:
    staged = staged_rows(tmp_path, 0, 10, file_rows=4)
    again = Staged.from_json(json.loads(json.dumps(staged.to_json())))
    assert again == staged and len(again.files) == 3
    assert read(tmp_path, commit(tmp_path, again, transaction="x")).num_rows == 10


def test_committing_again_changes_nothing(tmp_path: Path) -> None:
    staged = staged_rows(tmp_path, 0, 10)
    assert commit(tmp_path, staged, transaction="one") == 0
    assert commit(tmp_path, staged, transaction="one") == 0
    assert commit(tmp_path, staged_rows(tmp_path, 0, 5), transaction="two") == 1
    assert commit(tmp_path, staged, transaction="one") == 0
    assert DeltaTable(str(tmp_path)).version() == 1


def test_append_follows_and_takes_no_other_columns(tmp_path: Path) -> None:
    commit(tmp_path, staged_rows(tmp_path, 0, 10), transaction="one")
    version = commit(tmp_path, staged_rows(tmp_path, 10, 5), mode="append", transaction="two")
    assert read(tmp_path, version)["Row No."].to_pylist() == list(range(15))
    other = stage(tmp_path, published_schema(COLUMNS[:1]), stream(0, 3))
    with pytest.raises(TableError, match="other columns"):
        commit(tmp_path, other, mode="append", transaction="three")


def test_a_new_schema_and_no_rows(tmp_path: Path) -> None:
    commit(tmp_path, staged_rows(tmp_path, 0, 10), transaction="one")
    columns = (Column("n", "Day", DATE), Column("x", "X", DOUBLE))
    nothing = pa.RecordBatchReader.from_batches(schema_with({"n": pa.date32(), "x": pa.float64()}), [])
    version = commit(tmp_path, stage(tmp_path, published_schema(columns), nothing), transaction="two")
    assert [(c.name, c.type) for c in schema_of(tmp_path, version)] == [("Day", DATE), ("X", DOUBLE)]
    assert read(tmp_path, version).schema.names == ["Day", "X"] and row_count(tmp_path, version) == 0
    assert [c.name for c in schema_of(tmp_path, 0)] == ["Row No.", "Text (long)"]


def test_error_cells_become_null_and_are_counted_or_fail(tmp_path: Path) -> None:
    schema = published_schema(COLUMNS)
    staged = stage(tmp_path, schema, stream(0, 3000, error_every=1000))
    assert staged.errors == {"Text (long)": 3}
    version = commit(tmp_path, staged, transaction="one")
    assert read(tmp_path, version, ["Text (long)"], 999, 3)["Text (long)"].to_pylist() == ["t999", None, "t1001"]
    before = files_in(tmp_path)
    with pytest.raises(TableError) as caught:
        stage(tmp_path, schema, stream(1, 300_000, error_every=250_000), errors="fail", file_rows=100_000)
    assert caught.value.code == "table.error_cell" and "Text (long)" in caught.value.message
    assert "secret" not in caught.value.message
    assert files_in(tmp_path) == before, "nothing half-written stays"


def test_a_stream_that_fails_leaves_no_file(tmp_path: Path) -> None:
    def batches() -> Iterator[pa.RecordBatch]:
        yield from stream(0, 200_000)
        raise MError("Test.Error", "the source went away")

    failing = pa.RecordBatchReader.from_batches(stream(0, 0).schema, batches())
    with pytest.raises(MError, match="went away"):
        stage(tmp_path, published_schema(COLUMNS), failing, file_rows=60_000)
    assert files_in(tmp_path) == set()


def test_rows_keep_their_order_over_files_and_row_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "ROW_GROUP_ROWS", 300)
    staged = stage(tmp_path, published_schema(COLUMNS), stream(0, 10_000, batch=770), file_rows=1000)
    assert [file.rows for file in staged.files] == [1000] * 10
    groups = pq.read_metadata(tmp_path / staged.files[0].name)
    assert [groups.row_group(i).num_rows for i in range(groups.num_row_groups)] == [300, 300, 300, 100]
    version = commit(tmp_path, staged, transaction="one")
    assert read(tmp_path, version)["Row No."].to_pylist() == list(range(10_000))
    for offset, limit in [(0, 1), (299, 2), (999, 2), (950, 3000), (9_999, 10), (10_000, 5), (20_000, 1), (5, 0)]:
        found = read(tmp_path, version, offset=offset, limit=limit)["Row No."].to_pylist()
        assert found == list(range(10_000))[offset : offset + limit]


def test_a_page_reads_one_row_group_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "ROW_GROUP_ROWS", 300)
    version = commit(tmp_path, staged_rows(tmp_path, 0, 3000, file_rows=1000), transaction="one")
    slices = list(delta._slices(tmp_path, delta._files(DeltaTable(str(tmp_path), version=version)), 1350, 100))
    assert [(len(s.groups), s.groups[0], s.offset, s.rows) for s in slices] == [(1, 1, 50, 100)]


def test_columns_are_read_by_name_in_the_order_asked_for(tmp_path: Path) -> None:
    version = commit(tmp_path, staged_rows(tmp_path, 0, 3), transaction="one")
    assert read(tmp_path, version, ["Text (long)", "Row No."]).column_names == ["Text (long)", "Row No."]
    with pytest.raises(TableError, match="no column 'Nope'"):
        read(tmp_path, version, ["Nope"])


def test_discard_takes_back_what_is_not_committed(tmp_path: Path) -> None:
    first = staged_rows(tmp_path, 0, 10)
    discard(first)
    assert files_in(tmp_path) == set()
    with pytest.raises(TableError, match="gone"):
        commit(tmp_path, first, transaction="one")
    second = staged_rows(tmp_path, 0, 10)
    version = commit(tmp_path, second, transaction="one")
    discard(second)
    assert read(tmp_path, version).num_rows == 10


def test_no_table_and_no_version(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no Delta table here"):
        read(tmp_path / "none", 0)
    commit(tmp_path, staged_rows(tmp_path, 0, 3), transaction="one")
    with pytest.raises(TableError, match="no version 7"):
        row_count(tmp_path, 7)


def test_any_reader_can_open_it(tmp_path: Path) -> None:
    columns = (Column("a", "At", DATETIME_TICKS), Column("z", "When", DATETIMEZONE), Column("t", "Time", TIME))
    fields = pa.schema(
        [("a", pa.int64()), ("z", pa.struct([("instant", pa.int64()), ("offset", pa.int16())])), ("t", pa.int64())]
    )
    row = {"a": 630_822_816_000_000_000, "z": {"instant": 630_822_816_000_000_000, "offset": 60}, "t": 5}
    rows = pa.RecordBatchReader.from_batches(fields, pa.Table.from_pylist([row], fields).to_batches())
    version = commit(tmp_path, stage(tmp_path, published_schema(columns), rows), transaction="one")
    protocol = DeltaTable(str(tmp_path)).protocol()
    assert (protocol.min_reader_version, protocol.min_writer_version) == (1, 2)
    assert DeltaTable(str(tmp_path)).to_pyarrow_table().num_rows == 1
    assert [c.type.kind.value for c in schema_of(tmp_path, version)] == ["datetime", "datetimezone", "time"]
    stored = {f["name"]: f for f in json.loads(DeltaTable(str(tmp_path)).schema().to_json())["fields"]}
    assert stored["Time"]["metadata"]["comment"].startswith("M type time")
    assert stored["When.offset"]["type"] == "short"


def test_statistics_tell_rows_and_ranges(tmp_path: Path) -> None:
    staged = stage(tmp_path, published_schema(COLUMNS), stream(5, 10))
    statistics = json.loads(staged.files[0].statistics)
    assert statistics == {
        "numRecords": 10, "minValues": {"Row No.": 5}, "maxValues": {"Row No.": 14}, "nullCount": {"Row No.": 0}
    }  # fmt: skip


def test_a_plan_folds_over_a_published_table(tmp_path: Path) -> None:
    columns = (*COLUMNS, Column("a", "At", DATETIME_TICKS), Column("z", "When", DATETIMEZONE))
    zoned = pa.array(
        [{"instant": n * 10, "offset": n} for n in range(2000)],
        pa.struct([("instant", pa.int64()), ("offset", pa.int16())]),
    )
    base = stream(0, 2000).read_all().append_column("a", pa.array([n * 10 for n in range(2000)]))
    rows = base.append_column("z", zoned).to_reader()
    version = commit(tmp_path, stage(tmp_path, published_schema(columns), rows, file_rows=300), transaction="one")
    scan = plan_scan(tmp_path, version, Source("headwater://test/tables/x"))
    engine = DuckDBEngine(threads=2)
    found = engine.table(scan)
    engine.close()
    assert [c.name for c in scan.columns] == ["Row No.", "Text (long)", "At", "When"]
    assert found.column(0).to_pylist() == list(range(2000))
    assert found.column(3).to_pylist()[1999] == {"instant": 19990, "offset": 1999}
    assert found.rename_columns([c.name for c in scan.columns]).equals(read(tmp_path, version).combine_chunks())


def test_staged_files_are_scanned_before_they_are_published(tmp_path: Path) -> None:
    staged = staged_rows(tmp_path, 0, 2500, file_rows=1000)
    engine = DuckDBEngine(threads=2)
    found = engine.table(staged_scan(staged, Source("headwater://test/tables/x")))
    engine.close()
    assert found.column(0).to_pylist() == list(range(2500))
    assert not DeltaTable.is_deltatable(str(tmp_path))


def test_rows_are_stored_under_their_names_without_a_table() -> None:
    rows = stored_batches(published_schema(COLUMNS), stream(0, 5, error_every=3)).read_all()
    assert rows.to_pydict() == {"Row No.": [0, 1, 2, 3, 4], "Text (long)": [None, "t1", "t2", None, "t4"]}


CHILD = """
import json, os, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.tables.test_delta import staged_rows
from headwater.tables import commit
path, point = Path(sys.argv[2]), sys.argv[3]
staged = staged_rows(path, 1000, 500)
Path(sys.argv[4]).write_text(json.dumps(staged.to_json()))
if point == "committed":
    commit(path, staged, transaction="second")
print("ready", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("point", ["staged", "committed"])
def test_a_killed_publisher_is_finished_by_the_next(tmp_path: Path, point: str) -> None:
    table, intent = tmp_path / "table", tmp_path / "intent.json"
    first = commit(table, staged_rows(table, 0, 10), transaction="first")
    root = str(Path(__file__).parents[2])
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, root, str(table), point, str(intent)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    try:
        assert child.stdout.readline() == "ready\n"
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait(30)
        child.stdout.close()
    assert read(table, first)["Row No."].to_pylist() == list(range(10)), "the last good version reads in full"
    staged = Staged.from_json(json.loads(intent.read_text()))
    for _ in range(2):
        assert commit(table, staged, transaction="second") == 1
    assert read(table, 1)["Row No."].to_pylist() == list(range(1000, 1500))
    assert [v.transaction for v in versions(table)] == ["second", "first"]


def test_a_publisher_killed_while_writing_leaves_a_readable_table(tmp_path: Path) -> None:
    table = tmp_path / "table"
    first = commit(table, staged_rows(table, 0, 10), transaction="first")
    program = (
        CHILD.partition("staged = ")[0] + "print('ready', flush=True)\nstaged_rows(path, 0, 10**9, file_rows=50_000)\n"
    )
    root = str(Path(__file__).parents[2])
    child = subprocess.Popen(
        [sys.executable, "-c", program, root, str(table), "-", "-"], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    try:
        assert child.stdout.readline() == "ready\n"
        while len(files_in(table)) < 4:
            assert child.poll() is None
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait(30)
        child.stdout.close()
    assert read(table, first).num_rows == 10
    assert read(table, commit(table, staged_rows(table, 5, 7), transaction="second")).num_rows == 7
