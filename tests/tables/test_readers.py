"""Other tools read what was written, of every type, as Headwater's own readers do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars
import pyarrow as pa
import pytest
from deltalake import DeltaTable
from tests.tables.test_types import TYPES

from headwater.plan.nodes import Column
from headwater.plan.types import to_arrow
from headwater.tables import StageWriter, commit, published_schema, read, schema, stage, table_files
from headwater.tables.convert import from_stored

ROWS = 3


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table with a column of every type, of two versions, the second of which links the files of the first."""
    columns = [Column(f"c{n}", f"Column {n}", case[0]) for n, case in enumerate(TYPES)]
    arrays = [pa.array([*case[2], None, None][:ROWS], to_arrow(case[0])) for case in TYPES]
    rows = pa.Table.from_arrays(arrays, names=[column.id for column in columns])
    published = published_schema(columns)
    commit(tmp_path, stage(tmp_path, published, rows.to_reader(), file_rows=2), transaction="one")
    with StageWriter(tmp_path, published) as writer:
        for file in table_files(tmp_path, 0):
            writer.link(file)
    commit(tmp_path, writer.staged(), transaction="two")
    return tmp_path


def by_delta_rs(path: Path) -> pa.Table:
    return DeltaTable(str(path)).to_pyarrow_table()


def by_polars(path: Path) -> pa.Table:
    return polars.read_delta(str(path)).to_arrow()


def by_pandas(path: Path) -> pa.Table:
    return pa.Table.from_pandas(DeltaTable(str(path)).to_pandas(types_mapper=_arrow_backed), preserve_index=False)


def _arrow_backed(kind: pa.DataType) -> Any:
    return pd.ArrowDtype(kind)


def by_duckdb(path: Path) -> pa.Table:
    dataset = DeltaTable(str(path)).to_pyarrow_dataset()
    found: pa.Table = duckdb.from_arrow(dataset).to_arrow_table()
    return found


def by_pointer(path: Path) -> pa.Table:
    return read(path, 1)


@pytest.mark.parametrize("reader", [by_delta_rs, by_polars, by_pandas, by_duckdb])
def test_all_types_are_read_equal(table: Path, reader: Callable[[Path], pa.Table]) -> None:
    found, own = reader(table), by_pointer(table)
    assert len(found) == ROWS and len(DeltaTable(str(table)).file_uris()) == 2
    for number, case in enumerate(TYPES):
        name = f"Column {number}"
        stored = published_schema([Column("c", name, case[0])]).stored
        values = [found.column(field.name).combine_chunks() for field in stored]
        values = [value.cast(field.type) for value, field in zip(values, stored, strict=True)]
        kind = own.schema.field(name).type
        expected = own.column(name).to_pylist()
        assert from_stored(values, _plan_type(table, name)).cast(kind).to_pylist() == expected, (
            reader.__name__,
            case[0],
        )


def _plan_type(path: Path, name: str) -> Any:
    return next(column.type for column in schema(path, 1) if column.name == name)
