"""Scans of sources that hold data: what they bring, what goes missing, and what is not to be believed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from headwater.access import SYSTEM
from headwater.app.runtime import Headwater
from headwater.catalog import Asset, ScanOptions
from headwater.errors import ScanError, UsageError
from headwater.jobs import Worker, WorkerOptions


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    for name in ("orders", "people"):
        (folder / f"{name}.csv").write_text("id,name\n1,Ann\n")
    return folder


@pytest.fixture
def app(tmp_path: Path, data: Path) -> Iterator[Headwater]:
    with Headwater.open(tmp_path / "home", create=True, folders=(str(data),)) as app:
        app.sources.add(SYSTEM, "files", "Files", "folder", data.as_uri(), "root")
        yield app


def found(app: Headwater, path: Path) -> Asset:
    asset = app.assets.find(SYSTEM, "dataset", path.as_uri())
    assert asset is not None
    return asset


def test_files_are_datasets_with_their_columns(app: Headwater, data: Path) -> None:
    report = app.scan(SYSTEM, "files")
    assert (report.counts, report.missing, report.pending, list(report.warnings)) == ({"dataset": 3}, 0, 0, [])
    orders = found(app, data / "orders.csv")
    assert [column.name for column in orders.columns] == ["id", "name"]
    assert (orders.attributes["kind"], found(app, data).attributes["kind"]) == ("file", "folder")
    again = app.scan(SYSTEM, "files", ScanOptions("incremental"))
    assert (again.counts, again.missing) == ({"dataset": 3}, 0)
    assert found(app, data / "orders.csv").updated_at == orders.updated_at


def test_what_is_gone_is_missing_and_comes_back_as_it_was(app: Headwater, data: Path) -> None:
    app.scan(SYSTEM, "files")
    guid = found(app, data / "orders.csv").guid
    (data / "orders.csv").rename(data / "away")
    (data / "away").rename(data.parent / "away")
    assert app.scan(SYSTEM, "files").missing == 1
    assert found(app, data / "orders.csv").status == "missing"
    (data.parent / "away").rename(data / "orders.csv")
    assert app.scan(SYSTEM, "files").missing == 0
    assert (found(app, data / "orders.csv").status, found(app, data / "orders.csv").guid) == ("active", guid)


def test_too_much_at_once_is_asked_about(app: Headwater, data: Path) -> None:
    for number in range(40):
        (data / f"{number}.csv").write_text("a\n1\n")
    app.scan(SYSTEM, "files")
    for number in range(30):
        (data / f"{number}.csv").unlink()
    report = app.scan(SYSTEM, "files")
    assert (report.missing, [warning["code"] for warning in report.warnings]) == (0, ["scan.too_many_missing"])
    assert found(app, data / "1.csv").status == "active"
    assert app.scan(SYSTEM, "files", ScanOptions(confirm_removals=True)).missing == 30


def test_a_folder_that_is_gone_fails_the_scan_and_marks_nothing(app: Headwater, data: Path) -> None:
    app.scan(SYSTEM, "files")
    data.rename(data.parent / "elsewhere")
    with pytest.raises(ScanError):
        app.scan(SYSTEM, "files")
    assert found(app, data / "orders.csv").status == "active"
    assert app.last_scans(SYSTEM)["files"].status == "failed"


def test_one_file_that_cannot_be_read_is_a_warning(app: Headwater, data: Path) -> None:
    (data / "broken.parquet").write_bytes(b"PAR1 and nothing of the kind")
    report = app.scan(SYSTEM, "files")
    assert [warning["item"] for warning in report.warnings] == [(data / "broken.parquet").as_uri()]
    assert report.counts == {"dataset": 4}


def test_it_cannot_be_narrowed_by_models(app: Headwater) -> None:
    with pytest.raises(UsageError, match="no models"):
        app.scan(SYSTEM, "files", ScanOptions(models=("a*",)))


def test_a_worker_scans_it_too(app: Headwater, data: Path) -> None:
    job = app.scan_later(SYSTEM, "files")
    options = WorkerOptions(lease=5, heartbeat=0.05, poll=0.05)
    done = Worker(app.database, app.job_handlers, options).run_one(job.id)
    assert done.status == "succeeded" and found(app, data / "people.csv").status == "active"
