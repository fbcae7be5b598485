"""Writing a version from rows of the one before and new ones.

A file whose rows all stay is linked. One in which rows have other values in some columns is written with these columns
anew and the others copied.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from headwater.dataflows.staging.matching import Mask, Places
from headwater.dataflows.staging.runs import Chunk, FileRun, with_replaced
from headwater.tables import StageWriter, StoredRows

__all__ = ["KEYED_FILE_ROWS", "Merger"]

#: Rows in a file of a keyed table. Files are what is reused, so they are smaller than those of other tables.
KEYED_FILE_ROWS = 262_144


class Merger:
    """Takes a version's rows in order, each with its place in the version before.

    While rows come as a file of that version has them, or new ones in their place, nothing is written before the
    file's end.

    Args:
        writer: writes the new version.
        before: the version before; None: there is none.
        is_complete: whether :meth:`add` gets all rows, or only the new ones.
    """

    def __init__(self, writer: StageWriter, before: StoredRows | None, *, is_complete: bool) -> None:
        self._writer = writer
        self._before = before
        self._is_complete = is_complete
        #: The number of the file that begins at a place.
        self._files: dict[int, int] = {}
        if before is not None:
            self._files = {before.starts[n]: n for n, file in enumerate(before.files) if file.rows}
        #: By place; one more, for the rows whose place is -1.
        self._begins: Mask = np.zeros(len(before) + 1 if before is not None else 1, bool)
        self._begins[list(self._files)] = True
        self._run: FileRun | None = None
        #: Where the rows are expected that come next: a new row there may stand for the first one of a file.
        self._expected: int | None = 0
        self._known: dict[int, frozenset[str]] = {}

    def knows(self, file: int | None, changed: frozenset[str]) -> None:
        """The rows that are added next, up to the next word of this kind, are a file's.

        Args:
            file: its number in the version before; None: they are no file's.
            changed: the columns in which its rows have other values now.
        """
        # A run that has begun already would be of other rows.
        self._known = {} if file is None or self._run is not None else {file: changed}

    def add(self, places: Places, rows: pa.RecordBatch | None) -> None:
        """Takes the next rows.

        Args:
            places: of each row in the version before, -1 for a new one.
            rows: the rows in their stored form: all of them, or only the new ones; None: none is new.

        Raises:
            TableError: they cannot be written, or those of the version before cannot be read.
        """
        chunk = Chunk(places, rows, self._is_complete and rows is not None)
        at = 0
        while at < len(places):
            at = self._begun(chunk, at) if self._run is None else self._continued(chunk, at)

    def finish(self) -> None:
        """No rows follow."""
        self._break_run()

    def _begun(self, chunk: Chunk, at: int) -> int:
        """Copies rows up to one that begins a file."""
        if chunk.places[at] < 0 and self._expected in self._files and self._is_worthwhile(self._expected, True):
            return self._begin(self._expected, at)
        begins = at + np.flatnonzero(self._begins[chunk.places[at:]])
        for begin in begins.tolist():
            start = int(chunk.places[begin])
            if self._is_worthwhile(start, begin == at):
                self._copy(chunk, at, begin)
                return self._begin(start, begin)
        self._copy(chunk, at, len(chunk.places))
        return len(chunk.places)

    def _begin(self, start: int, at: int) -> int:
        assert self._before is not None, "it has a file that begins there"
        self._run = FileRun(self._before, self._files[start])
        return at

    def _is_worthwhile(self, start: int, is_next: bool) -> bool:
        """Small files are taken up into the file that is being written, if there is one."""
        assert self._before is not None, "it has a file that begins there"
        file = self._before.files[self._files[start]]
        return file.rows * 4 >= KEYED_FILE_ROWS or (is_next and self._writer.is_between_files)

    def _continued(self, chunk: Chunk, at: int) -> int:
        assert self._run is not None, "asked for in a run alone"
        at += self._run.take(chunk, at)
        if self._run.is_whole:
            self._end_run()
        elif at < len(chunk.places):
            self._break_run()
        return at

    def _end_run(self) -> None:
        """All rows of a file have come."""
        assert self._run is not None, "asked for in a run alone"
        run, self._run = self._run, None
        self._expected = run.end
        columns = run.changed_columns(self._known.get(run.number))
        if columns is None:
            self._write(run)
        elif columns.num_columns:
            self._writer.rewrite(run.file, columns)
        else:
            self._writer.link(run.file)

    def _break_run(self) -> None:
        """Other rows follow than the file has."""
        run, self._run, self._expected = self._run, None, None
        if run is not None:
            self._write(run)

    def _write(self, run: FileRun) -> None:
        for batch in run.rows():
            self._writer.add(batch)

    def _copy(self, chunk: Chunk, begin: int, end: int) -> None:
        if begin == end:
            return
        self._expected = None
        if chunk.is_complete and chunk.rows is not None:
            self._writer.add(chunk.rows.slice(begin, end - begin))
            return
        places, new = chunk.places[begin:end], chunk.new_rows(begin, end)
        is_new = places < 0
        if new is not None and is_new.all():
            self._writer.add(new)
            return
        for batch in self._interleaved(places, is_new, new).to_batches():
            self._writer.add(batch)

    def _interleaved(self, places: Places, is_new: Mask, new: pa.RecordBatch | None) -> pa.Table:
        """Rows of the version before, with new ones between them."""
        assert self._before is not None, "it has the rows that are not new"
        if new is None:
            return self._before.take(places)
        added = pa.Table.from_batches([new])
        first = int(places[np.argmin(is_new)]) - int(np.argmin(is_new))
        in_place = first >= 0 and first + len(places) <= len(self._before)
        if in_place and (is_new | (places == first + np.arange(len(places)))).all():
            return with_replaced(pa.concat_tables(self._before.slices(first, len(places))), is_new, added)
        old = self._before.take(places[~is_new])
        order = np.empty(len(places), np.int64)
        order[~is_new] = np.arange(len(old))
        order[is_new] = len(old) + np.arange(new.num_rows)
        return pa.concat_tables([old, added]).take(order)
