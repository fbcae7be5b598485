"""Results that are kept between two pages: found again, bounded, computed once."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from headwater.access import SYSTEM
from headwater.app.reading import Selection
from headwater.app.reading.results import ResultStore
from headwater.app.runtime import Headwater
from headwater.errors import EngineError
from headwater.plan.expressions import Literal, call
from headwater.plan.nodes import SortKey
from headwater.plan.types import INT64

SCHEMA = pa.schema([("n", pa.int64())])


def reader(rows: int, started: list[int] | None = None) -> pa.RecordBatchReader:
    def batches() -> Iterator[pa.RecordBatch]:
        if started is not None:
            started.append(1)
        for start in range(0, rows, 1_000):
            yield pa.RecordBatch.from_arrays([pa.array(range(start, min(start + 1_000, rows)))], schema=SCHEMA)

    return pa.RecordBatchReader.from_batches(SCHEMA, batches())


def names(folder: Path) -> set[str]:
    return {path.stem for path in folder.iterdir()}


def test_a_result_is_found_again(tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "new")
    assert store.get("a") is None
    kept = store.put("a", reader(2_500))
    found = store.get("a")
    assert kept is not None and found is not None
    assert found["n"].to_pylist() == kept["n"].to_pylist() == list(range(2_500))


def test_a_deleted_file_stays_readable_to_who_has_it(tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    kept = store.put("a", reader(2_500))
    assert kept is not None
    (tmp_path / "a.arrow").unlink()
    assert kept["n"].to_pylist() == list(range(2_500))
    assert store.get("a") is None


def test_what_is_too_large_is_not_kept(tmp_path: Path) -> None:
    store = ResultStore(tmp_path, most_bytes=50_000)
    assert store.put("large", reader(100_000)) is None
    assert names(tmp_path) == set()


def test_what_was_read_longest_ago_makes_room(tmp_path: Path) -> None:
    store = ResultStore(tmp_path, most_bytes=40_000)
    for name, age in (("a", 30), ("b", 20)):
        store.put(name, reader(2_000))
        os.utime(tmp_path / f"{name}.arrow", (time.time() - age,) * 2)
    assert store.get("a") is not None  # read just now
    store.put("d", reader(2_000))
    assert names(tmp_path) == {"a", "d"}


def test_what_is_old_goes(tmp_path: Path) -> None:
    store = ResultStore(tmp_path, seconds=100)
    store.put("a", reader(10))
    os.utime(tmp_path / "a.arrow", (time.time() - 101,) * 2)
    (tmp_path / "left.part").touch()
    os.utime(tmp_path / "left.part", (time.time() - 101,) * 2)
    store.put("b", reader(10))
    assert names(tmp_path) == {"b"}


def test_a_failed_stream_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[pa.RecordBatch]:
        yield from reader(10)
        raise OSError(28, "No space left on device")

    with pytest.raises((EngineError, OSError)):
        ResultStore(tmp_path).put("a", pa.RecordBatchReader.from_batches(SCHEMA, broken()))
    assert names(tmp_path) == set()


def test_one_thread_computes_and_the_others_wait(tmp_path: Path) -> None:
    store, started, found = ResultStore(tmp_path), list[int](), list[int]()

    def ask() -> None:
        with store.alone("a"):
            kept = store.get("a")
            if kept is None:
                kept = store.put("a", reader(5_000, started))
        assert kept is not None
        found.append(kept.num_rows)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (len(started), found) == (1, [5_000] * 6)


def test_pages_come_from_what_was_kept_and_others_ask_anew(shop: Headwater) -> None:
    folder = shop.home.path / "cache" / "results"
    opened = shop.reading.open(SYSTEM, "shop", "many")
    column = opened.columns[0]
    more = call(">", column.ref, Literal(5, INT64))
    selection = Selection(more, (SortKey(column.ref, True),))
    before = names(folder) if folder.is_dir() else set()
    first = shop.reading.page(opened, selection, 0, 10, form="odata")
    made = names(folder) - before
    assert len(made) == 1
    (file,) = (path for path in folder.iterdir() if path.stem in made)
    written = file.stat().st_ino
    second = shop.reading.page(opened, selection, 10, 10, form="odata")
    top = opened.rows - 1
    assert first.rows["id"].to_pylist() + second.rows["id"].to_pylist() == list(range(top, top - 20, -1))
    assert file.stat().st_ino == written
    # Other rows, other order, other columns: another result.
    others = [Selection(more), Selection(more, selection.keys, (column.id,)), Selection(None, selection.keys)]
    assert len({one.fingerprint(opened.scan) for one in (selection, *others)}) == 4


def test_what_is_not_kept_is_computed_page_by_page(shop: Headwater, tmp_path: Path) -> None:
    from headwater.app.reading import TableReader

    reader = TableReader(shop.database, shop.tables, tmp_path)
    reader._results = ResultStore(tmp_path, most_bytes=10)
    opened = reader.open(SYSTEM, "shop", "many")
    selection = Selection(call(">", opened.columns[0].ref, Literal(5, INT64)))
    assert reader.page(opened, selection, 4, 3, form="odata").rows["id"].to_pylist() == [10, 11, 12]
    assert reader.count(opened, selection) == opened.rows - 6
    reader.close()
