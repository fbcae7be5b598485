"""The rows of a version by their place, in their stored form: for whoever writes the next one from them."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from headwater.tables.delta import kept, table_files
from headwater.tables.fingerprints import fingerprints_of
from headwater.tables.staged import StagedFile
from headwater.tables.staging import reported

#: Row groups that are kept in memory: readers go through a version mostly from front to back.
_GROUPS_KEPT = 3


class StoredRows:
    """The rows of a version.

    Args:
        path: the table's folder.
        version: the version.
        schema: the Arrow schema that its files have.

    Raises:
        TableError: there is no such version, or its files are gone.
    """

    def __init__(self, path: Path, version: int, schema: pa.Schema) -> None:
        self.files: tuple[StagedFile, ...] = table_files(path, version)
        #: The place of each file's first row.
        self.starts: list[int] = list(accumulate((file.rows for file in self.files), initial=0))
        self._path = path
        self._version = version
        self._schema = schema
        self._groups: OrderedDict[tuple[int, int], pa.Table] = OrderedDict()
        self._sizes: dict[int, list[int]] = {}

    def __len__(self) -> int:
        return self.starts[-1]

    def take(self, places: npt.NDArray[np.int64]) -> pa.Table:
        """The rows at these places, in this order; quick where they lie close together.

        Raises:
            TableError: a file is gone, or cannot be read.
        """
        if not len(places):
            return self._schema.empty_table()
        first, last = int(places.min()), int(places.max())
        if last - first < 2 * len(places):
            window = pa.concat_tables(self.slices(first, last - first + 1))
            return window if len(window) == len(places) and _ascending(places) else window.take(places - first)
        order = np.argsort(places, kind="stable")
        found = pa.concat_tables(self._scattered(places[order]))
        back = np.empty(len(order), np.int64)
        back[order] = np.arange(len(order))
        return found.take(back)

    def slices(self, start: int, count: int) -> Iterator[pa.Table]:
        """``count`` rows from ``start`` on, a part of a row group at a time.

        Raises:
            TableError: a file is gone, or cannot be read.
        """
        while count > 0:
            group, offset = self._group_at(start)
            part = group.slice(offset, count)
            yield part
            start += len(part)
            count -= len(part)

    def fingerprints(self, number: int) -> dict[str, str]:
        """The fingerprints of a file's columns, as far as it has them.

        Raises:
            TableError: the file is gone, or cannot be read.
        """
        with reported(self._path, "read"), kept(self._path, self._version):
            return fingerprints_of(self._path / self.files[number].name)

    def columns(self, number: int, names: Sequence[str] | None = None) -> Iterator[tuple[str, pa.ChunkedArray[Any]]]:
        """Columns of a file, all or some, each read when it is asked for.

        Raises:
            TableError: the file is gone, or cannot be read.
        """
        with (
            reported(self._path, "read"),
            kept(self._path, self._version),
            pq.ParquetFile(self._path / self.files[number].name) as file,
        ):
            for one in map(self._schema.field, self._schema.names if names is None else names):
                read = file.read(columns=[one.name], use_threads=False).select([one.name])
                yield one.name, read.column(0).cast(one.type)

    def _scattered(self, places: npt.NDArray[np.int64]) -> Iterator[pa.Table]:
        """The rows at these places, which ascend; each row group is read once."""
        done = 0
        while done < len(places):
            group, offset = self._group_at(int(places[done]))
            begin = int(places[done]) - offset
            end = int(np.searchsorted(places, begin + len(group)))
            yield group.take(places[done:end] - begin)
            done = end

    def _group_at(self, place: int) -> tuple[pa.Table, int]:
        """The row group that holds a row, and the row's place in it."""
        number = bisect_right(self.starts, place) - 1
        offset = place - self.starts[number]
        with reported(self._path, "read"), kept(self._path, self._version):
            for group, rows in enumerate(self._group_sizes(number)):
                if offset < rows:
                    return self._group(number, group), offset
                offset -= rows
        raise IndexError(place)

    def _group_sizes(self, number: int) -> list[int]:
        if number not in self._sizes:
            metadata = pq.read_metadata(self._path / self.files[number].name)
            self._sizes[number] = [metadata.row_group(at).num_rows for at in range(metadata.num_row_groups)]
        return self._sizes[number]

    def _group(self, number: int, group: int) -> pa.Table:
        key = (number, group)
        if key in self._groups:
            self._groups.move_to_end(key)
            return self._groups[key]
        with pq.ParquetFile(self._path / self.files[number].name) as file:
            read = file.read_row_group(group, columns=self._schema.names)
        # Arrow names a list's items by what Parquet called them, and drops what else the fields said.
        self._groups[key] = read.select(self._schema.names).cast(self._schema)
        if len(self._groups) > _GROUPS_KEPT:
            self._groups.popitem(last=False)
        return self._groups[key]


def _ascending(places: npt.NDArray[np.int64]) -> bool:
    return bool((np.diff(places) == 1).all())
