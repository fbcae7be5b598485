"""Delta tables as a source of data: real tables, written by delta-rs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from tests.workspaces.data_source_contract import DataSourceContract, ExpectedData

from headwater.errors import OriginDeniedError, WorkspaceError
from headwater.workspaces.delta import DeltaSource
from headwater.workspaces.folder import FolderSource

ORDERS = pa.table({
    "id": pa.array([1, 2, 3], pa.int64()),
    "country": ["AT", "A/T ö", None],
    "tags": [["a"], [], None],
    "price": pa.array([1, 2, 3], pa.decimal128(10, 2)),
})  # fmt: skip
COLUMNS = (("id", "long"), ("country", "string"), ("tags", "array<string>"), ("price", "decimal(10,2)"))


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """Two tables, one of them in a folder below, and files that are no table's."""
    root = tmp_path / "allowed" / "lake"
    write_deltalake(
        root / "orders", ORDERS.slice(0, 1), partition_by=["country"], name="All orders", description="Sold."
    )
    write_deltalake(root / "orders", ORDERS.slice(1), mode="append")
    write_deltalake(root / "raw" / "people", pa.table({"name": ["ann"]}))
    (root / "notes").mkdir()
    (root / "notes" / "x.csv").write_text("a\n1\n")
    return root


@pytest.fixture
def source(lake: Path) -> Iterator[DeltaSource]:
    with closing(DeltaSource(str(lake), folders=[lake])) as source:
        yield source


class TestContract(DataSourceContract):
    @pytest.fixture
    def expected_data(self, lake: Path) -> ExpectedData:
        home = lake.as_uri()
        return ExpectedData(
            factory=DeltaSource,
            kind="delta",
            url=home,
            home=home,
            names=frozenset({home, f"{home}/orders", f"{home}/raw", f"{home}/raw/people"}),
            table=f"{home}/orders",
            columns=COLUMNS,
            rows=3,
            holder=f"{home}/raw",
            foreign=(f"{home}/notes/x.csv", f"{home}/orders/_delta_log"),
            gone=(lake.parent / "gone").as_uri(),
            folders=[lake.parent],
        )


def test_the_log_tells_version_partitions_rows_and_size(source: DeltaSource, lake: Path) -> None:
    orders = next(found for found in source.list_data_assets() if found.qualified_name.endswith("/orders"))
    assert (orders.display_name, orders.description) == ("All orders", "Sold.")
    assert (orders.version, orders.rows, orders.partition_columns) == ("1", 3, ("country",))
    assert orders.size == sum(path.stat().st_size for path in (lake / "orders").rglob("*.parquet"))
    assert orders.digest == f"{DeltaTable(lake / 'orders').metadata().id}@1"
    write_deltalake(lake / "orders", ORDERS.slice(0, 1), mode="overwrite", schema_mode="overwrite")
    again = next(found for found in source.list_data_assets() if found.qualified_name.endswith("/orders"))
    assert (again.version, again.rows, again.digest == orders.digest) == ("2", 1, False)


def test_columns_have_the_comments_of_the_log(source: DeltaSource, lake: Path) -> None:
    field = pa.field("name", pa.string(), metadata={"comment": "As on the passport."})
    write_deltalake(lake / "commented", pa.table({"name": ["ann"]}, schema=pa.schema([field])))
    found = next(found for found in source.list_data_assets() if found.display_name == "commented")
    assert found.column_descriptions == {"name": "As on the passport."}


def test_a_sample_has_the_partitions_values(source: DeltaSource, lake: Path) -> None:
    sample = source.sample((lake / "orders").as_uri(), 10)
    assert sorted(sample.to_pylist(), key=lambda row: int(row["id"])) == ORDERS.to_pylist()


def test_a_table_by_itself(lake: Path) -> None:
    with closing(DeltaSource(str(lake / "orders"), folders=[lake])) as source:
        (only,) = source.list_data_assets()
        assert (only.qualified_name, only.parent) == ((lake / "orders").as_uri(), None)
        assert source.sample(only.qualified_name, 1).num_rows == 1


def test_a_folder_tells_of_the_same_table_in_the_same_words(source: DeltaSource, lake: Path) -> None:
    with closing(FolderSource(str(lake), folders=[lake])) as folder:
        seen = {found.qualified_name: found for found in folder.list_data_assets()}
        for found in source.list_data_assets():
            assert seen[found.qualified_name] == found
        name = (lake / "orders").as_uri()
        assert folder.sample(name, 5) == source.sample(name, 5)


def test_a_log_that_cannot_be_read_is_that_tables_problem(source: DeltaSource, lake: Path) -> None:
    (lake / "raw" / "people" / "_delta_log" / f"{0:020}.json").write_text("canary")
    found = {asset.qualified_name.rpartition("/")[2]: asset for asset in source.list_data_assets()}
    assert found["people"].problem and found["people"].columns is None and "canary" not in found["people"].problem
    assert found["orders"].columns == COLUMNS
    with pytest.raises(WorkspaceError):
        source.sample(found["people"].qualified_name, 5)


@pytest.mark.parametrize(
    "path", ["../../../../secret.parquet", "{folder}/secret.parquet", "file://{folder}/secret.parquet"]
)
def test_files_outside_the_table_are_not_read(source: DeltaSource, lake: Path, path: str) -> None:
    """A log may name any file of the machine."""
    import pyarrow.parquet as pq

    outside = lake.parents[1] / "secret.parquet"
    pq.write_table(pa.table({"name": ["canary"]}), outside)
    log = lake / "raw" / "people" / "_delta_log" / f"{1:020}.json"
    add = {
        "path": path.format(folder=outside.parent),
        "partitionValues": {},
        "size": outside.stat().st_size,
        "modificationTime": 0,
        "dataChange": True,
    }
    log.write_text(json.dumps({"add": add}) + "\n")
    with pytest.raises(WorkspaceError) as caught:
        source.sample((lake / "raw" / "people").as_uri(), 5)
    assert "canary" not in str(caught.value.to_dict())


def test_a_table_whose_files_mean_more_than_they_say_is_not_sampled(source: DeltaSource, lake: Path) -> None:
    log = lake / "raw" / "people" / "_delta_log" / f"{1:020}.json"
    features = {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["deletionVectors"]}
    log.write_text(json.dumps({"protocol": {**features, "writerFeatures": ["deletionVectors"]}}) + "\n")
    with pytest.raises(WorkspaceError, match="deletionVectors"):
        source.sample((lake / "raw" / "people").as_uri(), 5)


def test_only_what_an_administrator_allowed(lake: Path) -> None:
    with pytest.raises(OriginDeniedError):
        DeltaSource(str(lake), folders=[lake / "orders"])
