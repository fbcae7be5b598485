"""The index on disk: several processes, killed ones, damaged files."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from tests.catalog.search.sample import document, found

from headwater.catalog.search import SearchIndex, SearchRequest
from headwater.errors import HomeError, UsageError

# Writes batches of 50 until it is killed; each document's name says which batch it is of.
WRITER = """
import sys
from pathlib import Path
from headwater.catalog.search import SearchIndex
from tests.catalog.search.sample import document

index = SearchIndex.open(Path(sys.argv[1]))
print("ready", flush=True)
for batch in range(index.position + 1, 100_000):
    index.update([document(batch * 50 + n, f"batch{batch} part", description="x " * 50) for n in range(50)], [], batch)
    if batch % 5 == 0:
        index.flush()
        print(batch, flush=True)
"""


def writer(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(["src", "."])},
    )


def test_what_was_written_is_there_after_opening_again(tmp_path: Path) -> None:
    index = SearchIndex.open(tmp_path / "search")
    assert index.position == 0
    index.update([document(1, "orders"), document(2, "customers")], [], 7)
    index.update([], [2], 9)
    index.close()
    again = SearchIndex.open(tmp_path / "search")
    assert again.position == 9
    assert found(again, "") == [1]
    again.close()


def test_an_update_is_seen_by_the_next_search_and_applied_again_harmless() -> None:
    index = SearchIndex.open(None)
    for _ in range(3):
        index.update([document(1, "orders"), document(1, "invoices")], [], 4)
        assert found(index, "") == [1]
        assert found(index, "invoices") == [1]
        assert index.position == 4
    index.update([document(1, "stale")], [], 3)  # read before what is known
    assert found(index, "stale") == []
    assert index.position == 4
    index.reset()
    assert (index.position, found(index, "")) == (0, [])


def test_a_document_that_cannot_be_written_leaves_all_as_it_was() -> None:
    index = SearchIndex.open(None)
    index.update([document(1, "orders")], [], 1)
    with pytest.raises(UsageError):
        index.update([document(2, "customers"), document(-3, "impossible")], [1], 2)
    assert (index.position, found(index, "")) == (1, [1])


def test_others_see_what_one_wrote_and_removed(tmp_path: Path) -> None:
    one, other = SearchIndex.open(tmp_path), SearchIndex.open(tmp_path)
    one.update([document(1, "orders"), document(2, "customers")], [], 1)
    one.flush()
    assert found(other, "") == [1, 2]
    one.update([document(2, "clients")], [1], 2)
    one.close()
    assert (found(other, ""), found(other, "clients"), other.position) == ([2], [2], 2)
    other.update([document(3, "more")], [], 3)
    other.close()


def test_who_cannot_write_because_another_does_says_so_after_a_while(tmp_path: Path) -> None:
    one, other = SearchIndex.open(tmp_path), SearchIndex.open(tmp_path, patience=0.2)
    one.update([document(1, "orders")], [], 5)
    with pytest.raises(HomeError, match="keeps writing") as refused:
        other.update([document(2, "customers")], [], 6)
    assert refused.value.code == "search.busy"
    one.flush()
    other.update([document(2, "customers")], [], 4)  # known already by the one that writes, after all
    one.close()
    other.update([document(2, "customers")], [], 6)
    assert found(other, "") == [1, 2]
    other.close()


@pytest.mark.parametrize("round_", range(3))
def test_a_killed_writer_leaves_whole_updates_and_a_true_position(tmp_path: Path, round_: int) -> None:
    process = writer(tmp_path)
    assert process.stdout is not None
    lines = iter(process.stdout)
    for _ in range(2 + round_):
        next(lines)
    time.sleep(0.01 * round_)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    index = SearchIndex.open(tmp_path, patience=5)
    position = index.position
    assert position >= 5 * (1 + round_)
    assert index.search(SearchRequest("part ")).total == 50 * position
    # Nothing of the next update is there, and writing goes on.
    assert found(index, f'name:"batch{position + 1}"') == []
    index.update([document(1, "after all")], [], position + 1)
    assert found(index, "after") == [1]
    index.close()


def test_two_processes_write_in_turn(tmp_path: Path) -> None:
    index = SearchIndex.open(tmp_path)
    index.update([document(1, "mine")], [], 1)
    index.close()
    process = writer(tmp_path)
    assert process.stdout is not None
    for _, line in zip(range(3), process.stdout, strict=False):
        assert line
    process.kill()
    process.communicate(timeout=30)
    index = SearchIndex.open(tmp_path)
    index.update([document(2, "again")], [], index.position + 1)
    assert found(index, "mine") == [1]
    assert found(index, "again") == [2]
    index.close()


def filled_folder(folder: Path) -> None:
    index = SearchIndex.open(folder)
    index.update([document(number, f"orders {number}") for number in range(1, 200)], [], 5)
    index.close()


@pytest.mark.parametrize("suffix", ["meta.json", ".store", ".term", ".fast", ".idx", ".fieldnorm"])
@pytest.mark.parametrize("damage", ["gone", "empty", "cut", "noise"])
def test_a_damaged_index_begins_anew(tmp_path: Path, suffix: str, damage: str) -> None:
    filled_folder(tmp_path)
    damaged = [path for path in (tmp_path / "index").iterdir() if path.name.endswith(suffix)]
    assert damaged
    for path in damaged:
        harm(path, damage)
    index = SearchIndex.open(tmp_path)
    try:
        index.search(SearchRequest("orders"))
    except HomeError as error:
        assert error.code == "search.damaged"  # met while searching; from now on it is empty
    if index.position == 0:
        assert index.search(SearchRequest()).total == 0
    index.update([document(1, "new")], [], 6)
    assert 1 in found(index, "new")
    index.close()


def harm(path: Path, damage: str) -> None:
    content = path.read_bytes()
    path.unlink()
    if damage == "empty":
        path.write_bytes(b"")
    elif damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "noise":
        path.write_bytes(bytes(byte ^ 0x5A for byte in content))


FULL_DISK = """
import resource, sys
from pathlib import Path
from headwater.catalog.search import SearchIndex
from headwater.errors import HomeError
from tests.catalog.search.sample import document, found

index = SearchIndex.open(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, resource.RLIM_INFINITY))
try:
    index.update([document(n, f"lost {n}", description=f"word{n} " * 20) for n in range(2_000, 4_000)], [], 6)
    index.flush()
except HomeError as error:
    print(error.code)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(index.position, len(found(index, "orders")), len(found(index, "lost ")))
index.update([document(2_000, "kept")], [], 6)
print(index.position, found(index, "kept"))
index.close()
"""


def test_a_full_disk_loses_nothing_that_was_there(tmp_path: Path) -> None:
    filled_folder(tmp_path)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(["src", "."])}
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=True)
    assert done.stdout.split("\n") == ["search.unwritable", "5 50 0", "6 [2000]", ""]


def test_threads_search_while_one_writes(tmp_path: Path) -> None:
    index = SearchIndex.open(tmp_path)
    totals: list[list[int]] = [[] for _ in range(3)]
    failures: list[BaseException] = []

    def searching(seen: list[int]) -> None:
        try:
            while not done.is_set():
                seen.append(index.search(SearchRequest("orders ")).total)
        except HomeError as error:
            failures.append(error)

    done = threading.Event()
    threads = [threading.Thread(target=searching, args=(seen,)) for seen in totals]
    for thread in threads:
        thread.start()
    for batch in range(40):
        index.update([document(batch * 20 + n, "orders") for n in range(20)], [], batch)
    done.set()
    for thread in threads:
        thread.join(30)
    assert not failures
    # Whole updates only, one after the other.
    assert all(total % 20 == 0 and seen == sorted(seen) for seen in totals for total in seen)
    assert index.search(SearchRequest("orders")).total == 800
    index.close()


def test_an_index_of_another_format_begins_anew(tmp_path: Path) -> None:
    filled_folder(tmp_path)
    (tmp_path / "format").write_text("0")
    index = SearchIndex.open(tmp_path)
    assert (index.position, index.search(SearchRequest()).total) == (0, 0)
    filled_again = [document(1, "orders")]
    index.update(filled_again, [], 3)
    index.close()
    assert SearchIndex.open(tmp_path).position == 3


def test_one_process_notices_that_another_began_anew(tmp_path: Path) -> None:
    filled_folder(tmp_path)
    one, other = SearchIndex.open(tmp_path), SearchIndex.open(tmp_path)
    assert one.search(SearchRequest("orders")).total == 199
    other.reset()
    other.update([document(7, "orders")], [], 1)
    other.close()
    assert (found(one, "orders"), one.position) == ([7], 1)
    one.close()


def test_a_folder_that_cannot_be_used_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HomeError, match="cannot be used"):
        SearchIndex.open(tmp_path / "file" / "search")
