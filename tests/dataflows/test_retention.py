"""What is kept and what goes; nobody who reads loses a file."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from sqlalchemy import insert, select
from tests.dataflows.retained import Shelf, check_whole, generation

from headwater.dataflows import compaction, retention
from headwater.dataflows.compaction import compact
from headwater.dataflows.retention import Retention, clean, kept_versions, pinned
from headwater.dataflows.staging import merging
from headwater.errors import NotFoundError, TableError
from headwater.plan.nodes import Column
from headwater.plan.types import INT64
from headwater.store import Database, open_database, tables, utc_now
from headwater.tables import StagedFile, commit, published_schema, read, stage, table_files, versions

NOTHING = Retention(keep_days=0, keep_refreshes=0, grace=timedelta(0), leftovers=timedelta(days=1))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = open_database(database_url)
    yield database
    database.close()


@pytest.fixture
def shelf(database: Database, tmp_path: Path) -> Shelf:
    return Shelf(database, tmp_path / "orders")


def kept(shelf: Shelf, **policy: Any) -> list[int]:
    given = Retention(**{"keep_days": 0, "keep_refreshes": 0, "grace": timedelta(0), **policy})
    return sorted(kept_versions(shelf.database, 1, "orders", given, utc_now()))


def readable(shelf: Shelf) -> list[int]:
    found = []
    for number in range(shelf.entity.version + 1):
        try:
            check_whole(read(shelf.path, number))
        except TableError as error:
            assert error.code == "table.version_gone" and "not kept" in error.message and error.hint
            continue
        found.append(number)
    return found


def test_what_is_kept(shelf: Shelf) -> None:
    for number in range(6):
        shelf.refresh(generation(number), ended=utc_now() - timedelta(days=10 - 2 * number))
    assert kept(shelf) == [5]
    assert kept(shelf, keep_refreshes=3) == [3, 4, 5]
    assert kept(shelf, keep_days=5) == [3, 4, 5]
    assert kept(shelf, keep_days=5, keep_refreshes=4) == [2, 3, 4, 5]
    assert kept(shelf, grace=timedelta(hours=1)) == [0, 1, 2, 3, 4, 5], "all were replaced a moment ago"
    with pinned(shelf.database, shelf.table(), 1):
        assert kept(shelf) == [1, 5]
    assert kept(shelf) == [5]


def test_a_version_that_is_not_pointed_to_yet_is_kept(shelf: Shelf) -> None:
    shelf.refresh(generation(0))
    shelf.entity.refresh(generation(1))
    assert kept(shelf) == [0, 1]
    clean(shelf.database, 1, NOTHING)
    assert readable(shelf) == [0, 1]


def test_cleaning_deletes_what_no_kept_version_needs(shelf: Shelf) -> None:
    for number in range(4):
        shelf.refresh(generation(number))
    cleaned = clean(shelf.database, 1, Retention(keep_days=0, keep_refreshes=2, grace=timedelta(0)))["orders"]
    assert readable(shelf) == [2, 3]
    # Two versions' files, and the digests of all but the newest.
    assert cleaned.files == 2 + 3 and cleaned.bytes > 0
    assert clean(shelf.database, 1, NOTHING)["orders"].files == 1
    assert readable(shelf) == [3]
    assert shelf.refresh(generation(3)).staged.unchanged_of == 3, "the digests in use are still there"


def test_files_that_a_kept_version_links_stay(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "KEYED_FILE_ROWS", 50)
    monkeypatch.setattr("headwater.dataflows.staging.keyed.KEYED_FILE_ROWS", 50)
    rows = generation(0)
    shelf.refresh(rows)
    shelf.refresh(rows.slice(0, 399))
    cleaned = clean(shelf.database, 1, NOTHING)["orders"]
    assert cleaned.files == 8 + 1, "the old names of all, and the old digests"
    check_whole(read(shelf.path, 1), 399)
    assert len(list(shelf.path.glob("*.parquet"))) == 8


@pytest.mark.parametrize("case", ["young", "old", "old of a running refresh", "foreign"])
def test_leftovers(shelf: Shelf, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.refresh(generation(0))
    now = time.time_ns()
    if case.startswith("old"):
        monkeypatch.setattr("headwater.tables.staging.time.time_ns", lambda: now - 2 * 86_400 * 10**9)
    rows = generation(9).rename_columns(["id", "generation"])
    schema = published_schema([Column("id", "id", INT64), Column("generation", "generation", INT64)])
    left = shelf.path / stage(shelf.path, schema, rows.to_reader()).files[0].name
    monkeypatch.undo()
    if case == "foreign":
        left = left.rename(shelf.path / "somebody-elses.parquet")
    if case == "old of a running refresh":
        started = utc_now() - timedelta(days=3)
        running = {"id": "r", "dataflow_id": 1, "status": "running", "trigger": "manual", "started_at": started}
        with shelf.database.begin() as connection:
            connection.execute(insert(tables.refreshes).values(running))
    clean(shelf.database, 1, NOTHING)
    assert left.exists() == (case != "old")
    assert readable(shelf) == [0]


def test_a_pin_is_renewed_and_ends(shelf: Shelf) -> None:
    shelf.refresh(generation(0))
    shelf.refresh(generation(1))
    with pinned(shelf.database, shelf.table(), 0, seconds=0.6):
        time.sleep(1.5)
        clean(shelf.database, 1, NOTHING)
        assert readable(shelf) == [0, 1]
    with shelf.database.read() as connection:
        assert connection.execute(select(tables.table_pins.c.id)).all() == []
    assert threading.active_count() == 1 or all(thread.name != "pin" for thread in threading.enumerate())


def test_a_pin_of_a_process_that_died_ends_by_itself(shelf: Shelf) -> None:
    shelf.refresh(generation(0))
    shelf.refresh(generation(1))
    with shelf.database.begin() as connection:
        retention._pin(connection, "dead", shelf.table(), 0, utc_now() - timedelta(seconds=1))
    clean(shelf.database, 1, NOTHING)
    assert readable(shelf) == [1]
    with shelf.database.read() as connection:
        assert connection.execute(select(tables.table_pins.c.id)).all() == []


def test_a_table_that_is_gone_cannot_be_pinned(shelf: Shelf) -> None:
    shelf.refresh(generation(0))
    with pytest.raises(NotFoundError), pinned(shelf.database, replace(shelf.table(), dataflow="gone"), 0):
        pass


def test_long_logs_are_summed_up(shelf: Shelf) -> None:
    for number in range(22):
        shelf.refresh(generation(number, 5))
    clean(shelf.database, 1, NOTHING)
    assert (shelf.path / "_delta_log" / "_last_checkpoint").exists()
    check_whole(read(shelf.path, 21), 5)
    clean(shelf.database, 1, NOTHING)
    assert shelf.refresh(generation(21, 5)).staged.unchanged_of == 21


def test_small_files_become_few(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headwater.dataflows.staging.keyed.KEYED_FILE_ROWS", 20)
    monkeypatch.setattr(merging, "KEYED_FILE_ROWS", 20)
    shelf.refresh(generation(0))
    assert len(table_files(shelf.path, 0)) == 20
    monkeypatch.setattr(compaction, "KEYED_FILE_ROWS", 150)
    assert compact(shelf.database, 1, "orders") == 1
    assert shelf.table().delta_version == 1
    assert [file.rows for file in table_files(shelf.path, 1)] == [140, 140, 120]
    assert read(shelf.path, 1).equals(read(shelf.path, 0)), "the same rows in the same order"
    assert compact(shelf.database, 1, "orders") is None, "nothing more to do"
    shelf.take_over()
    changed = shelf.refresh(generation(0).slice(0, 399))
    assert (changed.skipped, changed.deleted) == (399, 1)
    clean(shelf.database, 1, NOTHING)
    check_whole(read(shelf.path, 2), 399)


def test_partitions_stay_apart(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [("a", 3), ("b", 4), ("c", 5), ("d", 1), ("e", 1), ("f", 1), ("g", 9)]
    staged = [StagedFile(name, rows, 1, "") for name, rows in files]
    ends = compaction._ends([{"rows": 7}, {"rows": 0}, {"rows": 8}, {"rows": 9}])
    found = ["".join(file.name for file in group) for group in compaction._groups(staged, 100, ends)]
    assert found == ["ab", "cdef", "g"]
    assert ["".join(f.name for f in group) for group in compaction._groups(staged, 7, set())] == ["ab", "cde", "f", "g"]


def test_a_refresh_that_was_quicker_keeps_its_version(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headwater.dataflows.staging.keyed.KEYED_FILE_ROWS", 20)
    shelf.refresh(generation(0))

    def late(*arguments: Any, **named: Any) -> int:
        made = commit(*arguments, **named)
        shelf.refresh(generation(1))
        return made

    monkeypatch.setattr(compaction, "commit", late)
    assert compact(shelf.database, 1, "orders") is None
    assert shelf.table().delta_version == 2
    assert set(read(shelf.path, 2)["generation"].to_pylist()) == {1}


def test_compaction_that_fails_changes_nothing(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headwater.dataflows.staging.keyed.KEYED_FILE_ROWS", 20)
    shelf.refresh(generation(0))
    files = shelf.entity.files()

    def refuse(*_: Any, **__: Any) -> int:
        raise TableError("The table could not be committed: no space.")

    monkeypatch.setattr(compaction, "commit", refuse)
    with pytest.raises(TableError, match="no space"):
        compact(shelf.database, 1, "orders")
    assert shelf.entity.files() == files and shelf.table().delta_version == 0


def test_readers_lose_nothing_while_all_of_it_happens(
    shelf: Shelf, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers by the pointer and by the path, in processes of their own; refreshes, compaction and cleaning here."""
    monkeypatch.setattr("headwater.dataflows.staging.keyed.KEYED_FILE_ROWS", 60)
    shelf.refresh(generation(0))
    program, seconds = str(Path(__file__).with_name("retained.py")), 7.0
    asked = [("pointer", shelf.database.engine.url.render_as_string(hide_password=False)), ("path", str(shelf.path))]
    asked.append(("slow", asked[0][1]))
    readers = [_started(program, kind, what, seconds) for kind, what in asked]
    policy = Retention(keep_days=0, keep_refreshes=1, grace=timedelta(seconds=3))
    try:
        assert readers[2].stdout is not None and readers[2].stdout.readline() == "pinned\n"
        cleaned, number = 0, 0
        while any(reader.poll() is None for reader in readers):
            number += 1
            shelf.refresh(generation(number))
            if number % 3 == 0:
                compact(shelf.database, 1, "orders")
                shelf.take_over()
            cleaned += clean(shelf.database, 1, policy)["orders"].files
        said = [reader.communicate(timeout=60) for reader in readers]
    finally:
        for reader in readers:
            reader.kill()
            reader.wait(30)
    assert [reader.returncode for reader in readers] == [0, 0, 0], [error for _, error in said]
    assert all(int(out.split()[-1]) > 0 for out, _ in said)
    assert cleaned > 0 and len(versions(shelf.path)) > number, "versions went, and files were put together"
    assert DeltaTable(str(shelf.path)).to_pyarrow_table().num_rows == 400


def _started(program: str, kind: str, what: str, seconds: float) -> subprocess.Popen[str]:
    root = Path(__file__).parents[2]
    return subprocess.Popen(
        [sys.executable, program, kind, what, str(seconds)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=root,
        env={"PYTHONPATH": f"{root}:{root / 'src'}", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
