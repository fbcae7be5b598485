"""Results that are read a page at a time: computed once, kept as files for a while.

A file is found by what was asked of exactly which files of a table; who may have it is decided before, for every page.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import pyarrow as pa

from headwater.errors import EngineError

__all__ = ["ResultStore"]

_SUFFIX: Final = ".arrow"


class ResultStore:
    """Arrow files in a folder, each a result; those that were not read for longest make room.

    Args:
        folder: where they lie; nothing else does. Made when it is needed.
        most_bytes: how much all of them may take together; a result that is larger is not kept.
        seconds: how long one is kept that nobody reads.
    """

    def __init__(self, folder: Path, most_bytes: int = 4 << 30, seconds: float = 900.0) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._seconds = seconds
        self._lock = threading.Lock()
        self._making: dict[str, tuple[threading.Lock, int]] = {}

    def get(self, name: str) -> pa.Table | None:
        """A result by its name, mapped into memory instead of read; None where there is none."""
        path = self._folder / f"{name}{_SUFFIX}"
        try:
            os.utime(path)
            with pa.memory_map(str(path)) as mapped, pa.ipc.open_file(mapped) as file:
                return file.read_all()
        except FileNotFoundError:
            return None

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Holds other threads off this result, so that it is computed once."""
        with self._lock:
            lock, users = self._making.get(name, (threading.Lock(), 0))
            self._making[name] = lock, users + 1
        try:
            with lock:
                yield
        finally:
            with self._lock:
                lock, users = self._making[name]
                if users == 1:
                    del self._making[name]
                else:
                    self._making[name] = lock, users - 1

    def put(self, name: str, rows: pa.RecordBatchReader) -> pa.Table | None:
        """Keeps a result and gives it back; None where it is too large to be kept.

        Raises:
            EngineError: the folder cannot be written (``reading.cache``).
            HeadwaterError: what the stream of rows ended in.
        """
        made = self._folder / f"{uuid.uuid4().hex}.part"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if not self._write(made, rows):
                return None
            made.replace(self._folder / f"{name}{_SUFFIX}")
        except OSError as error:
            raise EngineError(
                f"A result could not be kept: {error.strerror or 'the disk failed'}.",
                hint="Make room on the disk of the home folder.",
                code="reading.cache",
            ) from error
        finally:
            made.unlink(missing_ok=True)
        self._make_room(name)
        return self.get(name)

    def _write(self, path: Path, rows: pa.RecordBatchReader) -> bool:
        """Whether all rows were written; the rest is not read once they are too many."""
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, rows.schema) as writer:
            for batch in rows:
                writer.write_batch(batch)
                if file.tell() > self._most_bytes:
                    return False
        return True

    def _make_room(self, newest: str) -> None:
        """Deletes what is old, then what was read longest ago until the rest fits. A file in use stays readable."""
        now, kept = time.time(), 0
        for read_at, size, path in sorted(self._files(), reverse=True):
            kept += size
            old = now - read_at > self._seconds
            if path.stem != newest and (old or kept > self._most_bytes):
                path.unlink(missing_ok=True)

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):
                state = path.stat()
                yield state.st_mtime, state.st_size, path
