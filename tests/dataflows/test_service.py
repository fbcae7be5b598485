"""Dataflows in the database: versions, who runs them, two people at once, removal; on SQLite and PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update
from tests.access.roles.support import NOW, give, group, person

from headwater.access import SYSTEM, Action, Actor, check, find_scope, install, server_scope
from headwater.dataflows import DataflowDefinition, DataflowService, Settings
from headwater.dataflows.definitions.settings import LinkedEntity, ScheduleSettings
from headwater.errors import ConflictError, ForbiddenError, HeadwaterError, NotFoundError, StaleError, UsageError
from headwater.jobs import schedules
from headwater.store import Database, open_database, tables, utc_now


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = open_database(database_url)
    with database.begin() as connection:
        install(connection, now=NOW)
    yield database
    database.close()


@pytest.fixture
def service(database: Database, tmp_path: Path) -> DataflowService:
    return DataflowService(database, tmp_path / "tables")


@pytest.fixture
def ana(database: Database) -> Actor:
    """May create dataflows in the root collection."""
    return _creator(database, "ana")


@pytest.fixture
def ben(database: Database) -> Actor:
    """Another one who may."""
    return _creator(database, "ben")


def _creator(database: Database, name: str) -> Actor:
    with database.begin() as connection:
        actor = person(connection, name)
        give(connection, actor, "Contributor", find_scope(connection, "/collection/root"))
    return actor


def flow(name: str = "flow", text: str = "1", **settings: Any) -> DataflowDefinition:
    return DataflowDefinition(name, {"t": text}, Settings(("t",), **settings))


def linked(name: str, *others: str) -> DataflowDefinition:
    return flow(name, linked={f"from {other}": LinkedEntity(other, "t") for other in others})


def events(database: Database, code: str) -> list[dict[str, Any]]:
    audit = tables.audit_events.c
    with database.read() as connection:
        rows = connection.execute(select(tables.audit_events).where(audit.event == code).order_by(audit.id)).all()
    return [dict(row._mapping) for row in rows]


# -- versions ----------------------------------------------------------------------------------------------------------


def test_each_change_is_a_version(service: DataflowService, ana: Actor) -> None:
    first = service.apply(ana, flow(), comment="first")
    assert (first.version, first.saved_by, first.collection, first.runner_active) == (1, "ana", "root", True)
    assert service.apply(ana, flow()).version == 1, "nothing changed"
    assert service.apply(ana, flow(text="2"), comment="two").version == 2
    assert [(v.version, v.saved_by, v.comment) for v in service.versions(ana, "flow")] == [
        (2, "ana", "two"),
        (1, "ana", "first"),
    ]
    assert service.version(ana, "flow", 1) == flow()
    assert service.get(ana, "flow").definition == flow(text="2")
    with pytest.raises(NotFoundError, match="no version 3"):
        service.version(ana, "flow", 3)


def test_two_people_do_not_write_over_each_other(service: DataflowService, ana: Actor) -> None:
    service.apply(ana, flow(), expected=0)
    service.apply(ana, flow(text="2"), expected=1)
    with pytest.raises(StaleError, match="ana saved version 2 of the dataflow 'flow' at") as caught:
        service.apply(ana, flow(text="3"), expected=1)
    assert (caught.value.code, caught.value.http_status) == ("dataflow.changed", 412)
    with pytest.raises(ConflictError) as taken:
        service.apply(ana, flow(), expected=0)
    assert taken.value.code == "dataflow.exists"
    with pytest.raises(NotFoundError):
        service.apply(ana, flow("other"), expected=1)
    assert service.get(ana, "flow").version == 2


def test_of_many_savers_at_once_one_wins_each_version(service: DataflowService, ana: Actor) -> None:
    service.apply(ana, flow())
    outcomes: list[str] = []

    def save(text: str) -> None:
        try:
            service.apply(ana, flow(text=text), expected=1)
            outcomes.append("saved")
        except HeadwaterError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=save, args=(f'"{at}"',)) for at in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes) == ["dataflow.changed"] * 5 + ["saved"]
    assert service.get(ana, "flow").version == 2


# -- whose rights it runs with -----------------------------------------------------------------------------------------


def test_whoever_saves_anothers_has_to_say_so(service: DataflowService, database: Database, ana: Actor) -> None:
    service.apply(ana, flow())
    with pytest.raises(ConflictError, match="runs with the rights of ana; saved by system") as caught:
        service.apply(SYSTEM, flow(text="2"))
    assert caught.value.code == "dataflow.take_over_needed"
    assert service.apply(SYSTEM, flow()).saved_by == "ana", "nothing changed, so nothing is taken over"
    assert events(database, "dataflow.taken_over") == []
    taken = service.apply(SYSTEM, flow(text="2"), take_over=True)
    assert (taken.version, taken.saved_by_id, taken.runner.name) == (2, None, "system")
    back = service.apply(ana, flow(text="2"), take_over=True, comment="mine again")
    assert (back.version, back.runner.user_id, back.definition) == (3, ana.user_id, flow(text="2"))
    assert service.versions(ana, "flow")[0].comment == "mine again"
    assert [(e["actor_name"], e["details"]) for e in events(database, "dataflow.taken_over")] == [
        ("system", {"version": "2", "previous_id": ana.user_id}),
        ("ana", {"version": "3", "previous_id": "the machine"}),
    ]
    assert service.apply(ana, flow(text="2"), take_over=True).version == 3, "it is theirs already"


def test_a_runner_who_may_not_come_in_is_told(service: DataflowService, database: Database, ana: Actor) -> None:
    service.apply(ana, flow())
    service.apply(SYSTEM, flow("machines"))
    with database.begin() as connection:
        connection.execute(update(tables.users).where(tables.users.c.id == ana.user_id).values(active=False))
    assert {f.name: f.runner_active for f in service.list(SYSTEM)} == {"flow": False, "machines": True}
    assert service.apply(SYSTEM, flow(), take_over=True).runner_active


def test_rights_are_asked_for_each_thing(service: DataflowService, database: Database, ana: Actor) -> None:
    made = service.apply(ana, flow())
    with database.begin() as connection:
        reader, stranger = person(connection, "reader"), person(connection, "stranger")
        give(connection, reader, "Dataflow refresher", made.scope_id)
    assert service.get(reader, "flow").version == 1
    asked = (
        lambda who: service.apply(who, flow(text="2"), take_over=True),
        lambda who: service.remove(who, "flow"),
    )
    for ask in asked:
        with pytest.raises(ForbiddenError):
            ask(reader)
    for hidden in (*asked[1:], lambda who: service.versions(who, "flow"), lambda who: service.version(who, "flow", 1)):
        with pytest.raises(NotFoundError):
            hidden(stranger)
    with pytest.raises(NotFoundError):
        service.apply(stranger, flow(text="2"), expected=1)
    with pytest.raises(ConflictError, match="cannot be used"):
        service.apply(stranger, flow(text="2"))
    with pytest.raises(NotFoundError, match="no collection 'root', or none that you may see"):
        service.apply(stranger, flow("new"))
    assert service.get(ana, "flow").definition == flow()


# -- linked entities ---------------------------------------------------------------------------------------------------


def test_linked_entities_do_not_lead_back(service: DataflowService, database: Database, ana: Actor) -> None:
    service.apply(ana, linked("a", "b"))
    service.apply(ana, linked("b", "c"))
    with pytest.raises(ConflictError, match="lead back to it: c → a → b → c") as caught:
        service.apply(ana, linked("c", "a"))
    assert caught.value.code == "dataflow.circle"
    with pytest.raises(ConflictError, match="a → a"):
        service.apply(ana, linked("a", "a", "b"))
    service.apply(ana, linked("c", "elsewhere"))
    with database.begin() as connection:
        outsider = person(connection, "outsider")
        give(connection, outsider, "Dataflow editor", service.get(ana, "c").scope_id)
    with pytest.raises(ConflictError, match="lead back to it: c → … → … → c"):
        service.apply(outsider, linked("c", "a"), take_over=True)


def test_two_who_link_to_each_other_at_once_make_no_circle(service: DataflowService, ana: Actor) -> None:
    service.apply(ana, flow("a"))
    service.apply(ana, flow("b"))
    outcomes: list[str] = []

    def save(definition: DataflowDefinition) -> None:
        try:
            service.apply(ana, definition)
            outcomes.append("saved")
        except ConflictError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=save, args=(linked(*names),)) for names in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes) == ["dataflow.circle", "saved"]


# -- schedules ---------------------------------------------------------------------------------------------------------


def test_the_schedule_is_that_of_the_newest_version(service: DataflowService, database: Database, ana: Actor) -> None:
    def schedule() -> schedules.Schedule | None:
        with database.read() as connection:
            return schedules.get(connection, "refresh", f"dataflow:{made.id}")

    daily = ScheduleSettings("0 6 * * *", missed="skip")
    made = service.apply(ana, flow(schedule=daily, time_zone="Europe/Berlin"))
    found = schedule()
    assert found is not None
    assert (found.cron, found.time_zone, found.missed) == ("0 6 * * *", "Europe/Berlin", "skip")
    assert (found.payload, found.paused) == ({"trigger": "schedule"}, False)
    assert found.next_due is not None
    service.apply(ana, flow(schedule=ScheduleSettings("0 7 * * *", "UTC")))
    found = schedule()
    assert found is not None
    assert (found.cron, found.time_zone) == ("0 7 * * *", "UTC")
    service.apply(ana, flow())
    assert schedule() is None
    service.apply(ana, flow(schedule=daily))
    service.remove(ana, "flow")
    assert schedule() is None


# -- removal -----------------------------------------------------------------------------------------------------------


def _publish(database: Database, service: DataflowService, folder: Path, name: str = "flow") -> None:
    """Rows and files as a refresh leaves them."""
    dataflow = service.get(SYSTEM, name)
    refresh = "00000000-0000-4000-8000-000000000001"
    (folder / name / "t").mkdir(parents=True)
    (folder / name / "t" / "part.parquet").write_text("rows")
    with database.begin() as connection:
        from headwater.access import ScopeKind, add_scopes

        scope = add_scopes(connection, ScopeKind.PUBLISHED_TABLE, ["t"], dataflow.scope_id)["t"]
        connection.execute(
            insert(tables.refreshes).values(
                id=refresh, dataflow_id=dataflow.id, status="succeeded", trigger="manual", started_at=utc_now()
            )
        )
        connection.execute(
            insert(tables.published_tables).values(
                dataflow_id=dataflow.id, entity="t", path=str(folder / name / "t"), delta_version=0, rows=1, schema=[],
                refresh_id=refresh, published_at=utc_now(), scope_id=scope,
            )
        )  # fmt: skip
        connection.execute(insert(tables.refresh_entities).values(refresh_id=refresh, entity="t"))
        values = {"payload": {}, "status": "queued", "due_at": utc_now(), "max_attempts": 1, "created_at": utc_now()}
        job = {"id": refresh, "kind": "refresh", "subject": f"dataflow:{dataflow.id}", "created_by": "ana"}
        connection.execute(insert(tables.jobs).values(job | values))


def test_a_removed_dataflow_is_gone_with_all_it_had(
    service: DataflowService, database: Database, ana: Actor, tmp_path: Path
) -> None:
    made = service.apply(ana, flow(schedule=ScheduleSettings("0 6 * * *")))
    _publish(database, service, tmp_path / "tables")
    with database.begin() as connection:
        readers = group(connection, "readers")
        give(connection, readers, "Dataflow reader", made.scope_id)
    service.remove(ana, "flow")
    with pytest.raises(NotFoundError):
        service.get(SYSTEM, "flow")
    left = (
        "dataflows", "dataflow_versions", "refreshes", "refresh_entities", "published_tables", "jobs", "schedules",
    )  # fmt: skip
    with database.read() as connection:
        for name in left:
            assert connection.scalar(select(func.count()).select_from(getattr(tables, name))) == 0, name
        scopes = tables.scopes.c.kind.in_(["dataflow", "published_table"])
        assert connection.scalar(select(func.count()).select_from(tables.scopes).where(scopes)) == 0
    assert list((tmp_path / "tables").iterdir()) == []
    (event,) = events(database, "dataflow.removed")
    assert (event["actor_name"], event["target"]) == ("ana", "dataflow:flow")
    assert service.apply(ana, flow()).version == 1, "its name is free"


def test_its_assets_stay_as_deleted_ones_of_their_collection(
    service: DataflowService, database: Database, ana: Actor
) -> None:
    from headwater.catalog import AssetRecord, AssetService

    made = service.apply(ana, flow())
    assets = AssetService(database)
    assets.upsert([AssetRecord("dataflow", "headwater://x/dataflows/flow", "flow", scope_id=made.scope_id)])
    service.remove(ana, "flow")
    found = tables.assets.c
    with database.read() as connection:
        status, scope = connection.execute(select(found.status, found.scope_id)).one()
        assert status == "deleted"
        assert scope == find_scope(connection, "/collection/root").id


def test_what_is_refreshed_or_linked_to_is_not_removed(
    service: DataflowService, database: Database, ana: Actor, ben: Actor, tmp_path: Path
) -> None:
    service.apply(ana, flow())
    _publish(database, service, tmp_path / "tables")
    with database.begin() as connection:
        connection.execute(update(tables.jobs).values(status="running"))
    with pytest.raises(ConflictError, match="is being refreshed") as caught:
        service.remove(ana, "flow")
    assert caught.value.code == "dataflow.refreshing"
    with database.begin() as connection:
        connection.execute(update(tables.jobs).values(status="succeeded"))
    service.apply(ben, linked("reads it", "flow"))
    with pytest.raises(ConflictError, match=r"link to tables of 'flow': 'reads it'\."):
        service.remove(SYSTEM, "flow")
    with database.begin() as connection:
        owner = person(connection, "owner")
        give(connection, owner, "Dataflow owner", service.get(ana, "flow").scope_id)
    with pytest.raises(ConflictError, match=r"link to tables of 'flow': 1 that you may not see\."):
        service.remove(owner, "flow")
    assert (tmp_path / "tables" / "flow" / "t" / "part.parquet").exists()
    service.remove(owner, "flow", force=True)
    assert not (tmp_path / "tables" / "flow").exists()


def test_files_that_a_removal_left_are_nobodys(service: DataflowService, ana: Actor, tmp_path: Path) -> None:
    left = tmp_path / "tables" / "flow" / "t"
    left.mkdir(parents=True)
    (left / "part.parquet").write_text("somebody's rows")
    service.apply(ana, flow())
    assert not (tmp_path / "tables" / "flow").exists()
    service.remove(ana, "flow")
    assert list((tmp_path / "tables").iterdir()) == [], "what was moved aside goes with the next removal"


def test_queries_that_read_each_other_are_not_saved(service: DataflowService, ana: Actor) -> None:
    with pytest.raises(UsageError, match="read each other"):
        service.apply(ana, DataflowDefinition("flow", {"a": "b", "b": "a"}, Settings(("a", "b"))))


def test_its_maker_owns_it(service: DataflowService, database: Database, ana: Actor) -> None:
    made = service.apply(ana, flow())
    assert ana.user_id is not None
    with database.read() as connection:
        assert check(connection, ana.user_id, Action.ROLES_ASSIGN, made.scope_id)
        assert not check(connection, ana.user_id, Action.ROLES_ASSIGN, server_scope(connection))
