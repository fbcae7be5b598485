"""A folder as a source of data: real files, of every form that is known."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.feather as pf
import pyarrow.orc as po
import pyarrow.parquet as pq
import pytest
from tests.workspaces.data_source_contract import DataSourceContract, ExpectedData

from headwater.errors import NotFoundError, OriginDeniedError, UsageError, WorkspaceError
from headwater.workspaces.base import DataAssetInfo
from headwater.workspaces.files import walking
from headwater.workspaces.files.folders import folder_destination
from headwater.workspaces.folder import FolderSource
from headwater.workspaces.samples import MOST_BYTES

TABLE = pa.table({"id": pa.array([1, 2, 3], pa.int64()), "name": ["ann", "bo", "cy"], "share": [0.5, 0.25, 0.25]})


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A share with a little of everything, inside ``tmp_path / "allowed"``."""
    root = tmp_path / "allowed" / "share 1"
    (root / "sales").mkdir(parents=True)
    (root / "empty" / "deeper").mkdir(parents=True)
    pq.write_table(TABLE, root / "sales" / "orders.parquet")
    (root / "sales" / "people.csv").write_text("id;name\n1;ann\n2;bo\n")
    ds.write_dataset(
        pa.table({"id": [1, 2, 3], "year": ["2025", "2026", "2026"], "month": ["1", "1", "2"]}),
        root / "partitioned",
        format="parquet",
        partitioning=ds.partitioning(pa.schema([("year", pa.string()), ("month", pa.string())]), flavor="hive"),
    )
    (root / "readme.txt").write_text("not data")
    (root / ".hidden.csv").write_text("a\n1\n")
    (root / ".git").mkdir()
    (root / ".git" / "x.csv").write_text("a\n1\n")
    return root


@pytest.fixture
def source(data: Path) -> Iterator[FolderSource]:
    with closing(FolderSource(str(data), folders=[data.parent])) as source:
        yield source


def listed(source: FolderSource) -> dict[str, DataAssetInfo]:
    """What a source lists, by the path below its folder."""
    home = source.test().qualified_name
    return {unquote(found.qualified_name.removeprefix(home)).lstrip("/"): found for found in source.list_data_assets()}


class TestContract(DataSourceContract):
    @pytest.fixture
    def expected_data(self, data: Path, tmp_path: Path) -> ExpectedData:
        home = data.as_uri()
        (tmp_path / "allowed" / "beside.csv").write_text("a\n1\n")
        names = ("", "/sales", "/sales/orders.parquet", "/sales/people.csv", "/partitioned")
        return ExpectedData(
            factory=FolderSource,
            kind="folder",
            url=home,
            home=home,
            names=frozenset(home + name for name in names),
            table=f"{home}/sales/orders.parquet",
            columns=(("id", "int64"), ("name", "string"), ("share", "double")),
            rows=3,
            holder=f"{home}/sales",
            foreign=((tmp_path / "allowed" / "beside.csv").as_uri(), f"{home}/../beside.csv", f"{home}/readme.txt"),
            gone=(data.parent / "nothing here").as_uri(),
            folders=[data.parent],
        )


def test_sizes_moments_and_digests_are_those_of_the_files(source: FolderSource, data: Path) -> None:
    before = listed(source)
    orders = before["sales/orders.parquet"]
    assert (orders.rows, orders.size) == (3, (data / "sales/orders.parquet").stat().st_size)
    assert orders.updated_at is not None and orders.digest
    assert before["partitioned"].size == sum(path.stat().st_size for path in data.glob("partitioned/*/*/*"))
    os.utime(data / "sales/orders.parquet", (1, 1))
    next(data.glob("partitioned/*/month=2/*")).rename(data / "partitioned/year=2026/month=2/renamed.parquet")
    after = listed(source)
    changed = {name for name, found in after.items() if found.digest != before[name].digest}
    assert changed == {"sales/orders.parquet", "partitioned"}


def test_partitions_are_columns_of_one_dataset(source: FolderSource, data: Path) -> None:
    (data / "partitioned" / "_SUCCESS").touch()
    (data / "partitioned" / "link").symlink_to(data)
    found = listed(source)["partitioned"]
    assert (found.kind, found.rows, found.partition_columns) == ("folder", 3, ("year", "month"))
    assert [name for name, _ in found.columns or ()] == ["id", "year", "month"]
    sample = source.sample(found.qualified_name, 10)
    assert sorted(map(tuple, (row.values() for row in sample.to_pylist()))) == [
        (1, 2025, 1),
        (2, 2026, 1),
        (3, 2026, 2),
    ]


def test_a_folder_with_something_else_in_it_is_no_dataset(source: FolderSource, data: Path) -> None:
    (data / "partitioned" / "year=2026" / "notes.csv").write_text("a\n1\n")
    found = listed(source)
    assert found["partitioned"].columns is None
    assert "partitioned/year=2026/notes.csv" in found and found["partitioned/year=2025"].columns


def test_part_files_are_one_dataset(source: FolderSource, data: Path) -> None:
    written = data / "written"
    written.mkdir()
    for number in range(3):
        pq.write_table(TABLE, written / f"part-0000{number}.parquet")
    (written / "_SUCCESS").touch()
    found = listed(source)
    assert (found["written"].kind, found["written"].rows) == ("folder", 9)
    assert not [name for name in found if name.startswith("written/")]


def test_every_form_has_its_columns_and_rows(source: FolderSource, data: Path) -> None:
    pf.write_feather(TABLE, data / "t.feather")
    po.write_table(TABLE, data / "t.orc")
    (data / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in TABLE.to_pylist()))
    (data / "t.json").write_text(json.dumps(TABLE.to_pylist(), indent=1))
    with gzip.open(data / "t.csv.gz", "wt") as file:
        file.write("id,name,share\n1,ann,0.5\n2,bo,0.25\n3,cy,0.25\n")
    (data / "t.tsv").write_bytes("id\tname\tshare\n1\tann\t0.5\n2\tbo\t0.25\n3\tcy\t0.25\n".encode("utf-16"))
    found = listed(source)
    for name in ("t.feather", "t.orc", "t.jsonl", "t.json", "t.csv.gz", "t.tsv"):
        assert found[name].columns == (("id", "int64"), ("name", "string"), ("share", "double")), name
        assert source.sample(found[name].qualified_name, 10).to_pylist() == TABLE.to_pylist(), name
        assert source.sample(found[name].qualified_name, 2).num_rows == 2


def test_text_of_an_old_windows_is_read(source: FolderSource, data: Path) -> None:
    (data / "old.csv").write_bytes("id;straße\n1;Köln\n".encode("cp1252"))
    found = listed(source)["old.csv"]
    assert found.columns == (("id", "int64"), ("straße", "string"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut.parquet", b"PAR1"),
        ("empty.csv", b""),
        ("odd.json", b"[1, 2]"),
        ("not.xlsx", b"canary"),
        ("not.feather", b"canary" * 9),
        ("deep.json", b"[" * 200_000),
        ("large.json", b'[{"a": 123456789012345678901234567890}]'),
        ("mixed.json", b'[{"a": 1}, {"a": [2]}]'),
        ("cut.jsonl", b'{"a": 1'),
    ],
)
def test_a_file_that_cannot_be_read_is_listed_and_says_so(
    source: FolderSource, data: Path, name: str, content: bytes
) -> None:
    (data / name).write_bytes(content)
    found = listed(source)
    assert found[name].columns is None and found[name].problem and found[name].size == len(content)
    assert "canary" not in found[name].problem
    assert found["sales/orders.parquet"].columns
    with pytest.raises(WorkspaceError) as caught:
        source.sample(found[name].qualified_name, 5)
    assert "canary" not in str(caught.value.to_dict())


def test_links_are_not_followed(source: FolderSource, data: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("password\nhunter2\n")
    (data / "link.csv").symlink_to(secret)
    (data / "outside").symlink_to(tmp_path)
    (data / "again").symlink_to(data)
    (data / "inner.csv").symlink_to(data / "sales" / "people.csv")
    before = set(listed(source))
    assert not {"link.csv", "outside", "again", "inner.csv"} & before
    for name in ("link.csv", "outside/secret.csv", "again/sales/people.csv", "inner.csv"):
        with pytest.raises(NotFoundError):
            source.sample(f"{data.as_uri()}/{name}", 5)


@pytest.mark.parametrize("name", [b"\xff\xfe.csv", b"a\nb.csv", b"100%25 #?.csv", "ü ö.csv".encode(), b" .csv"])
def test_a_file_may_have_any_name(source: FolderSource, data: Path, name: bytes) -> None:
    (data / os.fsdecode(name)).write_text("a\n1\n")
    (found,) = [found for found in source.list_data_assets() if found.parent and found.size == 4]
    assert found.display_name.encode()
    assert found.qualified_name.isascii() and found.qualified_name.isprintable()
    assert found.columns == (("a", "int64"),) or found.problem
    if found.columns:
        assert source.sample(found.qualified_name, 5).to_pylist() == [{"a": 1}]


def test_a_pipe_is_not_waited_for(source: FolderSource, data: Path) -> None:
    os.mkfifo(data / "pipe.csv")
    assert "pipe.csv" not in listed(source)
    with pytest.raises(NotFoundError):
        source.sample(f"{data.as_uri()}/pipe.csv", 5)


def test_only_what_an_administrator_allowed(data: Path, tmp_path: Path) -> None:
    with pytest.raises(OriginDeniedError) as caught:
        FolderSource(str(data))
    assert "administrator" in caught.value.hint
    for folders in ([data / "sales"], [tmp_path / "elsewhere"], [Path(str(data.parent) + "x")]):
        with pytest.raises(OriginDeniedError):
            FolderSource(str(data), folders=folders)
    (data.parent / "way out").symlink_to(tmp_path)
    with pytest.raises(OriginDeniedError):
        FolderSource(str(data.parent / "way out"), folders=[data.parent])
    with pytest.raises(OriginDeniedError):
        FolderSource(f"{data.parent}/share 1/../..", folders=[data.parent])


@pytest.mark.parametrize("url", ["data", "./data", "", "file://server/share", "file:///a?b=c", "https://x/y", "/a\nb"])
def test_what_is_no_folder(url: str) -> None:
    with pytest.raises(UsageError):
        folder_destination(url)


def test_a_sample_fits_its_bound(source: FolderSource, data: Path) -> None:
    wide = pa.table({"text": ["x" * 2**20] * 40})
    pq.write_table(wide, data / "wide.parquet")
    sample = source.sample(f"{data.as_uri()}/wide.parquet", 40)
    assert 0 < sample.num_rows < 40 and sample.nbytes <= MOST_BYTES


def test_a_folder_without_end_is_refused(source: FolderSource, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "DEEPEST", 3)
    (data / "a/b/c/d/e").mkdir(parents=True)
    (data / "a/b/c/d/e/x.csv").write_text("a\n1\n")
    with pytest.raises(WorkspaceError, match="deep"):
        listed(source)


def test_a_folder_that_cannot_be_listed_is_told_and_loses_no_other(source: FolderSource, data: Path) -> None:
    listing = source.list_data_assets()
    next(listing)
    shutil.rmtree(data / "partitioned")
    found = {asset.display_name: asset for asset in listing}
    assert found["partitioned"].problem and found["orders.parquet"].columns
