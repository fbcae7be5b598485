"""A home folder backed up while it works, and made anew elsewhere: everything is there, and nothing else happens."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pytest
from sqlalchemy import func, insert, select, update
from tests.access.databases import new_bare_database
from tests.app.test_deployed_functions import azure, posts, rows_for, scored_twice
from tests.cli.command import headwater, succeeded
from tests.dataflows.conftest import ORDERS, QUERIES, write_dataflow

from headwater.access import SYSTEM, Actor, Via
from headwater.access.audit import Filter
from headwater.access.events import Event
from headwater.access.keys import FILE_NAME
from headwater.app.backup import making, restore
from headwater.app.home import CONFIGURATION, open_home
from headwater.app.metadata_place import VARIABLE, MetadataPlace
from headwater.app.runtime import Headwater
from headwater.dataflows.retention import Retention, clean
from headwater.errors import ForbiddenError, HeadwaterError, HomeError, UsageError
from headwater.secret import Secret
from headwater.store import Database, tables, utc_now
from headwater.store.portable import reflected, rows

CANARY = "canary-of-a-credential"
KINDS = ["sqlite", "postgresql"]


@dataclass
class Estate:
    """A home with two published tables of two versions, people with rights, a secret and what was under way."""

    app: Headwater
    data: Path
    archive: Path
    new: Path

    def back_up(self) -> Path:
        self.app.back_up(SYSTEM, self.archive)
        return self.archive


def place(kind: str, folder: Path, request: pytest.FixtureRequest) -> MetadataPlace:
    """An empty database of that kind."""
    if kind == "sqlite":
        return MetadataPlace()
    url = new_bare_database(folder, request.getfixturevalue("postgresql_folder"))
    return MetadataPlace(url.replace("postgresql+psycopg://postgres@", "postgresql://"), "postgres")


@pytest.fixture(params=KINDS)
def estate(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Estate]:
    data = tmp_path / "data"
    data.mkdir()
    (data / "orders.csv").write_text(ORDERS)
    metadata = place(request.param, tmp_path, request)
    with Headwater.open(tmp_path / "old", create=True, folders=(str(data),), metadata=metadata) as app:
        folder = write_dataflow(tmp_path / "shop", data, QUERIES, 'name = "shop"\nload = ["totals", "orders"]')
        app.apply(SYSTEM, folder)
        app.refresh(SYSTEM, "shop")
        (data / "orders.csv").write_text(ORDERS + "5,Ada,1\n")
        app.refresh(SYSTEM, "shop")
        person = app.people.create(SYSTEM, "ann")
        app.access.grant(SYSTEM, person.id, "Reader", "/collection/root")
        add_what_is_under_way(app)
        yield Estate(app, data, tmp_path / "backup.tar.zst", tmp_path / "new")


def add_what_is_under_way(app: Headwater) -> None:
    now = utc_now()
    common = {"payload": {}, "due_at": now, "max_attempts": 3, "created_at": now, "created_by": "x", "attempts": 1}
    with app.database.begin() as connection:
        for kind, status in (("a", "running"), ("b", "queued"), ("c", "succeeded")):
            job = {"id": str(uuid4()), "kind": kind, "subject": kind, "status": status, "fence": 1, **common}
            connection.execute(insert(tables.jobs).values(job))
        flow = connection.execute(select(tables.dataflows.c.id)).scalar_one()
        run = {"id": "running", "dataflow_id": flow, "status": "running", "trigger": "t", "started_at": now}
        connection.execute(insert(tables.refreshes).values(run))
        intent = {"refresh_id": "running", "created_at": now, "payload": {"entities": []}, "state": "pending"}
        connection.execute(insert(tables.publish_intents).values(intent))
        schedule = {"kind": "refresh", "subject": "s", "payload": {}, "cron": "0 6 * * *", "time_zone": "UTC"}
        rest = {"missed": "once", "next_due": now, "failures": 0, "changed_at": now}
        connection.execute(insert(tables.schedules).values({**schedule, **rest}))


def table_rows(app: Headwater, actor: Actor = SYSTEM, version: int | None = None) -> dict[str, list[Any]]:
    found = {}
    for table in app.tables.list(actor):
        found[table.entity] = app.tables.rows(actor, table, 0, 1_000, version).rows.to_pylist()
    return found


def metadata_of(database: Database) -> dict[str, list[dict[str, Any]]]:
    with database.read() as connection:
        return {table.name: list(rows(connection, table)) for table in reflected(connection).sorted_tables}


#: What a restore settles, or what is told of it.
SETTLED = {"published_tables", "refreshes", "jobs", "schedules", "audit_events"}


@pytest.mark.parametrize("kind", KINDS)
def test_everything_is_there_again(estate: Estate, kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    old = estate.app
    before = metadata_of(old.database)
    expected = [table_rows(old), table_rows(old, version=0)]
    report = restore(estate.back_up(), estate.new, SYSTEM, metadata=place(kind, tmp_path, request))
    old.close()
    shutil.rmtree(old.home.path)
    with Headwater.open(estate.new) as new:
        assert new.database.engine.dialect.name == kind
        assert [table_rows(new), table_rows(new, version=0)] == expected, "now, and before"
        ann = Actor(new.people.find(SYSTEM, "ann").id, "ann", Via.SESSION)
        assert [table.entity for table in new.tables.list(ann)] == ["orders", "totals"], "rights are there too"
        after = metadata_of(new.database)
        for name, found in before.items():
            if name not in SETTLED | making.NOT_KEPT:
                assert by_key(after[name]) == by_key(found), name
        assert not any(after[name] for name in making.NOT_KEPT)
        (estate.data / "orders.csv").write_text(ORDERS + "6,Zoe,7\n")
        new.refresh(SYSTEM, "shop")
        assert {row["customer"] for row in table_rows(new)["totals"]} == {"Ada", "Grace", "Linus", "Zoe"}
    assert report.manifest.rows["published_tables"] == 2
    assert not (estate.new / ".restoring").exists()


def by_key(found: list[dict[str, Any]]) -> list[str]:
    """Rows in an order that does not depend on how a database sorts text."""
    return sorted(json.dumps(row, sort_keys=True) for row in found)


def test_nothing_goes_on_by_itself(estate: Estate) -> None:
    restore(estate.back_up(), estate.new, SYSTEM)
    with Headwater.open(estate.new) as new, new.database.read() as connection:
        ended = {row.kind: row.status for row in connection.execute(select(tables.jobs.c.kind, tables.jobs.c.status))}
        assert ended == {
            "a": "failed",
            "b": "cancelled",
            "c": "succeeded",
            "refresh": "succeeded",
            "classify": "cancelled",
        }
        run = connection.execute(select(tables.refreshes).where(tables.refreshes.c.id == "running")).one()
        assert (run.status, run.error["code"]) == ("failed", "restored")
        schedule = connection.execute(select(tables.schedules).where(tables.schedules.c.subject == "s")).one()
        assert schedule.paused and schedule.next_due is None and "restored" in schedule.paused_reason
        told = new.audit.events(SYSTEM, Filter(events=frozenset({Event.RESTORED}))).events
        assert [event.target for event in told] == [f"installation:{new.installation}"]
    with estate.app.database.read() as connection:
        assert not connection.scalar(select(func.count()).select_from(tables.table_pins)), "no pin is left"
    assert estate.app.audit.events(SYSTEM, Filter(events=frozenset({Event.BACKED_UP}))).events


def test_schedules_go_on_where_that_is_asked_for(estate: Estate) -> None:
    restore(estate.back_up(), estate.new, SYSTEM, resume_schedules=True)
    with Headwater.open(estate.new) as new, new.database.read() as connection:
        schedule = connection.execute(select(tables.schedules).where(tables.schedules.c.subject == "s")).one()
        assert not schedule.paused and schedule.next_due is not None


def test_new_rows_get_new_numbers(estate: Estate, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    restore(estate.back_up(), estate.new, SYSTEM, metadata=place("postgresql", tmp_path, request))
    with Headwater.open(estate.new) as new:
        new.collections.add(SYSTEM, "another", "Another")
        new.refresh(SYSTEM, "shop")


@pytest.mark.parametrize("moment", ["before_the_snapshot", "after_the_snapshot", "before_the_files"])
def test_what_is_published_while_it_is_made_does_not_mix(
    estate: Estate, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tables are those of the snapshot, though others were published, and old ones cleaned, before the copying."""
    expected: list[Any] = []
    take, copy = making._metadata, making._add_files

    def snapshot(*given: Any) -> Any:
        if moment == "before_the_snapshot":
            publish_another(estate)
        expected.append(table_rows(estate.app))
        taken = take(*given)
        if moment == "after_the_snapshot":
            publish_another(estate)
            clean_up(estate.app)
        return taken

    def files(*given: Any) -> int:
        if moment != "after_the_snapshot":
            publish_another(estate)
            clean_up(estate.app)
        return copy(*given)

    monkeypatch.setattr(making, "_metadata", snapshot)
    monkeypatch.setattr(making, "_add_files", files)
    with estate.app.database.begin() as connection:
        connection.execute(update(tables.refreshes).where(tables.refreshes.c.id == "running").values(status="failed"))
        connection.execute(update(tables.publish_intents).values(state="done"))
    restore(estate.back_up(), estate.new, SYSTEM)
    with Headwater.open(estate.new) as new:
        assert table_rows(new) == expected[0]
        table = new.tables.get(SYSTEM, "shop", "totals")
        newest = max(int(file.stem) for file in (table.path / "_delta_log").glob("*.json"))
        assert newest == table.delta_version, "who reads the Delta path sees the same"


def publish_another(estate: Estate) -> None:
    amount = estate.app.tables.get(SYSTEM, "shop", "totals").delta_version
    (estate.data / "orders.csv").write_text(f"id,customer,amount\n9,Nobody,{amount}\n")
    estate.app.refresh(SYSTEM, "shop")


def clean_up(app: Headwater) -> None:
    """Delete whatever may be deleted, at once."""
    with app.database.read() as connection:
        flow = connection.execute(select(tables.dataflows.c.id)).scalar_one()
    clean(app.database, flow, Retention(keep_days=0, keep_refreshes=1, grace=timedelta(0)))


def test_a_keyed_entity_goes_on_from_what_it_knew(tmp_path: Path) -> None:
    """The digests that rows are compared by are in the backup too."""
    folder = tmp_path / "flow"
    folder.mkdir()
    entity = '[entities.n]\nmode = "keyed"\nkey = ["a"]\n'
    (folder / "dataflow.toml").write_text(f'[dataflow]\nname = "flow"\nload = ["n"]\n{entity}')
    (folder / "n.pq").write_text("#table(type table [a = number], {{1}, {2}})")
    with Headwater.open(tmp_path / "old", create=True) as old:
        old.apply(SYSTEM, folder)
        old.refresh(SYSTEM, "flow")
        old.back_up(SYSTEM, tmp_path / "b.tar")
    restore(tmp_path / "b.tar", tmp_path / "new", SYSTEM)
    (folder / "n.pq").write_text("#table(type table [a = number], {{1}, {2}, {3}})")
    with Headwater.open(tmp_path / "new") as new:
        (done,) = new.refresh(SYSTEM, "flow").entities
        assert done.summary.rows_written == 2
        new.apply(SYSTEM, folder)
        new.refresh(SYSTEM, "flow")
        assert table_rows(new)["n"] == [{"a": 1}, {"a": 2}, {"a": 3}]
    assert (done.summary.rows_inserted, done.summary.rows_updated, done.summary.rows_deleted) == (0, 0, 0)


def test_secrets_need_the_key_that_is_kept_apart(tmp_path: Path) -> None:
    with Headwater.open(tmp_path / "old", create=True) as old, azure(old) as (_, scoring):
        old.sources.set_credential(SYSTEM, "azure", "token", secret=Secret(CANARY + "-token"))
        key = (old.home.path / FILE_NAME).read_text().strip()
        report = old.back_up(SYSTEM, tmp_path / "b.tar")
    assert report.key_ids == (old.secrets_store._keyring.key_ids[0],)
    content = (tmp_path / "b.tar").read_bytes()
    assert key.encode() not in content and CANARY.encode() not in content
    assert (tmp_path / "b.tar").stat().st_mode & 0o077 == 0
    restore(tmp_path / "b.tar", tmp_path / "new", SYSTEM)
    with Headwater.open(tmp_path / "new") as new:
        with pytest.raises(HeadwaterError) as caught:
            new.check_keys()
        assert caught.value.code == "secret.key"
    shutil.copy(tmp_path / "old" / FILE_NAME, tmp_path / "new" / FILE_NAME)
    with Headwater.open(tmp_path / "new") as new:
        new.check_keys()
    assert posts(scoring) == 0


def test_predictions_are_used_again(tmp_path: Path) -> None:
    with Headwater.open(tmp_path / "old", create=True) as old, azure(old) as (_, scoring):
        asked: pa.Table = rows_for(old)
        assert scored_twice(old, scoring, asked) == 1
        old.back_up(SYSTEM, tmp_path / "b.tar.zst")
        restore(tmp_path / "b.tar.zst", tmp_path / "new", SYSTEM)
        shutil.copy(old.home.path / FILE_NAME, tmp_path / "new" / FILE_NAME)
        shutil.rmtree(old.home.ledger)
        with Headwater.open(tmp_path / "new") as new:
            assert scored_twice(new, scoring, asked) == 0
        with pytest.raises(HomeError) as caught:
            old.back_up(SYSTEM, tmp_path / "second.tar")
        assert caught.value.code == "backup.ledger" and not (tmp_path / "second.tar").exists()


def test_nothing_is_written_over(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    file = tmp_path / "b.tar"
    with Headwater.open(tmp_path / "old", create=True) as app:
        app.back_up(SYSTEM, file)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    with pytest.raises(HomeError) as caught:
        restore(file, tmp_path / "full", SYSTEM)
    assert caught.value.code == "home.occupied"
    assert (tmp_path / "full" / "thesis.txt").read_text() == "mine"
    used = place("postgresql", tmp_path, request)
    restore(file, tmp_path / "one", SYSTEM, metadata=used)
    with pytest.raises(HomeError) as caught:
        restore(file, tmp_path / "two", SYSTEM, metadata=used)
    assert caught.value.code == "home.occupied"
    assert not list((tmp_path / "two").iterdir())
    with Headwater.open(tmp_path / "one") as app, pytest.raises(UsageError):
        app.back_up(SYSTEM, file)


def test_who_may_not_manage_the_server_gets_no_backup(estate: Estate) -> None:
    ann = Actor(estate.app.people.find(SYSTEM, "ann").id, "ann", Via.SESSION)
    with pytest.raises(ForbiddenError):
        estate.app.back_up(ann, estate.archive)
    assert not estate.archive.exists()


def test_the_commands(tmp_path: Path) -> None:
    succeeded("init", "--home", tmp_path / "old", "--folder", tmp_path)
    made = json.loads(succeeded("backup", tmp_path / "b.tar.zst", "--json", "--home", tmp_path / "old").out)
    assert made["bytes"] == (tmp_path / "b.tar.zst").stat().st_size and made["key_ids"] == []
    assert "paused" in succeeded("restore", tmp_path / "b.tar.zst", "--home", tmp_path / "new").err
    one, other = (json.loads(succeeded("status", "--json", "--home", tmp_path / n).out) for n in ("old", "new"))
    assert one["installation"] == other["installation"] and one["database"] != other["database"]
    assert open_home(tmp_path / "new").folders == (tmp_path.resolve(),)


def test_the_restored_configuration_names_its_own_database(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    metadata = place("postgresql", tmp_path, request)
    with Headwater.open(tmp_path / "old", create=True, metadata=metadata) as app:
        with app.home.configuration.open("a") as written:
            written.write('\n[scoring]\nminimum_isolation = "restricted"\n')
        app.back_up(SYSTEM, tmp_path / "b.tar")
    restore(tmp_path / "b.tar", tmp_path / "new", SYSTEM)
    text = (tmp_path / "new" / CONFIGURATION).read_text()
    assert open_home(tmp_path / "new").metadata == MetadataPlace() and "[scoring]\n" in text
    assert VARIABLE not in text
    outcome = headwater("status", "--home", tmp_path / "new")
    assert "headwater.db" in outcome.out, outcome.err
