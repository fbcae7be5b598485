"""What is forgotten, when, and what never is."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from sqlalchemy import delete, func, insert, select, update

from headwater.access import SYSTEM, Actor, Via
from headwater.access.people import create_user
from headwater.app.home import CONFIGURATION, open_home
from headwater.app.metadata_place import VARIABLE
from headwater.app.reading.selection import Selection
from headwater.app.retention import CLEAN, KIND, CleanHandler, RetentionHandler, RetentionSettings
from headwater.app.runtime import Headwater
from headwater.dataflows.retention import pinned
from headwater.errors import HomeError, NotFoundError, TableError, VersionGoneError
from headwater.jobs import NewJob, Worker, queue, schedules
from headwater.plan.types import to_arrow
from headwater.store import tables, utc_now
from headwater.tables import PublishedSchema, commit, read, schema, stage, table_files

CANARY = "canary-in-a-cell"


@pytest.fixture
def app(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Headwater]:
    if database_url.startswith("postgresql"):
        monkeypatch.setenv(VARIABLE, database_url)
    with Headwater.open(tmp_path / "home", create=True) as opened:
        folder = tmp_path / "flow"
        folder.mkdir()
        (folder / "dataflow.toml").write_text('[dataflow]\nname = "flow"\nload = ["n"]\n')
        (folder / "n.pq").write_text('#table({"a"}, {{1}})')
        opened.apply(SYSTEM, folder)
        yield opened


def refreshed(app: Headwater, days: float, status: str = "failed") -> str:
    """A refresh of so many days ago, with everything that is kept of one."""
    at, identifier = utc_now() - timedelta(days=days), str(uuid4())
    ended = None if status == "running" else at
    with app.database.begin() as connection:
        flow = connection.execute(select(tables.dataflows.c.id)).scalar_one()
        user = connection.execute(select(tables.users.c.id)).scalars().first()
        refresh = {"id": identifier, "dataflow_id": flow, "status": status, "trigger": "t", "started_at": at}
        connection.execute(insert(tables.refreshes).values({**refresh, "ended_at": ended}))
        connection.execute(
            insert(tables.refresh_entities).values(refresh_id=identifier, entity="n", model_versions={}, reuse={})
        )
        cell = {"refresh_id": identifier, "entity": "n", "number": 1, "column": "a", "row": 1, "reason": "r"}
        connection.execute(insert(tables.refresh_errors).values({**cell, "key": {"a": CANARY}, "message": CANARY}))
        event = {"run_id": identifier, "event_type": "START", "event_time": at, "event": {}}
        connection.execute(insert(tables.openlineage_events).values(event))
        told: dict[str, Any] = {"user_id": user, "kind": "k", "subject": "s", "refresh_id": identifier}
        connection.execute(insert(tables.notifications).values({**told, "title": "", "text": "", "created_at": at}))
    return identifier


def tidy(app: Headwater, settings: RetentionSettings, *, grace: timedelta | None = None) -> None:
    with app.database.begin() as connection:
        job = queue.add(connection, SYSTEM, NewJob(KIND, KIND))
    cleaner = CleanHandler(settings, app.home.tables)
    if grace is not None:
        cleaner._retention = replace(cleaner._retention, grace=grace)
    worker = Worker(app.database, {KIND: RetentionHandler(settings), CLEAN: cleaner})
    assert worker.run_one(job).status == "succeeded"
    with app.database.read() as connection:
        flow = connection.execute(select(tables.dataflows.c.id)).scalar_one()
        (cleaning,) = queue.of_subject(connection, f"dataflow:{flow}", active_only=True)
    assert worker.run_one(cleaning.id).status == "succeeded"


def count(app: Headwater, table: Any) -> int:
    with app.database.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_values_go_first_and_then_the_rest(app: Headwater) -> None:
    for days in (*range(1, 11), 50, 120):
        refreshed(app, days)
    tidy(app, RetentionSettings(error_days=7, history_days=90))
    with app.database.read() as connection:
        cells = connection.execute(
            select(tables.refreshes.c.started_at, tables.refresh_errors.c.key, tables.refresh_errors.c.message).join(
                tables.refresh_errors, tables.refresh_errors.c.refresh_id == tables.refreshes.c.id
            )
        ).all()
    assert len(cells) == 11, "the one of 120 days is gone, with what hangs on it"
    for cell in cells:
        young = cell.started_at > utc_now() - timedelta(days=7)
        assert (cell.key, cell.message) == (({"a": CANARY}, CANARY) if young else (None, None))
    assert count(app, tables.notifications) == count(app, tables.openlineage_events) == 11


def test_what_is_read_now_what_runs_and_the_newest_stay(app: Headwater) -> None:
    app.refresh(SYSTEM, "flow")
    with app.database.begin() as connection:
        published = connection.execute(select(tables.published_tables.c.refresh_id)).scalar_one()
        long_ago = utc_now() - timedelta(days=500)
        connection.execute(update(tables.refreshes).values(started_at=long_ago, ended_at=long_ago))
    old = refreshed(app, 400)
    running, newest = refreshed(app, 300, "running"), [refreshed(app, 200 + n) for n in range(10)]
    tidy(app, RetentionSettings(history_days=90))
    with app.database.read() as connection:
        left = set(connection.execute(select(tables.refreshes.c.id)).scalars())
    assert left == {published, running, *newest} and old not in left
    assert app.tables.rows(SYSTEM, app.tables.get(SYSTEM, "flow", "n"), 0, 10).total == 1


def test_files_of_versions_that_are_no_longer_kept_go(app: Headwater) -> None:
    for _ in range(4):
        app.refresh(SYSTEM, "flow")
    table = app.tables.get(SYSTEM, "flow", "n")
    before = len(list(table.path.glob("*.parquet")))
    tidy(app, RetentionSettings(keep_days=0, keep_refreshes=2), grace=timedelta(0))
    assert app.tables.rows(SYSTEM, table, 0, 10).total == 1
    with pytest.raises(TableError):
        app.tables.rows(SYSTEM, table, 0, 10, 0)
    assert before == 4 and len(list(table.path.glob("*.parquet"))) == 2


def test_small_files_are_put_together(app: Headwater) -> None:
    app.refresh(SYSTEM, "flow")
    table = app.tables.get(SYSTEM, "flow", "n")
    columns = PublishedSchema(tuple(replace(column, id="a") for column in schema(table.path, 0)))
    batches = pa.table({"a": pa.array(range(8), to_arrow(columns.columns[0].type))}).to_reader()
    staged = stage(table.path, columns, batches, file_rows=1)
    pointer = update(tables.published_tables).values(delta_version=commit(table.path, staged, transaction="many"))
    with app.database.begin() as connection:
        connection.execute(pointer)
    tidy(app, RetentionSettings())
    found = app.tables.get(SYSTEM, "flow", "n")
    assert found.delta_version == 2 and len(table_files(table.path, 2)) == 1
    assert app.tables.rows(SYSTEM, found, 0, 10).rows["a"].to_pylist() == list(range(8))


def test_every_night_by_whoever_is_there(app: Headwater) -> None:
    with app.database.read() as connection:
        schedule = schedules.get(connection, KIND, KIND)
    assert schedule is not None and schedule.next_due is not None and KIND in app.job_handlers
    with app.database.begin() as connection:
        schedules.pause(connection, KIND, KIND, "somebody wants so")
    with Headwater.open(app.home.path) as again, again.database.read() as connection:
        schedule = schedules.get(connection, KIND, KIND)
    assert schedule is not None and schedule.paused, "opening the home again leaves that"


def test_the_table(tmp_path: Path) -> None:
    marker = open_home(tmp_path / "home", create=True).path / CONFIGURATION
    assert open_home(tmp_path / "home").retention == RetentionSettings()
    text = marker.read_text()
    marker.write_text(text + "\n[retention]\nkeep_days = 30\nerror_days = 0\n")
    assert open_home(tmp_path / "home").retention == RetentionSettings(keep_days=30, error_days=0)
    for entry in ("keep_days = -1", 'error_days = "x"', "keep_refreshes = 0", "history_days = true", "days = 1"):
        marker.write_text(f"{text}\n[retention]\n{entry}\n")
        with pytest.raises(HomeError) as caught:
            open_home(tmp_path / "home")
        assert json.dumps(entry.split()[0]).strip('"') in caught.value.message


# -- entities that are no longer loaded --------------------------------------------------------------------------------

PROMPT = RetentionSettings(keep_days=0, keep_refreshes=1)


def load(app: Headwater, tmp_path: Path, *names: str) -> None:
    folder = tmp_path / "flow"
    (folder / "dataflow.toml").write_text(f'[dataflow]\nname = "flow"\nload = {json.dumps(names)}\n')
    for name in names:
        (folder / f"{name}.pq").write_text('#table({"a"}, {{1}})')
    app.apply(SYSTEM, folder)
    app.refresh(SYSTEM, "flow")


def age(app: Headwater, days: float) -> None:
    """Make all refreshes so much older."""
    refreshes = tables.refreshes.c
    with app.database.begin() as connection:
        for row in connection.execute(select(refreshes.id, refreshes.started_at, refreshes.ended_at)).all():
            past = {name: getattr(row, name) - timedelta(days=days) for name in ("started_at", "ended_at")}
            connection.execute(update(tables.refreshes).where(refreshes.id == row.id).values(past))


def test_the_table_of_an_entity_that_is_no_longer_loaded_goes_in_time(app: Headwater, tmp_path: Path) -> None:
    load(app, tmp_path, "n", "m")
    age(app, 20)
    load(app, tmp_path, "n")
    path, week = app.home.tables / "flow" / "m", RetentionSettings(keep_days=7, keep_refreshes=1)
    tidy(app, week)
    assert DeltaTable(str(path)).to_pyarrow_table().num_rows == 1, "it was let go of today, however old it is"
    age(app, 6)
    tidy(app, week)
    assert path.exists()
    age(app, 2)
    tidy(app, RetentionSettings(keep_days=7, keep_refreshes=2))
    assert path.exists(), "a kept refresh published it"
    tidy(app, week)
    assert not path.exists()
    assert [table.entity for table in app.tables.list(SYSTEM)] == ["n"]
    assert sorted(found.name for found in path.parent.iterdir()) == ["n"]
    assert app.tables.rows(SYSTEM, app.tables.get(SYSTEM, "flow", "n"), 0, 10).total == 1


def test_what_was_let_go_of_is_read_as_of_a_refresh_until_it_goes(app: Headwater, tmp_path: Path) -> None:
    load(app, tmp_path, "n", "m")
    load(app, tmp_path, "n")
    later, with_both = (refresh.id for refresh in app.refreshes(SYSTEM, "flow"))
    opened = app.reading.open(SYSTEM, "flow", "m", refresh=with_both)
    assert app.reading.page(opened, Selection(), 0, 10, form="rows").rows["a"].to_pylist() == [1]
    assert [column.name for column in opened.columns] == ["a"]
    with app.database.begin() as connection:
        stranger = create_user(connection, "eve", by=SYSTEM, now=utc_now())
    eve = Actor(stranger.id, "eve", Via.SESSION)
    for actor, refresh in ((SYSTEM, later), (SYSTEM, None), (SYSTEM, "nonsense"), (eve, with_both)):
        with pytest.raises(NotFoundError):
            app.reading.open(actor, "flow", "m", refresh=refresh)
    app.access.grant(SYSTEM, stranger.id, "Reader", "/collection/root")
    assert app.reading.open(eve, "flow", "m", refresh=with_both).version == 0
    tidy(app, PROMPT, grace=timedelta(0))
    with pytest.raises(VersionGoneError):
        app.reading.open(SYSTEM, "flow", "m", refresh=with_both)


def test_a_table_that_was_let_go_of_a_moment_ago_stays(app: Headwater, tmp_path: Path) -> None:
    load(app, tmp_path, "n", "m")
    load(app, tmp_path, "n")
    tidy(app, PROMPT)
    assert (app.home.tables / "flow" / "m").exists()
    tidy(app, PROMPT, grace=timedelta(0))
    assert not (app.home.tables / "flow" / "m").exists()


def test_a_table_that_somebody_reads_stays(app: Headwater, tmp_path: Path) -> None:
    load(app, tmp_path, "n", "m")
    table = app.tables.get(SYSTEM, "flow", "m")
    with pinned(app.database, table, table.delta_version):
        load(app, tmp_path, "n")
        tidy(app, PROMPT, grace=timedelta(0))
        assert read(table.path, table.delta_version).num_rows == 1
    tidy(app, PROMPT, grace=timedelta(0))
    assert not table.path.exists()


def test_a_table_that_is_decided_to_be_published_stays(app: Headwater, tmp_path: Path) -> None:
    load(app, tmp_path, "n", "m")
    load(app, tmp_path, "n")
    with app.database.begin() as connection:
        newest = select(tables.refreshes.c.id).order_by(tables.refreshes.c.started_at).limit(1).scalar_subquery()
        intent = update(tables.publish_intents).where(tables.publish_intents.c.refresh_id == newest)
        connection.execute(intent.values(state="pending"))
    tidy(app, PROMPT, grace=timedelta(0))
    assert (app.home.tables / "flow" / "m").exists()


def test_an_entity_that_is_loaded_again_goes_on_with_its_table(app: Headwater, tmp_path: Path) -> None:
    load(app, tmp_path, "n", "m")
    load(app, tmp_path, "n")
    tidy(app, RetentionSettings())
    load(app, tmp_path, "n", "m")
    tidy(app, PROMPT, grace=timedelta(0))
    assert app.tables.get(SYSTEM, "flow", "m").delta_version == 1


def test_a_table_that_the_history_has_forgotten_goes_by_its_log(app: Headwater, tmp_path: Path) -> None:
    load(app, tmp_path, "n", "m")
    load(app, tmp_path, "n")
    with app.database.begin() as connection:
        connection.execute(delete(tables.refresh_entities).where(tables.refresh_entities.c.entity == "m"))
    tidy(app, RetentionSettings(keep_days=1))
    assert (app.home.tables / "flow" / "m").exists()
    tidy(app, PROMPT, grace=timedelta(0))
    assert not (app.home.tables / "flow" / "m").exists()


def test_what_was_staged_for_a_table_that_never_came_to_be(app: Headwater, tmp_path: Path) -> None:
    load(app, tmp_path, "n")
    never = app.home.tables / "flow" / "never"
    never.mkdir()
    old, young = (time.time_ns() - days * 86_400 * 10**9 for days in (2, 0))
    for number in (old, young):
        (never / f"{number:020}-{0:012x}.parquet").write_bytes(b"")
    (never / "notes.txt").write_text("somebody else's")
    tidy(app, RetentionSettings())
    assert sorted(file.name for file in never.iterdir()) == [f"{young:020}-{0:012x}.parquet", "notes.txt"]
    for file in never.iterdir():
        file.unlink()
    tidy(app, RetentionSettings())
    assert not never.exists()
