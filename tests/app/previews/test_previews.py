"""Previews of the steps of queries: what is shown, how far is read, and how they end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headwater.access import SYSTEM, Actor, Via, find_scope, grant
from headwater.app.previews import OpenPreview, PreviewLimits, PreviewRequest, Previews
from headwater.app.runtime import Headwater
from headwater.errors import ConflictError, ForbiddenError, MError, MSyntaxError, NotFoundError
from headwater.store import utc_now

ROWS = 250_000
ENDLESS = "List.Count(List.Generate(() => 0, each true, each _ + 1))"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    table = pa.table({"id": list(range(ROWS)), "half": [each / 2 for each in range(ROWS)]})
    pq.write_table(table, folder / "many.parquet")
    return folder


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Iterator[Headwater]:
    with Headwater.open(tmp_path_factory.mktemp("previews") / "home", create=True, folders=(str(data),)) as app:
        yield app


@pytest.fixture
def limited(app: Headwater) -> Iterator[Any]:
    """Makes previews that may use less."""
    made: list[Previews] = []

    def make(**limits: Any) -> Previews:
        found = Previews(app.database, app.dataflows, app.collections, app.home.path, PreviewLimits(**limits))
        made.append(found)
        return found

    yield make
    for each in made:
        each.close()


def wanted(text: str, window: str = "w") -> PreviewRequest:
    return PreviewRequest(window, {"q": text}, "q", rows=10)


def shown(app: Headwater, text: str, step: str | None = None, **queries: str) -> OpenPreview:
    return app.previews.open(SYSTEM, PreviewRequest("w", {"q": text, **queries}, "q", step, rows=10))


def many(data: Path, more: str = "Source") -> str:
    return f'let Source = Parquet.Document(File.Contents("{data}/many.parquet")), Last = {more} in Last'


def test_a_table_with_its_first_rows(app: Headwater, data: Path) -> None:
    found = shown(app, many(data, "Table.SelectRows(Source, each [id] > 7)"))
    assert found.summary.kind == "table"
    assert [(column.name, column.kind) for column in found.summary.columns] == [("id", "number"), ("half", "number")]
    assert found.summary.columns[0].type == "nullable Int64.Type"
    assert found.page.rows[0] == [8, 4] and len(found.page.rows) == 10
    assert found.page.total is None


def test_any_row_can_be_reached_and_the_rest_counted(app: Headwater, data: Path) -> None:
    found = shown(app, many(data))
    page = app.previews.rows(SYSTEM, found.id, ROWS - 2, 10)
    assert (page.rows, page.total) == ([[ROWS - 2, ROWS / 2 - 1], [ROWS - 1, (ROWS - 1) / 2]], ROWS)
    over_an_edge = app.previews.rows(SYSTEM, found.id, 65_530, 12)
    assert [row[0] for row in over_an_edge.rows] == list(range(65_530, 65_542))
    assert app.previews.count(SYSTEM, found.id) == ROWS


def test_each_step_is_shown_and_said_to_fold_or_not(app: Headwater, data: Path) -> None:
    unfolded = 'Table.AddColumn(Source, "x", each Number.ToText([id], "D5"))'
    text = many(data, unfolded).replace("in Last", ", Next = Table.FirstN(Last, 3) in Next")
    steps = shown(app, text).summary.steps
    assert [(each.step, each.folds) for each in steps] == [("Source", True), ("Last", False), ("Next", False)]
    assert "Number.ToText" in steps[1].reason
    assert not steps[2].reason
    assert [column.name for column in shown(app, text, "Source").summary.columns] == ["id", "half"]
    with pytest.raises(NotFoundError, match="no step 'Nothing'"):
        shown(app, text, "Nothing")


def test_cells_of_every_kind(app: Headwater) -> None:
    found = shown(
        app,
        '#table({"a"}, {{1}, {"x"}, {null}, {true}, {#date(2024, 2, 29)}, {#duration(1, 0, 0, 0)}, {[b = 1]},'
        ' {error Error.Record("Expression.Error", "No.")}, {0.1}, {Text.Repeat("long ", 1000)}})',
    )
    cells = [row[0] for row in found.page.rows]
    assert cells[:7] == [1, "x", None, True, "2024-02-29", "P1DT0H0M0S", {"kind": "record"}]
    assert cells[7] == {"error": {"reason": "Expression.Error", "message": "No."}}
    assert cells[8] == 0.1 and len(cells[9]["cut"]) == 2_000


@pytest.mark.parametrize(
    ("text", "kind", "columns", "rows"),
    [
        ('[a = 1, b = error "no"]', "record", ["Name", "Value"], 2),
        ("{1, 2, 3}", "list", ["List"], 3),
        ("#date(2024, 1, 1)", "date", ["Value"], 1),
        ("each _ + 1", "function", ["Value"], 1),
    ],
)
def test_what_is_no_table(app: Headwater, text: str, kind: str, columns: list[str], rows: int) -> None:
    found = shown(app, text)
    assert (found.summary.kind, [each.name for each in found.summary.columns]) == (kind, columns)
    assert (len(found.page.rows), found.page.total) == (rows, rows)


def test_a_query_that_cannot_be_read_harms_only_what_uses_it(app: Headwater) -> None:
    assert shown(app, "other + 1", other="1", broken="let in").page.rows == [[2]]
    with pytest.raises(MError, match="Expected a name") as caught:
        shown(app, "broken + 1", broken="let in")
    assert caught.value.place.startswith("broken")
    with pytest.raises(MSyntaxError) as unread:
        shown(app, "let in")
    assert unread.value.diagnostics


def test_errors_say_where_they_are(app: Headwater) -> None:
    with pytest.raises(MError, match="No rows") as caught:
        shown(app, 'let\n  a = error Error.Record("Mine", "No rows"),\n  b = a\nin b')
    assert caught.value.reason == "Mine"
    with pytest.raises(MError, match="'missing'"):
        shown(app, "missing")


def test_columns_are_profiled(app: Headwater, data: Path) -> None:
    found = shown(app, many(data, 'Table.AddColumn(Source, "kind", each if [id] < 3 then null else "b")'))
    profile = app.previews.profile(SYSTEM, found.id, ["id", "kind"])
    assert (profile["id"].valid, profile["id"].distinct, profile["id"].largest) == (1_000, 1_000, 999)
    assert sum(profile["id"].bars) == 1_000
    assert (profile["kind"].empty, profile["kind"].values) == (3, [("b", 997), (None, 3)])
    whole = app.previews.profile(SYSTEM, found.id, ["id"], whole=True)
    assert (whole["id"].valid, whole["id"].average) == (ROWS, (ROWS - 1) / 2)


def test_previews_that_others_took_the_place_of_are_gone(app: Headwater) -> None:
    first = shown(app, "{1}")
    later = [shown(app, f"{{{number}}}") for number in range(8)]
    with pytest.raises(NotFoundError) as caught:
        app.previews.rows(SYSTEM, first.id, 0, 1)
    assert caught.value.code == "preview.closed"
    assert app.previews.rows(SYSTEM, later[0].id, 0, 1).rows == [[0]]


def test_a_step_that_somebody_chooses_calls_off_the_one_before(app: Headwater) -> None:
    failed: list[ConflictError] = []

    def wait() -> None:
        with pytest.raises(ConflictError) as caught:
            shown(app, ENDLESS)
        failed.append(caught.value)

    shown(app, "1")
    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.5)
    began = time.monotonic()
    assert shown(app, "2").page.rows == [[2]]
    waiting.join(30)
    assert [error.code for error in failed] == ["preview.called_off"]
    assert time.monotonic() - began < 20


def test_what_a_window_asks_of_a_preview_waits_its_turn(app: Headwater, data: Path) -> None:
    """A grid asks for rows while a profile is worked out: neither ends the other."""
    found = shown(app, many(data, 'Table.AddColumn(Source, "t", each Number.ToText([id]) & "x")'))
    got: list[int] = []

    def profile() -> None:
        got.append(app.previews.profile(SYSTEM, found.id, ["t"], whole=True)["t"].valid)

    working = threading.Thread(target=profile)
    working.start()
    time.sleep(0.1)
    assert [row[0] for row in app.previews.rows(SYSTEM, found.id, 5, 2).rows] == [5, 6]
    working.join(60)
    assert got == [ROWS]


def test_windows_do_not_wait_for_one_another(app: Headwater) -> None:
    def wait() -> None:
        with pytest.raises(ConflictError):
            shown(app, ENDLESS)

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.3)
    assert app.previews.open(SYSTEM, wanted("3", window="other")).page.rows == [[3]]
    assert waiting.is_alive()
    app.previews.call_off(SYSTEM, "w")
    waiting.join(30)
    assert not waiting.is_alive()


def test_what_takes_too_long_is_stopped_and_the_next_one_works(limited: Any) -> None:
    previews = limited(seconds=3.0)
    with pytest.raises(MError) as caught:
        previews.open(SYSTEM, wanted(ENDLESS))
    assert caught.value.code == "m.limit_seconds"
    assert previews.open(SYSTEM, wanted("1 + 1")).page.rows == [[2]]


def test_what_takes_too_much_memory_is_stopped(limited: Any) -> None:
    previews = limited(memory=700 << 20)
    with pytest.raises(MError) as caught:
        previews.open(SYSTEM, wanted("List.Count(List.Buffer({1..100000000}))"))
    assert caught.value.code == "m.limit_memory"


def test_no_process_is_left(app: Headwater, limited: Any) -> None:
    previews = limited(processes=1, idle=0.1)
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    previews.open(SYSTEM, wanted("1"))
    (own,) = {child.pid for child in psutil.Process().children(recursive=True)} - before
    previews.open(SYSTEM, wanted("1", window="other"))
    assert not psutil.pid_exists(own)
    previews.close()
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before


def test_a_process_that_is_killed_is_replaced(app: Headwater) -> None:
    shown(app, "1")
    (running,) = [process for key, process in app.previews._pool._running.items() if key[1] == "w"]
    running._process.kill()
    running._process.join()
    assert shown(app, "2").page.rows == [[2]]


def test_a_new_dataflow_needs_a_collection_that_there_is(app: Headwater) -> None:
    with pytest.raises(NotFoundError):
        app.previews.open(SYSTEM, replace(wanted("1"), collection="nowhere"))
    with pytest.raises(NotFoundError):
        app.previews.open(SYSTEM, replace(wanted("1"), dataflow="nothing"))


def as_person(app: Headwater, name: str, *roles: tuple[str, str]) -> Actor:
    """Somebody new with roles at scopes."""
    user = app.people.create(SYSTEM, name)
    with app.database.begin() as connection:
        for role, path in roles:
            grant(connection, SYSTEM, user.id, role, find_scope(connection, path).id, now=utc_now())
    return Actor(user.id, name, Via.SESSION)


def test_who_may_not_edit_or_create_has_no_previews(app: Headwater, tmp_path: Path) -> None:
    (tmp_path / "dataflow.toml").write_text('[dataflow]\nname = "numbers"\nload = ["q"]\n')
    (tmp_path / "q.pq").write_text('#table({"a"}, {{1}})')
    app.apply(SYSTEM, tmp_path)
    saved = replace(wanted("1"), dataflow="numbers")
    stranger = as_person(app, "stranger")
    reader = as_person(app, "reader", ("Reader", "/collection/root"))
    author = as_person(app, "author", ("Contributor", "/collection/root"))
    for asked in (saved, wanted("1")):
        with pytest.raises(NotFoundError):
            app.previews.open(stranger, asked)
        with pytest.raises(ForbiddenError):
            app.previews.open(reader, asked)
        assert app.previews.open(author, asked).page.rows == [[1]]


def test_a_preview_is_for_whoever_opened_it(app: Headwater) -> None:
    found = shown(app, "{1}")
    other = as_person(app, "other", ("Owner", "/"))
    with pytest.raises(NotFoundError):
        app.previews.rows(other, found.id, 0, 1)
    with pytest.raises(NotFoundError):
        app.previews.call_off(other, "w")
