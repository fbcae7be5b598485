"""The index on disk: who writes, what is committed when, and up to where it knows the database.

One process writes at a time; it holds the folder's lock while it has something that is not committed yet, and a little
longer, because a commit a batch would cost several times the batch. Everybody reads what is committed, and a process
commits its own before it reads.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headwater.catalog.search.documents import SearchDocument
from headwater.catalog.search.schema import FORMAT, entry, marker, schema
from headwater.catalog.search.words import ANALYZER, analyzer
from headwater.errors import HomeError, UsageError

if TYPE_CHECKING:
    from filelock import FileLock
    from tantivy import Index, IndexWriter, Searcher

__all__ = ["DAMAGED", "State", "Storage"]

# The code of the error where the index cannot be read: whoever meets it resets the index.
DAMAGED = "search.damaged"

logger = logging.getLogger(__name__)

_HEAP = 60_000_000
_MOST_PENDING = 20_000
_COMMIT_AFTER = 1.0
_RELEASE_AFTER = 2.0


@dataclass(frozen=True, slots=True)
class State:
    """Up to which change of the database the index knows, its last update, and which index it is (another after it
    was built anew)."""

    position: int = 0
    sequence: int = 0
    epoch: str = ""


class Storage:
    """The index of a folder, or (``folder=None``) one in memory.

    Raises:
        HomeError: the folder cannot be used, or another process keeps writing to it.
    """

    def __init__(self, folder: Path | None, *, patience: float = 30.0) -> None:
        self._folder = folder
        self._patience = patience
        self._lock = threading.RLock()  # what is shared with the thread that commits
        self._writing = threading.RLock()  # one update of this process at a time
        self._writer: IndexWriter | None = None
        self._pending: State | None = None
        self._pending_documents = 0
        self._last_update = 0.0
        self._timer: threading.Timer | None = None
        self._closed = False
        self._file_lock = _file_lock(folder)
        self._seen: tuple[int, int, int] | None = None
        self._searcher: Searcher | None = None
        self._state = State()
        self._index = self._open()

    def _open(self) -> Index:
        if self._folder is None:
            return _prepared(None)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            return self._readable() or self._rebuilt()
        except OSError as error:
            raise HomeError(
                "The folder of the search index cannot be used.",
                hint="See that the home is on a disk with room, and that this user may write to it.",
                place=str(self._folder),
            ) from error

    def _readable(self) -> Index | None:
        """The index as it is; None where there is none of this format, or a damaged one."""
        folder = self._index_folder
        if not (folder / "meta.json").exists() or _text(folder.parent / "format") != str(FORMAT):
            return None
        with suppress(ValueError):
            index = _prepared(folder)
            _state_of(index.searcher())
            return index
        return None

    def _rebuilt(self) -> Index:
        """An empty index in place of what was there."""
        self._take_file_lock(None)
        try:
            found = self._readable()
            if found is not None:
                return found  # another process was first
            folder = self._index_folder
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True, exist_ok=True)
            (folder.parent / "format").write_text(str(FORMAT), encoding="ascii")
            return _prepared(folder)
        finally:
            self._leave_file_lock()

    @property
    def _index_folder(self) -> Path:
        assert self._folder is not None
        return self._folder / "index"

    def reset(self) -> None:
        """Throw everything away: the index is damaged, or the database is not the one it was made from.

        Raises:
            HomeError: another process keeps writing to it.
        """
        with self._writing, self._lock:
            if self._writer is None:
                self._take_file_lock(None)
            self._abandon()
            try:
                if self._folder is not None:
                    shutil.rmtree(self._index_folder, ignore_errors=True)
                    self._index_folder.mkdir(parents=True)
                self._index = _prepared(None if self._folder is None else self._index_folder)
                self._searcher, self._seen = None, None
            finally:
                self._leave_file_lock()

    # Reading

    def searcher(self) -> tuple[Searcher, State]:
        """What can be searched now, all of this process's own updates in it, and its state.

        Raises:
            HomeError: the index on disk is damaged, or what is pending cannot be written.
        """
        with self._lock:
            self.commit()
            seen = self._signature()
            if self._searcher is None or seen != self._seen:
                self._searcher, self._state = self._reloaded()
                self._seen = seen
            return self._searcher, self._state

    def _reloaded(self) -> tuple[Searcher, State]:
        try:
            self._index.reload()
            searcher = self._index.searcher()
            return searcher, _state_of(searcher)
        except ValueError as error:
            raise self.damaged() from error

    def damaged(self) -> HomeError:
        """The error to raise where the index turns out not to be readable."""
        return HomeError(
            "The search index is damaged.",
            hint="It is built anew from the database; try again in a moment.",
            place=str(self._folder or ""),
            code=DAMAGED,
        )

    def _signature(self) -> tuple[int, int, int]:
        """What changes with each commit, of whichever process."""
        if self._folder is None:
            return (0, 0, self._commits)
        try:
            meta = (self._index_folder / "meta.json").stat()
        except FileNotFoundError:
            return (0, 0, 0)  # being thrown away by another process at this moment
        return (meta.st_ino, meta.st_mtime_ns, meta.st_size)

    _commits = 0

    @property
    def state(self) -> State:
        """The state that the next search sees; nothing known where the index was damaged.

        Raises:
            HomeError: it is damaged, and another process keeps writing to it.
        """
        try:
            with self._lock:
                return self._pending or self.searcher()[1]
        except HomeError as error:
            if error.code != DAMAGED:
                raise
            self.reset()
            return State()

    # Writing

    def write(self, documents: Sequence[SearchDocument], removed: Sequence[int], position: int) -> None:
        """Add, replace and remove documents; seen by this process at once, on disk a moment later, whole.

        Raises:
            HomeError: another process keeps writing, or the index cannot be written.
            UsageError: a document holds what cannot be written; nothing of the update was.
        """
        with self._writing:
            if position < self.state.position or not self._acquired(position):
                return
            with self._lock:
                state = self._pending or self.searcher()[1]
                if position < state.position:
                    return  # another process wrote between the look above and the lock
                self._add(documents, removed, State(position, state.sequence + 1, state.epoch or secrets.token_hex(8)))
                self._last_update = time.monotonic()
                if self._pending_documents >= _MOST_PENDING:
                    self.commit()
                self._arm()

    def _add(self, documents: Sequence[SearchDocument], removed: Sequence[int], state: State) -> None:
        assert self._writer is not None
        # A document twice in one update: the later one counts.
        latest = {document.id: document for document in documents}
        try:
            entries = [entry(document, state.sequence) for document in latest.values()]
        except (ValueError, OverflowError) as error:
            raise UsageError("A document cannot be indexed.", hint="Its number is whole and not negative.") from error
        text = json.dumps([state.position, state.sequence, state.epoch])
        with self._whole():
            for identity in (*latest, *removed):
                self._writer.delete_documents_by_term("key", str(identity))
            for made in entries:
                self._writer.add_document(made)
            self._writer.delete_documents_by_term("kind", "state")
            self._writer.add_document(marker(text.encode()))
        self._pending = state
        self._pending_documents += len(entries) + len(removed) + 1

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """Give up what is not committed where the library cannot write: half of it must never be."""
        try:
            yield
        except (ValueError, OSError) as error:
            self._abandon()
            self._leave_file_lock()
            raise HomeError(
                "The search index cannot be written.",
                hint="See that the home is on a disk with room. What is missing is written with the next update.",
                place=str(self._folder or ""),
                code="search.unwritable",
            ) from error

    def commit(self) -> None:
        """Make what was written durable and visible to everybody.

        Raises:
            HomeError: it cannot be written; ``position`` is what is on disk again.
        """
        with self._lock:
            if self._pending is not None and self._writer is not None:
                with self._whole():
                    self._writer.commit()
                self._commits += 1
                self._pending, self._pending_documents = None, 0

    def _acquired(self, position: int) -> bool:
        """Become the one who writes. False: it is needless, because another process wrote this position meanwhile."""
        if self._writer is not None:
            return True
        if not self._take_file_lock(position):
            return False
        try:
            self._writer = self._index.writer(_HEAP, 1)
        except ValueError as error:
            self._leave_file_lock()
            raise _busy(self._folder) from error
        return True

    def _take_file_lock(self, position: int | None) -> bool:
        if self._file_lock is None:
            return True
        from filelock import Timeout

        deadline = time.monotonic() + self._patience
        while True:
            try:
                self._file_lock.acquire(timeout=0.05)
                return True
            except Timeout as error:
                if position is not None and self.searcher()[1].position >= max(position, 1):
                    return False
                if time.monotonic() > deadline:
                    raise _busy(self._folder) from error

    def _leave_file_lock(self) -> None:
        if self._file_lock is not None:
            self._file_lock.release()

    # The thread that commits and lets go

    def _arm(self) -> None:
        if self._timer is None and not self._closed:
            self._timer = threading.Timer(_COMMIT_AFTER, self._tick)
            self._timer.daemon = True
            self._timer.start()

    def _tick(self) -> None:
        with self._lock:
            self._timer = None
            try:
                self.commit()
            except HomeError as error:
                logger.warning("%s %s", error, error.hint)
            idle = time.monotonic() - self._last_update > _RELEASE_AFTER
        if idle and self._writing.acquire(blocking=False):
            try:
                self._release()
            finally:
                self._writing.release()
        with self._lock:
            if self._writer is not None:
                self._arm()

    def _release(self) -> None:
        """Let another process write. Merges under way are finished first, for they would be lost."""
        with self._lock:
            self.commit()
            writer, self._writer = self._writer, None
        if writer is not None:
            writer.wait_merging_threads()
            del writer
            self._leave_file_lock()

    def _abandon(self) -> None:
        writer, self._writer = self._writer, None
        self._pending, self._pending_documents = None, 0
        if writer is not None:
            with suppress(ValueError, OSError):
                writer.rollback()

    def close(self) -> None:
        """Commit, and let go of the folder."""
        with self._writing:
            self._closed = True
            self._release()
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None


def _prepared(folder: Path | None) -> Index:
    from tantivy import Index

    index = Index(schema(), path=None if folder is None else os.fspath(folder))
    index.register_tokenizer(ANALYZER, analyzer())
    index.config_reader("manual")
    return index


def _state_of(searcher: Searcher) -> State:
    from tantivy import Query

    hits = searcher.search(Query.term_query(schema(), "kind", "state"), limit=1, count=False).hits
    if not hits:
        return State()
    position, sequence, epoch = json.loads(bytes(searcher.doc(hits[0][1])["record"][0]))
    return State(position, sequence, epoch)


def _file_lock(folder: Path | None) -> FileLock | None:
    if folder is None:
        return None
    from filelock import FileLock

    # Not bound to a thread: the one that commits lets go of what another has taken.
    return FileLock(folder / "lock", thread_local=False)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _busy(folder: Path | None) -> HomeError:
    return HomeError(
        "Another process keeps writing to the search index.",
        hint="Wait until its scan or import is done, or stop it.",
        place=str(folder or ""),
        code="search.busy",
    )
