"""Writing a version from rows of the one before and new ones; files whose rows all stay are linked."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from headwater.dataflows.staging.matching import Places
from headwater.tables import StagedFile, StageWriter, StoredRows

__all__ = ["KEYED_FILE_ROWS", "Merger"]

#: Rows in a file of a keyed table. Files are what is reused, so they are smaller than those of other tables.
KEYED_FILE_ROWS = 262_144


class Merger:
    """Takes a version's rows in order, each with its place in the version before.

    While rows come exactly as a file of that version has them, nothing is written: at the file's end it is linked. When
    they stop to, what came so far is copied.

    Args:
        writer: writes the new version.
        before: the version before; None: there is none.
        is_complete: whether :meth:`add` gets all rows, or only the new ones.
    """

    def __init__(self, writer: StageWriter, before: StoredRows | None, *, is_complete: bool) -> None:
        self._writer = writer
        self._before = before
        self._is_complete = is_complete
        self._files: dict[int, tuple[int, StagedFile]] = {}
        if before is not None:
            self._files = {
                start: (start + file.rows, file)
                for start, file in zip(before.starts[:-1], before.files, strict=True)
                if file.rows
            }
        self._starts = np.array(sorted(self._files), np.int64)
        #: The first place and the next one of the file whose rows have come so far.
        self._run: tuple[int, int] | None = None

    def add(self, places: Places, rows: pa.RecordBatch | None) -> None:
        """Takes the next rows.

        Args:
            places: of each row in the version before, -1 for a new one.
            rows: the rows in their stored form: all of them, or only the new ones; None: none is new.

        Raises:
            TableError: they cannot be written, or those of the version before cannot be read.
        """
        chunk = _Chunk(places, rows, self._is_complete and rows is not None)
        at = 0
        while at < len(places):
            at = self._begun(chunk, at) if self._run is None else self._continued(chunk, at)

    def finish(self) -> None:
        """No rows follow."""
        if self._run is not None:
            self._copy_run()

    def _begun(self, chunk: _Chunk, at: int) -> int:
        """Copies rows up to one that begins a file."""
        begins = at + np.flatnonzero(np.isin(chunk.places[at:], self._starts))
        for begin in begins.tolist():
            start = int(chunk.places[begin])
            if self._is_worthwhile(start, begin == at):
                self._copy(chunk, at, begin)
                self._run = (start, start)
                return begin
        self._copy(chunk, at, len(chunk.places))
        return len(chunk.places)

    def _is_worthwhile(self, start: int, is_next: bool) -> bool:
        """Small files are taken up into the file that is being written, if there is one."""
        _, file = self._files[start]
        return file.rows * 4 >= KEYED_FILE_ROWS or (is_next and self._writer.is_between_files)

    def _continued(self, chunk: _Chunk, at: int) -> int:
        assert self._run is not None, "asked for in a run alone"
        start, following = self._run
        end, file = self._files[start]
        wanted = chunk.places[at : at + end - following]
        differs = np.flatnonzero(wanted != following + np.arange(len(wanted)))
        came = int(differs[0]) if len(differs) else len(wanted)
        self._run = (start, following + came)
        if following + came == end:
            self._writer.link(file)
            self._run = None
        elif len(differs):
            self._copy_run(chunk, at + came)
        return at + came

    def _copy_run(self, chunk: _Chunk | None = None, end: int = 0) -> None:
        """Writes the rows of a file that is not linked; from those at hand where they all are."""
        assert self._run is not None and self._before is not None, "a run is one of the version before"
        start, following = self._run
        self._run = None
        count = following - start
        if chunk is not None and chunk.is_complete and chunk.rows is not None and count <= end:
            self._writer.add(chunk.rows.slice(end - count, count))
            return
        for part in self._before.slices(start, count):
            self._write(part)

    def _copy(self, chunk: _Chunk, begin: int, end: int) -> None:
        if begin == end:
            return
        if chunk.is_complete and chunk.rows is not None:
            self._writer.add(chunk.rows.slice(begin, end - begin))
            return
        places, new = chunk.places[begin:end], chunk.new_rows(begin, end)
        is_new = places < 0
        if new is not None and is_new.all():
            self._writer.add(new)
            return
        assert self._before is not None, "it has the rows that are not new"
        old = self._before.take(places[~is_new])
        order = np.empty(len(places), np.int64)
        order[~is_new] = np.arange(len(old))
        order[is_new] = len(old) + np.arange(int(is_new.sum()))
        self._write(pa.concat_tables([old, pa.Table.from_batches([new])]).take(order) if new is not None else old)

    def _write(self, rows: pa.Table) -> None:
        for batch in rows.to_batches():
            self._writer.add(batch)


class _Chunk:
    """Some rows that came together."""

    def __init__(self, places: Places, rows: pa.RecordBatch | None, is_complete: bool) -> None:
        self.places = places
        self.rows = rows
        self.is_complete = is_complete
        self._new_before = np.concatenate([[0], np.cumsum(places < 0)])

    def new_rows(self, begin: int, end: int) -> pa.RecordBatch | None:
        """The new ones among these rows; None where there is none."""
        first, count = int(self._new_before[begin]), int(self._new_before[end] - self._new_before[begin])
        return self.rows.slice(first, count) if self.rows is not None and count else None
