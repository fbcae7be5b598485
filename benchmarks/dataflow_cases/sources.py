"""Files that change from one refresh to the next, and the M that reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

FEATURES = [f"c{number}" for number in range(12)]
DAYS = 730


def reading(path: Path) -> str:
    """M that gives a file's rows."""
    if path.suffix != ".csv":
        return f'Parquet.Document(File.Contents("{path}"))'
    types = ", ".join(f'{{"{name}", type number}}' for name in FEATURES)
    opened = f'Csv.Document(File.Contents("{path}"), [Delimiter = ",", Encoding = 65001])'
    return f'Table.TransformColumnTypes(Table.PromoteHeaders({opened}), {{{{"id", Int64.Type}}, {types}}})'


class Source:
    """A file of so many rows: a key, twelve numbers, a text, and in Parquet a moment within the last two years."""

    def __init__(self, path: Path, rows: int, seed: int = 1) -> None:
        self.path = path
        self.rows = rows
        self._random = np.random.default_rng(seed)
        self.columns = {name: self._random.normal(size=rows) for name in FEATURES}
        self._began = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=DAYS - 1)
        self._step = timedelta(days=DAYS) // rows // timedelta(microseconds=1)
        self.write()

    def write(self) -> None:
        """Write the file, whole."""
        numbers = np.arange(len(self.columns["c0"]))
        columns: dict[str, Any] = {"id": numbers, **self.columns, "name": [f"name {n}" for n in numbers.tolist()]}
        if self.path.suffix == ".csv":
            pyarrow.csv.write_csv(pa.table(columns), self.path)
            return
        columns["at"] = np.datetime64(self._began, "us") + numbers * np.timedelta64(self._step, "us")
        pq.write_table(pa.table(columns), self.path, row_group_size=100_000)

    def change(self) -> None:
        """A thousandth of the rows, anywhere, has another value in one column."""
        self.columns["c0"][self._some()] += 1.0
        self.write()

    def change_rows(self) -> None:
        """A thousandth of the rows, anywhere, has other values in all columns of numbers."""
        some = self._some()
        for values in self.columns.values():
            values[some] += 1.0
        self.write()

    def append(self) -> None:
        """A thousandth of the rows more."""
        self.columns = {
            name: np.concatenate([old, self._random.normal(size=self.rows // 1000)])
            for name, old in self.columns.items()
        }
        self.write()

    def _some(self) -> Any:
        return self._random.choice(len(self.columns["c0"]), self.rows // 1000, replace=False)
