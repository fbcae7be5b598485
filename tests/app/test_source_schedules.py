"""When sources are scanned by themselves: what people write, and when that is due."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from pathlib import Path

import pytest

from headwater.access import SYSTEM
from headwater.app.retention import KIND as RETENTION
from headwater.app.runtime import Headwater
from headwater.app.scanning import AUTOMATIC, due_options
from headwater.app.source_schedules import DAILY, SourceSchedule, schedule_of
from headwater.catalog import AssetRecord, AssetRef, ScanOptions
from headwater.errors import NotFoundError, UsageError
from headwater.jobs import NewJob, NewSchedule, Worker, WorkerOptions, cron, queue, schedules
from headwater.store import tables, utc_now

START = datetime(2026, 5, 1, tzinfo=UTC)


def due(schedule: NewSchedule, count: int) -> list[datetime]:
    return list(islice(cron.due_after(schedule.cron, schedule.time_zone, START), count))


def made(text: str, name: str = "lab", options: ScanOptions | None = None) -> NewSchedule:
    found = schedule_of(name, SourceSchedule.parse(text), options)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "text",
    [
        "daily",
        "every minute",
        "every 15 minutes",
        "every 360 minutes",
        "cron 0 6 * * 1",
        "webhook",
        "never",
        "cron 0 6 * * 1 Europe/Berlin",
    ],
)
def test_what_is_written_is_what_is_shown(text: str) -> None:
    assert str(SourceSchedule.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hourly",
        "every 7 minutes",
        "every 0 minutes",
        "every -5 minutes",
        "every 99999999999 minutes",
        "every ² minutes",
        "cron 0 6 * *",
        "cron 0 99 * * *",
        "cron 0 6 * * 1 Nowhere/Town",
        "daily please",
    ],
)
def test_nonsense_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        SourceSchedule.parse(text)
    assert caught.value.hint


@pytest.mark.parametrize("minutes", [1, 2, 15, 60, 120, 360, 720, 1440])
@pytest.mark.parametrize("name", ["lab", "a", "mill_7"])
def test_every_so_many_minutes_is_that(minutes: int, name: str) -> None:
    text = "every minute" if minutes == 1 else f"every {minutes} minutes"
    moments = due(made(text, name), 5)
    assert {later - sooner for sooner, later in pairwise(moments)} == {timedelta(minutes=minutes)}


def test_daily_is_once_a_day_and_spread_over_it() -> None:
    assert str(DAILY) == "daily"
    moments = [due(made("daily", f"source_{number}"), 2) for number in range(200)]
    assert {second - first for first, second in moments} == {timedelta(days=1)}
    assert len({first for first, _ in moments}) > 150
    assert made("webhook").cron == made("daily").cron


def test_a_job_says_what_to_scan() -> None:
    scoped = ScanOptions(models=("fraud_*",))
    assert made("daily", options=scoped).payload == {"kind": "full", "models": ["fraud_*"]}
    often = made("every 15 minutes", options=scoped)
    assert often.payload == {"kind": "incremental", "models": ["fraud_*"], AUTOMATIC: True}
    assert (often.kind, often.subject) == ("scan", "source:lab")
    assert schedule_of("lab", SourceSchedule.parse("never")) is None
    zoned = made("cron 0 6 * * 1 Europe/Berlin")
    assert (zoned.cron, zoned.time_zone) == ("0 6 * * 1", "Europe/Berlin")


class TestOnceADay:
    @pytest.fixture
    def app(self, tmp_path: Path) -> Iterator[Headwater]:
        with Headwater.open(tmp_path / "home", create=True) as app:
            app.sources.add(SYSTEM, "lab", "", "mlflow", "http://127.0.0.1:9")
            yield app

    def add(self, app: Headwater, hours: int, options: ScanOptions, status: str = "succeeded") -> None:
        began = utc_now() - timedelta(hours=hours)
        values = {"source_id": app.sources.get(SYSTEM, "lab").id, "kind": options.kind, "status": status}
        with app.database.begin() as connection:
            connection.execute(tables.scans.insert().values(**values, started_at=began, options=options.to_json()))

    def kind(self, app: Headwater, options: ScanOptions, *, automatic: bool = True) -> str:
        payload = {**options.to_json(), **({AUTOMATIC: True} if automatic else {})}
        return due_options(app.database, app.sources.get(SYSTEM, "lab"), payload).kind

    def test_the_first_of_a_day_is_a_full_scan(self, app: Headwater) -> None:
        wanted = ScanOptions(kind="incremental")
        assert self.kind(app, wanted, automatic=False) == "incremental"
        assert self.kind(app, wanted) == "full"
        self.add(app, 25, ScanOptions())
        assert self.kind(app, wanted) == "full"
        self.add(app, 2, ScanOptions(), "failed")
        self.add(app, 2, ScanOptions(models=("a",)))
        self.add(app, 1, wanted)
        assert self.kind(app, wanted) == "full"
        self.add(app, 3, ScanOptions(confirm_removals=True))
        assert self.kind(app, wanted) == "incremental"


class TestSchedules:
    @pytest.fixture
    def app(self, tmp_path: Path) -> Iterator[Headwater]:
        with Headwater.open(tmp_path / "home", create=True) as app:
            app.sources.add(SYSTEM, "lab", "", "mlflow", "http://127.0.0.1:9")
            yield app

    def test_a_source_is_scanned_daily_until_somebody_says_otherwise(self, app: Headwater, tmp_path: Path) -> None:
        daily = app.source_schedules.get(SYSTEM, "lab")
        assert daily is not None and daily.next_due is not None and daily.payload == {"kind": "full"}
        often = app.source_schedules.set(SYSTEM, "lab", SourceSchedule.parse("every 15 minutes"))
        assert often.cron.endswith("-59/15 * * * *") and often.payload[AUTOMATIC]
        never = app.source_schedules.set(SYSTEM, "lab", SourceSchedule.parse("never"))
        assert never.paused and never.next_due is None
        with Headwater.open(tmp_path / "home") as again:
            assert again.source_schedules.get(SYSTEM, "lab") == never, "opening arranges nothing anew"
        assert not app.source_schedules.set(SYSTEM, "lab", SourceSchedule.parse("daily")).paused
        app.sources.remove(SYSTEM, "lab")
        with app.database.read() as connection:
            assert schedules.get(connection, "scan", "source:lab") is None

    def test_nobody_scans_by_themselves_what_needs_a_persons_credential(self, app: Headwater) -> None:
        app.sources.add(SYSTEM, "own", "", "mlflow", "http://127.0.0.1:9", credential_mode="personal")
        assert app.source_schedules.get(SYSTEM, "own") is None

    def test_what_is_missing_for_long_is_forgotten_at_night(self, app: Headwater) -> None:
        guid = app.assets.upsert([AssetRecord("dataset", name, name) for name in ("old", "new")])
        with app.database.begin() as connection:
            asset = tables.assets.c
            for name, days in (("old", 91), ("new", 89)):
                gone = tables.assets.update().where(asset.qualified_name == name)
                connection.execute(gone.values(status="missing", updated_at=utc_now() - timedelta(days=days)))
        with app.database.begin() as connection:
            job = queue.add(connection, SYSTEM, NewJob(RETENTION, "retention"))
        Worker(app.database, app.job_handlers, WorkerOptions()).run_one(job)
        with pytest.raises(NotFoundError):
            app.assets.get(SYSTEM, guid[AssetRef("dataset", "old")])
        assert app.assets.get(SYSTEM, guid[AssetRef("dataset", "new")]).status == "missing"
