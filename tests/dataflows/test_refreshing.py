"""Refreshes as jobs: asked for, run, watched, called off, limited, and what is on record of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from tests.dataflows.conftest import QUERIES, rows, write_dataflow
from tests.engines.postgresql_server import Server, running

from headwater.access import SYSTEM, Action, Actor, Via, grant
from headwater.access.people import create_user
from headwater.access.roles import create_role
from headwater.app.refresh_history import history_csv
from headwater.app.runtime import Headwater
from headwater.dataflows import RefreshEvent, history
from headwater.dataflows.history import EndedRefresh
from headwater.dataflows.refresh_jobs import KIND, subject_of
from headwater.dataflows.refreshing.context import Reach, Watcher
from headwater.dataflows.refreshing.failures import step_at
from headwater.dataflows.refreshing.graph import run_in_order
from headwater.errors import (
    CancelRequestedError,
    ConflictError,
    ForbiddenError,
    HeadwaterError,
    NotFoundError,
    RefreshError,
)
from headwater.jobs import NewSchedule, schedules
from headwater.powerquery.connections import Connection, Connections, UsernamePassword
from headwater.secret import Secret
from headwater.store import tables, utc_now

SHOP = 'name = "shop"\nload = ["totals", "orders"]'

#: So long that only an end from outside ends it.
ENDLESS = {
    "loop": 'Table.FromRecords(List.Generate(() => [n = 0], each [n] >= 0, each [n = [n] + 1]))',
    "sql": """let
    Numbers = Table.FromColumns({{1..20000}}, type table [n = Int64.Type]),
    Joined = Table.NestedJoin(
        Table.AddColumn(Numbers, "k", each 1, Int64.Type), {"k"},
        Table.AddColumn(Numbers, "k", each 1, Int64.Type), {"k"}, "other", JoinKind.Inner
    ),
    Expanded = Table.ExpandTableColumn(Joined, "other", {"n"}, {"m"}),
    Grouped = Table.Group(Expanded, {"m"}, {{"s", each List.Sum([n]), type number}})
in
    Table.Sort(Grouped, {{"s", Order.Descending}})""",
}  # fmt: skip


def apply(app: Headwater, folder: Path, data: Path, queries: dict[str, str], settings: str) -> None:
    app.apply(SYSTEM, write_dataflow(folder, data, queries, settings))


# -- asking ------------------------------------------------------------------------------------------------------------


def test_a_refresh_waits_until_a_worker_has_it(app: Headwater) -> None:
    asked = app.refreshing.request(SYSTEM, "shop", trigger="api", full=True)
    waiting = app.refreshing.get(SYSTEM, asked)
    assert (waiting.status, waiting.trigger, waiting.full, waiting.entities) == ("queued", "api", True, ())
    assert app.refreshes(SYSTEM, "shop") == []
    assert app.refreshing.carry_out(SYSTEM, asked).status == "succeeded"
    (done,) = app.refreshes(SYSTEM, "shop")
    assert (done.id, done.trigger, done.requested_by, done.definition_version) == (asked, "api", "system", 1)


def left_by_the_dead(app: Headwater, identifier: str, ago: float, **values: Any) -> None:
    """As a process leaves a refresh that was killed at it."""
    now = utc_now()
    values = {"status": "running", "attempts": 1, "fence": 1, "worker": "gone", "started_at": now, **values}
    with app.database.begin() as connection:
        job = update(tables.jobs).where(tables.jobs.c.id == identifier)
        connection.execute(job.values(lease_until=now - timedelta(seconds=ago), **values))


def test_what_nobody_is_at_is_taken_up(app: Headwater) -> None:
    left = app.refreshing.request(SYSTEM, "shop")
    left_by_the_dead(app, left, ago=-20)
    with pytest.raises(ConflictError, match="being refreshed"):
        app.refresh(SYSTEM, "shop")
    left_by_the_dead(app, left, ago=1)
    assert app.refresh(SYSTEM, "shop").id == left
    assert [done.status for done in app.refreshes(SYSTEM, "shop")] == ["succeeded"]


@pytest.mark.parametrize(("left", "asked"), [({"cancel_requested": True}, {}), ({}, {"full": True})])
def test_what_was_left_ends_where_it_is_not_what_is_wanted(
    app: Headwater, left: dict[str, Any], asked: dict[str, Any]
) -> None:
    identifier = app.refreshing.request(SYSTEM, "shop")
    left_by_the_dead(app, identifier, ago=1, **left)
    done = app.refreshing.run(SYSTEM, "shop", **asked)
    assert done.id != identifier and app.refreshing.get(SYSTEM, identifier).status == "cancelled"


def test_who_may_not_refresh_may_not_ask(app: Headwater) -> None:
    stranger = person(app, "eve")
    with pytest.raises(NotFoundError):
        app.refreshing.request(stranger, "shop")
    history_only(app, stranger)
    for ask in (app.refreshing.request, app.refreshing.take_up):
        with pytest.raises(ForbiddenError):
            ask(stranger, "shop")
    with pytest.raises(ForbiddenError):
        app.refreshing.foresee(stranger, "shop")
    asked = app.refreshing.request(SYSTEM, "shop")
    with pytest.raises(ForbiddenError):
        app.refreshing.cancel(stranger, asked)


def person(app: Headwater, name: str) -> Actor:
    """Somebody without any role."""
    with app.database.begin() as connection:
        user = create_user(connection, name, by=SYSTEM, now=utc_now())
    return Actor(user.id, name, Via.SESSION)


def history_only(app: Headwater, who: Actor) -> None:
    """Let somebody see the dataflow and its history, and not its tables."""
    assert who.user_id is not None
    with app.database.begin() as connection:
        create_role(connection, SYSTEM, "history", actions=[Action.DATAFLOW_READ])
        scope = app.dataflows.get(SYSTEM, "shop").scope_id
        grant(connection, SYSTEM, who.user_id, "history", scope, now=utc_now())


# -- ending ------------------------------------------------------------------------------------------------------------


def test_a_refresh_that_waits_is_called_off_at_once(app: Headwater) -> None:
    asked = app.refreshing.request(SYSTEM, "shop")
    app.refreshing.cancel(SYSTEM, asked)
    assert app.refreshing.get(SYSTEM, asked).status == "cancelled"
    (ended,) = app.refreshes(SYSTEM, "shop")
    assert (ended.status, ended.definition_version) == ("cancelled", None)
    with pytest.raises(ConflictError) as caught:
        app.refreshing.cancel(SYSTEM, asked)
    assert caught.value.code == "refresh.ended"


@pytest.mark.parametrize("endless", list(ENDLESS))
def test_a_refresh_under_way_is_called_off(app: Headwater, tmp_path: Path, data: Path, endless: str) -> None:
    """Also in the middle of M's evaluation, and of a query of the engine's."""
    apply(app, tmp_path / "long", data, {"long": ENDLESS[endless]}, 'name = "long"\nload = ["long"]')
    asked = app.refreshing.request(SYSTEM, "long")
    with calling_off(app, asked, lambda state: state.progress is not None):
        state = app.refreshing.carry_out(SYSTEM, asked)
    assert state.status == "cancelled"
    folder = app.home.tables / "long" / "long"
    assert not list(folder.glob("*.parquet"))
    assert [thread.name for thread in threading.enumerate() if thread.name == "headwater-m"] == []


class calling_off:
    """Calls a refresh off once it stands as wanted, from another thread."""

    def __init__(self, app: Headwater, refresh: str, wanted: Any) -> None:
        self._thread = threading.Thread(target=self._run, args=(app, refresh, wanted), daemon=True)

    def _run(self, app: Headwater, refresh: str, wanted: Any) -> None:
        while not wanted(app.refreshing.get(SYSTEM, refresh)):
            time.sleep(0.05)
        app.refreshing.cancel(SYSTEM, refresh)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._thread.join(30)


def test_whoever_waits_hears_that_it_was_called_off(app: Headwater) -> None:
    def cancel(event: RefreshEvent) -> None:
        if event.entity == "totals":
            app.refreshing.cancel(SYSTEM, next(iter(app.refreshes(SYSTEM, "shop"))).id)
            time.sleep(2)

    with pytest.raises(CancelRequestedError) as caught:
        app.refreshing.run(SYSTEM, "shop", watcher=Watcher(cancel))
    assert caught.value.code == "refresh.cancelled"
    assert app.tables.list(SYSTEM) == []


def test_a_time_limit_ends_it(app: Headwater, tmp_path: Path, data: Path) -> None:
    settings = 'name = "long"\nload = ["long"]\n[limits]\ntime = "1s"'
    apply(app, tmp_path / "long", data, {"long": ENDLESS["loop"]}, settings)
    with pytest.raises(RefreshError) as caught:
        app.refresh(SYSTEM, "long")
    assert caught.value.code == "refresh.time_limit"
    assert app.refreshes(SYSTEM, "long")[0].status == "failed"


def test_a_limit_on_rows_fails_the_entity(app: Headwater, tmp_path: Path, data: Path) -> None:
    apply(app, tmp_path / "few", data, QUERIES, 'name = "few"\nload = ["orders"]\n[limits]\nrows = 3')
    with pytest.raises(RefreshError, match="more than 3 rows"):
        app.refresh(SYSTEM, "few")


def test_a_limit_on_memory_is_shared_by_entities_side_by_side(app: Headwater, tmp_path: Path, data: Path) -> None:
    wanted = 'name = "{}"\nload = ["orders", "totals"]\n[limits]\nparallel = 2\nmemory = "{}"'
    apply(app, tmp_path / "enough", data, QUERIES, wanted.format("enough", "200MB"))
    app.refresh(SYSTEM, "enough")
    apply(app, tmp_path / "little", data, QUERIES, wanted.format("little", "2KB"))
    with pytest.raises(RefreshError):
        app.refresh(SYSTEM, "little")


# -- in order ----------------------------------------------------------------------------------------------------------


def run(needs: dict[str, set[str]], work: Any, parallel: int = 2) -> None:
    frozen = {name: frozenset(needed) for name, needed in needs.items()}
    run_in_order(frozen, work, parallel=parallel, check=lambda: None, stop=lambda: None)


def test_what_does_not_wait_for_one_another_runs_side_by_side() -> None:
    together = threading.Barrier(2, timeout=10)
    done: list[str] = []

    def work(name: str) -> None:
        if name in "ab":
            together.wait()
        done.append(name)

    run({"c": {"a", "b"}, "a": set(), "b": set()}, work)
    assert done[-1] == "c"


def test_no_more_than_so_many_at_once() -> None:
    under_way: set[str] = set()
    most = 0

    def work(name: str) -> None:
        nonlocal most
        under_way.add(name)
        most = max(most, len(under_way))
        time.sleep(0.05)
        under_way.discard(name)

    run({name: set() for name in "abcdef"}, work, parallel=2)
    assert most == 2


def test_one_that_fails_ends_the_others() -> None:
    ended: list[str] = []
    begun = threading.Event()

    def work(name: str) -> None:
        if name == "fails":
            begun.wait(10)
            raise RefreshError("It failed.")
        try:
            begun.set()
            while True:
                time.sleep(0.01)
        except KeyboardInterrupt:
            ended.append(name)
            raise

    with pytest.raises(RefreshError, match="It failed"):
        run({"fails": set(), "endless": set(), "never": {"fails"}}, work)
    assert ended == ["endless"]


def test_m_that_recurses_deeply_does_so_side_by_side(app: Headwater, tmp_path: Path, data: Path) -> None:
    deep = "let f = (n) => if n = 0 then 0 else 1 + @f(n - 1) in #table(type table [n = Int64.Type], {{f(20000)}})"
    apply(app, tmp_path / "deep", data, {"a": deep, "b": deep}, 'name = "deep"\nload = ["a", "b"]')
    app.refresh(SYSTEM, "deep")
    assert rows(app, "a", "deep") == rows(app, "b", "deep") == [{"n": 20_000}]


# -- what is on record -------------------------------------------------------------------------------------------------


def test_a_failure_names_step_and_place(app: Headwater, tmp_path: Path, data: Path) -> None:
    wrong = 'let\n    Known = orders,\n    Wrong = Table.SelectColumns(Known, {"nothing"})\nin\n    Wrong'
    queries = {**QUERIES, "totals": wrong}
    apply(app, tmp_path / "shop", data, queries, SHOP)
    with pytest.raises(RefreshError) as caught:
        app.refresh(SYSTEM, "shop")
    assert "The query 'totals' failed in its step 'Wrong'" in caught.value.message
    assert caught.value.place.startswith("shop, query totals, step 'Wrong', totals.pq, line 3")
    (failed,) = app.refreshes(SYSTEM, "shop")
    kept = {entity.entity: entity for entity in app.refresh_entities(SYSTEM, failed.id)}
    assert kept["totals"].error is not None and kept["totals"].error["code"] == caught.value.code
    assert (kept["totals"].rows_read, kept["orders"].rows_read) == (None, 5)
    assert (kept["orders"].error, kept["orders"].rows_written, kept["orders"].delta_version) == (None, 4, None)


def test_step_at() -> None:
    text = "let\n    A = 1,\n    B = let x = A in x\nin\n    A + B"
    assert [step_at(text, *place) for place in ((2, 5), (3, 20), (5, 5))] == ["A", "B", None]
    assert step_at("1 + null", 1, 1) is None


def test_error_cells_are_kept_for_those_who_read_the_table(app: Headwater, tmp_path: Path, data: Path) -> None:
    settings = SHOP + '\n[entities.orders]\nmode = "keyed"\nkey = ["id"]'
    apply(app, tmp_path / "shop", data, QUERIES, settings)
    refresh = app.refresh(SYSTEM, "shop").id
    (error,) = app.refreshing.errors(SYSTEM, refresh)["orders"]
    assert (error.column, error.reason, error.key) == ("amount", "DataFormat.Error", {"id": 4})
    assert error.message is not None and "oops" in error.message
    reader = person(app, "ann")
    history_only(app, reader)
    (hidden,) = app.refreshing.errors(reader, refresh)["orders"]
    assert (hidden.column, hidden.row, hidden.message, hidden.key) == (error.column, error.row, None, None)
    with app.database.begin() as connection:
        assert history.forget_values(connection, utc_now() - timedelta(days=1)) == 0, "not old enough"
        assert history.forget_values(connection, utc_now() + timedelta(days=1)) == 1
    (emptied,) = app.refreshing.errors(SYSTEM, refresh)["orders"]
    assert emptied == hidden


def test_rows_read_are_those_of_the_sources(app: Headwater) -> None:
    refresh = app.refresh(SYSTEM, "shop").id
    read = {entity.entity: entity.rows_read for entity in app.refresh_entities(SYSTEM, refresh)}
    assert read == {"orders": 5, "totals": 4}, "the lines of the file, and the rows that orders stored"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    for started in running():
        started.run(
            "CREATE TABLE orders (id int PRIMARY KEY, day timestamp)",
            "INSERT INTO orders SELECT g, timestamp '2020-01-01' + g % 3 * interval '1 year'"
            " FROM generate_series(1, 900) g",
        )
        yield started


def read_of(app: Headwater, folder: Path, data: Path, query: str, settings: str, **more: str) -> int | None:
    """The rows read by an entity of this query."""
    text = f'name = "read"\nload = ["q"]\n{settings}'
    apply(app, folder, data, {"q": query, **more}, text)
    (entity,) = app.refresh_entities(SYSTEM, app.refresh(SYSTEM, "read").id)
    return entity.rows_read


def test_rows_that_a_database_gave_are_read(
    app: Headwater, tmp_path: Path, data: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = UsernamePassword("postgres", Secret("canary"))
    reach = Reach((data,), Connections([Connection("PostgreSQL", server.folder, login)]))
    refresher = replace(app.refresher(), reach=lambda _runner, _scope: reach)
    monkeypatch.setattr(app.refreshing, "_refresher", lambda: refresher)
    monkeypatch.setattr("headwater.app.dataflows.check_definition", lambda *_: ())  # it knows no such connection
    table = f'PostgreSQL.Database("{server.folder}", "postgres"){{[Schema="public",Item="orders"]}}[Data]'

    def read(query: str, settings: str = "", **more: str) -> int | None:
        return read_of(app, tmp_path / "read", data, query, settings, **more)

    assert read(table) == 900
    assert read(f"Table.SelectRows({table}, each [id] > 890)") == 10, "those that the database gave"
    keyed = '[entities.q]\nmode = "keyed"\nkey = ["id"]'
    assert read(table, keyed) == 900, "once, however often it was asked"
    assert read(f"Table.Combine({{{table}[[id]], orders[[id]]}})", orders=QUERIES["orders"]) == 900 + 5
    months = '[entities.q]\nmode = "partitioned"\nstore = "20 years"\nrefresh = "1 year"'
    range_of = "#datetime(2020, 1, 1, 0, 0, 0) meta [IsParameterQuery = true]"
    by_range = f"Table.SelectRows({table}, each [day] >= RangeStart and [day] < RangeEnd)"
    assert read(by_range, months, RangeStart=range_of, RangeEnd=range_of) == 900, "in as many queries as periods"


def test_rows_that_nobody_can_count_are_not_none(app: Headwater, tmp_path: Path, data: Path) -> None:
    made = """let
    Lines = Text.Combine(List.Transform({1..20000}, each Text.From(_) & ",a"), "#(lf)"),
    Read = Csv.Document(Text.ToBinary(Lines), 2)
in
    Table.SelectRows(Read, each [Column2] = "a")"""
    assert read_of(app, tmp_path / "read", data, made, "") is None
    (line,) = history_csv(app.refreshing, SYSTEM, "read").splitlines()[1:]
    assert ",full,duckdb,,20000," in line


def test_an_intent_keeps_no_values(app: Headwater) -> None:
    app.refresh(SYSTEM, "shop")
    with app.database.read() as connection:
        (payload,) = connection.scalars(
            tables.publish_intents.select().with_only_columns(tables.publish_intents.c.payload)
        )
    assert "oops" not in str(payload)


def test_the_history_is_csv_without_formulas(app: Headwater, tmp_path: Path, data: Path) -> None:
    apply(app, tmp_path / "shop", data, QUERIES, SHOP)
    app.refresh(SYSTEM, "shop", trigger="=1+1")
    lines = history_csv(app.refreshing, SYSTEM, "shop").splitlines()
    assert lines[0].startswith("id,dataflow,status,trigger,")
    assert len(lines) == 3 and all(",succeeded,'=1+1," in line for line in lines[1:])


def test_pages_of_refreshes_follow_one_another(app: Headwater) -> None:
    made = [app.refresh(SYSTEM, "shop").id for _ in range(3)]
    first = app.refreshing.list(SYSTEM, "shop", limit=2)
    rest = app.refreshing.list(SYSTEM, "shop", limit=2, after=first[-1].id)
    assert [refresh.id for refresh in (*first, *rest)] == made[::-1]


def test_whoever_is_told_of_the_end_is_told_in_its_transaction(app: Headwater, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[EndedRefresh] = []
    refresher = app.refresher()

    def tell(connection: Any, ended: EndedRefresh) -> None:
        told.append(ended)
        with app.database.read() as other:
            status = other.scalar(select(tables.jobs.c.status))
        assert status == "running", "not committed yet"

    monkeypatch.setattr(
        app.refreshing, "_refresher", lambda: type(refresher)(**{**vars(refresher), "on_ended": [tell]})
    )
    app.refresh(SYSTEM, "shop")
    (ended,) = told
    assert (ended.status, ended.dataflow.name, ended.error) == ("succeeded", "shop", None)
    assert [entity.delta_version for entity in ended.entities] == [0, 0]
    assert {record.outputs[0].qualified_name.rsplit("/", 1)[1] for record in ended.lineage} == {"orders", "totals"}


# -- by itself ---------------------------------------------------------------------------------------------------------


def scheduled(app: Headwater) -> None:
    with app.database.begin() as connection:
        payload = {"trigger": "schedule"}
        schedules.put(
            connection, NewSchedule(KIND, subject_of(app.dataflows.get(SYSTEM, "shop").id), payload, "0 6 * * *")
        )


def test_four_failures_in_a_row_pause_the_schedule(app: Headwater, data: Path) -> None:
    scheduled(app)
    (data / "orders.csv").rename(data / "away.csv")
    for _ in range(4):
        schedule = app.refreshing.schedule(SYSTEM, "shop")
        assert schedule is not None and not schedule.paused
        with pytest.raises(RefreshError):
            app.refresh(SYSTEM, "shop", trigger="schedule")
    paused = app.refreshing.schedule(SYSTEM, "shop")
    assert paused is not None and paused.paused and paused.paused_reason is not None
    assert paused.paused_reason.startswith("4 refreshes in a row failed, the last one so: The query 'orders' failed")
    app.refreshing.resume(SYSTEM, "shop")
    resumed = app.refreshing.schedule(SYSTEM, "shop")
    assert resumed is not None and not resumed.paused and resumed.failures == 0


def test_a_success_counts_failures_anew_and_others_do_not_count(app: Headwater, data: Path) -> None:
    scheduled(app)
    for fate in ("fails", "fails", "fails", "works", "fails", "manual", "fails"):
        if fate == "works":
            (data / "away.csv").rename(data / "orders.csv")
            app.refresh(SYSTEM, "shop", trigger="schedule")
            continue
        if (data / "orders.csv").exists():
            (data / "orders.csv").rename(data / "away.csv")
        with pytest.raises(RefreshError):
            app.refresh(SYSTEM, "shop", trigger="manual" if fate == "manual" else "schedule")
    schedule = app.refreshing.schedule(SYSTEM, "shop")
    assert schedule is not None and (schedule.failures, schedule.paused) == (2, False)


def test_a_saver_who_is_disabled_pauses_the_schedule(app: Headwater) -> None:
    scheduled(app)
    saver = person(app, "sam")
    with app.database.begin() as connection:
        versions = tables.dataflow_versions
        connection.execute(versions.update().values(saved_by_id=saver.user_id, saved_by="sam"))
        connection.execute(tables.users.update().where(tables.users.c.id == saver.user_id).values(active=False))
    with pytest.raises(RefreshError) as caught:
        app.refresh(SYSTEM, "shop")
    assert caught.value.code == "refresh.saver_disabled"
    schedule = app.refreshing.schedule(SYSTEM, "shop")
    assert schedule is not None and schedule.paused and "sam" in (schedule.paused_reason or "")


def test_disabling_somebody_pauses_what_they_saved(app: Headwater) -> None:
    scheduled(app)
    saver = person(app, "sam")
    assert saver.user_id is not None
    with app.database.begin() as connection:
        connection.execute(tables.dataflow_versions.update().values(saved_by_id=saver.user_id, saved_by="sam"))
    app.people.disable(SYSTEM, saver.user_id)
    schedule = app.refreshing.schedule(SYSTEM, "shop")
    assert schedule is not None and schedule.paused and "sam" in (schedule.paused_reason or "")


def test_pausing_needs_a_schedule_and_the_right(app: Headwater) -> None:
    with pytest.raises(NotFoundError, match="no schedule"):
        app.refreshing.pause(SYSTEM, "shop")
    scheduled(app)
    app.refreshing.pause(SYSTEM, "shop", "Stocktaking.")
    schedule = app.refreshing.schedule(SYSTEM, "shop")
    assert schedule is not None and (schedule.paused, schedule.paused_reason) == (True, "Stocktaking.")


# -- foreseeing --------------------------------------------------------------------------------------------------------


def test_a_forecast_changes_nothing(app: Headwater, tmp_path: Path, data: Path) -> None:
    app.refresh(SYSTEM, "shop")
    (data / "orders.csv").write_text("id,customer,price\n1,Ada,12\n2,Ada,13\n")
    queries = {**QUERIES, "orders": QUERIES["orders"].replace('"amount"', '"price"'), "totals": "orders"}
    apply(app, tmp_path / "shop", data, queries, SHOP)
    before = written(app)
    orders, totals = app.refreshing.foresee(SYSTEM, "shop").entities
    assert (orders.entity, orders.rows_before, orders.rows, orders.rows_to_score) == ("orders", 4, 2, 0)
    assert {(change["column"], change["change"]) for change in orders.schema_changes} == {
        ("price", "added"), ("amount", "removed"),
    }  # fmt: skip
    assert (totals.rows_before, totals.rows) == (3, 2)
    assert written(app) == before
    (data / "orders.csv").unlink()
    with pytest.raises(HeadwaterError, match="orders"):
        app.refreshing.foresee(SYSTEM, "shop")


def written(app: Headwater) -> tuple[Any, ...]:
    files = sorted(str(file) for file in app.home.path.rglob("*") if file.is_file() and "headwater.db" not in file.name)
    with app.database.read() as connection:
        found = [
            connection.execute(table.select()).all()
            for table in (tables.refreshes, tables.jobs, tables.published_tables, tables.ledger_fingerprints)
        ]
    return files, found


# -- other dataflows' tables -------------------------------------------------------------------------------------------


def test_a_linked_entity_is_another_dataflows_table(app: Headwater, tmp_path: Path, data: Path) -> None:
    app.refresh(SYSTEM, "shop")
    linked = {"big": "Table.SelectRows(sold, each [total] <> null and [total] > 10)"}
    settings = 'name = "report"\nload = ["big"]\n[linked.sold]\ndataflow = "shop"\nentity = "totals"'
    apply(app, tmp_path / "report", data, linked, settings)
    app.refresh(SYSTEM, "report")
    assert rows(app, "big", "report") == [{"customer": "Ada", "total": 42.5, "orders": 2}]
    edges = app.edges_upstream(SYSTEM, "report", "big")
    assert any(source == app.table_name("shop", "totals") for source, _ in edges)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Attempts follow one another at once."""
    monkeypatch.setattr("headwater.jobs.retrying.FIRST_PAUSE_SECONDS", 0.05)
    yield
